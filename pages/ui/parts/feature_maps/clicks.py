"""Charts in which a click chooses, as a select box beside them does for the keyboard."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.ui.charts.layout import Chart

Place = dict[str, Any]  # the fields of what was clicked, by name
PICKED = "picked"  # the chart's selection


def drawn(form: Callable[..., Chart], *arguments: Any) -> dict[str, Any]:
    """What `form` makes of its arguments, as Vega-Lite, made and checked once: that takes longer than all else here."""
    return copy.deepcopy(_drawn(form.__name__, arguments, form))  # Streamlit takes the data out


@st.cache_resource(max_entries=200, show_spinner=False)
def _drawn(name: str, arguments: tuple, _form: Callable[..., Chart]) -> dict[str, Any]:
    return _form(*arguments).to_dict()


def show(chart: dict[str, Any], name: str, current: Sequence[Place], click: Callable[[Place], None], alt: str) -> None:
    """Draw a chart whose marks can be clicked; `click` is called before the page is drawn anew.

    `current` is what is chosen already. A chart that remembers a click on something else is made anew: else this could
    not be clicked again, since nothing would change in the chart. What comes from a browser may be anything: `click`
    has to check it.
    """
    turn = st.session_state.setdefault(f"turn_{name}", 0)
    clicked = _clicked(f"{name}_{turn}")
    if clicked is not None and clicked not in current:
        turn = st.session_state[f"turn_{name}"] = turn + 1
    key = f"{name}_{turn}"

    def pass_on() -> None:
        if (clicked := _clicked(key)) is not None:
            click(clicked)

    st.vega_lite_chart(spec=chart, width="content", key=key, on_select=pass_on, selection_mode=PICKED, alt=alt)


def _clicked(key: str) -> Place | None:
    picked = st.session_state.get(key)
    places = picked.selection.get(PICKED) if picked else None
    return dict(places[-1]) if places else None
