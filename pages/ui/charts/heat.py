"""Heat maps: pure functions from a DataFrame to `alt.Chart`, words from the caller."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, BELOW, LEGEND, TITLE_LINE, Chart, above, titled
from pages.ui.theme import INK

CELL = 42  # pixels: height of a cell of the heat map
SMALL = 24  # and of the matrix
LEVEL = 3  # columns whose words have room on a phone without being turned
MOST_POINTS = 10.0  # from which a gain has the full colour: identity, which mixes nothing, would pale all others
GREY = "#D4D4D4"  # of a cell that has nothing to compare with
STRIPES = 72  # pixels of all rows of stripes
PAIR, PAIR_SMALL = 34, 20  # and of a pair of levels


def heat_map(data: pd.DataFrame, title: str, legend: str, columns: Mapping[str, str]) -> Chart:
    """What every channel mixer gains over none, for every token mixer: colour and large figure; below it the accuracy.

    `data` has mixer, channel, accuracy (percent), low, high, seeds, points (the gain, missing where there is nothing to
    compare with) and gain (as written), in the order of rows and columns. A dot: not trained.
    """
    rows, across = list(dict.fromkeys(data["mixer"])), list(dict.fromkeys(data["channel"]))
    known = set(zip(data["mixer"], data["channel"], strict=True))
    y = alt.Y("mixer:N", title=None, sort=rows, axis=above(-CELL / 2 + 2))  # eight columns leave a phone none for words
    largest = min(max([1.0, *data["points"].abs().dropna()]), MOST_POINTS)
    x = alt.X(
        "channel:N",
        title=None,
        sort=across,
        axis=alt.Axis(orient="top", labelAngle=-40, labelLimit=150, labelOverlap=False, ticks=False, domain=False),
    )
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("mixer", "channel", "gain")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".2f") for name in ("accuracy", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    base = alt.Chart(data).encode(y=y, x=x, tooltip=tips)
    below, bar = BELOW + 3, alt.Legend(orient="bottom", gradientLength=200, titleLimit=300)
    scale = alt.Scale(domain=[-largest, 0, largest], range=["#0072B2", "#F5F5F5", "#D55E00"], clamp=True)
    bare = base.mark_rect(height=CELL, yOffset=below, stroke="#888", strokeWidth=0.5, color=GREY)
    cells = base.transform_filter("isValid(datum.points)").mark_rect(height=CELL, yOffset=below)
    cells = cells.encode(color=alt.Color("points:Q", title=legend, scale=scale, legend=bar))
    ink = alt.condition(f"abs(datum.points) > {0.6 * largest:.2f}", alt.value("white"), alt.value("black"))
    gains = base.transform_filter("datum.gain != ''").mark_text(fontSize=11, dy=below - 7)
    gains = gains.encode(text=alt.Text("points:Q", format="+.1f"), color=ink)
    figures = base.mark_text(fontSize=10, dy=below + 8).encode(text=alt.Text("accuracy:Q", format=".1f"), color=ink)
    missing = [
        {"mixer": mixer, "channel": channel, "dot": "·"}
        for mixer in rows
        for channel in across
        if (mixer, channel) not in known
    ]
    dots = (
        [alt.Chart(pd.DataFrame(missing)).mark_text(color=INK, dy=below).encode(y=y, x=x, text="dot:N")]
        if missing
        else []
    )
    return titled(alt.layer(bare, cells, gains, figures, *dots), title, (CELL + 2 * below) * len(rows) + AXES + LEGEND)


def products(data: pd.DataFrame, title: str, columns: Mapping[str, str]) -> Chart:
    """What a filter reads, its weights and their products beside each other, a grid of cells each for every colour.

    `data` has x and y (of a cell), kind (over which its grid stands), colour (beside which), value, text (the same as
    written in the cell) and share (of the largest of its kind, −1 to 1).
    """
    across, down = max(data["x"].tolist()) + 1, max(data["y"].tolist()) + 1
    wide = {"axis": None, "scale": alt.Scale(domain=[-1.5, across - 0.5], nice=False)}
    high = {"axis": None, "scale": alt.Scale(domain=[-1.5, down - 0.5], nice=False, reverse=True)}
    x, y = alt.X("x:Q", **wide), alt.Y("y:Q", **high)
    scale = alt.Scale(domain=[-1, 0, 1], range=["#0072B2", "#F5F5F5", "#D55E00"])
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("kind", "colour")]
    tips += [alt.Tooltip("value:Q", title=columns["value"], format="+.3f")]
    edges = data.assign(left=data["x"] - 0.5, right=data["x"] + 0.5, top=data["y"] - 0.5, bottom=data["y"] + 0.5)
    cells = (
        alt.Chart(edges)
        .mark_rect(stroke="#888", strokeWidth=0.5)
        .encode(
            x=alt.X("left:Q", **wide),
            x2="right:Q",
            y=alt.Y("top:Q", **high),
            y2="bottom:Q",
            color=alt.Color("share:Q", scale=scale, legend=None),
            tooltip=tips,
        )
    )
    ink = alt.condition("abs(datum.share) > 0.6", alt.value("white"), alt.value("black"))
    figures = alt.Chart(data).mark_text(fontSize=9).encode(x=x, y=y, text="text:N", color=ink)
    heads = data.groupby("kind", sort=False).agg(x=("x", "mean")).reset_index().assign(y=-1.0)
    names = data.groupby("colour", sort=False).agg(y=("y", "mean")).reset_index().assign(x=-1.1)
    words = [
        alt.Chart(heads).mark_text(color=INK).encode(x=x, y=y, text="kind:N"),
        alt.Chart(names).mark_text(color=INK, angle=270).encode(x=x, y=y, text="colour:N"),
    ]
    return titled(alt.layer(cells, figures, *words), title, SMALL * (down + 2) + AXES / 2)


def matrix(data: pd.DataFrame, title: str, columns: Mapping[str, str]) -> Chart:
    """One figure in every cell, darker where it is smaller, the words of a row above it.

    `data` has row, column, accuracy (percent), low, high, seeds and text (what is written in the cell), in the order of
    rows and columns. The colours go from 50 to 100 %, so that two matrices can be compared.
    """
    rows, across = list(dict.fromkeys(data["row"])), list(dict.fromkeys(data["column"]))
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("row", "column")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".2f") for name in ("accuracy", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    angle, room = (0, AXES) if len(across) <= LEVEL else (-50, 2 * AXES)
    words = alt.Axis(labelAngle=angle, labelLimit=150, labelOverlap=False)
    base = alt.Chart(data).encode(
        y=alt.Y("row:N", title=None, sort=rows, axis=above(-SMALL / 2 - 1)),
        x=alt.X("column:N", title=None, sort=across, axis=words),
        tooltip=tips,
    )
    cells = base.mark_rect(height=SMALL, yOffset=BELOW).encode(
        color=alt.Color("accuracy:Q", scale=alt.Scale(scheme="viridis", domain=[50, 100], clamp=True), legend=None)
    )
    ink = alt.condition(alt.datum.accuracy > 75, alt.value("black"), alt.value("white"))
    figures = base.mark_text(fontSize=12, dy=BELOW).encode(text="text:N", color=ink)
    return titled(alt.layer(cells, figures), title, (SMALL + 2 * BELOW + 2) * len(rows) + room + TITLE_LINE)


def pairs(
    data: pd.DataFrame,
    title: str,
    axes: tuple[str, str],
    columns: Mapping[str, str],
    marked: Sequence[int],
    large: bool,
) -> Chart:
    """A share of 1 for every level of one network with every level of another: the first levels at the lower left.

    `data` has row and column (numbers of levels, from 0), row_name, column_name and value; `axes` say what stands along
    the side and below. The cell of row and column `marked` has a frame. `large`: with figures and a scale.
    """
    height = max(data["row"], default=0) + 1
    bare = alt.Axis(labelAngle=0, ticks=False, domain=False, grid=False, labelOverlap=False)
    y = alt.Y("row:O", title=axes[0], sort="descending", axis=bare)
    x = alt.X("column:O", title=axes[1], axis=bare)
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("row_name", "column_name")]
    base = alt.Chart(data).encode(
        x=x, y=y, tooltip=[*tips, alt.Tooltip("value:Q", title=columns["value"], format=".2f")]
    )
    legend = alt.Legend(orient="bottom", gradientLength=200, tickCount=5) if large else None
    scale = alt.Scale(scheme="viridis", domain=[0, 1], clamp=True)
    layers = [base.mark_rect().encode(color=alt.Color("value:Q", title=columns["value"], scale=scale, legend=legend))]
    if large:
        ink = alt.condition(alt.datum.value > 0.5, alt.value("black"), alt.value("white"))
        layers.append(base.mark_text(fontSize=11).encode(text=alt.Text("value:Q", format=".2f"), color=ink))
    chosen = data[(data["row"] == marked[0]) & (data["column"] == marked[1])]
    layers.append(
        alt.Chart(chosen).mark_rect(fill=None, stroke="#D55E00", strokeWidth=3, strokeOpacity=1).encode(x=x, y=y)
    )
    return titled(alt.layer(*layers), title, (PAIR if large else PAIR_SMALL) * height + AXES + (LEGEND if large else 0))


def stripes(data: pd.DataFrame, title: str, axis: str) -> Chart:
    """Coloured stripes in a row or two, as high together. Columns: row, place (of the stripe, from 0) and colour."""
    rows = list(dict.fromkeys(data["row"]))
    chart = (
        alt.Chart(data)
        .mark_rect()
        .encode(
            x=alt.X("place:O", axis=None),
            y=alt.Y("row:O", title=axis, sort=rows, scale=alt.Scale(paddingInner=0.15), axis=alt.Axis(ticks=False)),
            color=alt.Color("colour:N", scale=None),
        )
    )
    return titled(chart, title, STRIPES + 2 * TITLE_LINE)
