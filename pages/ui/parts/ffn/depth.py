"""Whether the worth of the FFN grows with the depth, and what the skip connections have to do with it."""

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import intervals
from pages.ui.drawing import show_chart
from pages.ui.parts.ffn.length import SERIES
from pages.ui.replay import drawn_once
from pages.ui.words import plain, say, sentences
from tf_models.study.analysis import Analysis
from tf_models.study.experiments.depth import DEPTHS, WITHOUT_SKIP


def is_measured(analysis: Analysis) -> bool:
    """Whether there are two depths to compare."""
    return len(set(depth_rows(analysis)["at"])) > 1


def depth_rows(analysis: Analysis) -> pd.DataFrame:
    """What `intervals.along` draws: points of accuracy over the number of blocks."""
    rows = [
        {
            "series": say(words),
            "at": depth,
            **{key: 100 * getattr(found, key) for key in ("value", "low", "high")},
            "seeds": found.seeds,
        }
        for name, (words, _) in SERIES.items()
        for depth in DEPTHS
        if (found := analysis.measures.get(f"{name}.{depth}"))
    ]
    return pd.DataFrame(rows, columns=["series", "at", "value", "low", "high", "seeds"])


def depth_words(analysis: Analysis) -> str:
    """By how much the gap grows, and what is lost without skip connections, as far as it is measured."""
    told = []
    if found := analyses.fields(analysis.contrasts["grows"]):
        told.append(say("depth.grows", few=min(DEPTHS), many=max(DEPTHS), **found))
    skip = {channel: analysis.contrasts[f"skip.{channel}"] for channel in ("on", "off")}
    if all(row.measure is not None for row in skip.values()):
        phrases = {channel: analyses.phrase(row) for channel, row in skip.items()}
        told.append(say("depth.skip", depth=WITHOUT_SKIP, **phrases))
    return sentences(*told)


@drawn_once
def show_section(analysis: Analysis) -> None:
    """The gap over the number of blocks, its sentences, table and source."""
    data = depth_rows(analysis)
    columns = {name: say(f"length.column.{name}") for name in ("series", "value", "low", "high", "seeds")}
    colours = {say(words): colour for words, colour in SERIES.values() if say(words) in set(data["series"])}
    titles = {"title": say("depth.chart"), "x": say("axis.depth"), "y": say("length.accuracy_axis")}
    chart = intervals.along(data, columns=columns, colours=colours, **titles)
    found = depth_words(analysis)
    show_chart(chart, key="depth", text=plain(say("depth.alt", text=found)))
    analyses.show_withheld(analysis)
    st.markdown(found)
    st.caption(analyses.scale_of(analysis, begins=True))
    analyses.show_source(analysis)
    data = data.round(2).rename(columns=columns | {"at": say("axis.depth")})
    tables.beside(data)
