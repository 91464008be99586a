"""After which token mixer the FFN is worth how much, decided: from the largest to the smallest."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import analyses
from pages.ui.names import data_title, short_data_name
from pages.ui.parts import effects
from pages.ui.replay import drawn_once
from pages.ui.words import say, sentences
from tf_models.study.analysis import Analysis
from tf_models.study.experiments.mixers import MATCHED_MIXERS, WITHOUT_FFN
from tf_models.zoo.anatomy import MIXES


def worth_names(analysis: Analysis) -> dict[str, str]:
    """Contrast → words, of everything that was measured, the largest worth first."""
    names = {f"gain.{mixer}": say(f"mixer.{mixer}") for mixer in WITHOUT_FFN}
    names |= {f"gain.{mixer}.wider": say("worth.wider", mixer=say(f"mixer.{mixer}")) for mixer in MATCHED_MIXERS}
    measures = analysis.measures
    return {name: names[name] for name in sorted(names.keys() & measures, key=lambda name: -measures[name].value)}


def worth_words(analysis: Analysis) -> str:
    """Which mixers gain most and least at equal depth, and the interaction at equal parameters; empty for one mixer."""
    names = worth_names(analysis)
    told, depth = [], [name for name in names if not name.endswith(".wider")]
    if len(depth) > 1:
        most, least = depth[0], depth[-1]
        phrases = {
            place: analyses.phrase(analysis.contrasts[name]) for place, name in (("most", most), ("least", least))
        }
        told.append(say("worth.found", first=names[most], last=names[least], **phrases))
        if (found := analyses.fields(analysis.contrasts["interaction"])) is None:
            told.append(say("worth.unmatched"))
        else:
            told.append(say("worth.interaction", **found))
    return sentences(*told)


def worth_rows(analysis: Analysis, names: dict[str, str]) -> pd.DataFrame:
    """What `intervals.effects` draws, in the colour of the mixer's family."""
    mixers = {name: str(analysis.contrasts[name].contrast.at["mixer"]) for name in names}
    return analyses.effect_rows(analysis, names, {name: family_of(mixer) for name, mixer in mixers.items()})


def family_of(mixer: str) -> str:
    """The family whose colour a token mixer has."""
    return next(family for family, mixers in MIXES.items() if mixer in mixers)


@drawn_once
def show_headline(found: Sequence[Analysis]) -> None:
    """A row per mixer at equal depth, by data set: the second picture of *Overview*, and of the first data set with
    several mixers in a sentence. Nothing that is not measured.
    """
    rows = []
    for analysis in found:
        depth = {name: words for name, words in worth_names(analysis).items() if not name.endswith(".wider")}
        dataset = short_data_name(analysis.experiment.dataset)
        labels = {name: say("worth.on", mixer=words, dataset=dataset) for name, words in depth.items()}
        rows.append(worth_rows(analysis, labels))
    data = pd.concat(rows)
    if data.empty:
        return
    columns = analyses.column_names() | {"label": say("topic.column.mixer")}
    chart = effects.effect_chart(data, say("worth.chart"), "ffn", columns)
    st.altair_chart(chart, key="worth", alt=say("worth.alt", text=analyses.effect_words(data)))
    told = {analysis.experiment.dataset: words for analysis in found if (words := worth_words(analysis))}
    for dataset, words in list(told.items())[:1]:
        st.markdown(say("worth.headline", dataset=data_title(dataset), found=words))


@drawn_once
def show_section(analysis: Analysis) -> None:
    """A row per mixer with its interval, the sentences, table and source."""
    rows = worth_rows(analysis, worth_names(analysis))
    if rows.empty:
        analyses.show_empty(analysis.experiment)
        return
    dataset, columns = analysis.experiment.dataset, analyses.column_names() | {"label": say("topic.column.mixer")}
    chart = effects.effect_chart(rows, say("worth.chart"), "ffn", columns)
    st.altair_chart(chart, key=f"worth_{dataset}", alt=say("worth.alt", text=analyses.effect_words(rows)))
    analyses.show_withheld(analysis)
    st.markdown(worth_words(analysis))
    st.caption(sentences(say("worth.hint"), analyses.scale_of(analysis, begins=True)))
    analyses.show_source(analysis)
    analyses.show_effects(rows, columns)
