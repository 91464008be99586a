"""Charts: pure functions from a DataFrame to `alt.Chart`.

Each takes its words from the caller, so that a chart never knows a language. Accuracies come in percent, effects in
points. Words stand above what they name, and legends and titles break: a phone has no room beside it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.theme import ARMS, DASHES, RUN_COLOURS

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
ROW = 46  # pixels for one row of a chart, with its words above
# Streamlit fits title, axes and legend into a chart's height: what they take, in pixels.
AXES = 90
LEGEND = 60
TITLE_LINE = 20
BELOW = 9  # pixels by which a row is drawn under its middle, since its words stand above
TICK = {"size": ROW - 18, "color": "#888", "yOffset": BELOW}  # a tall mark in a row, not through its words
WIDE = 46  # Latin letters of one line of a title on a phone


def above(offset: float = -13) -> alt.Axis:
    """The axis of rows, with words `offset` pixels from the middle of their row."""
    return alt.Axis(labelAlign="left", labelPadding=-4, labelOffset=offset, labelLimit=340, ticks=False, domain=False)


def width(words: str) -> int:
    """How wide words are, in Latin letters; a Chinese character takes two."""
    return sum(2 if letter >= "\u2e80" else 1 for letter in words)


def lines(words: str, wide: int = WIDE) -> list[str]:
    """Words broken for a chart: at spaces, and between Chinese characters."""
    found, filled = [""], 0
    for piece in re.findall(r"[\u2E80-\uFFEF]|[^\s\u2E80-\uFFEF]+\s*|\s+", words):
        if filled + len(piece.rstrip()) > wide and filled:
            found, filled = [*found, ""], 0
        found[-1] += piece
        filled += width(piece)
    return [line.strip() for line in found]


def titled(chart: Chart, title: str, height: float) -> Chart:
    """The chart with its title, in as many lines as it needs, on top of `height` pixels."""
    broken = lines(title)
    return chart.properties(title=broken, height=height + TITLE_LINE * (len(broken) - 1))


def legend_below(names: Iterable[str], symbol: str = "stroke") -> tuple[alt.Legend, int]:
    """A legend under the chart, in two columns where a phone has room for them, and the pixels that it takes.

    `symbol` is what stands before each name: a piece of its line, or ``circle`` where the chart has no lines.
    """
    names = list(dict.fromkeys(names))
    columns = 2 if max(map(width, names), default=0) <= 20 else 1
    look = {"symbolType": symbol, "symbolSize": 300 if symbol == "stroke" else 100, "symbolOpacity": 1}
    shown = alt.Legend(orient="bottom", columns=columns, labelLimit=300, **look)
    return shown, LEGEND + 22 * max(0, math.ceil(len(names) / columns) - 1)


def arm_scale(labels: Mapping[str, str]) -> tuple[alt.Scale, alt.Scale]:
    """Colour and dash of the arms of ``ffn-gap``; `labels` maps an arm to what is written."""
    names = [labels[arm] for arm in ARMS]
    return (
        alt.Scale(domain=names, range=list(ARMS.values())),
        alt.Scale(domain=names, range=list(DASHES.values())),
    )


def intervals(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str]) -> Chart:
    """Effects with their intervals, a row each, and the seeds behind them.

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


def learning_curves(data: pd.DataFrame, title: str, x: str, y: str, labels: Mapping[str, str], legend: str) -> Chart:
    """Validation accuracy in percent by epoch, mean over seeds; the band runs from worst to best seed."""
    colour, dash = arm_scale(labels)
    shown = data.assign(name=[labels[arm] for arm in data["arm"]])
    below, taken = legend_below(labels[arm] for arm in ARMS)
    base = alt.Chart(shown).encode(
        x=alt.X("epoch:Q", title=x, axis=alt.Axis(tickMinStep=1)),
        color=alt.Color(
            "name:N",
            scale=colour,
            title=legend,
            legend=below,
        ),
    )
    band = base.mark_area(opacity=0.12).encode(y=alt.Y("low:Q", title=y, scale=alt.Scale(zero=False)), y2="high:Q")
    line = base.mark_line(size=2).encode(
        y=alt.Y("mean:Q", title=y, scale=alt.Scale(zero=False)),
        strokeDash=alt.StrokeDash("name:N", scale=dash, legend=None),
        tooltip=[
            alt.Tooltip("name:N", title=legend),
            alt.Tooltip("epoch:Q", title=x),
            alt.Tooltip("mean:Q", title=y, format=".1f"),
        ],
    )
    return titled(alt.layer(band, line), title, 300 + AXES + taken)


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


def run_curves(data: pd.DataFrame, title: str, x: str, y: str, legend: str) -> Chart:
    """Live curves: validation accuracy in percent by epoch, a line a run. Columns: run, epoch, validation."""
    below, taken = legend_below(data["run"])
    chart = (
        alt.Chart(data)
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title=x, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("validation:Q", title=y, scale=alt.Scale(zero=False)),
            color=alt.Color(
                "run:N",
                title=legend,
                scale=alt.Scale(range=list(RUN_COLOURS)),
                legend=below,
            ),
            tooltip=["run:N", "epoch:Q", alt.Tooltip("validation:Q", format=".1f")],
        )
    )
    return titled(chart, title, 220 + AXES + taken)


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


def cost_and_accuracy(
    data: pd.DataFrame,
    yardstick: float | None,
    title: str,
    x: str,
    y: str,
    columns: Mapping[str, str],
    marks: Mapping[str, tuple[str, str]],
) -> Chart:
    """Accuracy in percent against a cost on a log scale, a line a network, with intervals over seeds.

    `data` has network, cost, accuracy, low, high, seeds and front: whether nothing is both cheaper and better, which a
    ring shows. `marks` gives every network its colour and shape; `yardstick` is the accuracy of the linear classifier.
    """
    names = list(marks)
    colour = alt.Color(
        "network:N",
        title=columns["network"],
        scale=alt.Scale(domain=names, range=[colour for colour, _ in marks.values()]),
        legend=alt.Legend(orient="bottom", columns=3, labelLimit=130, symbolOpacity=1),
    )
    shape = alt.Shape(
        "network:N",
        title=columns["network"],
        scale=alt.Scale(domain=names, range=[shape for _, shape in marks.values()]),
        legend=alt.Legend(orient="bottom", columns=3, labelLimit=130, symbolOpacity=1),
    )
    across = alt.X(
        "cost:Q", title=x, scale=alt.Scale(type="log", nice=False, padding=18), axis=alt.Axis(tickCount=6, format="~s")
    )
    up = alt.Scale(zero=False)
    tips = [alt.Tooltip("network:N", title=columns["network"]), alt.Tooltip("cost:Q", title=x, format=",.4~g")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".2f") for name in ("accuracy", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    base = alt.Chart(data).encode(x=across, tooltip=tips)
    lines = base.mark_line(size=1.5, opacity=0.6).encode(y=alt.Y("accuracy:Q", title=y, scale=up), color=colour)
    spans = base.mark_rule(size=1.5, opacity=0.6).encode(y=alt.Y("low:Q", title=y, scale=up), y2="high:Q", color=colour)
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        y=alt.Y("accuracy:Q", title=y, scale=up), color=colour, shape=shape
    )
    layers = [spans, lines, dots]
    if bool(data["front"].astype(bool).to_numpy().any()):
        rings = alt.Chart(data[data["front"]]).mark_point(size=260, strokeWidth=1.8, color="#888", opacity=1)
        layers.append(rings.encode(x=across, y=alt.Y("accuracy:Q", title=y, scale=up), tooltip=tips))
    if yardstick is not None:
        line = alt.Chart(pd.DataFrame({"accuracy": [yardstick]})).mark_rule(color="#888", strokeDash=[6, 4])
        layers.insert(
            0, line.encode(y=alt.Y("accuracy:Q", title=y, scale=up), tooltip=[alt.Tooltip("accuracy:Q", format=".2f")])
        )
    return alt.layer(*layers).properties(title=title, height=320 + AXES + 2 * LEGEND)


def published_sizes(
    data: pd.DataFrame, title: str, x: str, y: str, columns: Mapping[str, str], colours: Mapping[str, str]
) -> Chart:
    """Published accuracy against size, each with its name. Columns: network, family, parameters, accuracy, source."""
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("network", "accuracy", "source")]
    tips.insert(1, alt.Tooltip("parameters:Q", title=columns["parameters"], format=","))
    base = alt.Chart(data).encode(
        x=alt.X(
            "parameters:Q",
            title=x,
            scale=alt.Scale(type="log", nice=False, padding=70),
            axis=alt.Axis(tickCount=5, format="~s"),
        ),
        y=alt.Y("accuracy:Q", title=y, scale=alt.Scale(zero=False, padding=16)),
        tooltip=tips,
    )
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color(
            "family:N",
            title=columns["family"],
            scale=alt.Scale(domain=list(colours), range=list(colours.values())),
            legend=alt.Legend(orient="bottom", columns=2),
        )
    )
    names = base.mark_text(align="left", dx=9, fontSize=11, color="#888").encode(text="network:N")
    return alt.layer(dots, names).properties(title=title, height=280 + AXES + LEGEND)
