"""Drawings of networks: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, LEGEND, Chart

DRAWING = 230  # pixels: height of the boxes of a network
BAR = 54  # pixels for one bar, its two lines of label included
READABLE = 7  # percent: a narrower piece of a bar has no room for its figure


def network(
    data: pd.DataFrame,
    title: str,
    axis: str,
    legend: str,
    columns: Mapping[str, str],
    colours: Mapping[str, str],
    reach: tuple[float, int],
) -> Chart:
    """A network from the image to the classes: a box for each part, as high as its grid, as wide as its channels.

    `data` has a row for each part, in order: left, right (along the network), rows (of its grid), shape (what is
    written where the grid changes), stage (0 outside), mixes (its colour, a key of `colours`) and what `columns` names
    for the tooltip. `reach` is the right end and the largest number of rows of both networks that are compared, so that
    both are drawn alike.
    """
    end, largest = reach
    top = 0.68 * largest  # of a square-root scale: room for what is written above and below the boxes
    shown = data.assign(low=-data["rows"] / 2, high=data["rows"] / 2)
    x = {"scale": alt.Scale(domain=[0, end], nice=False), "title": axis}
    y = {"scale": alt.Scale(type="sqrt", domain=[-top, top], nice=False), "axis": None}
    bare = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    boxes = (
        alt.Chart(shown)
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X("left:Q", axis=bare, **x),
            x2="right:Q",
            y=alt.Y("low:Q", **y),
            y2="high:Q",
            color=alt.Color(
                "mixes:N",
                title=legend,
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(orient="bottom", columns=2, labelLimit=300, titleLimit=340),
            ),
            tooltip=[alt.Tooltip(f"{name}:N", title=word) for name, word in columns.items()],
        )
    )
    changes = shown[shown["shape"] != shown["shape"].shift()]
    grids = (
        alt.Chart(changes)
        .mark_text(align="left", baseline="bottom", dy=-3, fontSize=11, color="#888")
        .encode(x=alt.X("left:Q", axis=bare, **x), y=alt.Y("high:Q", **y), text="shape:N")
    )
    inside = shown[shown["stage"] > 0].groupby("stage").agg(left=("left", "min"), right=("right", "max"))
    stages = pd.DataFrame({"middle": (inside["left"] + inside["right"]) / 2, "number": inside.index.astype(str)})
    numbers = (
        alt.Chart(stages.assign(bottom=-top))
        .mark_text(baseline="bottom", fontSize=11, color="#888")
        .encode(x=alt.X("middle:Q", axis=bare, **x), y=alt.Y("bottom:Q", **y), text="number:N")
    )
    return alt.layer(boxes, grids, numbers).properties(title=title, height=DRAWING + AXES + LEGEND)


def shares(
    data: pd.DataFrame, title: str, axis: str, legend: str, columns: Mapping[str, str], colours: Mapping[str, str]
) -> Chart:
    """What a whole is made of: a bar of 100 % for each label (lines of it parted by ``|``), one piece for each role.

    `data` has label, role (a key of `colours`), share (percent) and what `columns` names for the tooltip; pieces stand
    in their order.
    """
    after = data.groupby("label")["share"].cumsum()
    shown = data.assign(end=after, start=after - data["share"], middle=after - data["share"] / 2)
    order = list(dict.fromkeys(data["label"]))
    y = alt.Y(
        "label:N",
        title=None,
        sort=order,
        scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1),
        axis=alt.Axis(
            labelExpr="split(datum.label, '|')", labelLimit=200, labelPadding=6, labelOffset=-6, labelOverlap=False
        ),
    )
    x = alt.X("start:Q", title=axis, scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip(f"{name}:N", title=word) for name, word in columns.items()]
    bars = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            y=y,
            x=x,
            x2="end:Q",
            color=alt.Color(
                "role:N",
                title=legend,
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(orient="bottom", columns=2, labelLimit=200),
            ),
            tooltip=tips,
        )
    )
    figures = (
        alt.Chart(shown[shown["share"] >= READABLE])
        .mark_text(fontSize=11, color="#111")
        .encode(y=y, x=alt.X("middle:Q"), text=alt.Text("share:Q", format=".0f"), tooltip=tips)
    )
    return alt.layer(bars, figures).properties(title=title, height=BAR * len(order) + AXES + 1.5 * LEGEND)
