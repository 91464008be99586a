"""Charts on a page: their room is there before them.

Vega draws a moment after the page, and what lies below would move away from under a click.
"""

from typing import Any, Literal

import streamlit as st


def show_chart(chart: Any, key: str, text: str, where: Any = st) -> None:
    """A chart of Altair's under a `key` of its own, with the `text` for who cannot see it."""
    where.altair_chart(chart, key=key, alt=text, height=room(getattr(chart, "height", None)))


def room(height: Any) -> int | Literal["content"]:
    """Pixels that are kept for a chart of this `height`; whatever it takes where it says none."""
    return round(height) if isinstance(height, int | float) else "content"
