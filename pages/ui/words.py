"""The visitor's language, and words in it: all of them are in `tf_models.locale`."""

import re
import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from tf_models import locale
from tf_models.locale import ENGLISH, LANGUAGES

_drawing = threading.local()  # a page says a thousand words, and Streamlit's session is slow to ask


def language() -> str:
    """One of `LANGUAGES`."""
    return getattr(_drawing, "language", None) or st.session_state.get("language", ENGLISH)


def set_language(asked: str | None, browser: str | None) -> str | None:
    """Follow the link, else what was chosen before, else the browser; returns what was asked for if it is unknown."""
    if asked in LANGUAGES:
        st.session_state["language"] = asked
    elif "language" not in st.session_state:
        st.session_state["language"] = spoken(browser)
    _drawing.language = st.session_state["language"]
    return None if asked in LANGUAGES else asked


def spoken(tag: str | None) -> str:
    """The one of `LANGUAGES` for a browser's, such as ``zh-CN``; English for one that the lab does not speak."""
    name = (tag or "").lower().split("-")[0]
    return name if name in LANGUAGES else ENGLISH


def say(key: str, /, **values: object) -> str:
    """The words for `key` in the visitor's language."""
    return locale.say(language(), key, **values)


def sentences(*found: str) -> str:
    """Sentences one after another, with a space between them where the language has one; empty ones are left out."""
    first, *rest = [text for text in found if text] or [""]
    for text in rest:
        first = say("lab.then", first=first, then=text)
    return first


def plain(text: str) -> str:
    """Words for where Markdown's marks would be read out: what a picture shows, told to those who do not see it."""
    return re.sub(r"\*+|`", "", text)


def when(moment: str) -> str:
    """When something was finished, from its ISO time, on the visitor's clock: such as “today 10:05”."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        zone = UTC
    try:
        found = datetime.fromisoformat(moment).astimezone(zone)
    except ValueError:  # a record from elsewhere
        return moment[:16]
    today = found.date() == datetime.now(zone).date()
    return say("lab.today", time=f"{found:%H:%M}") if today else f"{found:%Y-%m-%d %H:%M}"


def quote(value: object) -> object:
    """Text from outside (a link, a file's name) as it stands: Markdown in it becomes no link, picture, icon or emoji.

    A backslash does not keep an address from becoming a link, since GitHub's flavour looks for addresses after the
    backslashes are read (mdast-util-gfm-autolink-literal); an invisible word joiner inside it does.
    """
    if not isinstance(value, str):
        return value
    broken = re.sub(r"(?i)(www(?=\.)|[:@](?=[\w/.+-]))", "\\1\u2060", value)
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:&-])", r"\\\1", broken)


def verbatim(key: str) -> str:
    """Words for Markdown in which they stand as they are, such as a claim's; "" for no key."""
    return str(quote(say(key))) if key else ""
