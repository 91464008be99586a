"""Bars: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller."""

import math
from collections.abc import Mapping

import altair as alt
import pandas as pd

from pages.ui.charts.layout import (
    AXES,
    BELOW,
    ROW,
    TITLE_LINE,
    Chart,
    above,
    inline,
    legend_below,
    titled,
)
from pages.ui.theme import INK

SQUARES, SQUARE = 25, 30  # squares of a line, and the pixels that it takes
BAR = 15  # and of a bar, under its words
CLOSE = -8  # pixels from the middle of a row to its words: nearer to their own bar than to the one above


def probabilities(data: pd.DataFrame, title: str, colour: str, room: int = 120) -> Chart:
    """Probabilities, such as the largest of the classes. Columns: name, value (percent), figure (what is written beside
    the bar). `room` is how long the axis is, in percent: more than 100 for the figure beside a whole bar.
    """
    base = alt.Chart(data).encode(
        y=alt.Y(
            "name:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=130, labelOverlap=False, labelFlush=False, labelBaseline="middle"),
        ),
        x=alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, room])),
        tooltip=["name:N", alt.Tooltip("value:Q", format=".1f")],
    )
    figures = base.mark_text(align="left", dx=4, color=INK).encode(text="figure:N")
    return titled(alt.layer(base.mark_bar(color=colour), figures), title, 24 * len(data) + 2 * TITLE_LINE)


def before_after(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], colour: str) -> Chart:
    """Class probabilities in percent before a change, pale, and after it. Columns: name, which, value."""
    order, which = list(dict.fromkeys(data["name"])), list(dict.fromkeys(data["which"]))
    legend, taken = legend_below(which, "square") if len(which) > 1 else (None, 0)
    chart = (
        alt.Chart(data)
        .mark_bar(color=colour)
        .encode(
            y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=120)),
            yOffset=alt.YOffset("which:N", sort=which),
            x=alt.X("value:Q", title=axis, scale=alt.Scale(domain=[0, 100])),
            opacity=alt.Opacity("which:O", title=None, scale=alt.Scale(domain=which, range=[0.4, 1]), legend=legend),
            tooltip=[
                *(alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("name", "which")),
                alt.Tooltip("value:Q", title=axis, format=".1f"),
            ],
        )
    )
    return titled(chart, title, 28 * len(order) + AXES + taken)


def amounts(data: pd.DataFrame, title: str, columns: Mapping[str, str]) -> Chart:
    """Values of one unit, a bar from zero for each, with its figure; the longest fills three quarters of the width.

    `data` has label, value, text (the figure as written) and colour.
    """
    scale = alt.Scale(domain=[0, max(data["value"]) / 0.75], nice=False)
    x = alt.X("value:Q", axis=None, scale=scale)
    y = alt.Y("label:N", title=None, sort=list(dict.fromkeys(data["label"])), axis=above(CLOSE))
    tips = [alt.Tooltip("label:N", title=columns["label"]), alt.Tooltip("text:N", title=columns["value"])]
    base = alt.Chart(data).encode(x=x, y=y, tooltip=tips)
    bar = base.mark_bar(height=BAR, yOffset=BELOW).encode(color=alt.Color("colour:N", scale=None))
    figures = base.mark_text(align="left", dx=5, fontSize=12, color=INK, yOffset=BELOW).encode(text="text:N")
    return titled(alt.layer(bar, figures), title, ROW * len(data) + 3 * TITLE_LINE)


def squares(data: pd.DataFrame, title: str, columns: Mapping[str, str], colours: Mapping[str, str]) -> Chart:
    """A square for each row of `data`, in lines of 25: place (from 0), verdict (its colour), mark (written in it) and
    what else `columns` names for the tooltip. A click picks its claim.
    """
    shown = data.assign(line=data["place"] // SQUARES, at=data["place"] % SQUARES)
    band = {"axis": None, "scale": alt.Scale(paddingInner=0.12, paddingOuter=0)}
    tips = [alt.Tooltip(f"{name}:N", title=word) for name, word in columns.items()]
    base = alt.Chart(inline(shown)).encode(x=alt.X("at:O", **band), y=alt.Y("line:O", **band), tooltip=tips)
    legend, taken = legend_below(colours, "square")
    colour = alt.Color(
        "verdict:N", title=None, scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=legend
    )
    written = base.mark_text(color="black", fontSize=12).encode(text="mark:N")
    height = SQUARE * (math.ceil(len(data) / SQUARES)) + taken + 2 * TITLE_LINE
    picked = alt.selection_point("picked", fields=["claim"], toggle=False, clear=False)
    above = base.mark_rect(opacity=0, cursor="pointer").encode(description="claim:N").add_params(picked)
    tiles = base.mark_rect(cornerRadius=2).encode(color=colour)
    return titled(alt.layer(tiles, written, above), title, height)
