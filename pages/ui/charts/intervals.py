"""Estimates with their intervals, in a row each or along an axis: pure functions from a DataFrame to `alt.Chart`."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, BELOW, LEGEND, ROW, TICK, Chart, above, titled
from pages.ui.theme import RUN_COLOURS


def effects(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str]) -> Chart:
    """Effects with their intervals, one row each, and the seeds that gave them.

    `data` has label, mean, low, high, delta, verdict and colour; rows with a seed carry one seed's difference instead.
    Tall marks in every row: no difference, and its delta, the smallest difference that matters.
    """
    order = list(dict.fromkeys(data["label"]))
    y = alt.Y("label:N", title=None, sort=order, axis=above())
    whole, seeds = data[data["seed"].isna()], data[data["seed"].notna()]
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("label", "verdict")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format="+.2f") for name in ("mean", "low", "high")]
    base = alt.Chart(whole).encode(y=y, color=alt.Color("colour:N", scale=None), tooltip=tips)
    zero = alt.Chart(whole.assign(zero=0.0)).mark_tick(thickness=2, **TICK).encode(x="zero:Q", y=y)
    line = (
        alt.Chart(whole)
        .mark_tick(thickness=2, **TICK)
        .encode(x="delta:Q", y=y, tooltip=alt.Tooltip("delta:Q", title=columns["delta"]))
    )
    across = alt.X("low:Q", title=axis, axis=alt.Axis(grid=False))
    span = base.mark_rule(size=3, yOffset=BELOW).encode(x=across, x2="high:Q")
    dot = base.mark_point(filled=True, size=110, opacity=1, yOffset=BELOW).encode(x="mean:Q")
    ticks = (
        alt.Chart(seeds)
        .mark_point(shape="stroke", angle=90, size=90, opacity=0.7, color="#888", yOffset=BELOW)
        .encode(
            x="mean:Q",
            y=y,
            tooltip=[
                alt.Tooltip("seed:Q", title=columns["seed"]),
                alt.Tooltip("mean:Q", title=columns["mean"], format="+.2f"),
            ],
        )
    )
    return titled(alt.layer(zero, line, ticks, span, dot), title, ROW * len(order) + AXES)


def spans(
    data: pd.DataFrame,
    title: str,
    axis: str,
    columns: Mapping[str, str],
    rules: Sequence[float] = (),
    tips: str = ".2f",
) -> Chart:
    """A row per label: value with its interval, vertical lines at `rules`. Columns: label, value, low, high, colour."""
    order = list(dict.fromkeys(data["label"]))
    x = {"title": axis, "scale": alt.Scale(zero=False, padding=16), "axis": alt.Axis(grid=False)}
    y = alt.Y("label:N", title=None, sort=order, axis=above())
    base = alt.Chart(data).encode(
        y=y,
        color=alt.Color("colour:N", scale=None),
        tooltip=[
            alt.Tooltip("label:N", title=columns["label"]),
            *(alt.Tooltip(f"{name}:Q", title=columns[name], format=tips) for name in ("value", "low", "high")),
        ],
    )
    span = base.mark_rule(size=3, yOffset=BELOW).encode(x=alt.X("low:Q", **x), x2="high:Q")
    dot = base.mark_point(filled=True, size=110, opacity=1, yOffset=BELOW).encode(x=alt.X("value:Q", **x))
    marks = [  # in every row, and not through its words
        alt.Chart(data.assign(rule=float(rule))).mark_tick(thickness=1, **TICK).encode(y=y, x=alt.X("rule:Q", **x))
        for rule in rules
    ]
    layers = [*marks, span, dot]
    return titled(alt.layer(*layers), title, ROW * len(order) + AXES)


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
    lines = pd.DataFrame({"v": [0.0, delta], "dash": ["0", "d"]})
    dashes = alt.Scale(domain=["0", "d"], range=[[1, 0], [4, 3]])
    rules = (
        alt.Chart(lines)
        .mark_rule(color="#888")
        .encode(y="v:Q", strokeDash=alt.StrokeDash("dash:N", scale=dashes, legend=None))
    )
    span = base.mark_rule(size=3).encode(y=alt.Y("low:Q", title=y), y2="high:Q")
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(y="mean:Q")
    return alt.layer(rules, span, dot).properties(title=title, height=230 + AXES + LEGEND)
