"""Drawings of networks: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller."""

import math
from collections.abc import Mapping
from itertools import accumulate, pairwise

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, BELOW, ROW, Chart, legend_below, titled
from pages.ui.theme import INK

DRAWING = 230  # pixels: height of the boxes of a network
BLOCK = 90  # pixels for one block from inside
THICK = 16  # pixels of a bar
APART = 0.12  # of a row: bars of one network are this much closer than a row, of two as much farther apart
READABLE = 7  # percent: a narrower piece of a bar has no room for its figure


def network(
    data: pd.DataFrame,
    title: str,
    axis: str,
    legend: str,
    channel: str,
    columns: Mapping[str, str],
    colours: Mapping[str, str],
    reach: tuple[float, int],
) -> Chart:
    """A network from the image to the classes: a box for each part, as high as its grid, as wide as its channels.

    `data` has a row for each part, in order: left, middle, right (along the network; from the middle on it has the
    colour of `channel`), rows (of its grid), shape (what is written where the grid changes), stage (0 outside), skip
    (whether a line leads past it), mixes (its colour, a key of `colours`) and what `columns` names for the tooltip.
    `reach` is the right end and the largest number of rows of both networks that are compared, so that both are drawn
    alike.
    """
    end, largest = reach
    top = 0.68 * largest  # of a square-root scale: room for what is written above and below the boxes
    shown = data.assign(low=-data["rows"] / 2, high=data["rows"] / 2)
    x = {"scale": alt.Scale(domain=[0, end], nice=False), "title": axis}
    y = {"scale": alt.Scale(type="sqrt", domain=[-top, top], nice=False), "axis": None}
    bare = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    below, taken = legend_below(colours, "square")
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    behind = shown[shown["middle"] < shown["right"]]
    pieces = pd.concat([shown.assign(right=shown["middle"]), behind.assign(left=behind["middle"], mixes=channel)])
    boxes = (
        alt.Chart(pieces[pieces["left"] < pieces["right"]])
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X("left:Q", axis=bare, **x),
            x2="right:Q",
            y=alt.Y("low:Q", **y),
            y2="high:Q",
            color=alt.Color("mixes:N", title=legend, scale=scale, legend=below),
            tooltip=[alt.Tooltip(f"{name}:N", title=word) for name, word in columns.items()],
        )
    )
    changes = shown[shown["shape"] != shown["shape"].shift()]
    grids = (
        alt.Chart(changes)
        .mark_text(align="left", baseline="bottom", dy=-8, fontSize=11, color=INK)
        .encode(x=alt.X("left:Q", axis=bare, **x), y=alt.Y("high:Q", **y), text="shape:N")
    )
    skips = (
        alt.Chart(shown[shown["skip"]])
        .mark_rule(size=2, yOffset=-4, color="#888", strokeCap="round")
        .encode(x=alt.X("left:Q", axis=bare, **x), x2="right:Q", y=alt.Y("high:Q", **y))
    )
    numbers = (
        alt.Chart(_stages(shown).assign(bottom=-top))
        .mark_text(baseline="bottom", fontSize=11, color=INK)
        .encode(x=alt.X("middle:Q", axis=bare, **x), y=alt.Y("bottom:Q", **y), text="number:N")
    )
    return titled(alt.layer(boxes, skips, grids, numbers), title, DRAWING + AXES + taken)


def _stages(boxes: pd.DataFrame) -> pd.DataFrame:
    """The number of every stage, and its middle along the network."""
    inside = boxes[boxes["stage"] > 0].groupby("stage").agg(left=("left", "min"), right=("right", "max"))
    return pd.DataFrame({"middle": (inside["left"] + inside["right"]) / 2, "number": inside.index.astype(str)})


def hourglasses(
    data: pd.DataFrame, title: str, legend: str, columns: Mapping[str, str], colours: Mapping[str, str], widest: int
) -> Chart:
    """Blocks from inside, one below the other: every linear map is a piece as high as the channels before and after it.

    `data` has label (of its block), place (of the map in it, from 0), before and after (channels), by (its colour, a
    key of `colours`) and what else `columns` names for the tooltip. Heights are on a square-root scale up to `widest`,
    the most channels of all blocks that are compared.
    """
    labels = list(dict.fromkeys(data["label"]))
    ends, nodes = [], {}
    for row, (label, pieces) in enumerate(data.groupby("label", sort=False)):
        for piece in pieces.to_dict("records"):
            for after, channels in enumerate((piece["before"], piece["after"])):
                half = 0.25 * math.sqrt(channels / widest)
                at = {"x": piece["place"] + after, "low": -row - half, "high": -row + half}
                ends.append({**piece, **at, "piece": f"{label} {piece['place']}"})
                nodes[label, at["x"]] = {**at, "channels": f"{channels:,}"}
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.25, max(data["place"]) + 1.25], nice=False))
    y = {"axis": None, "scale": alt.Scale(domain=[0.42 - len(labels), 0.62], nice=False)}
    below, taken = legend_below(colours, "square")
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    pieces = (
        alt.Chart(pd.DataFrame(ends))
        .mark_area(opacity=0.85)
        .encode(
            x,
            alt.Y("low:Q", **y),
            alt.Y2("high:Q"),
            alt.Color("by:N", title=legend, scale=scale, legend=below),
            detail="piece:N",
            tooltip=[alt.Tooltip(f"{name}:N", title=word) for name, word in columns.items()],
        )
    )
    written = (
        alt.Chart(pd.DataFrame(list(nodes.values())))
        .mark_text(baseline="bottom", dy=-2, fontSize=11, color=INK)
        .encode(x, alt.Y("high:Q", **y), text="channels:N")
    )
    heads = pd.DataFrame({"x": -0.25, "label": labels, "head": [0.52 - row for row in range(len(labels))]})
    names = (
        alt.Chart(heads)
        .mark_text(align="left", baseline="middle", fontSize=12, color=INK)
        .encode(x, alt.Y("head:Q", **y), text="label:N")
    )
    return titled(alt.layer(pieces, written, names), title, BLOCK * len(labels) + taken + 40)


def shares(
    data: pd.DataFrame, title: str, axis: str, legend: str, columns: Mapping[str, str], colours: Mapping[str, str]
) -> Chart:
    """What a whole is made of: a bar of 100 % under each label, one piece for each role, those of a network together.

    `data` has label, system (the network), role (a key of `colours`), share (percent) and what `columns` names for the
    tooltip; pieces stand in their order.
    """
    heads = data.drop_duplicates("label")
    steps = (1 - APART if above == here else 1 + APART for above, here in pairwise(heads["system"]))
    places = list(accumulate(steps, initial=0.0))
    heads, rows = heads.assign(place=places), places[-1] + 1
    after = data.groupby("label")["share"].cumsum()
    shown = data.assign(
        end=after,
        start=after - data["share"],
        middle=after - data["share"] / 2,
        place=[places[list(heads["label"]).index(label)] for label in data["label"]],
    )
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[-0.5, rows - 0.5], nice=False, reverse=True))
    below, taken = legend_below(colours, "square")
    x = alt.X("start:Q", title=axis, scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip(f"{name}:N", title=word) for name, word in columns.items()]
    bars = (
        alt.Chart(shown)
        .mark_bar(height=THICK, yOffset=BELOW)
        .encode(
            y=y,
            x=x,
            x2="end:Q",
            color=alt.Color(
                "role:N",
                title=legend,
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=below,
            ),
            tooltip=tips,
        )
    )
    figures = (
        alt.Chart(shown[shown["share"] >= READABLE])
        .mark_text(fontSize=11, color="#111", yOffset=BELOW)
        .encode(y=y, x=alt.X("middle:Q"), text=alt.Text("share:Q", format=".0f"), tooltip=tips)
    )
    names = (
        alt.Chart(heads)
        .mark_text(align="left", baseline="middle", yOffset=BELOW - THICK / 2 - 8, color=INK)
        .encode(y=y, x=alt.value(0), text="label:N")
    )
    return titled(alt.layer(bars, figures, names), title, round(ROW * rows) + AXES + taken)
