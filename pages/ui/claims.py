"""The parts of the page *Claims*: the score, what the text gets wrong, the list, and the card of one claim."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.ui import claim_charts, frame, links, loaders, repeat, tables
from pages.ui.theme import VERDICTS
from pages.ui.words import language, pick, say
from tf_models.study.claims import CLAIMS, Claim
from tf_models.study.judging import PartResult, Result, headline
from tf_models.study.verdict import Effect, seeds_needed

BY_ID = {claim.id: claim for claim in CLAIMS}
BADGES = {
    "supported": ("green", "check_circle"),
    "partly": ("orange", "contrast"),
    "not_supported": ("red", "cancel"),
    "inconclusive": ("gray", "help"),
    "untested": ("gray", "radio_button_unchecked"),
}
ALL = "all"
# Places of the text without a number of their own → the heading under which they are counted.
OUTSIDE = {
    **{
        f"table{table}.row{row}": heading
        for table, heading in ((1, "1.4"), (2, "2.2"), (3, "3"))
        for row in range(1, 5)
    },
    **{"why_alike": "1.5", "summary": "1.5", "conclusion": "3"},
}
WIDE = {"en": 56, "zh": 26}  # characters of one line above an interval

Found = Mapping[str, tuple[Result, ...]]


def badge(verdict: str, text: str = "") -> str:
    """A verdict as a coloured label with a mark of its own, for Markdown."""
    colour, icon = BADGES[verdict]
    return f":{colour}-badge[:material/{icon}: {text or say(f'verdict.{verdict}')}]"


def section_of(claim: Claim) -> str:
    """The heading of the text under which a claim is counted."""
    return _heading(claim.sections[0])


def _heading(place: str) -> str:
    if place in OUTSIDE:
        return OUTSIDE[place]
    return "3" if place.startswith("3") else ".".join(place.split(".")[:2])


def open_claim(claim_id: str) -> None:
    """Turn to a claim, or with ``all`` to the list."""
    st.query_params["claim"] = claim_id


# The page without a chosen claim


def choose_claim(fitting: Sequence[str]) -> Claim | None:
    """The claim that the link names, with steps to its neighbours among `fitting`; None for the list."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = links.choose("claim", say("claims.choose"), (ALL, *BY_ID), _choice_label)
        if chosen == ALL:
            return None
        order = list(fitting) if chosen in fitting else list(BY_ID)
        place = order.index(chosen)
        steps = (
            ("previous", "arrow_back", order[place - 1]),
            ("next", "arrow_forward", order[(place + 1) % len(order)]),
            ("back", "list", ALL),
        )
        for key, icon, other in steps:
            label, icon = say(f"claims.{key}"), f":material/{icon}:"
            st.button(label, key=f"claim_{key}", icon=icon, on_click=open_claim, args=(other,))
    return BY_ID[chosen]


def _choice_label(choice: str) -> str:
    if choice == ALL:
        return say("claims.all", count=len(BY_ID))
    return f"{choice} · {pick(BY_ID[choice].statement)}"


def decided(found: Found, data: str = ALL) -> dict[str, Result]:
    """Claim → the result that counts: of the deciding data set, or of `data`."""
    if data == ALL:
        return {claim: headline(results) for claim, results in found.items()}
    return {claim: result for claim, results in found.items() for result in results if result.dataset == data}


def show_score(results: Mapping[str, Result]) -> None:
    """How many statements of every section have which verdict."""
    words = {verdict: say(f"verdict.{verdict}") for verdict in VERDICTS}
    counts = {verdict: sum(result.verdict == verdict for result in results.values()) for verdict in VERDICTS}
    st.markdown(say("claims.score", count=len(results), **counts))
    rows = []
    for section in sorted({section_of(result.claim) for result in results.values()}):
        for verdict in VERDICTS:
            ids = [
                claim
                for claim, result in results.items()
                if result.verdict == verdict and section_of(result.claim) == section
            ]
            if ids:
                row = {"section": section_name(section), "verdict": words[verdict]}
                rows.append(row | {"claims": len(ids), "ids": ", ".join(ids)})
    columns = {name: say(f"claims.column.{name}") for name in ("section", "verdict", "claims", "ids")}
    colours = {words[verdict]: colour for verdict, colour in VERDICTS.items()}
    data = pd.DataFrame(rows)
    chart = claim_charts.score(data, say("claims.score_title"), say("claims.score_axis"), columns, colours)
    summary = "; ".join(f"{words[verdict]} {count}" for verdict, count in counts.items())
    st.altair_chart(chart, key="score", alt=say("claims.score_alt", text=summary))


def section_name(section: str) -> str:
    return f"{section} {say(f'claims.section.{section}')}"


def show_wrong(results: Mapping[str, Result]) -> None:
    """The statements that are not supported, then those that hold in part, each with its reason."""
    shown = {v: [r for r in results.values() if r.verdict == v] for v in ("not_supported", "partly")}
    if not any(shown.values()):
        st.info(say("claims.wrong_none"))
        return
    st.caption(say("claims.wrong_hint"))
    for verdict, column in zip(shown, st.columns(2, gap="large"), strict=True):
        with column:
            st.markdown(f"**{badge(verdict)} · {len(shown[verdict])}**")
            for result in shown[verdict]:
                with st.container(gap=None):
                    _claim_button(result, f"wrong_{result.claim.id}", mark=False)
                    st.caption(short_reason(result))


def _claim_button(result: Result, key: str, mark: bool = True) -> None:
    claim = result.claim
    label = f"**{claim.id}** {pick(claim.statement)}"
    st.button(
        f"{badge(result.verdict)} {label}" if mark else label,
        key=key,
        type="tertiary",
        on_click=open_claim,
        args=(claim.id,),
        wrap=True,
    )


def short_reason(result: Result) -> str:
    """Why a statement is wrong, in one sentence: what is wrong in its wording, else what the figures say."""
    return pick(result.claim.wrong) or reason(result)


def choose_filters(found: Found) -> tuple[list[str], dict[str, Result]]:
    """The statements that fit the filters, and the results that count under them."""
    columns = st.columns(4)
    sections = sorted({section_of(claim) for claim in CLAIMS})
    systems = sorted({system for claim in CLAIMS for system in claim.systems}, key=str.lower)

    def choose(place: int, key: str, options: Sequence[str], name: Callable[[str], str], **more: str) -> str:
        def label(value: str) -> str:
            return say("claims.any") if value == ALL else name(value)

        words = say(f"claims.filter.{key}")
        return links.choose(key, words, (ALL, *options), label, where=columns[place], **more)

    section = choose(0, "section", sections, section_name)
    system = choose(1, "system", systems, str)
    verdict = choose(2, "verdict", tuple(VERDICTS), lambda value: say(f"verdict.{value}"))
    data = links.choose(
        "data",
        say("claims.filter.data"),
        (ALL, *loaders.EXPERIMENT_DATASETS, "exact"),
        lambda value: say(f"claims.data.{value}") if value in (ALL, "exact") else value,
        where=columns[3],
        help=say("claims.filter.data_hint"),
    )
    results = decided(found, data)
    fitting = [
        claim.id
        for claim in CLAIMS
        if claim.id in results
        and section in (ALL, *map(_heading, claim.sections))
        and system in (ALL, *claim.systems)
        and verdict in (ALL, results[claim.id].verdict)
    ]
    return fitting, results


def show_list(fitting: Sequence[str], results: Mapping[str, Result]) -> None:
    """A line for every fitting claim."""
    if not fitting:
        st.info(say("claims.list_none"))
        return
    st.caption(say("claims.list_count", shown=len(fitting), all=len(BY_ID)))
    with st.container(gap="xxsmall"):
        for claim in fitting:
            _claim_button(results[claim], f"open_{claim}")


def show_links(ids: Sequence[str]) -> None:
    """The statements that a topic page is about, with verdicts, as links to their cards."""
    results = decided(loaders.claim_results())
    for claim in ids:
        st.page_link(
            "pages/claims.py",
            label=f"{badge(results[claim].verdict)} **{claim}** {pick(BY_ID[claim].statement)}",
            query_params={"claim": claim, "lang": language()},
        )


# The card of one claim


def show_card(claim: Claim, results: Sequence[Result]) -> None:
    """Everything about one claim."""
    st.header(f"{claim.id} · {pick(claim.statement)}", anchor=False)
    systems = ", ".join(claim.systems)
    st.caption(say("claims.where", sections=say("claims.and").join(map(place_name, claim.sections)), systems=systems))
    for result in results:
        st.markdown(f"{badge(result.verdict)} {scale(result)}: {reason(result)}")
    st.markdown(f"**{say('claims.asks')}** {pick(claim.question)}")
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(say("claims.measured"))
        show_parts(claim, results)
    with right:
        st.subheader(say("claims.published"))
        _show_published(claim)
        st.subheader(say("claims.wording"))
        for key, words in (("right", claim.right), ("wrong", claim.wrong)):
            if pick(words):
                st.markdown(f"**{say(f'claims.wording.{key}')}** {pick(words)}")
        st.subheader(say("claims.mind"))
        st.markdown(pick(claim.refuted_by))
        repeat.show(claim, results)


def place_name(section: str) -> str:
    """A place of the text, as written on the card."""
    if section.startswith("table"):
        table, _, row = section.partition(".row")
        return say("claims.table_row", table=table.removeprefix("table"), row=row.split(".")[0])
    return say(f"claims.place.{section}") if section in OUTSIDE else say("claims.place", section=section)


def scale(result: Result) -> str:
    """For which data and training a verdict holds."""
    if result.dataset == "exact":
        return say("claims.on_exact")
    if result.seeds == 0:
        return say("claims.on_data", dataset=result.dataset)
    images = f"{result.train_images:,}" if result.train_images else "–"
    return say("claims.on", dataset=result.dataset, images=images, epochs=result.epochs or "–", seeds=result.seeds)


def reason(result: Result) -> str:
    """The verdict's reason in one sentence."""
    deciding = [part for part in result.parts if part.part.decides]
    if len(deciding) == 1 and deciding[0].measure is not None:
        found, why = deciding[0], say(f"reason.{deciding[0].reason}")
        return say("claims.reason.one", words=pick(found.part.words), figures=figures(found), why=why)
    hold = sum(part.verdict == "supported" for part in deciding)
    return say("claims.reason.parts", why=say(f"reason.{result.reason}"), hold=hold, parts=len(deciding))


def figures(part: PartResult) -> str:
    """What was measured, with its interval, and what must hold."""
    measure = part.measure
    if measure is None:
        return say("reason.missing")
    text = say("claims.figure", value=tables.figure(measure.value, measure.unit))
    if measure.low < measure.high:
        low, high = (tables.figure(bound, measure.unit, bare=True) for bound in (measure.low, measure.high))
        text += f" [{low}, {high}]"
    return f"{text}, {rule(part)}"


def rule(part: PartResult) -> str:
    """What the measure must be for the part to hold."""
    test, threshold = part.part.test, part.part.threshold
    unit = part.measure.unit if part.measure else ""
    if isinstance(threshold, tuple):
        low, high = (tables.figure(bound, unit) for bound in threshold)
        return say(f"rule.{test}", low=low, high=high)
    margin = tables.figure(threshold if threshold is not None else part.delta or 0.0, unit, sign=False)
    return say(f"rule.{test}", threshold=f"δ = {margin}" if threshold is None else margin)


def show_parts(claim: Claim, results: Sequence[Result]) -> None:
    """The chart that answers, a line a part with figure, interval, seeds and rule, and the runs behind them."""
    rows = part_rows(results)
    columns = {name: say(f"claims.column.{name}") for name in ("dataset", "verdict", "value", "low", "high", "seeds")}
    for unit, data in rows.groupby("unit", sort=False):
        chart = claim_charts.parts(data, say("claims.parts_title"), say(f"claims.unit.{unit}"), columns)
        text = "; ".join(f"{row['dataset']}: {row['verdict']}" for row in data.to_dict("records"))
        st.altair_chart(chart, key=f"parts_{claim.id}_{unit}", alt=say("claims.parts_alt", text=text))
    if not rows.empty:
        st.caption(say("claims.parts_hint"))
    for part in claim.parts:
        note = say("claims.part.primary") if part.key == claim.primary and len(claim.parts) > 1 else ""
        note = note if part.decides else say("claims.part.beside")
        st.markdown(f"{pick(part.words)} {f'*({note})*' if note else ''}")
        lines = []
        for result in results:
            outcome = next((found for found in result.parts if found.part.key == part.key), None)
            if outcome is not None:
                lines.append(f"- {badge(outcome.verdict)} {part_line(result, outcome)}")
        st.markdown("\n".join(lines))
    for result in results:
        if result.p is not None:
            text = say(
                "claims.p", dataset=result.dataset, p=probability(result.p), adjusted=probability(result.p_adjusted)
            )
            st.caption(text)
    show_runs(claim, results)


def part_line(result: Result, part: PartResult) -> str:
    """One part on one data set: figure, interval, seeds, rule, and what would settle it."""
    place = "" if result.dataset == "exact" else f"{result.dataset}: "
    measure = part.measure
    if measure is None:
        return place + say("claims.missing", experiment=part.part.experiment, measure=part.part.measure)
    text = place + figures(part)
    if measure.seeds:
        text += "; " + say("claims.seeds", seeds=measure.seeds, wins=measure.wins)
    elif measure.source in ("formula", "exact"):
        text += "; " + say(f"claims.source.{measure.source}")
    text += f". {say(f'reason.{part.reason}').capitalize()}"
    if (needed := seeds_to_settle(part)) is not None:
        text += ". " + say("claims.seeds_needed" if needed < 1000 else "claims.seeds_many", seeds=needed)
    return text


def part_rows(results: Sequence[Result]) -> pd.DataFrame:
    """The parts that have an interval, for `claim_charts.parts`."""
    rows = []
    for result in results:
        for part in result.parts:
            measure = part.measure
            if measure is None or not measure.low < measure.high:
                continue
            factor = 100 if measure.unit in ("accuracy", "share") else 1
            zone = [factor * bound for bound in zone_of(part)]
            numbers = {name: factor * getattr(measure, name) for name in ("value", "low", "high")}
            words = (
                f"{result.dataset} · {pick(part.part.words)}" if result.dataset != "exact" else pick(part.part.words)
            )
            rows.append(
                {
                    "label": "\n".join(textwrap.wrap(words, WIDE[language()])[:3]),
                    "dataset": result.dataset,
                    **numbers,
                    "zone_low": zone[0],
                    "zone_high": zone[1],
                    "verdict": say(f"verdict.{part.verdict}"),
                    "colour": VERDICTS[part.verdict],
                    "seeds": measure.seeds,
                    "unit": measure.unit,
                }
            )
    columns = [
        "label",
        "dataset",
        "value",
        "low",
        "high",
        "zone_low",
        "zone_high",
        "verdict",
        "colour",
        "seeds",
        "unit",
    ]
    return pd.DataFrame(rows, columns=columns)


def zone_of(part: PartResult) -> tuple[float, float]:
    """Where the whole interval must lie for the part to hold; infinite on an open side."""
    threshold = part.part.threshold
    if isinstance(threshold, tuple):
        return threshold
    margin = (part.delta or 0.0) if threshold is None else threshold
    return {
        "difference": (margin, math.inf),
        "above": (margin, math.inf),
        "below": (-math.inf, margin),
        "no_difference": (-margin, margin),
        "not_worse": (-margin, math.inf),
        "equals": (margin, margin),
    }[part.part.test]


def seeds_to_settle(part: PartResult) -> int | None:
    """About how many seeds would settle an open part; None where more seeds are not what it needs."""
    measure = part.measure
    if measure is None or not measure.seeds or part.reason not in ("delta_open", "margin_open", "straddles"):
        return None
    edge = min(filter(math.isfinite, zone_of(part)), key=lambda bound: abs(measure.value - bound))
    effect = Effect(measure.value, measure.low, measure.high, measure.seeds, measure.wins, measure.p or 1.0)
    return seeds_needed(effect, edge)


def show_power() -> None:
    """How often the rule errs, simulated."""


def probability(p: float | None) -> str:
    return "–" if p is None else ("< 0.001" if p < 0.001 else f"{p:.3f}")


def show_runs(claim: Claim, results: Sequence[Result]) -> None:
    """The run records behind the figures, each with a way to *Runs*."""
    rows = [
        {
            say("column.run"): run,
            say("column.dataset"): result.dataset,
            say("claims.column.part"): pick(part.part.words),
        }
        for result in results
        for part in result.parts
        if part.measure is not None
        for run in part.measure.runs
    ]
    if not rows:
        return
    with st.expander(say("claims.runs", count=len({row[say("column.run")] for row in rows}))):
        data = pd.DataFrame(rows)
        st.dataframe(data, hide_index=True, width="stretch", height=220)
        ids = list(dict.fromkeys(data[say("column.run")]))
        run = st.selectbox(say("runs.choose"), ids, key=f"run_of_{claim.id}") or ids[0]
        own = {} if run in loaders.shipped_ids() else {"origin": "own"}
        st.page_link(
            "pages/runs.py",
            label=say("claims.open_run"),
            icon=frame.ICONS["runs"],
            query_params={"run": run, "lang": language(), **own},
        )


def _show_published(claim: Claim) -> None:
    if not claim.published:
        st.caption(say("claims.no_published"))
    for row in claim.published:
        colour, icon = {1: ("green", "thumb_up"), 0: ("orange", "contrast"), -1: ("red", "thumb_down")}[row.supports]
        sign = f":{colour}-badge[:material/{icon}: {say(f'claims.evidence.{row.supports}')}]"
        st.markdown(f"{sign} {pick(row.words)} ([{row.source}]({row.link}))")
