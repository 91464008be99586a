"""Charts in which a click chooses, as a select box beside them does for the keyboard."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec

import pandas as pd
import pyarrow as pa
import streamlit as st

from pages.ui.drawing import room
from pages.ui.replay import calls

Place = dict[str, Any]  # the fields of what was clicked, by name
PICKED = "picked"  # the chart's selection
P = ParamSpec("P")


def made_once(form: Callable[P, Any]) -> Callable[P, dict[str, Any]]:
    """What `form` makes, an Altair chart, as Vega-Lite for `show`, made and checked once: that takes longest.

    What counts of its arguments is as for `drawn_once`, which takes no charts that can be clicked. `form` gives its
    charts their rows by `charts.layout.inline`.
    """
    call = calls(form)

    @wraps(form)
    def made(*arguments: P.args, **named: P.kwargs) -> dict[str, Any]:
        return dict(_made(asked=call(*arguments, **named), _form=lambda: form(*arguments, **named)))

    return made


@st.cache_resource(max_entries=200, show_spinner=False)
def _made(asked: str, _form: Callable[[], Any]) -> dict[str, Any]:
    chart = _form().to_dict()
    return chart | {"datasets": {name: _arrow(rows) for name, rows in chart["datasets"].items()}}


def _arrow(rows: list[dict[str, Any]]) -> bytes:
    """As Streamlit sends data, which it would make of the rows at every visit."""
    table, sink = pa.Table.from_pandas(pd.DataFrame(rows)), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def show(
    chart: dict[str, Any],
    name: str,
    current: Sequence[Place],
    click: Callable[[Place], None],
    alt: str,
    width: Literal["content", "stretch"] = "content",
) -> None:
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

    shown: dict[str, Any] = {"width": width, "height": room(chart.get("height")), "key": key, "alt": alt}
    st.vega_lite_chart(spec=chart, on_select=pass_on, selection_mode=PICKED, **shown)


def _clicked(key: str) -> Place | None:
    picked = st.session_state.get(key)
    places = picked.selection.get(PICKED) if picked else None
    return dict(places[-1]) if places else None
