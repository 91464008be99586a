"""Bars: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, LEGEND, ROW, Chart


def published_gaps(data: pd.DataFrame, title: str, axis: str, legend: str, colours: Sequence[str]) -> Chart:
    """With and without the FFN in publications. Columns: label, which, value (percent)."""
    order = list(dict.fromkeys(data["label"]))
    return (
        alt.Chart(data)
        .mark_bar()
        .encode(
            y=alt.Y("label:N", title=None, sort=order, axis=alt.Axis(labelLimit=160)),
            yOffset=alt.YOffset("which:N", sort=list(dict.fromkeys(data["which"]))),
            x=alt.X("value:Q", title=axis),
            color=alt.Color(
                "which:N",
                title=legend,
                scale=alt.Scale(domain=list(dict.fromkeys(data["which"])), range=list(colours)),
                legend=alt.Legend(orient="bottom"),
            ),
            tooltip=["label:N", "which:N", alt.Tooltip("value:Q", format=".1f")],
        )
        .properties(title=title, height=ROW * len(order) + AXES + LEGEND)
    )


def probabilities(data: pd.DataFrame, title: str, axis: str, colour: str) -> Chart:
    """The largest class probabilities, in percent. Columns: name, value."""
    return (
        alt.Chart(data)
        .mark_bar(color=colour)
        .encode(
            y=alt.Y("name:N", sort=None, title=None),
            x=alt.X("value:Q", title=axis, scale=alt.Scale(domain=[0, 100])),
            tooltip=["name:N", alt.Tooltip("value:Q", format=".1f")],
        )
        .properties(title=title, height=26 * len(data) + AXES)
    )
