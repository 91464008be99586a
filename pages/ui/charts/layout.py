"""What charts share: the room that words take. Words, legends and titles break into lines: a phone has little room."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import pandas as pd

from pages.ui.tables import RAISED
from pages.ui.theme import INK

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
ROW = 40  # pixels for one row of a chart, with its words above
# Streamlit fits title, axes and legend into a chart's height: what they take, in pixels.
AXES = 112
LEGEND = 60
TITLE_LINE = 20
TITLE_ROOM = 40  # pixels by which Streamlit lets a title be narrower than its chart
TITLE_LETTER = 8  # pixels of a Latin letter in a title, rather too many
BELOW = 9  # pixels by which a row is drawn under its middle, since its words stand above
# The column of words at the left of rows: so many pixels, and so many Latin letters a line.
COLUMN, COLUMN_LETTERS = 132, 23
LINE = 13  # pixels of a line in it
WIDE = 38  # Latin letters of one line of a title on a phone
LEGEND_WIDE = 38  # and of all columns of a legend, beside the words of an axis
OPENS, CLOSES = "（《“‘", "），。、；：？！》”’"  # Chinese marks, of which quotation marks are English ones too
SYMBOL = 6  # letters that the symbol of an entry takes, with the room around it


@alt.theme.register("lab", enable=True)
def _look() -> alt.theme.ThemeConfig:
    """Every number of an axis stands at its place: Streamlit moves the first and the last one inwards."""
    return {"config": {"axis": {"labelFlush": False}}}


def inline(data: pd.DataFrame) -> alt.InlineData:
    """Rows of a chart that the lab itself turns into a dictionary. Of a DataFrame, Altair makes what is set for the
    whole process, and Streamlit sets something else while it draws for another visitor.
    """
    return alt.InlineData(values=[dict(row) for row in data.to_dict("records")])


def above(offset: float = -13) -> alt.Axis:
    """The axis of rows, with words `offset` pixels from the middle of their row."""
    return alt.Axis(labelAlign="left", labelPadding=-4, labelOffset=offset, labelLimit=340, ticks=False, domain=False)


def powers_of_ten(exponents: Iterable[int]) -> alt.Axis:
    """The axis of a log scale with these powers of ten, such as 10⁻¹⁵, which Vega would write 1e-15."""
    powers = {str(power): f"10{str(power).translate(RAISED)}" if power else "1" for power in exponents}
    written = f"{json.dumps(powers, ensure_ascii=False)}[round(log(datum.value) / LN10)]"
    return alt.Axis(values=[float(f"1e{power}") for power in powers], labelExpr=written)


def row_height(words: Iterable[str], least: int = 30) -> int:
    """Pixels of a row, the same for all, that hold the longest of these words in the column at its left."""
    return max(least, LINE * max(len(lines(label, COLUMN_LETTERS)) for label in words) + 8)


def beside_rows(words: Sequence[str], marks: Sequence[str] = ()) -> tuple[alt.Y, list[alt.Chart]]:
    """The axis of rows, the first on top, and the layers that write the words of each in a column at its left and, if
    there are `marks`, one at its right edge.

    No line crosses the column. The axis is of the field ``row``: the place of a row, from 0.
    """
    scale = alt.Scale(domain=list(range(len(words))), paddingInner=0, paddingOuter=0)
    left = alt.Axis(labels=False, ticks=False, domain=False, grid=False, minExtent=COLUMN, maxExtent=COLUMN)
    y = alt.Y("row:O", title=None, scale=scale, axis=left)
    broken = [lines(label, COLUMN_LETTERS) for label in words]
    data = pd.DataFrame({"row": range(len(words)), "words": ["\n".join(label) for label in broken]})
    layers = []
    for count in sorted(set(map(len, broken))):  # Vega puts the first line where the middle of all should be
        some = data[[len(label) == count for label in broken]]
        text = alt.Chart(some).mark_text(
            align="right",
            baseline="middle",
            dx=-8,
            dy=-LINE * (count - 1) / 2,
            lineBreak="\n",
            lineHeight=LINE,
            color=INK,
        )
        layers.append(text.encode(y=y, x=alt.value(0), text="words:N"))
    if marks:
        text = alt.Chart(data.assign(words=list(marks))).mark_text(align="right", dx=-2, fontSize=14, color=INK)
        layers.append(text.encode(y=y, x=alt.value("width"), text="words:N"))
    return y, layers


def width(words: str) -> int:
    """How wide words are, in Latin letters; a Chinese character takes two."""
    return sum(2 if letter >= "\u2e80" else 1 for letter in words)


def lines(words: str, wide: int = WIDE) -> list[str]:
    """Words broken for a chart: at spaces, and between Chinese characters, but not before a mark that closes or after
    one that opens.
    """
    found, filled = [""], 0
    for piece in re.findall(rf"[{OPENS}]*(?:[\u2E80-\uFFEF]|[^\s\u2E80-\uFFEF{OPENS}]+)[{CLOSES}]*\s*|\s+|.", words):
        if filled + width(piece.rstrip()) > wide and filled:
            found, filled = [*found, ""], 0
        found[-1] += piece
        filled += width(piece)
    return [line.strip() for line in found]


def titled(chart: Chart, title: str, height: float, above_rows: int = 0) -> Chart:
    """The chart with its title on top of `height` pixels, in lines only where it has no room for one, as on a phone; no
    title takes no line.

    `above_rows`: pixels between the title and what is drawn, for words.
    """
    if not title:
        return chart.properties(height=height - TITLE_LINE)
    broken = lines(title)
    # the width of the plot is a signal, so it is asked again where that changes; the room beside it is not
    fits = f"width > 0 && containerSize()[0] - {TITLE_ROOM} > {TITLE_LETTER * width(title)}"
    text = alt.ExprRef(f"{fits} ? {_quoted(title)} : {_quoted(broken)}") if len(broken) > 1 else title
    shown = alt.TitleParams(text, offset=above_rows or alt.Undefined)
    return chart.properties(title=shown, height=height + TITLE_LINE * (len(broken) - 1))


def _quoted(words: str | list[str]) -> str:
    """Words for an expression of Vega's."""
    return json.dumps(words, ensure_ascii=False)


def legend_below(names: Iterable[str], symbol: str = "stroke", most: int = 2) -> tuple[alt.Legend, int]:
    """A legend under the chart, in `most` columns or as many as a phone has room for, and the pixels that it takes.

    `symbol` is what stands before each name: a piece of its line, ``circle`` or ``square`` where the chart has no
    lines, or nothing where its marks say it.
    """
    names = list(dict.fromkeys(names))
    columns = max((count for count in range(1, most + 1) if _fit(names, count)), default=1)
    look = dict[str, Any](symbolSize=300 if symbol == "stroke" else 100, symbolOpacity=1)
    look |= {"symbolType": symbol} if symbol else {}
    shown = alt.Legend(orient="bottom", columns=columns, labelLimit=300, **look)
    return shown, LEGEND + 22 * max(0, math.ceil(len(names) / columns) - 1)


def _fit(names: list[str], columns: int) -> bool:
    """Whether so many columns of a legend, each as wide as its widest name, stand side by side on a phone."""
    widest = [max(map(width, names[column::columns]), default=0) for column in range(columns)]
    return sum(wide + SYMBOL for wide in widest) <= LEGEND_WIDE
