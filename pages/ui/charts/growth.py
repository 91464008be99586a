"""Costs that grow with the number of tokens: a pure function from a DataFrame to `alt.Chart`, words from the caller."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from pages.ui.charts.layout import AXES, Chart, legend_below, titled
from pages.ui.theme import INK


def growth(
    data: pd.DataFrame,
    title: str,
    x: str,
    y: str,
    columns: Mapping[str, str],
    marks: Mapping[str, tuple[str, list[int]]],
    figures: str,
    crossing: tuple[float, str] | None,
    triangles: pd.DataFrame,
) -> Chart:
    """A cost against the number of tokens, both on log scales, one line per case with its span over repeats.

    `data` has case, tokens, value, low, high; `marks` gives every case its colour and dash, `figures` is the format of
    the axis, `crossing` a number of tokens at which a line stands, with its words. `triangles` show how steep lines
    are: case, tokens, value, `until` how many tokens and which value it has `grown`, words, and whether they are drawn
    `over` the line.
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
            "case:N", title=None, scale=alt.Scale(domain=names, range=[marks[name][1] for name in names]), legend=legend
        ),
    )
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(y=alt.Y("value:Q", **up))
    layers: list[alt.Chart] = [band, line, dots]
    if crossing is not None:
        at = alt.Chart(pd.DataFrame({"tokens": [crossing[0]], "words": [crossing[1]]})).encode(x="tokens:Q")
        words = at.mark_text(align="right", baseline="top", dx=-5, dy=4, fontSize=12, color=INK)
        layers += [at.mark_rule(color="#888", strokeDash=[4, 4]), words.encode(y=alt.value(0), text="words:N")]
    for over, some in triangles.groupby("over"):
        layers += _triangles(some, bool(over), up)
    return titled(alt.layer(*layers), title, 300 + AXES + taken)


def _triangles(data: pd.DataFrame, over: bool, up: Mapping[str, Any]) -> list[alt.Chart]:
    """The legs of right-angled triangles along lines, `over` or under them, with their words where no line passes."""
    level, upright = ("grown", "tokens") if over else ("value", "until")
    base = alt.Chart(data).encode(color=alt.Color("case:N"))
    across = base.mark_rule().encode(x="tokens:Q", x2="until:Q", y=alt.Y(f"{level}:Q", **up))
    along = base.mark_rule().encode(x=f"{upright}:Q", y=alt.Y("value:Q", **up), y2="grown:Q")
    away = (-5, 0) if over else (0, 6)
    words = base.mark_text(align="right", baseline="top", lineBreak="\n", fontSize=11, dx=away[0], dy=away[1])
    return [across, along, words.encode(x=f"{upright}:Q", y=alt.Y(f"{level}:Q", **up), text="words:N")]
