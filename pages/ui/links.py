"""The URL holds the state of a view: a link is a lesson.

Streamlit's own ``bind="query-params"`` would write the translated labels into the link and pass over unknown values in
silence; here the link holds the plain values, in whatever language, and an unknown value is named. One thing has one
name on every page: a data set is ``data``, a network of the classroom ``variant`` or, of two, ``left`` and ``right``.

A widget that is drawn anew in the browser before the server's word for it has come begins with its default and sends
this back as if the visitor had chosen it: so the default of each is what is held.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import streamlit as st

from pages.ui.names import data_name, data_title
from pages.ui.words import quote, say
from tf_models.data import STUDIED

OPEN = "open"  # in the link: which sections are
MANY = 20  # options that are no longer named one by one
# What links said before there was one name, and what the command line and the records say.
OLD_NAMES = {"dataset": "data", "trained_on": "data", "train_size": "images", "id": "claim"}
OF_THE_FRAME = {"lang", "present"}  # what every link may say, whatever its page shows
# In the session, of this page: key → what the link said when it was last followed or written, and what was chosen.
_SEEN, _HELD = "links_seen", "links_held"
_TOLD = "links_told"  # in the session, of this page: a widget's key → the words of its options when it was drawn last
_IMPLIED = "links_implied"  # in the session, of this page: the data set that a link has chosen without naming it
_DATA = "links_data"  # in the session, of all pages: the data set that was chosen last
_PLAIN = "links_plain"  # in the session, of this page: whether it was opened without any choice in its link
_LEFT = "links_left"  # in the session: page → the choices of its link when it was left, the implied data, and `_DATA`


def arrive(page: str) -> None:
    """Before a page is drawn. On another page than before, the link alone says what is shown; where it says nothing,
    as from the sidebar, what was shown when the page was left.
    """
    if st.session_state.get("links_page") != page:
        st.session_state["links_page"] = page
        st.session_state[_SEEN], st.session_state[_HELD] = {}, {}
        st.session_state[_TOLD], st.session_state[_IMPLIED] = {}, None
        st.session_state[_PLAIN] = {*st.query_params} <= OF_THE_FRAME
        if st.session_state[_PLAIN]:
            _come_back(page)
    if any(name in st.query_params for name in OLD_NAMES):
        now = {OLD_NAMES.get(name, name): value for name, value in st.query_params.to_dict().items()}
        st.query_params.from_dict(now)
    _note()


def _note() -> None:
    """What a visitor who comes back to this page in this session will see again, at every change of its link: a page
    may end early, and a part of it may be drawn alone.
    """
    choices = {name: value for name, value in st.query_params.to_dict().items() if name not in OF_THE_FRAME}
    left = choices, st.session_state[_IMPLIED], st.session_state.get(_DATA)
    st.session_state.setdefault(_LEFT, {})[st.session_state["links_page"]] = left


def _write(key: str, text: str) -> None:
    """Have the link say it."""
    st.query_params[key] = text
    _note()


def _come_back(page: str) -> None:
    """The choices with which `page` was left, of the data set that was chosen meanwhile on another page."""
    choices, implied, data = st.session_state.get(_LEFT, {}).get(page, ({}, None, None))
    if st.session_state.get(_DATA) == data:
        st.session_state[_IMPLIED] = implied
    else:
        choices = {name: value for name, value in choices.items() if name != "data"}
    if choices:  # else Streamlit would tell the browser the address once more, which may be another one by now
        st.query_params.update(choices)


def keep_choice(state: str, words: Iterable[str]) -> None:
    """Before a widget whose options are called `words`: where they are others than before, as in another language or of
    another data set, it names what is held anew.

    Its browser holds the option's old word, shows it, and would send it back as a word that there is not.
    """
    told, now = st.session_state[_TOLD], tuple(words)
    if told.get(state, now) != now and state in st.session_state:
        st.session_state[state] = st.session_state[state]
    told[state] = now


def choose(
    key: str,
    label: str,
    options: Sequence[str],
    format_func: Callable[[str], str] = str,
    default: str | None = None,
    kind: str = "select",
    where: Any = st,
    resets: Iterable[str] = (),
    renamed: Mapping[str, str] = MappingProxyType({}),
    lasting: bool = True,
    **more: Any,
) -> str:
    """One of `options` by a select box (``select``), a segmented control (``segments``) or a slider (``slider``), kept
    in the link.

    With another choice, those that it `resets` and that come after it are made anew, from the link alone. `renamed`:
    what options were called in older links. A `default` that is not `lasting`, such as the latest run, is another one
    tomorrow: the link names it too.
    """
    default = options[0] if default not in options else default
    state = f"choice_{key}"
    _take_from_link(key, state, options, default, lambda raw: renamed.get(raw, raw))
    if st.session_state.get(state) not in options:
        st.session_state[state] = default
    keep_choice(state, map(format_func, options))
    held = st.session_state[state]
    if resets := tuple(resets):
        more |= {"on_change": _reset, "args": (key, default if lasting else None, resets)}
    if kind == "segments":
        more = {"required": True, **more}
        value = where.segmented_control(label, options, default=held, format_func=format_func, key=state, **more)
    elif kind == "slider":
        value = where.select_slider(label, options, held, format_func, key=state, **more)
    else:
        value = where.selectbox(label, options, options.index(held), format_func, key=state, **more)
    value = value if value in options else default
    if st.session_state[_HELD].get(key, value) != value:
        for other in resets:
            st.session_state[_SEEN].pop(other, None)
    st.session_state[_HELD][key] = value
    return _keep_in_link(key, value, default if lasting else None)


def choose_data(
    label: str,
    options: Sequence[str],
    default: str | None = None,
    has: Callable[[str], bool] = lambda name: True,
    where: Any = st,
    named: Callable[[str], str] = data_title,
    **more: Any,
) -> str:
    """One of the data sets `options`, as `choose` does; a page that is opened without any choice in its link shows the
    one that was chosen last on another page, if it `has` something to show of it, else its own, and says so; so too
    where the link says one of the lab's that is none of the `options`, as where its images are not here.
    """
    default = options[0] if default not in options else default
    if (asked := st.query_params.get("data")) in STUDIED and asked not in options:
        st.session_state[_DATA] = drop("data")
    kept: str = st.session_state.get(_DATA, default)
    there = kept in options and has(kept)
    plain = st.session_state[_PLAIN] and not {"data"} & {*st.session_state[_SEEN], *st.query_params}
    if plain and there and kept != default:
        _write("data", kept)
    told = st.query_params.get("data") not in (None, st.session_state[_IMPLIED])
    before = st.session_state[_HELD].get("data")
    value = choose("data", label, options, named, default, where=where, **more)
    if told or before not in (None, value):
        st.session_state[_DATA] = value
        _note()
    elif not there and _DATA in st.session_state:
        where.caption(say("data.other", chosen=quote(data_name(kept)), shown=quote(data_name(value))))
    return value


def imply_data(name: str | None, default: str) -> None:
    """Before `choose_data`: a link that says no data set, but something that only `name` has, says `name`.

    Only where the page is opened: who chooses something on it stays with the data set that is shown.
    """
    told = {"data"} & {*st.query_params, *st.session_state[_SEEN]}
    if not told and not st.session_state[_PLAIN] and name not in (default, None):
        st.session_state[_IMPLIED] = name
        _write("data", name)


def choose_number(key: str, label: str, low: int, high: int, default: int, where: Any = st, **more: Any) -> int:
    """A whole number from `low` to `high` by a slider, kept in the link as `key`."""
    if low == high:
        return low
    state = f"choice_{key}"
    _take_from_link(key, state, range(low, high + 1), default, int)
    held = st.session_state.get(state, default)
    st.session_state[state] = held = min(max(held, low), high)
    value = where.slider(label, low, high, held, key=state, **more)
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
    state = f"choice_{key}"
    new, raw = _news(key)
    if new:
        asked = raw.split(",") if raw is not None else list(default)
        for value in asked:
            if value not in options:
                _warn(key, value, ", ".join(options))
        st.session_state[state] = [value for value in asked if value in options] or list(default)
    st.session_state.setdefault(state, list(default))
    keep_choice(state, map(format_func, options))
    held = [value for value in st.session_state[state] if value in options]
    values = where.multiselect(label, options, default=held, format_func=format_func, key=state, **more)
    _keep_in_link(key, ",".join(values), ",".join(default))
    return values


def sections(names: Sequence[str]) -> None:
    """Before the first `section` of a page: name what the link wants to open and the page does not have."""
    asked = _opened()
    for name in asked:
        if name not in names:
            _warn(OPEN, name, _told(names))
    _open([name for name in asked if name in names])


def section(key: str, label: str, draw: Callable[[], Any], holds: Sequence[str] = ()) -> None:
    """A section that is opened on demand: only while it is open, `draw` draws into it and computes for it.

    Whether it is open stands in the link. It `holds` choices: a link that says one of them opens it, and a section that
    is closed takes them out of the link.
    """
    state, seen = f"section_{key}", st.session_state[_SEEN]
    wanted = key in _opened() or any(name in st.query_params for name in holds)
    if seen.get(state) != wanted or state not in st.session_state:
        st.session_state[state] = wanted
    found = st.expander(f"**{label}**", key=state, on_change="rerun")
    if found.open and key not in _opened():
        _open([*_opened(), key])
    if not found.open:
        _open([name for name in _opened() if name != key])
        for name in holds:
            drop(name)
            seen.pop(name, None)
    seen[state] = found.open
    if found.open:
        with found:
            draw()


def _opened() -> list[str]:
    """The sections that the link says are open."""
    return [name for name in st.query_params.get(OPEN, "").split(",") if name]


def _open(names: Sequence[str]) -> None:
    _keep_in_link(OPEN, ",".join(names), "")


def write(key: str, label: str, where: Any = st, **more: Any) -> str:
    """A line of text, kept in the link as `key`."""
    state = f"choice_{key}"
    new, raw = _news(key)
    if new:
        st.session_state[state] = raw or ""
    held = st.session_state.get(state, "")
    value = str(where.text_input(label, held, key=state, **more) or "").strip()
    return _keep_in_link(key, value, "")


def put(key: str, value: str, default: str) -> None:
    """Choose `value` for `key` before the page is drawn, as by a click on a picture; `default` is what `choose` has."""
    st.session_state[f"choice_{key}"] = value
    _keep_in_link(key, value, default)


def from_link(key: str, options: Sequence[str], default: str) -> str:
    """The same as `choose` where its widget is out of sight: what the link says, or `default`."""
    st.session_state[_SEEN].pop(key, None)  # a widget that is drawn later begins with the link
    raw = st.query_params.get(key, default)
    if raw not in options:
        _warn(key, raw, _told(options))
        raw = default
    if raw == default:
        drop(key)
    return raw


def drop(key: str) -> str | None:
    """What the link says of something that cannot be chosen here; the link forgets it."""
    if key not in st.query_params:  # `pop` of what is not there costs three times
        return None
    said = st.query_params.pop(key)
    _note()
    return said


def _news(key: str) -> tuple[bool, str | None]:
    """Whether the link says something new (a first visit, an edited address, a step back in the browser), and what."""
    seen, raw = st.session_state[_SEEN], st.query_params.get(key)
    new = key not in seen or seen[key] != raw
    seen[key] = raw
    return new, raw


def _take_from_link(key: str, state: str, options: Sequence, default: Any, read: Callable[[str], Any]) -> None:
    new, raw = _news(key)
    if not new and state in st.session_state:  # one that was out of sight begins with the link again
        return
    if raw is None:
        st.session_state[state] = default
        return
    try:
        value = read(raw)
    except ValueError:
        value = None
    if value not in options:
        _warn(key, raw, _told(options))
        value = default
    st.session_state[state] = value


def _told(options: Sequence) -> str:
    """The options by name, a long list by its ends."""
    if isinstance(options, range) or len(options) > MANY:
        first = (options[0],) if isinstance(options, range) else options[:2]
        return f"{', '.join(map(str, first))} … {options[-1]}"
    return ", ".join(options)


def _warn(key: str, value: str, choices: str) -> None:
    st.warning(say("error.unknown_view", value=quote(value[:80]), name=key, choices=choices))


def _reset(key: str, default: str | None, others: tuple[str, ...]) -> None:
    """Turn the link to the visitor's new choice without the choices that belonged to the old one: one step back."""
    value = st.session_state[f"choice_{key}"]
    kept = {name: held for name, held in st.query_params.to_dict().items() if name not in (key, *others)}
    st.query_params.from_dict(kept | ({} if value in (default, None) else {key: value}))
    st.session_state[_SEEN][key] = st.query_params.get(key)


def _keep_in_link(key: str, value: Any, default: Any) -> Any:
    text = None if value == default else str(value)
    if text is None:
        drop(key)
    elif st.query_params.get(key) != text:
        _write(key, text)
    st.session_state[_SEEN][key] = text
    return value
