"""Parts of pages that ask the visitor nothing are drawn once, and then sent to everybody as they are."""

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from pages.ui import cache
from pages.ui.words import language
from tf_models.study.analysis import Analysis
from tf_models.study.answers import Answer
from tf_models.study.judging import Result
from tf_models.zoo import ModelSpec

P = ParamSpec("P")
T = TypeVar("T")
MOST = 500  # parts that are kept, of a few kB to a few hundred
_inside = ContextVar("inside", default=False)  # whether a part is being drawn at present


def drawn_once(show: Callable[P, T]) -> Callable[P, T]:
    """Draw a part once for each language and all that it is asked for, and again when results have changed.

    To build a chart and to check it takes most of the time of a page; Streamlit sends again what a cached function has
    drawn. It may hold no widgets, which Streamlit refuses, and what it draws must follow from its arguments, the
    language and the known results alone. As in Streamlit's own caches, arguments whose names begin with ``_`` are not
    looked at: they follow from the others. A part inside another is kept with that alone: of a part that is kept by
    itself too, Streamlit would forget in which column of the other it stands.
    """
    call = calls(show)

    @wraps(show)
    def replayed(*arguments: P.args, **named: P.kwargs) -> T:
        if _inside.get():
            return show(*arguments, **named)
        asked = f"{cache.stamp()} {call(*arguments, **named)}"
        return _drawn(asked=asked, _show=lambda: show(*arguments, **named))  # by name: else Streamlit looks names up

    return replayed


def calls(function: Callable[P, Any]) -> Callable[P, str]:
    """What tells two calls of a function apart: its name, the language, and its arguments without those that follow
    from others. As text, since Streamlit takes a millisecond to hash what is nested.
    """
    bind, name = inspect.signature(function).bind, f"{function.__module__}.{function.__qualname__}"

    def call(*arguments: P.args, **named: P.kwargs) -> str:
        given = bind(*arguments, **named).arguments
        told = {name: _told(value) for name, value in given.items() if not name.startswith("_")}
        return f"{name} {language()} {told}"

    return call


def _told(value: Any) -> Any:
    """Plain values that tell an argument apart; raises `TypeError` where there are none."""
    match value:
        case None | str() | bytes() | int() | float():
            return value
        case Analysis():  # this and the next three follow from the results, whose stamp counts anyway
            return repr(value.experiment)
        case Answer():
            return value.name, _told(value.analysis)
        case Result():
            return value.claim.id, value.dataset
        case ModelSpec():
            return hash(value)
        case Mapping():
            return {key: _told(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_told(inner) for inner in value]
    if is_dataclass(value):
        return [_told(getattr(value, field.name)) for field in fields(value)]
    raise TypeError(f"{type(value).__name__} tells no two calls apart")


@st.cache_resource(max_entries=MOST, show_spinner=False)
def _drawn(asked: str, _show: Callable[[], Any]) -> Any:
    token = _inside.set(True)
    try:
        return _show()
    finally:
        _inside.reset(token)
