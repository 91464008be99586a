"""Parts of pages that ask the visitor nothing are drawn once, and then sent to everybody as they are."""

import inspect
from collections.abc import Callable
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


def drawn_once(show: Callable[P, T]) -> Callable[P, T]:
    """Draw a part once for each language and all that it is asked for, and again when results have changed.

    To build a chart and to check it takes most of the time of a page; Streamlit sends again what a cached function has
    drawn. It may hold no widgets, which Streamlit refuses, and what it draws must follow from its arguments, the
    language and the known results alone. As in Streamlit's own caches, arguments whose names begin with ``_`` are not
    looked at: they follow from the others.
    """
    counted = counting(show)

    @wraps(show)
    def replayed(*arguments: P.args, **named: P.kwargs) -> T:
        asked = counted(*arguments, **named)
        return _drawn(name_of(show), language(), cache.stamp(), asked, lambda: show(*arguments, **named))

    return replayed


def counting(function: Callable[P, Any]) -> Callable[P, dict[str, Any]]:
    """What tells two calls of a function apart: its arguments by name, without those that follow from others."""
    bind = inspect.signature(function).bind

    def counted(*arguments: P.args, **named: P.kwargs) -> dict[str, Any]:
        given = bind(*arguments, **named).arguments
        return {name: value for name, value in given.items() if not name.startswith("_")}

    return counted


def name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


@st.cache_resource(
    max_entries=MOST,
    show_spinner=False,
    hash_funcs={  # all but the first follow from the results, whose stamp counts anyway
        Analysis: lambda analysis: repr(analysis.experiment),
        ModelSpec: hash,
        Answer: lambda answer: (answer.name, repr(answer.analysis.experiment)),
        Result: lambda result: (result.claim.id, result.dataset),
    },
)
def _drawn(part: str, language: str, stamp: int, asked: dict[str, Any], _show: Callable[[], Any]) -> Any:
    return _show()
