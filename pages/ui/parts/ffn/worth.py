"""After which token mixer the FFN is worth how much, decided: from the largest to the smallest."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.drawing import show_chart
from pages.ui.names import data_name, short_data_name
from pages.ui.parts import effects
from pages.ui.replay import drawn_once
from pages.ui.words import plain, say, sentences
from tf_models.study.analysis import Analysis
from tf_models.study.experiments.factorial import name_of
from tf_models.study.experiments.mixers import MATCHED_MIXERS, WITHOUT_FFN
from tf_models.zoo.anatomy import MIXES


def worth_names(analysis: Analysis) -> dict[str, str]:
    """Contrast → words, of everything that was measured, the largest worth first."""
    names = {f"gain.{mixer}": _name(mixer) for mixer in WITHOUT_FFN}
    names |= {f"gain.{mixer}.wider": say("worth.wider", mixer=_name(mixer)) for mixer in MATCHED_MIXERS}
    measures = analysis.measures
    return {name: names[name] for name in sorted(names.keys() & measures, key=lambda name: -measures[name].value)}


def _name(mixer: str) -> str:
    """A dense convolution by its size: here it stands beside the depthwise one without its network."""
    return say("worth.convolution") if mixer == "convolution" else say(f"mixer.{mixer}")


def worth_words(analysis: Analysis) -> str:
    """Which mixers gain most and least at equal depth, and the interaction at equal parameters; empty for one mixer."""
    names, told = worth_names(analysis), []
    depth = _at_equal_depth(names)
    if len(depth) > 1:
        most, least = depth[0], depth[-1]
        phrases = {
            place: analyses.phrase(analysis.contrasts[name]) for place, name in (("most", most), ("least", least))
        }
        key = "worth.found" if len(depth) > 2 else "worth.found_both"
        told.append(say(key, first=names[most], last=names[least], **phrases))
        told.append(matched_words(analysis))
    return sentences(*told)


def _at_equal_depth(names: Mapping[str, str]) -> list[str]:
    return [name for name in names if not name.endswith(".wider")]


def matched_words(analysis: Analysis) -> str:
    """What the FFN gives attention and a convolution at equal parameters, or that it is not measured."""
    difference = analyses.fields(analysis.contrasts["interaction"])
    gains = {mixer: analysis.contrasts.get(f"gain.{mixer}.wider") for mixer in ("attention", "convolution")}
    parts = (analysis.contrasts["interaction"], *gains.values())
    if difference is None or any(row is None or row.measure is None or row.measure.withheld for row in parts):
        return say("worth.unmatched")
    return say("worth.interaction", **difference, **{mixer: analyses.phrase(row) for mixer, row in gains.items()})


def answer_words(analysis: Analysis) -> str:
    """What attention and convolution get right with an FFN and without, and which of them gains more by it at equal
    depth; empty where any of it is missing or withheld.
    """
    interaction = analysis.measures.get("interaction.equal_depth")
    shares = {}
    for mixer in ("attention", "convolution"):
        for place, channel in (("on", "on"), ("off", WITHOUT_FFN[mixer])):
            found = analysis.arms[name_of(mixer, channel)].accuracy
            shares[f"{mixer}_{place}"] = "" if found is None else tables.percent(found.value)
    if interaction is None or interaction.withheld or not all(shares.values()):
        return ""
    gains = "more" if interaction.low > 0 else "less" if interaction.high < 0 else "open"
    each = [analysis.measures.get(f"gain.{mixer}") for mixer in ("attention", "convolution")]
    if gains == "less" and all(gain is not None and not gain.withheld and gain.low > 0 for gain in each):
        gains = "both"
    dataset = data_name(analysis.experiment.dataset)
    answer = say("worth.answer", dataset=dataset, **shares)
    return sentences(answer, say(f"worth.answer.{gains}"), _because(analysis), _plain(analysis))


def _because(analysis: Analysis) -> str:
    """That behind attention it is the activation that helps, with what the same FFN gets without it; else empty."""
    bend, linear = analysis.measures.get("nonlinearity.attention"), analysis.arms["attention linear"].accuracy
    if bend is None or bend.withheld or linear is None or bend.low <= 0:
        return ""
    return say("worth.because", linear=tables.percent(linear.value))


def _plain(analysis: Analysis) -> str:
    """That a CNN without any FFN is better than attention with one; empty where that is not measured, or not so."""
    behind, cnn = analysis.measures.get("vit_over_cnn"), analysis.arms["cnn"].accuracy
    if behind is None or behind.withheld or cnn is None or behind.high >= 0:
        return ""
    return say("worth.plain", cnn=tables.percent(cnn.value))


def worth_rows(analysis: Analysis, names: dict[str, str]) -> pd.DataFrame:
    """What `intervals.effects` draws, in the colour of the mixer's family."""
    mixers = {name: str(analysis.contrasts[name].contrast.at["mixer"]) for name in names}
    return analyses.effect_rows(analysis, names, {name: family_of(mixer) for name, mixer in mixers.items()})


def family_of(mixer: str) -> str:
    """The family whose colour a token mixer has."""
    return next(family for family, mixers in MIXES.items() if mixer in mixers)


@drawn_once
def show_headline(found: Sequence[Analysis]) -> None:
    """The answer of the first data set that has one, and a row per mixer at equal depth, by data set: the first picture
    of *Overview*. Nothing that is not measured.
    """
    rows = []
    for answer, analysis in [(words, analysis) for analysis in found if (words := answer_words(analysis))][:1]:
        st.markdown(answer, help=matched_words(analysis))
    for analysis in found:
        names, dataset = worth_names(analysis), short_data_name(analysis.experiment.dataset)
        labels = {name: say("worth.on", mixer=names[name], dataset=dataset) for name in _at_equal_depth(names)}
        rows.append(worth_rows(analysis, labels))
    data = pd.concat(rows)
    if data.empty:
        return
    columns = analyses.column_names() | {"label": say("topic.column.mixer")}
    chart = effects.effect_chart(data, say("worth.chart"), "ffn", columns)
    show_chart(chart, key="worth", text=plain(say("worth.alt", text=analyses.effect_words(data))))
    measured = [analysis for analysis in found if worth_names(analysis)]
    deltas = {short_data_name(row.experiment.dataset): tables.margin(row.primary.delta) for row in measured}
    small = say("lab.comma").join(say("worth.delta", dataset=name, delta=delta) for name, delta in deltas.items())
    counts = {short_data_name(row.experiment.dataset): row.scale.seeds for row in measured}
    seeds = say("lab.comma").join(say("worth.seeds", dataset=name, seeds=count) for name, count in counts.items())
    st.caption(sentences(say("worth.marks", seeds=seeds), say("worth.small", deltas=small)))


@drawn_once
def show_section(analysis: Analysis) -> None:
    """A row per mixer with its interval, the sentences, table and source."""
    rows = worth_rows(analysis, worth_names(analysis))
    if rows.empty:
        analyses.show_empty(analysis.experiment)
        return
    dataset, columns = analysis.experiment.dataset, analyses.column_names() | {"label": say("topic.column.mixer")}
    chart = effects.effect_chart(rows, say("worth.chart"), "ffn", columns)
    show_chart(chart, key=f"worth_{dataset}", text=plain(say("worth.alt", text=analyses.effect_words(rows))))
    analyses.show_reading(analysis.primary.delta)
    analyses.show_withheld(analysis)
    st.markdown(worth_words(analysis))
    st.caption(sentences(say("worth.hint"), analyses.scale_of(analysis, begins=True)))
    analyses.show_source(analysis)
    analyses.show_effects(rows, columns)
