"""Parts of pages that ask the visitor nothing are drawn once, and then sent to everybody as they are."""

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
    language and the known results alone.
    """

    @wraps(show)
    def replayed(*arguments: P.args, **named: P.kwargs) -> T:
        part = f"{show.__module__}.{show.__qualname__}"
        return _drawn(part, language(), cache.stamp(), arguments, named, show)

    return replayed


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
def _drawn(
    part: str, language: str, stamp: int, arguments: tuple, named: dict[str, Any], _show: Callable[..., Any]
) -> Any:
    return _show(*arguments, **named)
