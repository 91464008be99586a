"""What changes from layer to layer: pure functions from a DataFrame to `alt.Chart`, words and colours from the caller.

A depth is relative: from 0, the first level, to 1, what leaves the last block.
"""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, Chart, legend_below, titled

LINES = 170  # pixels
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
) -> Chart:
    """A measure of every level against its relative depth: each seed thin, their mean bold.

    `data` has series, seed, depth, value and level (its name). `colours` gives the series their order; those of one
    colour differ in their dashes. `marked` is a depth at which a line stands. `narrow`: three such charts
    stand beside each other.
    """
    names = [name for name in colours if name in set(data["series"])]
    legend, taken = legend_below(names, most=1 if narrow else 2)
    scale = alt.Scale(domain=names, range=[colours[name] for name in names])
    dashes = alt.Scale(domain=names, range=_dashes([colours[name] for name in names]))
    x = alt.X("depth:Q", title=columns["depth"], scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    y = alt.Y("value:Q", title=axis, scale=alt.Scale(domain=list(domain), nice=False, clamp=True))
    tips = [alt.Tooltip(f"{name}:N", title=columns[name]) for name in ("series", "level")]
    tips += [alt.Tooltip("value:Q", title=axis, format=".3~g")]
    means = data.groupby(["series", "depth", "level"], sort=False, as_index=False).agg(value=("value", "mean"))
    colour = alt.Color("series:N", title=None, scale=scale, legend=legend)
    dash = alt.StrokeDash("series:N", title=None, scale=dashes, legend=legend)
    thin = alt.Chart(data).mark_line(size=1, opacity=0.35).encode(x=x, y=y, color=colour, detail=["seed:N"])
    base = alt.Chart(means).encode(x=x, y=y, color=colour, tooltip=tips)
    bold = base.mark_line(size=2.5).encode(strokeDash=dash)
    dots = base.mark_point(filled=True, size=45, opacity=1)
    layers: list[alt.Chart] = [thin, bold, dots]
    if marked is not None:
        rule = alt.Chart(pd.DataFrame({"depth": [marked]})).mark_rule(color="#888", strokeDash=[2, 3], opacity=0.8)
        layers.insert(0, rule.encode(x=x))
    return titled(alt.layer(*layers), title, LINES + AXES + taken)


def _dashes(colours: Sequence[str]) -> list[list[int]]:
    """A dash for each series: the first of a colour is solid."""
    return [DASHES[list(colours[:place]).count(colour) % len(DASHES)] for place, colour in enumerate(colours)]
