"""Values against values: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, Chart, legend_below, lines, powers_of_ten, titled
from pages.ui.theme import ARMS, DASHES, INK, RUN_COLOURS, SHAPES

NAMED, NAME_LINE = 340, 13  # pixels of the chart whose lines have names at their ends, and of one name
NAMES_SHARE = 0.35  # of its width between the cheapest and the dearest network, for names
# Pixels of the learning curves; letters of a line of the names at their ends, and the share of the width for these.
LEARNING, END_LETTERS, END_SHARE = 300, 18, 0.38
DOTTED = 30  # epochs up to which every one has a dot that is seen: the mouse finds them all


def arm_scale(labels: Mapping[str, str]) -> tuple[alt.Scale, alt.Scale]:
    """Colour and dash of the arms of ``ffn-gap``; `labels` maps an arm to what is written."""
    names = [labels[arm] for arm in ARMS]
    return (
        alt.Scale(domain=names, range=list(ARMS.values())),
        alt.Scale(domain=names, range=list(DASHES.values())),
    )


def learning_curves(data: pd.DataFrame, title: str, x: str, y: str, labels: Mapping[str, str], legend: str) -> Chart:
    """Validation error in percent by epoch on a log axis, where curves that end near each other can be told apart, each
    with its name at its end: mean over seeds; the band runs from worst to best seed.

    Columns: arm, epoch, mean, low, high.
    """
    colour, dash = arm_scale(labels)
    shown = data.assign(name=[labels[arm] for arm in data["arm"]])
    epochs = [int(epoch) for epoch in shown["epoch"]]
    first, last = min(epochs), max(epochs)
    room = first + max(1, last - first) / (1 - END_SHARE)
    axis = alt.Axis(values=list(range(first, last + 1)), format="d", grid=False, labelOverlap=True)
    across = alt.X("epoch:Q", title=x, axis=axis, scale=alt.Scale(domain=[first, room], nice=False))
    base = alt.Chart(shown).encode(x=across, color=alt.Color("name:N", scale=colour, legend=None))
    up = {"title": y, "scale": alt.Scale(type="log", nice=False, padding=8), "axis": alt.Axis(format="~g", tickCount=5)}
    band = base.mark_area(opacity=0.12).encode(y=alt.Y("low:Q", **up), y2="high:Q")
    line = base.mark_line(size=2).encode(
        y=alt.Y("mean:Q", **up),
        strokeDash=alt.StrokeDash("name:N", scale=dash, legend=None),
        tooltip=[
            alt.Tooltip("name:N", title=legend),
            alt.Tooltip("epoch:Q", title=x),
            alt.Tooltip("mean:Q", title=y, format=".1f"),
        ],
    )
    names = _names_at_ends(shown, room, across, up)
    return titled(alt.layer(band, line, *names), title, LEARNING + AXES)


def _names_at_ends(data: pd.DataFrame, room: float, across: alt.X, up: Mapping[str, Any]) -> list[alt.Chart]:
    """The name of every arm, in lines that a phone has room for, and a thin line to it from the arm's last epoch."""
    ends = data.sort_values("epoch").groupby("name", as_index=False).last().sort_values("mean")
    broken = [lines(name, END_LETTERS) for name in ends["name"]]
    logs = [math.log10(error) for error in ends["mean"]]
    span = math.log10(max(data["high"]) / min(data["low"]))
    heights = [span * (NAME_LINE * len(words) + 3) / LEARNING for words in broken]
    steps = [(below + above) / 2 for below, above in pairwise(heights)]
    places = _apart(logs, steps, math.log10(max(data["high"])))
    last = max(data["epoch"])
    ends = ends.assign(at=[10**place for place in places], words=["\n".join(words) for words in broken])
    ends = ends.assign(beside=last + 0.03 * (room - last))
    colour = alt.Color("name:N", legend=None)
    base = alt.Chart(ends).encode(color=colour)
    leaders = base.mark_rule(size=0.7).encode(x=across, x2="beside:Q", y=alt.Y("mean:Q", **up), y2="at:Q")
    layers = [leaders]
    for count in sorted(set(map(len, broken))):  # Vega puts the first line where the middle of all should be
        some = alt.Chart(ends[[len(words) == count for words in broken]]).encode(color=colour)
        look = some.mark_text(
            align="left",
            baseline="middle",
            dx=3,
            dy=-NAME_LINE * (count - 1) / 2,
            fontSize=10,
            lineBreak="\n",
            lineHeight=NAME_LINE,
        )
        layers.append(look.encode(x=alt.X("beside:Q"), y=alt.Y("at:Q", **up), text="words:N"))
    return layers


def rate_curves(data: pd.DataFrame, title: str, x: str, y: str, columns: Mapping[str, str]) -> Chart:
    """What every learning rate gave, on a log axis, one line per arm; a ring marks the rate that was chosen.

    `data` has arm, rate, loss and chosen. Arms differ in colour and shape.
    """
    arms = list(dict.fromkeys(data["arm"]))
    below, taken = legend_below(arms, "circle")
    colours = [RUN_COLOURS[place % len(RUN_COLOURS)] for place in range(len(arms))]
    up = {"title": y, "scale": alt.Scale(zero=False, padding=12)}
    shown = data.assign(shape=[SHAPES[arms.index(arm) % len(SHAPES)] for arm in data["arm"]])
    base = alt.Chart(shown).encode(
        x=alt.X(
            "rate:Q",
            title=x,
            scale=alt.Scale(type="log", nice=False, padding=18),
            axis=alt.Axis(values=sorted(set(data["rate"])), format="~e", grid=False),
        ),
        color=alt.Color("arm:N", title=None, scale=alt.Scale(domain=arms, range=colours), legend=below),
        tooltip=[
            alt.Tooltip("arm:N", title=columns["arm"]),
            alt.Tooltip("rate:Q", title=x, format="~e"),
            alt.Tooltip("loss:Q", title=y, format=".4f"),
        ],
    )
    line = base.mark_line(size=1.5, opacity=0.6).encode(y=alt.Y("loss:Q", **up))
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        y=alt.Y("loss:Q", **up),
        shape=alt.Shape("shape:N", scale=None),  # a scale of its own would be one more legend
    )
    ring = base.transform_filter("datum.chosen").mark_point(size=240, strokeWidth=2, opacity=1)
    return titled(alt.layer(line, dots, ring.encode(y=alt.Y("loss:Q", **up))), title, 260 + AXES + taken)


def run_curves(data: pd.DataFrame, epochs: int, title: str, x: str, y: str, legend: str) -> Chart:
    """Live curves: validation accuracy in percent by epoch, one line per run, on an axis that has room for all `epochs`
    from the start. Columns: run, epoch, validation.
    """
    below, taken = legend_below(data["run"])
    chart = (
        alt.Chart(data)
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title=x, axis=alt.Axis(tickMinStep=1), scale=alt.Scale(domain=[1, max(epochs, 2)])),
            y=alt.Y("validation:Q", title=y, scale=alt.Scale(zero=False), axis=alt.Axis(format=".3~g")),
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


def seed_curves(
    data: pd.DataFrame,
    epochs: int,
    title: str,
    columns: Mapping[str, str],
    looks: Mapping[str, tuple[str, list[int]]],
) -> Chart:
    """An accuracy in percent by epoch, on axes that have room for everything from the start.

    `data` has network, run, seed, epoch and accuracy. A network has its colour and dash in `looks`; a run is a thin
    line, and their mean, as far as all have come, a bold one: of a single run, that run.
    """
    names = list(looks)
    below, taken = legend_below(names)
    colour = alt.Color(
        "network:N",
        title=columns["network"],
        scale=alt.Scale(domain=names, range=[colour for colour, _ in looks.values()]),
        legend=below,
    )
    dash = alt.StrokeDash(
        "network:N",
        title=columns["network"],
        scale=alt.Scale(domain=names, range=[dash for _, dash in looks.values()]),
        legend=below,
    )
    x = alt.X(
        "epoch:Q",
        title=columns["epoch"],
        axis=alt.Axis(tickMinStep=1, format="d"),
        scale=alt.Scale(domain=[1, max(epochs, 2)], nice=False),
    )
    y = alt.Y("accuracy:Q", title=columns["accuracy"], scale=alt.Scale(domain=[0, 100]))
    tips = [alt.Tooltip("network:N", title=columns["network"]), alt.Tooltip("epoch:Q", title=columns["epoch"])]
    tips += [alt.Tooltip("accuracy:Q", title=columns["accuracy"], format=".1f")]
    thin = (
        alt.Chart(data)
        .mark_line(size=1.2, opacity=0.6, point=alt.OverlayMarkDef(size=14, opacity=float(epochs <= DOTTED)))
        .encode(x, y, colour, dash, detail="run:N", tooltip=[*tips, alt.Tooltip("seed:Q", title=columns["seed"])])
    )
    mean = alt.Chart(_common_means(data)).mark_line(size=3.5).encode(x, y, colour, dash, tooltip=tips)
    return titled(alt.layer(thin, mean), title, 240 + AXES + taken)


def _common_means(data: pd.DataFrame) -> pd.DataFrame:
    """The mean over the runs of a network in the epochs that all of them have reached."""
    rows = []
    for network, runs in data.groupby("network", sort=False):
        count = runs["run"].nunique()
        for epoch, reached in runs.groupby("epoch"):
            if len(reached) == count:
                rows.append({"network": network, "epoch": epoch, "accuracy": reached["accuracy"].mean()})
    return pd.DataFrame(rows, columns=["network", "epoch", "accuracy"])


def cost_and_accuracy(
    data: pd.DataFrame,
    yardstick: float | None,
    title: str,
    x: str,
    columns: Mapping[str, str],
    marks: Mapping[str, tuple[str, str]],
    own: pd.DataFrame,
) -> Chart:
    """Accuracy in percent against a cost on a log scale, one line per network with its name at the right end, and
    intervals over seeds; the network under the pointer stands out.

    `data` has network, cost, accuracy, low, high, seeds and front: whether nothing is both cheaper and better, through
    which a step line goes. `marks` gives every network its colour and shape; `yardstick` is the accuracy of the linear
    classifier, a dashed line, where it was measured at every cost. `own` has one run a row: network, cost, accuracy,
    epochs, seed and colour; those below the others stand at the lower edge.
    """
    names, y = list(marks), columns["accuracy"]
    colour = alt.Color(
        "network:N", scale=alt.Scale(domain=names, range=[colour for colour, _ in marks.values()]), legend=None
    )
    shape = alt.Shape(
        "network:N", scale=alt.Scale(domain=names, range=[shape for _, shape in marks.values()]), legend=None
    )
    ends = [min(data["low"]), max([*data["high"], *own["accuracy"]])]
    across, up = _cost_axes([*data["cost"], *own["cost"]], ends, x, y)
    tips = [alt.Tooltip("network:N", title=columns["network"]), alt.Tooltip("cost:Q", title=x, format=",.4~g")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".2f") for name in ("accuracy", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    pointed = alt.selection_point(name="pointed", fields=["network"], on="pointerover", clear="pointerout", empty=True)
    faint = alt.condition(pointed, alt.value(0.75), alt.value(0.08))
    clear = alt.condition(pointed, alt.value(1), alt.value(0.15))
    base = alt.Chart(data).encode(x=across, tooltip=tips)
    lines = base.mark_line(size=1.5).encode(y=alt.Y("accuracy:Q", **up), color=colour, opacity=faint)
    spans = base.mark_rule(size=1.5).encode(y=alt.Y("low:Q", **up), y2="high:Q", color=colour, opacity=faint)
    dots = base.mark_point(filled=True, size=70).encode(
        y=alt.Y("accuracy:Q", **up), color=colour, shape=shape, opacity=clear
    )
    labels = alt.Chart(_ends(data, ends[1] - ends[0])).encode(color=colour, opacity=clear)
    leaders = labels.mark_rule(size=0.7).encode(x=across, x2="beside:Q", y=alt.Y("accuracy:Q", **up), y2="at:Q")
    words = labels.mark_text(align="left", baseline="middle", dx=3, fontSize=11)
    words = words.encode(x=alt.X("beside:Q"), y=alt.Y("at:Q", **up), text="network:N")
    layers: list[alt.Chart] = [spans, lines, dots.add_params(pointed), leaders, words]
    best = data.query("front").sort_values("cost")
    if len(best):
        front = alt.Chart(best).mark_line(interpolate="step-after", size=5, opacity=0.25, color="#888")
        layers.insert(0, front.encode(x=across, y=alt.Y("accuracy:Q", **up)))
    if yardstick is not None:
        line = alt.Chart(pd.DataFrame({"accuracy": [yardstick]})).mark_rule(color="#888", strokeDash=[6, 4])
        layers.insert(0, line.encode(y=alt.Y("accuracy:Q", **up), tooltip=[alt.Tooltip("accuracy:Q", format=".2f")]))
    if len(own):
        layers.append(_own_runs(own, across, alt.Y("accuracy:Q", **up), x, columns))
    return titled(alt.layer(*layers), title, NAMED + AXES)


def _cost_axes(costs: Sequence[float], ends: Sequence[float], x: str, y: str) -> tuple[alt.X, dict[str, Any]]:
    """Across a log scale with room for names at its right, up the accuracies from one of `ends` to the other."""
    room, space = (max(costs) / min(costs)) ** NAMES_SHARE, 0.03 * (ends[1] - ends[0])
    across = alt.X(
        "cost:Q",
        title=x,
        scale=alt.Scale(type="log", nice=False, domain=[min(costs) / room**0.1, max(costs) * room]),
        axis=alt.Axis(tickCount=6, format="~s", labelOverlap=True, grid=False),  # it would strike names through
    )
    domain = [ends[0] - space, ends[1] + space]
    return across, {"title": y, "scale": alt.Scale(domain=domain, nice=False, zero=False, clamp=True)}


def _own_runs(own: pd.DataFrame, across: alt.X, up: alt.Y, x: str, columns: Mapping[str, str]) -> alt.Chart:
    """A hollow diamond for every run."""
    told = [alt.Tooltip("network:N", title=columns["network"]), alt.Tooltip("cost:Q", title=x, format=",.4~g")]
    told += [alt.Tooltip("accuracy:Q", title=columns["accuracy"], format=".2f")]
    told += [alt.Tooltip(f"{name}:Q", title=columns[name]) for name in ("epochs", "seed")]
    diamonds = alt.Chart(own).mark_point(shape="diamond", filled=False, size=90, strokeWidth=1.8, opacity=0.9)
    return diamonds.encode(x=across, y=up, color=alt.Color("colour:N", scale=None), tooltip=told)


def _ends(data: pd.DataFrame, span: float) -> pd.DataFrame:
    """The last point of every network, and where its name stands: at `at`, a line from the next, and `beside` it."""
    last = data.sort_values("cost").groupby("network", as_index=False).last().sort_values("accuracy")
    places = _apart(last["accuracy"].tolist(), [span * NAME_LINE / NAMED] * (len(last) - 1), max(data["high"]))
    return last.assign(at=places, beside=max(data["cost"]) * 1.06)


def _apart(places: Sequence[float], steps: Sequence[float], top: float) -> list[float]:
    """Rising places, each moved until it is its step above the one before; none is higher than `top`."""
    moved = list(places)
    for index, step in enumerate(steps):
        moved[index + 1] = max(moved[index + 1], moved[index] + step)
    if moved and moved[-1] > top:
        moved[-1] = top
        for index, step in reversed(list(enumerate(steps))):
            moved[index] = min(moved[index], moved[index + 1] - step)
    return moved


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
    legend, taken = legend_below(colours, "circle")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color(
            "family:N",
            title=columns["family"],
            scale=alt.Scale(domain=list(colours), range=list(colours.values())),
            legend=legend,
        )
    )
    names = base.mark_text(align="left", dx=9, fontSize=11, color=INK).encode(text="network:N")
    return titled(alt.layer(dots, names), title, 280 + AXES + taken)


def spectra(
    data: pd.DataFrame,
    title: str,
    axes: tuple[str, str],
    columns: Mapping[str, str],
    low: float,
    colour: str,
) -> Chart:
    """Amplitude against spatial frequency for some levels, each seed thin and their mean bold, a dash for each level.

    `data` has level (as written, in order), seed, frequency (in π) and value (a difference of logarithms, from `low`
    to 1).
    """
    levels = list(dict.fromkeys(data["level"]))
    legend, taken = legend_below(levels)
    x = alt.X("frequency:Q", title=axes[0], scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=4))
    y = alt.Y("value:Q", title=axes[1], scale=alt.Scale(domain=[low, 1], nice=False, clamp=True))
    means = data.groupby(["level", "frequency"], sort=False, as_index=False).agg(value=("value", "mean"))
    dashes = alt.Scale(domain=levels, range=[[1, 0], [6, 3], [2, 2]][: len(levels)])
    thin = alt.Chart(data).mark_line(size=1, opacity=0.3, color=colour).encode(x=x, y=y, detail=["level:N", "seed:N"])
    bold = (
        alt.Chart(means)
        .mark_line(size=2.5, color=colour, point=alt.OverlayMarkDef(color=colour, size=30))
        .encode(
            x=x,
            y=y,
            strokeDash=alt.StrokeDash("level:N", title=None, scale=dashes, legend=legend),
            tooltip=[
                alt.Tooltip("level:N", title=columns["level"]),
                alt.Tooltip("frequency:Q", title=axes[0], format=".2f"),
                alt.Tooltip("value:Q", title=axes[1], format=".2f"),
            ],
        )
    )
    return titled(alt.layer(thin, bold), title, 190 + AXES + taken)


def ratio_curve(data: pd.DataFrame, lines: pd.DataFrame, title: str, x: str, columns: Mapping[str, str]) -> Chart:
    """Accuracy in percent against the FFN's hidden width, with intervals; other networks as horizontal lines.

    `data` has ratio (as written, in order), kind (its colour and shape), accuracy, low, high, seeds; `lines` has name,
    accuracy and colour.
    """
    kinds = list(dict.fromkeys(data["kind"]))
    up = {"title": columns["accuracy"], "scale": alt.Scale(zero=False)}
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("kind", "ratio")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".2f") for name in ("accuracy", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    legend, taken = legend_below(kinds, "circle")
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=kinds, range=["#D55E00", "#CC79A7", "#E69F00", "#56B4E9"][: len(kinds)]),
        legend=legend,
    )
    shape = alt.Shape("shape:N", scale=None)  # a scale of its own would be one more legend
    base = alt.Chart(data.assign(shape=[SHAPES[kinds.index(kind)] for kind in data["kind"]])).encode(
        x=alt.X("ratio:N", title=x, sort=list(dict.fromkeys(data["ratio"])), axis=alt.Axis(labelAngle=0)), tooltip=tips
    )
    line = base.mark_line(opacity=0.6).encode(y=alt.Y("accuracy:Q", **up), color=colour)
    span = base.mark_rule(size=2).encode(y=alt.Y("low:Q", **up), y2="high:Q", color=colour)
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(
        y=alt.Y("accuracy:Q", **up), color=colour, shape=shape
    )
    flat = alt.Chart(lines).encode(y=alt.Y("accuracy:Q", **up), color=alt.Color("colour:N", scale=None))
    rules = flat.mark_rule(strokeDash=[6, 4], size=1.5).encode(
        tooltip=["name:N", alt.Tooltip("accuracy:Q", format=".2f")]
    )
    names = []
    for place, name in enumerate(lines["name"]):  # one at each end: two networks may be equally good
        align, dx, at = ("right", -4, "width") if place % 2 else ("left", 4, 0)
        text = (
            alt.Chart(lines)
            .transform_filter(alt.datum.name == name)
            .mark_text(align=align, baseline="bottom", dx=dx, dy=-2, fontSize=11, color=INK)
            .encode(text="name:N", x=alt.value(at), y=alt.Y("accuracy:Q", **up))
        )
        names.append(text)
    return titled(alt.layer(rules, *names, line, span, dots), title, 300 + AXES + taken)


def collapse(
    data: pd.DataFrame,
    layer: int,
    title: str,
    x: str,
    y: str,
    floor: tuple[float, str],
    colours: Mapping[str, str],
) -> Chart:
    """How much tokens still differ after every layer, log scale: all arms thin, the chosen one bold up to `layer`.

    `data` has name, layer, r, low, high (over seeds) and chosen; `floor` is the r under which all is rounding, and its
    name, written above a dashed line.
    """
    across = alt.X("layer:Q", title=x, axis=alt.Axis(tickMinStep=1, grid=False))
    up = {"title": y, "scale": alt.Scale(type="log"), "axis": powers_of_ten(range(0, -17, -4))}
    legend, taken = legend_below(colours)
    colour = alt.Color(
        "name:N",
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=legend,
    )
    tips = ["name:N", alt.Tooltip("layer:Q", title=x), alt.Tooltip("r:Q", title=y, format=".2e")]
    thin = alt.Chart(data).mark_line(opacity=0.35).encode(x=across, y=alt.Y("r:Q", **up), color=colour, tooltip=tips)
    seen = data[data["chosen"].astype(bool) & (data["layer"] <= layer)]
    band = alt.Chart(seen).mark_area(opacity=0.2).encode(x=across, y=alt.Y("low:Q", **up), y2="high:Q", color=colour)
    bold = alt.Chart(seen).mark_line(size=4).encode(x=across, y=alt.Y("r:Q", **up), color=colour)
    now = (
        alt.Chart(seen[seen["layer"] == layer])
        .mark_point(filled=True, size=180, opacity=1)
        .encode(x=across, y=alt.Y("r:Q", **up), color=colour, tooltip=tips)
    )
    limit = alt.Chart(pd.DataFrame({"r": [floor[0]], "name": [floor[1]]}))
    rule = limit.mark_rule(color="gray", strokeDash=[4, 4]).encode(y=alt.Y("r:Q", **up))
    name = limit.mark_text(color=INK, align="right", baseline="bottom", dx=-4, dy=-3).encode(
        x=alt.value("width"), y=alt.Y("r:Q", **up), text="name:N"
    )
    return titled(alt.layer(rule, name, thin, band, bold, now), title, 260 + AXES + taken)
