"""The parts of the page *FFN* beyond one network: token mixers × channel mixers, and the FFN's shape."""

import pandas as pd
import streamlit as st

from pages.ui import analyses, cache, tables
from pages.ui.charts import curves, heat
from pages.ui.drawing import show_chart
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES
from pages.ui.words import plain, say, sentences
from tf_models.study.analysis import Analysis
from tf_models.study.experiments.factorial import MATCHED_MIXERS

# Columns of the heat map, from nothing to the usual FFN; then nothing, but with the FFN's parameters elsewhere.
CHANNELS = ("off", "activation", "linear", "ratio 1", "ratio 2", "on", "off deeper", "off wider")
# Where the arms of ``ffn-shape`` stand: hidden width ÷ width as written, in order, and how many dense layers.
SHAPES = {
    **{"off": ("0", "two"), "layers 2 narrow": ("½", "two"), "ratio 1": ("1", "two"), "ratio 2": ("2", "two")},
    **{"vit": ("4", "two"), "ratio 8": ("8", "two"), "layers 1": ("½", "one"), "layers 3": ("4", "three")},
}
LINES = {"cnn": "convolution", "stem": "hybrid"}  # arms that are drawn as lines, with their family


def factorial_rows(analysis: Analysis) -> pd.DataFrame:
    """What `heat.heat_map` draws, the mixer first after which the FFN is worth most."""
    cells = {(arm.arm.at["channel"], arm.arm.at["mixer"]): arm for arm in analysis.arms.values() if arm.arm.at}
    rows = []

    def worth(mixer: str) -> float:
        with_ffn, without = (cells.get((channel, mixer)) for channel in ("on", "off"))
        if with_ffn is None or without is None or with_ffn.accuracy is None or without.accuracy is None:
            return -1.0
        return with_ffn.accuracy.value - without.accuracy.value

    mixers = sorted(dict.fromkeys(str(mixer) for _, mixer in cells), key=worth, reverse=True)
    for channel, mixer in ((channel, mixer) for channel in CHANNELS for mixer in mixers):
        arm, nothing = cells.get((channel, mixer)), cells.get(("off", mixer))
        if arm is None or arm.accuracy is None:
            continue
        gain, difference = "", None
        if nothing is not None and nothing.accuracy is not None:
            difference = arm.accuracy.value - nothing.accuracy.value
            gain = tables.points(difference) if channel != "off" else ""
        rows.append(
            {
                "mixer": say(f"mixer.{mixer}"),
                "channel": say(f"channel.{channel}"),
                **analyses.accuracy(arm),
                "gain": gain,
                "points": None if difference is None else 100 * difference,
                "seeds": len(arm.seeds),
                "parameters": arm.parameters,
            }
        )
    columns = ["mixer", "channel", "accuracy", "low", "high", "gain", "points", "seeds", "parameters"]
    return pd.DataFrame(rows, columns=columns).astype({"points": float})


@drawn_once
def show_factorial(dataset: str) -> None:
    """The heat map of token mixers × channel mixers, and what the FFN gives to whom."""
    analysis = cache.analysis("factorial", dataset)
    data, contrasts = factorial_rows(analysis), analysis.contrasts
    if data.empty:
        analyses.show_empty(analysis.experiment)
        return
    analyses.show_tier(analysis)
    names = ("mixer", "channel", "accuracy", "low", "high", "gain", "seeds", "parameters")
    columns = {name: say(f"topic.column.{name}") for name in names}
    scale = analyses.scale_of(analysis)
    if found := analyses.fields(contrasts["interaction"]):
        attention, convolution = (analyses.phrase(contrasts[f"gain.{mixer}"]) for mixer in ("attention", "convolution"))
        st.markdown(say("factorial.finding", scale=scale, attention=attention, convolution=convolution, **found))
    chart = heat.heat_map(data, say("factorial.chart"), say("factorial.legend"), columns)
    show_chart(chart, key=f"factorial_{dataset}", text=plain(say("factorial.alt", text=scale)))
    st.caption(say("factorial.hint", most=f"{heat.MOST_POINTS:g}"), help=matched_words(analysis))
    for name in ("interaction.deeper", "interaction.wider"):
        if contrasts[name].measure is not None:
            st.markdown(say(f"factorial.{name}", effect=analyses.phrase(contrasts[name])))
    analyses.show_source(analysis)
    tables.beside(data.drop(columns="points").round(2).rename(columns=columns))


def matched_words(analysis: Analysis) -> str:
    """Which networks without an FFN have a deeper or wider one beside them, and why others have none."""
    cells = [arm.at for arm in analysis.experiment.arms.values()]
    missing = [
        say("factorial.unmatched_one", mixer=say(f"mixer.{mixer}"), channel=say(f"channel.{channel}"))
        for mixer in MATCHED_MIXERS
        for channel in ("off deeper", "off wider")
        if {"mixer": mixer, "channel": channel} not in cells
    ]
    tried = say("factorial.matched", mixers=say("claims.and").join(say(f"mixer.{mixer}") for mixer in MATCHED_MIXERS))
    return sentences(tried, say("factorial.unmatched", missing=say("claims.and").join(missing)) if missing else "")


def shape_rows(analysis: Analysis) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The FFN's widths and depths for `curves.ratio_curve`, and the networks that are drawn as lines."""
    arms = {name: arm for name, arm in analysis.arms.items() if arm.accuracy is not None}
    rows = [
        {"ratio": ratio, "kind": say(f"shape.kind.{kind}"), "seeds": len(arms[name].seeds)}
        | analyses.accuracy(arms[name])
        for name, (ratio, kind) in SHAPES.items()
        if name in arms
    ]
    lines = [
        {"name": say(f"shape.line.{name}"), "colour": FAMILIES[family]} | analyses.accuracy(arms[name])
        for name, family in LINES.items()
        if name in arms
    ]
    columns = ["ratio", "kind", "seeds", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(lines, columns=["name", "accuracy", "colour"])


@drawn_once
def show_shape(dataset: str) -> None:
    """How wide and how deep an FFN should be, beside a CNN and a convolutional stem."""
    analysis = cache.analysis("ffn-shape", dataset)
    data, lines = shape_rows(analysis)
    if data.empty:
        analyses.show_empty(analysis.experiment)
        return
    analyses.show_tier(analysis)
    columns = {name: say(f"topic.column.{name}") for name in ("ratio", "kind", "accuracy", "low", "high", "seeds")}
    asked = {
        "wider": "ratio.8_over_4",
        "usual": "ratio.4_over_2",
        "deeper": "depth.3_over_2",
        "stem": "wider_over_stem",
    }
    found = {word: analyses.phrase(analysis.contrasts[name]) for word, name in asked.items()}
    scale = analyses.scale_of(analysis)
    st.markdown(say("shape.finding", scale=scale, **found))
    chart = curves.ratio_curve(data, lines, say("shape.chart"), say("shape.axis"), columns)
    show_chart(chart, key=f"shape_{dataset}", text=plain(say("shape.alt", text=scale)))
    st.caption(say("shape.hint"))
    analyses.show_source(analysis)
    tables.beside(data.round(2).rename(columns=columns))
