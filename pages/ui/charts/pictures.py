"""Pictures to click on: pure functions from a DataFrame with their addresses to a chart, words from the caller."""

import json
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from pages.ui.charts.layout import Chart, inline

HEIGHT = 570  # pixels for all layers of a network, however many
SMALLEST, LARGEST = 12, 28  # pixels of a tile's side
CELL = 130  # pixels of a column's width: four tiles in a frame
AXIS, HEAD = 52, 28  # pixels beside and above the cells, which Streamlit takes from the chart's size
PICTURE = 240  # pixels of the longer side of a picture with patches
FAINT = "rgba(255, 255, 255, 0.3)"  # of a grid over a picture
UNDER = "#888888"  # the frame under the mouse


def glance(data: pd.DataFrame, heads: Sequence[str], axis: str, tips: Mapping[str, str]) -> Chart:
    """All layers of up to two networks, one column each, by relative depth; a click chooses one.

    `data` has side (0 or 1), depth (0 to 1), layer, url (of a picture), chosen (the colour of its frame, or ""), and
    what `tips` names: columns that are shown beside the mouse, with their titles. `heads` are the names above. The
    selection is called ``picked`` and names ``layer`` and ``side``.
    """
    pitch = HEIGHT / max(1, int(data["side"].value_counts().max()) - 1)
    tile = min(LARGEST, max(SMALLEST, pitch - 4))
    half = (tile + 3) / 2 / HEIGHT  # of a frame, in depth
    shown = data.assign(
        x=data["side"] + 0.5,
        left=data["side"] + 0.01,
        right=data["side"] + 0.99,
        top=data["depth"] - half,
        bottom=data["depth"] + half,
    )
    names = json.dumps(heads[-1])
    for n, name in list(enumerate(heads))[-2::-1]:
        names = f"datum.value < {n + 1} ? {json.dumps(name)} : {names}"
    middles = [n + 0.5 for n in range(len(heads))]
    above = alt.Axis(
        orient="top", values=middles, labelExpr=names, labelLimit=CELL, grid=False, ticks=False, domain=False
    )
    x = alt.X("x:Q", title=None, scale=alt.Scale(domain=[0, len(heads)], nice=False), axis=above)
    depths = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2", grid=False, domain=False)
    y = alt.Y("depth:Q", title=axis, scale=alt.Scale(domain=[1 + half, -half], nice=False), axis=depths)
    base = alt.Chart(inline(shown))
    picture = base.mark_image(width=CELL - 12, height=tile, smooth=False).encode(x=x, y=y, url="url:N")
    frame, hover = _frames(shown, ["side", "layer"], tips, "transparent")
    frame = frame.encode(x=alt.X("left:Q", title=None), x2="right:Q", y=alt.Y("top:Q", title=axis), y2="bottom:Q")
    size = {"width": CELL * len(heads) + AXIS, "height": HEIGHT + tile + HEAD}
    return alt.layer(picture, frame.add_params(hover)).properties(**size)


def patches(url: str, data: pd.DataFrame, rows: int, columns: int, tips: Mapping[str, str]) -> Chart:
    """A picture under a grid; a click chooses a patch of it.

    `data` has row and column (from 1), chosen, and what `tips` names: see `glance`. The selection is called ``picked``
    and names ``row`` and ``column``.
    """
    wide, high = (round(PICTURE * side / max(rows, columns)) for side in (columns, rows))
    whole = pd.DataFrame({"x": [columns / 2], "y": [rows / 2], "url": [url]})
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, columns], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[rows, 0], nice=False), axis=None)
    # as large as the plot, and so as the grid, whatever room Streamlit leaves it
    size = {"width": alt.ExprRef("width"), "height": alt.ExprRef("height"), "aspect": False}
    picture = alt.Chart(inline(whole)).mark_image(**size, smooth=False).encode(x=x, y=y, url="url:N")
    shown = data.assign(left=data["column"] - 1, top=data["row"] - 1)
    frame, hover = _frames(shown, ["row", "column"], tips, FAINT)
    frame = frame.encode(x="left:Q", x2="column:Q", y="top:Q", y2="row:Q")
    bare = dict.fromkeys(("left", "right", "top", "bottom"), 0)  # else Streamlit takes room from the height alone
    return alt.layer(picture, frame.add_params(hover)).properties(width=wide, height=high, padding=bare)


def _frames(
    data: pd.DataFrame, fields: list[str], tips: Mapping[str, str], usual: str
) -> tuple[alt.Chart, alt.Parameter]:
    """Transparent rectangles that take clicks: the selection ``picked`` of these fields, a frame under the mouse.

    What is not chosen has thin frames of the `usual` colour, below those of what is.
    """
    order = data.sort_values("chosen", key=lambda colours: colours != "", kind="stable")
    drawn = order.assign(
        stroke=order["chosen"].where(order["chosen"] != "", usual), wide=(order["chosen"] != "") * 2.5 + 0.7
    )
    hover = alt.selection_point("under", on="pointerover", clear="pointerout", fields=fields)
    frames = (
        alt.Chart(inline(drawn))
        .mark_rect(fill="white", fillOpacity=0, cursor="pointer")
        .encode(
            stroke=alt.condition(hover, alt.value(UNDER), alt.Stroke("stroke:N", scale=None), empty=False),
            strokeWidth=alt.condition(hover, alt.value(2.5), alt.StrokeWidth("wide:Q", scale=None), empty=False),
            tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in tips.items()],
            description=f"{next(iter(tips))}:N",  # else a screen reader reads the corners
        )
    )
    return frames.add_params(alt.selection_point("picked", fields=fields, toggle=False, clear=False)), hover
