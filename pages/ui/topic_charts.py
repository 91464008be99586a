"""Charts of the topic pages: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.charts import AXES, BELOW, LEGEND, ROW, TICK, Chart, above, legend_below, titled

CELL = 42  # pixels: height of a cell of the heat map


def heat_map(data: pd.DataFrame, title: str, columns: Mapping[str, str]) -> Chart:
    """Accuracy in percent of every token mixer with every channel mixer, and below it what was gained over nothing.

    `data` has mixer, channel, accuracy, low, high, seeds and gain (as written), in the order of rows and columns.
    """
    rows, across = list(dict.fromkeys(data["mixer"])), list(dict.fromkeys(data["channel"]))
    values = data["accuracy"].tolist()
    middle = (min(values) + max(values)) / 2
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("mixer", "channel", "gain")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".2f") for name in ("accuracy", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    base = alt.Chart(data).encode(
        y=alt.Y("mixer:N", title=None, sort=rows, axis=above(-CELL / 2 + 2)),
        x=alt.X(
            "channel:N", title=None, sort=across, axis=alt.Axis(labelAngle=-50, labelLimit=150, labelOverlap=False)
        ),
        tooltip=tips,
    )
    below = BELOW + 3
    cells = base.mark_rect(height=CELL, yOffset=below).encode(
        color=alt.Color(
            "accuracy:Q",
            title=columns["accuracy"],
            scale=alt.Scale(scheme="viridis", zero=False),
            legend=alt.Legend(orient="bottom", gradientLength=200, titleLimit=300),
        )
    )
    ink = alt.condition(alt.datum.accuracy > middle, alt.value("black"), alt.value("white"))
    figures = base.mark_text(fontSize=11, dy=below - 7).encode(text=alt.Text("accuracy:Q", format=".1f"), color=ink)
    gains = base.mark_text(fontSize=10, dy=below + 8).encode(text="gain:N", color=ink)
    height = (CELL + 2 * below) * len(rows) + 2 * AXES + LEGEND
    return titled(alt.layer(cells, figures, gains), title, height)


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
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds), legend=None)
    base = alt.Chart(data).encode(
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
            .mark_text(align=align, baseline="bottom", dx=dx, dy=-2, fontSize=11, color="gray")  # legible in the dark
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
    """How much tokens still differ behind every layer, log scale: all arms thin, the chosen one bold up to `layer`.

    `data` has name, layer, r, low, high (over seeds) and chosen; `floor` is the r under which all is rounding, and its
    name, written above a dashed line.
    """
    across = alt.X("layer:Q", title=x, axis=alt.Axis(tickMinStep=1, grid=False))
    up = {"title": y, "scale": alt.Scale(type="log"), "axis": alt.Axis(format=".0e", tickCount=6)}
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
    name = limit.mark_text(color="gray", align="right", baseline="bottom", dx=-4, dy=-3).encode(
        x=alt.value("width"), y=alt.Y("r:Q", **up), text="name:N"
    )
    return titled(alt.layer(rule, name, thin, band, bold, now), title, 260 + AXES + taken)


def growth(
    data: pd.DataFrame,
    title: str,
    x: str,
    y: str,
    columns: Mapping[str, str],
    marks: Mapping[str, tuple[str, list[int]]],
    figures: str,
) -> Chart:
    """A cost against the number of tokens, both on log scales, a line a case with its span over repeats.

    `data` has case, tokens, value, low, high; `marks` gives every case its colour and dash, `figures` is the format of
    the axis.
    """
    names = [name for name in marks if name in set(data["case"])]
    legend, taken = legend_below(names)
    base = alt.Chart(data).encode(
        x=alt.X("tokens:Q", title=x, scale=alt.Scale(type="log", base=2), axis=alt.Axis(format="d")),
        color=alt.Color(
            "case:N",
            title=None,
            scale=alt.Scale(domain=names, range=[marks[name][0] for name in names]),
            legend=legend,
        ),
        tooltip=[
            alt.Tooltip("case:N", title=columns["case"]),
            alt.Tooltip("tokens:Q", title=x),
            *(alt.Tooltip(f"{name}:Q", title=columns[name], format=",.4~g") for name in ("value", "low", "high")),
        ],
    )
    up = {"title": y, "scale": alt.Scale(type="log")}
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", **up), y2="high:Q")
    line = base.mark_line(size=2).encode(
        y=alt.Y("value:Q", axis=alt.Axis(format=figures, tickCount=6), **up),
        strokeDash=alt.StrokeDash(
            "case:N", scale=alt.Scale(domain=names, range=[marks[name][1] for name in names]), legend=None
        ),
    )
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(y=alt.Y("value:Q", **up))
    return titled(alt.layer(band, line, dots), title, 320 + AXES + taken)


def spans(
    data: pd.DataFrame,
    title: str,
    axis: str,
    columns: Mapping[str, str],
    rules: Sequence[float] = (),
    tips: str = ".2f",
) -> Chart:
    """A row a label: value with its interval, vertical lines at `rules`. Columns: label, value, low, high, colour."""
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
