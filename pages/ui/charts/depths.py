"""What changes from layer to layer: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller.

A depth is relative: from 0, the first level, to 1, what leaves the last block.
"""

import math
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, Chart, legend_below, titled
from pages.ui.theme import INK

LINES = 160  # pixels
OPENING = 260  # and of the figure with which a page opens
BESIDE = 0.013  # by which dots of two states stand to the left and right of their depth
ROUNDING = 1e-6  # a share of 1 may be a little more
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])


def by_depth(
    data: pd.DataFrame,
    title: str,
    axis: str,
    columns: Mapping[str, str],
    domain: Sequence[float],
    colours: Mapping[str, str],
    marked: float | None = None,
    narrow: bool = False,
    rules: Sequence[tuple[float, str]] = (),
    height: int = LINES,
) -> Chart:
    """A measure of every level against its relative depth: each seed thin, their mean bold.

    `data` has series, seed, depth, value and level (its name). `colours` gives the series their order; those of one
    colour differ in their dashes. `marked` is a depth at which a line stands, `rules` are values at which lines stand,
    with their words. `narrow`: three such charts stand beside each other. A mean above `domain` has an arrow.
    """
    names = [name for name in colours if name in set(data["series"])]
    colour, dash, taken = _series({name: colours[name] for name in names}, most=1 if narrow else 2)
    x = _across(columns["depth"])
    y = alt.Y("value:Q", title=axis, scale=alt.Scale(domain=list(domain), nice=False, clamp=True))
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("series", "level")]
    tips += [alt.Tooltip("value:Q", title=axis, format=".3~g")]
    means = data.groupby(["series", "depth", "level"], sort=False, as_index=False).agg(value=("value", "mean"))
    thin = alt.Chart(data).mark_line(size=1, opacity=0.35).encode(x=x, y=y, color=colour, detail=["seed:N"])
    base = alt.Chart(means).encode(x=x, y=y, color=colour, tooltip=tips)
    bold = base.mark_line(size=2.5).encode(strokeDash=dash)
    dots = base.mark_point(filled=True, size=45, opacity=1)
    layers: list[alt.Chart] = [*_marked(marked, x), *_rules(rules, y), thin, bold, dots]
    end = domain[1] + ROUNDING
    if max(means["value"], default=end) > end:
        beyond = base.transform_filter(f"datum.value > {end}")
        layers.append(beyond.mark_point(shape="triangle-up", filled=True, size=130, opacity=1, yOffset=-6))
    return titled(alt.layer(*layers), title, height + AXES + taken)


def sizes(data: pd.DataFrame, title: str, axis: str, columns: Mapping[str, str], colours: Mapping[str, str]) -> Chart:
    """A size that stays or changes from level to level, on an axis of powers of two from 1.

    `data` has series, depth, value and level; `colours` as for `by_depth`.
    """
    colour, dash, taken = _series(colours)
    top = math.ceil(math.log2(max(2, *data["value"])))
    scale = alt.Scale(type="log", base=2, domain=[1, 2**top], nice=False)
    y = alt.Y("value:Q", title=axis, scale=scale, axis=alt.Axis(values=[2**power for power in range(top + 1)]))
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("series", "level")]
    base = alt.Chart(data).encode(
        x=_across(columns["depth"]),
        y=y,
        color=colour,
        tooltip=[*tips, alt.Tooltip("value:Q", title=axis)],
    )
    line = base.mark_line(size=2.5, interpolate="step-after").encode(strokeDash=dash)
    return titled(alt.layer(line, base.mark_point(filled=True, size=45, opacity=1)), title, LINES + AXES + taken)


def dots(
    data: pd.DataFrame,
    title: str,
    axis: str,
    columns: Mapping[str, str],
    domain: Sequence[float],
    colours: Mapping[str, str],
    marked: float | None = None,
    rules: Sequence[tuple[float, str]] = (),
) -> Chart:
    """A dot for every head of every seed against its relative depth, the states beside each other.

    `data` has state, seed, depth, level, head (from 1), value and entropy; `colours` gives the states their order.
    `marked` and `rules` as for `by_depth`.
    """
    states = list(colours)
    aside = {state: BESIDE * (2 * place - len(states) + 1) for place, state in enumerate(states)}
    x = _across(columns["depth"], 2 * BESIDE)
    y = alt.Y("value:Q", title=axis, scale=alt.Scale(domain=list(domain), nice=False))
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("state", "level", "head", "seed")]
    tips += [alt.Tooltip("value:Q", title=axis, format=".2f")]
    tips += [alt.Tooltip("entropy:Q", title=columns["entropy"], format=".2f")]
    scale = alt.Scale(domain=states, range=list(colours.values()))
    legend, taken = legend_below(states, "circle")
    heads = alt.Chart(data.assign(depth=data["depth"] + [aside[state] for state in data["state"]])).mark_point(
        filled=True, size=42, opacity=0.65
    )
    heads = heads.encode(x=x, y=y, color=alt.Color("state:N", title=None, scale=scale, legend=legend), tooltip=tips)
    return titled(alt.layer(*_marked(marked, x), *_rules(rules, y), heads), title, OPENING + AXES + taken)


def _series(colours: Mapping[str, str], most: int = 2) -> tuple[alt.Color, alt.StrokeDash, int]:
    """Colour and dash of every series, with one legend of at most so many columns, and the height that it takes."""
    names = list(colours)
    legend, taken = legend_below(names, most=most)
    shades = alt.Scale(domain=names, range=list(colours.values()))
    dashes = alt.Scale(domain=names, range=_dashes(list(colours.values())))
    colour = alt.Color("series:N", title=None, scale=shades, legend=legend)
    return colour, alt.StrokeDash("series:N", title=None, scale=dashes, legend=legend), taken


def _across(title: str, margin: float = 0.0) -> alt.X:
    scale = alt.Scale(domain=[-margin, 1 + margin], nice=False)
    return alt.X("depth:Q", title=title, scale=scale, axis=alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1]))


def _marked(depth: float | None, x: alt.X) -> list[alt.Chart]:
    if depth is None:
        return []
    rule = alt.Chart(pd.DataFrame({"depth": [depth]})).mark_rule(color="#888", strokeDash=[2, 3], opacity=0.8)
    return [rule.encode(x=x)]


def _rules(rules: Sequence[tuple[float, str]], y: alt.Y) -> list[alt.Chart]:
    """Horizontal lines, their words above them at the left."""
    if not rules:
        return []
    base = alt.Chart(pd.DataFrame(rules, columns=["value", "words"])).encode(y=y)
    text = base.mark_text(align="left", baseline="bottom", dx=4, dy=-2, fontSize=11, color=INK)
    return [base.mark_rule(color="#888", strokeDash=[6, 4]), text.encode(x=alt.value(0), text="words:N")]


def _dashes(colours: Sequence[str]) -> list[list[int]]:
    """A dash for each series: the first of a colour is solid."""
    return [DASHES[list(colours[:place]).count(colour) % len(DASHES)] for place, colour in enumerate(colours)]
