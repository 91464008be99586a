"""The URL holds the state of a view: a link is a lesson.

Streamlit's own ``bind="query-params"`` would write the translated labels into the link and pass over unknown values in
silence; here the link holds the plain values, in whatever language, and an unknown value is named.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.ui.words import quote, say

MANY = 20  # options that are no longer named one by one


def choose(
    key: str,
    label: str,
    options: Sequence[str],
    format_func: Callable[[str], str] = str,
    default: str | None = None,
    kind: str = "select",
    where: Any = st,
    **more: Any,
) -> str:
    """One of `options` by a select box (``select``) or a segmented control (``segments``), kept in the link."""
    default = options[0] if default not in options else default
    state = f"choice_{key}"
    _take_from_link(key, state, options, default)
    if st.session_state.get(state) not in options:
        st.session_state[state] = default
    if kind == "segments":
        more = {"required": True, **more}
        value = where.segmented_control(label, options, format_func=format_func, key=state, **more)
    else:
        value = where.selectbox(label, options, format_func=format_func, key=state, **more)
    return _keep_in_link(key, value if value in options else default, default)


def choose_number(key: str, label: str, low: int, high: int, default: int, where: Any = st, **more: Any) -> int:
    """A whole number from `low` to `high` by a slider, kept in the link as `key`."""
    if low == high:
        return low
    state = f"choice_{key}"
    _take_from_link(key, state, range(low, high + 1), default, int)
    held = st.session_state.get(state, default)
    st.session_state[state] = min(max(held, low), high)
    value = where.slider(label, low, high, key=state, **more)
    return _keep_in_link(key, value, default)


def choose_many(
    key: str,
    label: str,
    options: Sequence[str],
    format_func: Callable[[str], str] = str,
    default: Sequence[str] = (),
    where: Any = st,
    **more: Any,
) -> list[str]:
    """Any of `options` by a multiple selection, kept in the link as ``a,b,c``."""
    state, raw = f"choice_{key}", st.query_params.get(key)
    seen = st.session_state.setdefault("links_seen", {})
    if raw != seen.get(key):
        seen[key] = raw
        asked = raw.split(",") if raw is not None else list(default)
        for value in asked:
            if value not in options:
                st.warning(say("error.unknown_view", value=quote(value[:80]), name=key, choices=", ".join(options)))
        st.session_state[state] = [value for value in asked if value in options] or list(default)
    st.session_state.setdefault(state, list(default))
    values = where.multiselect(label, options, format_func=format_func, key=state, **more)
    _keep_in_link(key, ",".join(values), ",".join(default))
    return values


def _take_from_link(key: str, state: str, options: Sequence, default: Any, kind: Callable[[str], Any] = str) -> None:
    """Follow the link where it is new: a first visit, an edited address, a step back in the browser."""
    raw = st.query_params.get(key)
    seen = st.session_state.setdefault("links_seen", {})
    if raw == seen.get(key):
        return
    seen[key] = raw
    if raw is None:
        st.session_state[state] = default
        return
    try:
        value = kind(raw)
    except ValueError:
        value = None
    if value in options:
        st.session_state[state] = value
    else:
        if isinstance(options, range):
            shown = f"{options[0]} … {options[-1]}"
        elif len(options) > MANY:
            shown = f"{options[0]}, {options[1]} … {options[-1]}"
        else:
            shown = ", ".join(options)
        st.warning(say("error.unknown_view", value=quote(raw[:80]), name=key, choices=shown))
        st.session_state[state] = default


def _keep_in_link(key: str, value: Any, default: Any) -> Any:
    text = None if value == default else str(value)
    seen = st.session_state.setdefault("links_seen", {})
    if text is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != text:
        st.query_params[key] = text
    seen[key] = text
    return value
