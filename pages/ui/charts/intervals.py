"""Estimates with their intervals, in a row each or along an axis: pure functions from a DataFrame to `alt.Chart`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from pages.ui.charts.layout import AXES, LEGEND, Chart, beside_rows, legend_below, lines, row_height, titled
from pages.ui.theme import INK, RUN_COLOURS

DIRECTIONS = 36  # pixels for two lines of words above rows
MARGIN = 30  # pixels that Streamlit takes beside axes and title
RUN = 30  # pixels for one row of runs
DODGE = 7  # pixels between two intervals at one place
APART = 12  # and in one row, below each other
LANE = 22  # pixels for one interval under the words of a claim's part
LANE_LINE, LANE_LETTERS = 16, 58  # a line of these words, in pixels and, as a phone has room for, in Latin letters
LANE_NAME = 56  # pixels for the data set before a lane


def effects(
    data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], ends: tuple[str, str], band: str, asked: str
) -> Chart:
    """Effects with their intervals, one row each, the seeds that gave them, and a band of what is too small to matter.

    `data` has label, mean, low, high, delta, verdict, mark (the verdict's, at the right edge) and colour; rows with a
    seed carry one seed's difference instead. `ends` says what lies left and right of zero, `band` what lies within ±δ,
    and `asked` what the marks answer.
    """
    order = list(dict.fromkeys(data["label"]))
    shown = data.assign(row=data["label"].map(order.index))
    whole, seeds = shown.query("seed.isna()"), shown.query("seed.notna()")
    low, high = _reach(shown)
    marks = whole["mark"].fillna("").tolist() if "mark" in whole else []
    y, words = beside_rows(order, marks)
    x = {"title": axis, "scale": alt.Scale(domain=[low, high], nice=False), "axis": alt.Axis(grid=False, tickCount=7)}
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("label", "verdict")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format="+.2f") for name in ("mean", "low", "high")]
    tips += [alt.Tooltip("delta:Q", title=columns["delta"])]
    base = alt.Chart(whole).encode(y=y, color=alt.Color("colour:N", scale=None), tooltip=tips)
    small = (
        alt.Chart(whole.assign(under=-whole["delta"]))
        .mark_rect(color="#888", opacity=0.18)
        .encode(y=y, x=alt.X("under:Q", **x), x2="delta:Q")
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color="#888").encode(x=alt.X("zero:Q", **x))
    ticks = (
        alt.Chart(seeds)
        .mark_tick(thickness=1.5, size=11, opacity=0.8, color="#888")
        .encode(
            x=alt.X("mean:Q", **x),
            y=y,
            tooltip=[
                alt.Tooltip("seed:Q", title=columns["seed"]),
                alt.Tooltip("mean:Q", title=columns["mean"], format="+.2f"),
            ],
        )
    )
    span = base.mark_rule(size=3).encode(x=alt.X("low:Q", **x), x2="high:Q")
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(x=alt.X("mean:Q", **x))
    above = ends, band, asked if any(marks) else ""
    directions = _directions(low, high, float(whole["delta"].to_numpy(float).max()), *above)
    height = row_height(order) * len(order) + DIRECTIONS + AXES
    return titled(alt.layer(small, zero, ticks, span, dot, *words, *directions), title, height, DIRECTIONS)


def _reach(data: pd.DataFrame) -> tuple[float, float]:
    """What the axis of effects must show: every interval and seed, the band around zero, and at the right the marks."""
    values, delta = data[["mean", "low", "high"]].to_numpy(float), float(np.nanmax(data["delta"].to_numpy(float)))
    low, high = min(float(np.nanmin(values)), -delta), max(float(np.nanmax(values)), delta)
    return low - 0.04 * (high - low), high + 0.1 * (high - low)


def _directions(low: float, high: float, delta: float, ends: tuple[str, str], band: str, asked: str) -> list[alt.Chart]:
    """Above the rows: what lies left and right of zero, and below that what the band is and what the marks answer."""
    share = -low / (high - low)  # where zero is, from left to right
    align = "left" if share < 0.3 else "right" if share > 0.7 else "center"
    at = {"left": -delta, "center": 0.0, "right": delta}[align]
    words = {"band": band, "worse": f"← {ends[0]}", "better": f"{ends[1]} →", "asked": asked}
    one = alt.Chart(pd.DataFrame([{"at": at, **words}]))
    look = {"baseline": "bottom", "fontSize": 11, "color": INK}
    return [
        one.mark_text(align="left", **look).encode(x=alt.value(0), y=alt.value(-18), text="worse:N"),
        one.mark_text(align="right", **look).encode(x=alt.value("width"), y=alt.value(-18), text="better:N"),
        one.mark_text(align=align, **look).encode(x="at:Q", y=alt.value(-3), text="band:N"),
        one.mark_text(align="right", **look).encode(x=alt.value("width"), y=alt.value(-3), text="asked:N"),
    ]


def spans(
    data: pd.DataFrame,
    title: str,
    axis: str,
    columns: Mapping[str, str],
    rules: Sequence[float] = (),
    tips: str = ".2f",
    reach: tuple[float, float] | None = None,
) -> Chart:
    """A row per label: value with its interval, vertical lines at `rules`. Columns: label, value, low, high, colour.

    Several of one label stand below each other. Where the axis is to show no more than `reach`, an arrow at its end
    says of an interval that it goes on.
    """
    order = list(dict.fromkeys(data["label"]))
    y, words = beside_rows(order)
    first, last = reach or (-math.inf, math.inf)
    shown = data.assign(
        row=data["label"].map(order.index),
        turn=data.groupby("label").cumcount(),
        start=data["low"].clip(lower=first),
        end=data["high"].clip(upper=last),
    )
    x = {
        "title": axis,
        "scale": alt.Scale(domain=[first, last], nice=False) if reach else alt.Scale(zero=False, padding=16),
        "axis": alt.Axis(grid=False, tickCount=7),
    }
    told = [alt.Tooltip("label:N", title=columns["label"])]
    told += [alt.Tooltip(f"{name}:Q", title=columns[name], format=tips) for name in ("value", "low", "high")]
    marks = [
        alt.Chart(pd.DataFrame({"rule": [float(rule)]})).mark_rule(color="#888").encode(x=alt.X("rule:Q", **x))
        for rule in rules
    ]
    turns = max(shown["turn"].tolist(), default=0) + 1
    for _, some in shown.groupby("turn"):
        look = {"opacity": 1, "yOffset": APART * (some["turn"].iloc[0] - (turns - 1) / 2)}
        base = alt.Chart(some).encode(y=y, color=alt.Color("colour:N", scale=None), tooltip=told)
        marks += [
            base.mark_rule(size=3, **look).encode(x=alt.X("start:Q", **x), x2="end:Q"),
            base.mark_point(filled=True, size=110, **look).encode(x=alt.X("value:Q", **x)),
        ]
        marks += [
            base.mark_point(shape=shape, filled=True, size=90, **look)
            .encode(x=alt.X(f"{end}:Q", **x))
            .transform_filter(f"datum.{end} {beyond} datum.{bound}")
            for end, bound, beyond, shape in (
                ("start", "low", ">", "triangle-left"),
                ("end", "high", "<", "triangle-right"),
            )
            if some[end].tolist()
            != some[bound].tolist()  # no layer without a mark: a screen reader would meet one without a name
        ]
    return titled(alt.layer(*marks, *words), title, row_height(order) * len(order) + AXES)


def doubled(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str]) -> Chart:
    """Two values in each row, in percent, with their intervals: a dot for the first, a ring for the other below it.

    `data` has label, colour, value, first (whether it is the dot), low, high and what else `columns` names for the
    tooltip: kind, accuracy and seeds. Where there is no interval, low and high are missing.
    """
    order = list(dict.fromkeys(data["label"]))
    y, words = beside_rows(order)
    x = {"title": axis, "scale": alt.Scale(domain=[0, 100], nice=False, clamp=True), "axis": alt.Axis(grid=False)}
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("label", "kind")]
    tips += [
        alt.Tooltip(f"{name}:Q", title=columns[name], format=".1f") for name in ("value", "low", "high", "accuracy")
    ]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    layers = []
    shown = data.assign(row=data["label"].map(order.index))
    for first, beside in ((True, -4), (False, 4)):  # pixels under the middle of a row
        base = alt.Chart(shown[shown["first"] == first]).encode(
            y=y, color=alt.Color("colour:N", scale=None), tooltip=tips
        )
        layers += [
            base.mark_rule(size=2, yOffset=beside).encode(x=alt.X("low:Q", **x), x2="high:Q"),
            base.mark_point(filled=first, size=70, strokeWidth=2, opacity=1, yOffset=beside).encode(
                x=alt.X("value:Q", **x)
            ),
        ]
    return titled(alt.layer(*layers, *words), title, row_height(order) * len(order) + AXES)


def gap_grid(data: pd.DataFrame, title: str, x: str, y: str, legend: str, delta: float) -> Chart:
    """The gap with its interval against depth. Columns: depth, train_images, mean, low, high."""
    base = alt.Chart(data).encode(
        x=alt.X("depth:O", title=x, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("train_images:O"),
        color=alt.Color(
            "train_images:O", title=legend, scale=alt.Scale(range=list(RUN_COLOURS)), legend=alt.Legend(orient="bottom")
        ),
        tooltip=[
            alt.Tooltip("depth:O", title=x),
            alt.Tooltip("train_images:O", title=legend),
            *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("mean", "low", "high")),
        ],
    )
    levels = pd.DataFrame({"v": [0.0, delta], "dash": ["0", "d"]})
    dashes = alt.Scale(domain=["0", "d"], range=[[1, 0], [4, 3]])
    rules = (
        alt.Chart(levels)
        .mark_rule(color="#888")
        .encode(y="v:Q", strokeDash=alt.StrokeDash("dash:N", scale=dashes, legend=None))
    )
    span = base.mark_rule(size=3).encode(y=alt.Y("low:Q", title=y), y2="high:Q")
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(y="mean:Q")
    return alt.layer(rules, span, dot).properties(title=title, height=230 + AXES + LEGEND)


def along(
    data: pd.DataFrame,
    title: str,
    x: str,
    y: str,
    columns: Mapping[str, str],
    colours: Mapping[str, str],
    figures: str = "+.2f",
) -> Chart:
    """Effects with their intervals along a log axis, one series in each colour, with a line at zero.

    `data` has series, at, value, low, high and seeds; `colours` gives the series their order. Where a series has no
    value it has a gap. Two intervals at one place stand beside each other.
    """
    names, places = list(colours), sorted(set(data["at"]))
    legend, taken = legend_below(names)
    across = alt.X(
        "at:Q",
        title=x,
        scale=alt.Scale(type="log", domain=[places[0] / 1.3, places[-1] * 1.3], nice=False),
        axis=alt.Axis(values=places, format=",d", grid=False, labelOverlap=True),
    )
    colour = alt.Color(
        "series:N", title=None, scale=alt.Scale(domain=names, range=list(colours.values())), legend=legend
    )
    tips = [alt.Tooltip("series:N", title=columns["series"]), alt.Tooltip("at:Q", title=x, format=",d")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=figures) for name in ("value", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    low, high = min(0.0, *data["low"]), max(0.0, *data["high"])
    room = 0.12 * (high - low) or 1.0  # no interval touches the edge, where it would look cut off
    up = alt.Scale(domain=[low - room, high + room], nice=False)
    layers: list[alt.Chart] = [alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color="#888").encode(y="y:Q")]
    for place, name in enumerate(names):
        beside = DODGE * (place - (len(names) - 1) / 2)
        base = alt.Chart(data[data["series"] == name]).encode(x=across, color=colour, tooltip=tips)
        layers += [
            base.mark_line(size=1.5, opacity=0.5, xOffset=beside).encode(y="value:Q"),
            base.mark_rule(size=3, xOffset=beside).encode(y=alt.Y("low:Q", title=y, scale=up), y2="high:Q"),
            base.mark_point(filled=True, size=90, opacity=1, xOffset=beside).encode(y="value:Q"),
        ]
    return titled(alt.layer(*layers), title, 150 + AXES + taken)


def zones(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], from_zero: bool = False) -> Chart:
    """Measured parts of a claim as intervals against the zone in which each would be supported: the words of a part,
    and under them a lane for each data set.

    `data` has label (what the part says, its rows together), dataset (written before the lane), leads (whether the dot
    is filled), value, low, high, zone_low, zone_high (may be infinite), verdict, mark (the verdict's, at the right
    edge) and seeds.
    """
    low, high = extent(data, from_zero)
    shown, words, height = _lanes(
        data.assign(zone_low=data["zone_low"].clip(low, high), zone_high=data["zone_high"].clip(low, high))
    )
    column = LANE_NAME if any(data["dataset"]) else 0
    down: dict[str, Any] = {
        "title": None,
        "scale": alt.Scale(domain=[height, 0], nice=False),
        "axis": alt.Axis(labels=False, ticks=False, domain=False, grid=False, minExtent=column, maxExtent=column),
    }
    x = {"title": axis, "scale": alt.Scale(domain=[low, high], nice=False), "axis": alt.Axis(grid=False, tickCount=6)}
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("dataset", "verdict")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".3~f") for name in ("value", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    lanes, middle = alt.Chart(shown), alt.Y("middle:Q", **down)
    span = {"y": alt.Y("top:Q", **down), "y2": "bottom:Q"}
    zone = lanes.mark_rect(color="#009E73", opacity=0.22).encode(x=alt.X("zone_low:Q", **x), x2="zone_high:Q", **span)
    zero = lanes.mark_rule(color="#888").encode(x=alt.datum(0, type="quantitative"), **span)
    marks = {"y": middle, "color": alt.value("#888"), "tooltip": tips}
    bar = lanes.mark_rule(size=3).encode(x=alt.X("low:Q", **x), x2="high:Q", **marks)
    dots = [  # no layer without a mark: a screen reader would meet a picture without a name
        alt.Chart(rows)
        .mark_point(filled=bool(leads), strokeWidth=2, size=110, opacity=1)
        .encode(x=alt.X("value:Q", **x), **marks)
        for leads, rows in shown.groupby("leads", sort=False)
    ]
    look = dict[str, Any](baseline="middle", color=INK)
    names = lanes.mark_text(align="right", dx=-8, limit=LANE_NAME, **look).encode(
        x=alt.value(0), y=middle, text="dataset:N"
    )
    verdict = lanes.mark_text(align="right", dx=-2, fontSize=14, **look).encode(
        x=alt.value("width"), y=middle, text="mark:N"
    )
    said = (
        alt.Chart(words)
        .mark_text(align="left", baseline="top", fontSize=12, lineBreak="\n", lineHeight=LANE_LINE, color=INK)
        .encode(x=alt.value(-column), y=alt.Y("at:Q", **down), text="words:N")
    )
    layers = [zone, *([zero] if low <= 0 <= high else []), bar, *dots, verdict, said]
    return titled(alt.layer(*layers, *([names] if column else [])), title, height + AXES)


def _lanes(data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Where each row's lane begins, is and ends, in pixels from the top; the words above, and how high it all is."""
    down, places, words = 0, [], []
    for label, rows in data.groupby("label", sort=False):
        broken = lines(str(label), LANE_LETTERS)
        words.append({"at": down, "words": "\n".join(broken)})
        first = down + LANE_LINE * len(broken) + 3
        places += [first + LANE * row for row in range(len(rows))]
        down = first + LANE * len(rows) + LANE // 2
    top = np.asarray(places)
    shown = data.assign(top=top, bottom=top + LANE - 2, middle=top + LANE / 2 - 1)
    return shown, pd.DataFrame(words), down


def extent(data: pd.DataFrame, from_zero: bool = False) -> tuple[float, float]:
    """What an axis must show: every interval, zero where it is near or asked for, the finite edges of the zones."""
    values = [*data["low"], *data["high"], *data["zone_low"], *data["zone_high"]]
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    if -(high - low) < low <= 0.5 * high:
        low = min(low, 0.0)
    if high < 0:
        high = 0.0
    if from_zero and low >= 0:
        return 0.0, 1.08 * high or 1.0
    space = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return low - space, high + space


def repeated(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], colour: str) -> Chart:
    """New runs beside the shipped ones: test accuracy in percent, one row per arm.

    `data` has arm, accuracy, seed and new (whether it was trained here). Marks: shipped runs; dots: new ones.
    """
    y = alt.Y("arm:N", title=None, sort=list(dict.fromkeys(data["arm"])), axis=alt.Axis(labelLimit=220))
    x = alt.X("accuracy:Q", title=axis, scale=alt.Scale(zero=False, padding=12))
    tips = [alt.Tooltip("arm:N", title=columns["arm"]), alt.Tooltip("seed:Q", title=columns["seed"])]
    tips += [alt.Tooltip("accuracy:Q", title=columns["accuracy"], format=".2f")]
    old, new = data[~data["new"].astype(bool)], data[data["new"].astype(bool)]
    layers = [alt.Chart(old).mark_tick(thickness=2, size=RUN - 12, color="#888").encode(x=x, y=y, tooltip=tips)]
    if len(new):  # no layer without a mark
        points = alt.Chart(new).mark_point(filled=True, size=120, opacity=1, color=colour)
        layers.append(points.encode(x=x, y=y, tooltip=tips))
    return alt.layer(*layers).properties(title=title, height=RUN * data["arm"].nunique() + AXES + MARGIN)
