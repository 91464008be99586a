"""What charts share: the room that words take. Words stand above what they name, and legends and titles break: a
phone has no room beside it.
"""

import math
import re
from collections.abc import Iterable

import altair as alt

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
ROW = 46  # pixels for one row of a chart, with its words above
# Streamlit fits title, axes and legend into a chart's height: what they take, in pixels.
AXES = 112
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
    """The chart with its title, in as many lines as it needs, on top of `height` pixels; no title takes no line."""
    if not title:
        return chart.properties(height=height - TITLE_LINE)
    broken = lines(title)
    return chart.properties(title=broken, height=height + TITLE_LINE * (len(broken) - 1))


def legend_below(names: Iterable[str], symbol: str = "stroke", most: int = 2) -> tuple[alt.Legend, int]:
    """A legend under the chart, in `most` columns where a phone has room for them, and the pixels that it takes.

    `symbol` is what stands before each name: a piece of its line, or ``circle`` where the chart has no lines.
    """
    names = list(dict.fromkeys(names))
    columns = most if max(map(width, names), default=0) <= 20 else 1
    look = {"symbolType": symbol, "symbolSize": 300 if symbol == "stroke" else 100, "symbolOpacity": 1}
    shown = alt.Legend(orient="bottom", columns=columns, labelLimit=300, **look)
    return shown, LEGEND + 22 * max(0, math.ceil(len(names) / columns) - 1)
