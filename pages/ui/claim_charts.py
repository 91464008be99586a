"""Charts of claims: pure functions from a DataFrame to `alt.Chart`, words from the caller."""

import math
from collections.abc import Mapping

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, LEGEND, Chart, titled

SECTION = 27  # pixels for the bar of one section
PART = 40  # pixels for one interval, without its words
LINE = 14  # pixels for one line of words above it
MARGIN = 30  # pixels that Streamlit takes beside axes and title
RUN = 30  # pixels for one row of runs


def score(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], colours: Mapping[str, str]) -> Chart:
    """How many claims of every section have which verdict: stacked bars with their figures.

    `data` has section, verdict (both as written), claims (their number) and ids; `colours` gives the verdicts their
    order and colour.
    """
    verdicts = list(colours)
    ranked = data.assign(rank=[verdicts.index(verdict) for verdict in data["verdict"]])
    ranked = ranked.sort_values("rank", kind="stable")
    ends = ranked.groupby("section")["claims"].cumsum()
    shown = ranked.assign(end=ends, middle=ends - ranked["claims"] / 2)
    y = alt.Y("section:N", title=None, sort=list(dict.fromkeys(data["section"])), axis=alt.Axis(labelLimit=230))
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("section", "verdict", "claims", "ids")]
    bars = (
        alt.Chart(shown)
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(
            y=y,
            x=alt.X("claims:Q", title=axis, axis=alt.Axis(tickMinStep=1, grid=False)),
            order="rank:Q",
            color=alt.Color(
                "verdict:N",
                title=None,
                scale=alt.Scale(domain=verdicts, range=list(colours.values())),
                legend=alt.Legend(orient="bottom", columns=2, labelLimit=130, symbolOpacity=1),
            ),
            tooltip=tips,
        )
    )
    figures = (
        alt.Chart(shown)
        .mark_text(color="black", fontSize=11)
        .encode(y=y, x=alt.X("middle:Q", title=axis), text="claims:Q", tooltip=tips)
    )
    height = SECTION * data["section"].nunique() + AXES + 2 * LEGEND
    return alt.layer(bars, figures).properties(title=title, height=height)


def parts(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], from_zero: bool = False) -> Chart:
    """Measured parts of a claim as intervals against the zone in which each would be supported.

    `data` has label (what the part says, "\\n" between its lines), dataset, value, low, high, zone_low, zone_high (may
    be infinite), verdict, colour, seeds and decides: a part without a say has a hollow dot. The words stand above their
    interval: a phone has no room beside it.
    """
    low, high = extent(data, from_zero)
    lines = int(data["label"].str.count("\n").max()) + 1
    shown = data.assign(
        row=[f"{place}\n{label}" for place, label in enumerate(data["label"])],
        zone_low=data["zone_low"].clip(low, high),
        zone_high=data["zone_high"].clip(low, high),
    )
    height = PART + LINE * lines
    words = alt.Axis(
        labelExpr="slice(split(datum.label, '\\n'), 1)",  # without the number that tells equal words apart
        labelAlign="left",
        labelBaseline="top",
        labelPadding=-2,
        labelOffset=2 - height / 2,
        labelLineHeight=LINE,
        labelLimit=400,
        labelOverlap=False,
        ticks=False,
        domain=False,
    )
    y = alt.Y("row:O", title=None, sort=None, axis=words, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    x = {"title": axis, "scale": alt.Scale(domain=[low, high], nice=False), "axis": alt.Axis(grid=False)}
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("dataset", "verdict")]
    tips += [alt.Tooltip(f"{name}:Q", title=columns[name], format=".3~f") for name in ("value", "low", "high")]
    tips += [alt.Tooltip("seeds:Q", title=columns["seeds"])]
    base = alt.Chart(shown).encode(y=y, color=alt.Color("colour:N", scale=None), tooltip=tips)
    below = (LINE * lines) / 2  # intervals sit below the words of their row
    zone = (
        alt.Chart(shown)
        .mark_rect(color="#009E73", opacity=0.22, height=PART - 18, yOffset=below)
        .encode(y=y, x=alt.X("zone_low:Q", **x), x2="zone_high:Q")
    )
    zero = (  # as long as the intervals, and not through the words
        alt.Chart(shown.assign(zero=0.0))
        .mark_tick(thickness=1, size=PART - 8, color="#888", yOffset=below)
        .encode(y=y, x=alt.X("zero:Q", **x))
    )
    span = base.mark_rule(size=3, yOffset=below).encode(x=alt.X("low:Q", **x), x2="high:Q")
    at = alt.X("value:Q", **x)
    dots = [
        base.transform_filter("datum.decides").mark_point(filled=True, size=110, opacity=1, yOffset=below).encode(x=at),
        base.transform_filter("!datum.decides")
        .mark_point(filled=False, strokeWidth=2, size=110, opacity=1, yOffset=below)
        .encode(x=at),
    ]
    layers = [zone, *([zero] if low <= 0 <= high else []), span, *dots]
    return titled(alt.layer(*layers), title, height * len(data) + AXES + MARGIN)


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
    shipped = alt.Chart(old).mark_tick(thickness=2, size=RUN - 12, color="#888").encode(x=x, y=y, tooltip=tips)
    own = alt.Chart(new).mark_point(filled=True, size=120, opacity=1, color=colour).encode(x=x, y=y, tooltip=tips)
    return alt.layer(shipped, own).properties(title=title, height=RUN * data["arm"].nunique() + AXES + MARGIN)
