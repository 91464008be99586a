"""The score, what the text gets wrong, and the list of statements with its filters."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import browser, cache, clicks, links
from pages.ui.charts import bars
from pages.ui.charts.layout import Chart
from pages.ui.names import data_name, data_title
from pages.ui.parts.claims.places import heading, heading_name, heading_of
from pages.ui.parts.claims.verdicts import badge, claim_badge, reason
from pages.ui.replay import drawn_once
from pages.ui.theme import MARKS, VERDICTS
from pages.ui.words import language, say, sentences, verbatim
from tf_models.data import STUDIED
from tf_models.study.claims import CLAIMS, Claim
from tf_models.study.judging import NO_DATASET, Result, headline

BY_ID = {claim.id: claim for claim in CLAIMS}
ALL = "all"
KINDS = ("definition", "measurement")  # of what decides
FILTERS = ("section", "system", "verdict", "kind", "data")
SECTIONS = ("partly", "refuted")  # that are opened on demand
LIST = "list_open"  # whether the whole list is open
Found = Mapping[str, tuple[Result, ...]]


def open_claim(claim_id: str, button: str = "") -> None:
    """Turn to a claim, or with ``all`` to the list; `button` is the key of what was pressed for it."""
    if button:
        st.session_state["claim_opened_by"] = button
    if claim_id == ALL:
        st.query_params.pop("claim", None)
    else:
        st.query_params["claim"] = claim_id


def choose_claim(fitting: Sequence[str]) -> Claim | None:
    """The claim that the link names, with steps to its neighbours among `fitting`; None for the list."""
    asked = st.query_params.get("claim", "")
    if asked not in BY_ID and asked.upper() in BY_ID:
        st.query_params["claim"] = asked.upper()
    box, buttons = st.columns([3, 2], vertical_alignment="bottom")
    chosen = links.choose("claim", say("claims.choose"), (ALL, *BY_ID), _choice_label, where=box)
    if chosen == ALL:
        return None
    if not st.session_state.get("claim_opened_by", "").endswith(chosen):  # by its neighbours, by the box or by a link
        st.session_state["claim_opened_by"] = f"open_{chosen}"
    st.session_state["cards_shown"] = st.session_state.get("cards_shown", 0) + 1
    order = sorted({*fitting, chosen})  # from a card that fits no filter to its neighbours that do
    place = order.index(chosen)
    steps = (
        ("previous", "arrow_back", order[place - 1]),
        ("next", "arrow_forward", order[(place + 1) % len(order)]),
        ("back", "list", ALL),
    )
    with buttons.container(horizontal=True, gap="small"):
        for key, icon, other in steps:
            label, icon = say(f"claims.{key}"), f":material/{icon}:"
            alone = other == chosen
            st.button(label, key=f"claim_{key}", icon=icon, on_click=open_claim, args=(other,), disabled=alone)
    return BY_ID[chosen]


def _choice_label(choice: str) -> str:
    if choice == ALL:
        return say("claims.all", count=len(BY_ID))
    return f"{choice} · {say(BY_ID[choice].words('statement'))}"


def decided(found: Found, data: str = ALL) -> dict[str, Result]:
    """Claim → the result that counts: of the deciding data set, or of `data`."""
    if data == ALL:
        return {claim: headline(results) for claim, results in found.items()}
    return {claim: result for claim, results in found.items() for result in results if result.dataset == data}


def score_words(results: Mapping[str, Result]) -> str:
    """How many statements have which verdict, in a sentence."""
    counts = {verdict: sum(result.verdict == verdict for result in results.values()) for verdict in VERDICTS}
    untested = counts.pop("untested")
    rest = say("claims.score_untested", untested=untested) if untested else ""
    return sentences(say("claims.score", count=len(results), **counts), rest)


def show_score(results: Mapping[str, Result]) -> None:
    """A square for every statement, by verdict; one that is clicked opens its card."""

    def click(place: clicks.Place) -> None:
        if (claim := str(place.get("claim"))) in BY_ID:
            open_claim(claim)

    alt = say("claims.score_alt", text=score_words(results).replace("**", ""))
    clicks.show(_score_chart(cache.stamp(), results), "score", (), click, alt, width="stretch")


@clicks.made_once
def _score_chart(stamp: int, _results: Mapping[str, Result]) -> Chart:
    words = {verdict: say(f"verdict.{verdict}") for verdict in VERDICTS}
    order = sorted(_results, key=lambda claim: (list(VERDICTS).index(_results[claim].verdict), claim))
    rows = [
        {
            "place": place,
            "claim": claim,
            "statement": say(_results[claim].claim.words("statement")),
            "verdict": words[_results[claim].verdict],
            "mark": MARKS[_results[claim].verdict],
        }
        for place, claim in enumerate(order)
    ]
    columns = {name: say(f"claims.column.{name}") for name in ("claim", "statement", "verdict")}
    found = {result.verdict for result in _results.values()}
    colours = {words[verdict]: colour for verdict, colour in VERDICTS.items() if verdict in found}
    return bars.squares(pd.DataFrame(rows), say("claims.score_title"), columns, colours)


def show_opening(results: Mapping[str, Result]) -> None:
    """What is wrong and why; the score; then what holds in part, and what is refuted in part."""
    st.markdown(say("claims.lead"))
    st.markdown(score_words(results))
    show_score(results)
    partly = [result for result in results.values() if result.verdict == "partly"]
    refuted = [result for result in results.values() if refuted_in_part(result)]
    st.header(say("claims.wrong"), anchor=False)
    wrong = wrong_statements(results)
    if wrong:
        st.markdown(f"**{badge('not_supported')} · {len(wrong)}**")
        _show_halves(wrong)
        st.caption(say("claims.wrong_hint"))
    elif not partly:
        st.info(say("claims.wrong_none"))
    for key, title, some, hint in (
        ("partly", "verdict.partly", partly, ""),
        ("refuted", "claims.refuted", refuted, say("claims.refuted_hint")),
    ):
        if some:
            links.section(key, f"{say(title)} · {len(some)}", partial(_show_halves, some, hint))


def wrong_statements(results: Mapping[str, Result]) -> list[Result]:
    """What the text gets wrong as a whole."""
    return [result for result in results.values() if result.verdict == "not_supported"]


def refuted_in_part(result: Result) -> bool:
    """Whether nothing is decided yet, although a part that the statement needs has failed."""
    failed = any(row.verdict == "not_supported" for row in result.parts if row.decides)
    return failed and result.verdict in ("inconclusive", "untested")


def _show_halves(results: Sequence[Result], words: str = "") -> None:
    """Statements with their reasons in two columns, under `words`."""
    if words:
        st.caption(words)
    half = (len(results) + 1) // 2
    for column, some in zip(st.columns(2, gap="large"), (results[:half], results[half:]), strict=True):
        for result in some:
            with column.container(gap=None, key=f"statements-{result.claim.id}"):
                _claim_button(result, f"wrong_{result.claim.id}", mark=False)
                st.caption(short_reason(result))


def _claim_button(result: Result, key: str, mark: bool = True) -> None:
    label, claim = _label(result, mark), result.claim.id
    st.button(label, key=key, type="tertiary", on_click=open_claim, args=(claim, key), wrap=True)


def _label(result: Result, mark: bool = True) -> str:
    label = f"**{result.claim.id}** {verbatim(result.claim.words('statement'))}"
    return f"{claim_badge(result)} {label}" if mark else label


def short_reason(result: Result) -> str:
    """Why a statement is wrong, in one sentence: what is wrong in its wording, else what the figures say."""
    return verbatim(result.claim.words("wrong")) or reason(result)


def list_section() -> Any:
    """The section of the whole list, which is only drawn while it is open: as it is where a link brings a filter or
    asks for a claim that is none.
    """
    if LIST not in st.session_state:
        unknown = st.query_params.get("claim", ALL).upper() not in (*BY_ID, ALL.upper())
        st.session_state[LIST] = unknown or any(name in st.query_params for name in FILTERS)
    return st.expander(say("claims.list", count=len(BY_ID)), icon=":material/list:", key=LIST, on_change="rerun")


def choose_filters(found: Found, section: Any) -> tuple[list[str], dict[str, Result]]:
    """The statements that fit the filters, and the results that count under them; asked in `section` while it is
    open, else as the link says.
    """
    columns = section.columns(5) if section.open else None
    headings = sorted(set(map(heading_of, CLAIMS)))
    systems = sorted({system for claim in CLAIMS for system in claim.systems}, key=str.lower)

    def choose(
        key: str, options: Sequence[str], name: Callable[[str], str], everything: str = "claims.any", **more: Any
    ) -> str:
        options = (ALL, *options)
        if columns is None:
            return links.from_link(key, options, ALL)
        return links.choose(
            key,
            say(f"claims.filter.{key}"),
            options,
            lambda value: say(everything) if value == ALL else name(value),
            where=columns[FILTERS.index(key)],
            **more,
        )

    measured = [result.dataset for results in found.values() for result in results if not result.exact]
    place = choose("section", headings, heading_name)
    system = choose("system", systems, str)
    verdict = choose("verdict", tuple(VERDICTS), lambda value: say(f"verdict.{value}"))
    kind = choose("kind", KINDS, lambda value: say(f"claims.kind.{value}"))
    data = choose(
        "data",
        tuple(dict.fromkeys([*STUDIED, *measured, NO_DATASET])),
        lambda value: say(f"claims.data.{value}") if value == NO_DATASET else data_title(value),
        everything="claims.data.all",
        help=say("claims.filter.data_hint"),
    )
    results = decided(found, data)
    fitting = [
        claim.id
        for claim in CLAIMS
        if claim.id in results
        and place in (ALL, *map(heading, claim.sections))
        and system in (ALL, *claim.systems)
        and _fits(results[claim.id], kind, verdict)
    ]
    return fitting, results


def _fits(result: Result, kind: str, verdict: str) -> bool:
    """Whether a result has this verdict, as a whole or on what is of one `kind`; some have nothing of that kind."""
    found = {ALL: result.verdict, "definition": result.definition, "measurement": result.measured}[kind]
    return bool(found) and verdict in (ALL, found)


def find_place() -> None:
    """Bring the list into view where it is asked for, and what opened a card once it is closed."""
    opened, times = st.session_state.get("claim_opened_by", "none"), st.session_state.get("cards_shown", 0)
    browser.show_list(opened, times)


def show_list(fitting: Sequence[str], results: Mapping[str, Result]) -> None:
    """A line for every fitting claim."""
    if not fitting:
        st.info(say("claims.list_none"))
        return
    st.caption(say("claims.list_count", shown=len(fitting), all=len(BY_ID)))
    with st.container(gap="xxsmall", key="statements"):
        for claim in fitting:
            _claim_button(results[claim], f"open_{claim}")


@drawn_once
def show_links(ids: Sequence[str], why: bool = False, mark: bool = True, key: str = "statements") -> None:
    """Statements, on another page than theirs; one that is pressed opens its card. `mark` adds verdicts, `why` reasons;
    `key` begins with ``statements``, another for each list of a page. A list of several says on which data its verdicts
    are, since the page around it may show other data.
    """
    results = decided(cache.claim_results())
    with st.container(gap="xsmall", key=key):
        for claim in ids:
            query = {"claim": claim, "lang": language()}
            with st.container(gap=None):
                st.page_link("pages/claims.py", label=_label(results[claim], mark), query_params=query)
                if why:
                    st.caption(short_reason(results[claim]))
    judged = defaultdict(list)
    for claim in ids:
        if not results[claim].exact:
            judged[data_name(results[claim].dataset)].append(claim)
    if mark and judged and len(ids) > 1:
        words = (say("claims.of_data", dataset=name, claims=say("lab.comma").join(of)) for name, of in judged.items())
        one = next(iter(judged)) if len(judged) == 1 else ""
        st.caption(say("claims.verdicts_on", datasets=one or say("claims.and").join(words)))
