"""The card of one claim: what the text says, what was measured, what would refute it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from pages.ui import browser, cache, frame, links, tables
from pages.ui.charts import intervals
from pages.ui.drawing import show_chart
from pages.ui.names import data_name, data_title, short_data_name, short_network_name
from pages.ui.parts.claims import firmness, repeat, verdicts
from pages.ui.parts.claims.places import place_name
from pages.ui.parts.claims.verdicts import (
    badge,
    claim_badge,
    kinds,
    part_line,
    probability,
    provenance,
    reason,
    scale,
    zone_of,
)
from pages.ui.parts.ffn import rates
from pages.ui.theme import MARKS
from pages.ui.words import language, say, sentences, verbatim
from tf_models.data import STUDIED
from tf_models.runs.shipped import find_shipped
from tf_models.statistics.rule import NOT_ASKED
from tf_models.study.claims import Claim, Part
from tf_models.study.judging import EXACT, NO_DATASET, ONCE, PartResult, Result, headline

SECTIONS = ("repeat", "figures", "published")  # of a card, opened on demand


def show_card(claim: Claim, results: Sequence[Result]) -> None:
    """Everything about one claim."""
    browser.show_head(claim.id)
    st.header(f"{claim.id} · {verbatim(claim.words('statement'))}", anchor=False)
    systems = say("lab.comma").join(claim.systems)
    st.caption(say("claims.where", sections=say("claims.and").join(map(place_name, claim.sections)), systems=systems))
    results = sorted(results, key=lambda result: result is not headline(results))  # what decides goes first
    different = results[:1] if results[0].exact else results
    for result in different:
        place = say("claims.place_of", place=scale(result), text=reason(result))
        hint = sentences(verdicts.known(result), _accuracies(result))
        st.markdown(f"{claim_badge(result)} {sentences(place, kinds(result))}", help=hint or None)
    stands = say("claims.stands", dataset=data_name(headline(results).dataset)) if len(different) > 1 else None
    st.markdown(say("claims.asks", question=verbatim(claim.words("question"))), help=stands)
    rows = part_rows(claim, results)
    if rows.empty:
        beside = st.container()
    else:
        left, beside = st.columns([3, 2], gap="large")
        with left:
            show_zones(claim, rows)
    with beside:
        for key in ("right", "wrong"):
            if words := verbatim(claim.words(key)):
                st.markdown(say(f"claims.wording.{key}", words=words))
        st.markdown(f"**{say('claims.mind')}** {_refutation(claim, headline(results).verdict)}")
    links.section("repeat", say("repeat.title"), partial(repeat.show, claim, results))
    links.section("figures", say("claims.measured"), partial(show_parts, claim, results))
    links.section("published", say("claims.published"), partial(_show_published, claim))


def _accuracies(result: Result) -> str:
    """From which test accuracy to which the networks of a result reach, in a sentence; empty without runs."""
    if result.exact:  # whatever networks stand beside it
        return ""
    known, arms = cache.records_by_id(), {}
    for part in result.parts:
        for run in part.measure.runs if part.measure is not None else ():
            if run in known:
                arms.setdefault(replace(known[run].spec, seed=0), []).append(known[run].test_accuracy)
    means = [100 * sum(found) / len(found) for found in arms.values()]
    if not means:
        return ""
    digits = 0 if max(means) - min(means) >= 2 else 1
    return say("claims.accuracies", low=f"{min(means):.{digits}f}", high=f"{max(means):.{digits}f}")


def _refutation(claim: Claim, verdict: str) -> str:
    """What would refute the statement, with a tag where that has been observed."""
    observed = verdict in ("not_supported", "partly")
    tag = badge(verdict, say(f"claims.mind.{verdict}")) + " " if observed else ""
    return tag + verbatim(claim.words("refuted_by"))


def show_zones(claim: Claim, rows: pd.DataFrame) -> None:
    """The parts of `part_rows` against the zone in which each holds."""
    columns = {name: say(f"claims.column.{name}") for name in ("dataset", "verdict", "value", "low", "high", "seeds")}
    for place, (unit, data) in enumerate(rows.groupby("unit", sort=False)):
        title = "" if place else say("claims.parts_title")
        chart = intervals.zones(data, title, say(f"claims.unit.{unit}"), columns, unit == "count")
        text = say("claims.and").join(
            say("claims.place_of", place=row["dataset"] or row["label"], text=row["verdict"])
            for row in data.to_dict("records")
        )
        show_chart(chart, key=f"parts_{claim.id}_{unit}", text=say("claims.parts_alt", text=text))
    for code, some in rows.loc[rows["withheld"] != ""].groupby("withheld", sort=False):
        where = say("claims.and").join(dict.fromkeys(filter(None, some["dataset"])))
        told = say("claims.no_verdict", dataset=where, reason=say(f"reason.{code}"))
        st.caption(told if where else say("lab.sentence", words=say(f"reason.{code}")))
    st.caption(say("claims.parts_hint"), help=say("claims.how_text") + "\n- " + say("data.hint"))


def show_parts(claim: Claim, results: Sequence[Result]) -> None:
    """What was said before; one line per part with figure, interval, seeds and rule; their runs; how firm they are."""
    if before := verbatim(claim.words("before")):
        st.caption(before)
    for part in claim.parts:
        note = say("claims.part.primary") if part.key == claim.primary and len(claim.parts) > 1 else ""
        note = note if part.decides else say("claims.part.beside")
        measured = [(result, found) for result, found in outcomes(part, results) if found.measure is not None]
        if measured:
            st.markdown(sentences(verbatim(part.words), note))
            st.markdown("\n".join(f"- {badge(found.verdict)} {part_line(result, found)}" for result, found in measured))
    if words := not_measured(claim, results):
        st.markdown(words)
    for result in results:
        if result.p is not None:
            p, adjusted = probability(result.p), probability(result.p_adjusted)
            place = scale(result) if result.dataset == NO_DATASET else data_title(result.dataset)
            st.caption(say("claims.p", dataset=place, p=p, adjusted=adjusted))
    show_runs(claim, results)
    firmness.show_table(found for part in claim.parts for found in outcomes(part, results))


def outcomes(part: Part, results: Sequence[Result]) -> list[tuple[Result, PartResult]]:
    """A part on every data set; once where no data set changes it."""
    found = [(result, row) for result in results for row in result.parts if row.part.key == part.key]
    return found[:1] if part.experiment in ONCE else found


def not_measured(claim: Claim, results: Sequence[Result]) -> str:
    """The parts without a figure in one line, each with the data sets where others have one; empty where none is."""
    parts = []
    for part in claim.parts:
        found = [(result, row) for result, row in outcomes(part, results) if row.reason != NOT_ASKED]
        missing = [data_name(result.dataset) for result, row in found if row.measure is None]
        if 0 < len(missing) < len(found):
            parts.append(say("claims.missing.part", words=verbatim(part.words), where=say("lab.comma").join(missing)))
        elif missing:
            parts.append(verbatim(part.words))
    return say("claims.missing", parts=say("claims.and").join(parts)) if parts else ""


def part_rows(claim: Claim, results: Sequence[Result]) -> pd.DataFrame:
    """The parts that decide and have an interval, for `intervals.zones`."""
    rows = []
    for result, part in (found for row in claim.parts for found in outcomes(row, results)):
        measure, once = part.measure, part.part.experiment in ONCE
        if not part.decides or measure is None or not measure.low < measure.high:
            continue
        factor = 100 if measure.unit in (*tables.IN_POINTS, "share") else 1
        zone = [factor * bound for bound in zone_of(part)]
        low, high = verdicts.interval(measure, part.part.measure)
        numbers = {"value": factor * measure.value, "low": factor * low, "high": factor * high}
        rows.append(
            {
                "label": say(part.part.words),
                "dataset": "" if once else short_data_name(result.dataset),
                "leads": once or result.dataset == STUDIED[-1],
                **numbers,
                "zone_low": zone[0],
                "zone_high": zone[1],
                "verdict": say(f"verdict.{part.verdict}"),
                "mark": MARKS[part.verdict],
                "withheld": measure.withheld,
                "seeds": measure.seeds,
                "unit": verdicts.unit_of(measure, part.part.measure),
            }
        )
    return pd.DataFrame(rows)


def show_runs(claim: Claim, results: Sequence[Result]) -> None:
    """The run records that give the figures, each with a way to *Runs*."""
    measured = {row.part.experiment for result in results for row in result.parts if row.measure is not None}
    for experiment in sorted(measured & set(EXACT)):
        st.caption(provenance(experiment))
    records = cache.records_by_id()
    rows = [
        {
            say("column.run"): run,
            say("column.dataset"): short_data_name(result.dataset),
            say("column.variant"): short_network_name(records[run].spec),
            say("column.seed"): records[run].spec.seed,
            say("column.accuracy"): round(100 * records[run].test_accuracy, 2),
            say("claims.column.part"): say(part.part.words),
        }
        for result in results
        for part in result.parts
        if part.measure is not None
        for run in part.measure.runs
        if run in records
    ]
    if not rows:
        return
    with st.expander(say("claims.runs", count=len({row[say("column.run")] for row in rows}))):
        data = pd.DataFrame(rows)
        arms = arm_rows(results)
        if not arms.empty:
            st.caption(say("claims.arms"))
            st.dataframe(arms, hide_index=True, width="stretch")
        st.dataframe(data, hide_index=True, width="stretch", height=220)
        ids = list(dict.fromkeys(data[say("column.run")]))
        run = st.selectbox(say("runs.choose"), ids, key=f"run_of_{claim.id}") or ids[0]
        own = {} if find_shipped(records[run].fingerprint) else {"origin": "own"}
        st.page_link(
            "pages/runs.py",
            label=say("claims.open_run"),
            icon=frame.PAGES["runs"],
            query_params={"run": run, "lang": language(), **own},
        )


def arm_rows(results: Sequence[Result]) -> pd.DataFrame:
    """Every network in every measured sum, with its weight, mean test accuracy in percent, interval and seeds."""
    known, rows = cache.records_by_id(), []
    for result in results:
        for part in result.parts:
            if part.measure is None or not known.keys() & set(part.measure.runs):
                continue
            analysis = cache.analysis(part.part.experiment, result.dataset)
            for name, weight in analysis.contrasts[part.part.measure].contrast.weights.items():
                arm = analysis.arms[name]
                accuracy = f"{100 * (arm.test_accuracy or 0.0):.2f}"
                if arm.accuracy is not None:
                    accuracy += f" [{100 * arm.accuracy.low:.2f}, {100 * arm.accuracy.high:.2f}]"
                rows.append(
                    {
                        say("column.dataset"): short_data_name(result.dataset),
                        say("claims.column.part"): say(part.part.words),
                        say("claims.column.arm"): rates.full_name(arm),
                        say("claims.column.weight"): f"{weight:+.3g}".replace("-", "−"),
                        say("claims.column.accuracy"): accuracy,
                        say("column.loss"): f"{arm.test_loss or 0.0:.3f}",
                        say("claims.column.seeds"): len(arm.seeds),
                    }
                )
    return pd.DataFrame(rows)


def _show_published(claim: Claim) -> None:
    if not claim.published:
        st.caption(say("claims.no_published"))
    for row in claim.published:
        colour, icon = {1: ("green", "thumb_up"), 0: ("orange", "contrast"), -1: ("red", "thumb_down")}[row.supports]
        sign = f":{colour}-badge[:material/{icon}: {say(f'claims.evidence.{row.supports}')}]"
        source = row.reference(text=say(f"evidence.{row.read}", source=row.citation(language())))
        st.markdown(f"{sign} {say('claims.read_in', words=verbatim(row.words), source=source)}")
