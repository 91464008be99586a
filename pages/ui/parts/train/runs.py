"""The live part of *Train*: submitting, progress, stop, curves, and the latest comparison."""

import contextlib
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.ui import cache, frame, tables
from pages.ui.names import data_name, network_name
from pages.ui.parts.train import outcome
from pages.ui.replay import drawn_once
from pages.ui.words import language, quote, say, when
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.showcase import showcase_record, showcases
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import ACTIVE, FAILED, FINISHED, QUEUED, STOPPING, Run

SHOWN = 12  # runs on the page
DRAWN = 10  # curves: two networks of five seeds
TOGETHER = 2.0  # seconds within which one press of the button asks for all its runs


def visitor() -> str:
    """A name for this browser, so that a reload finds its runs again; nothing else is known of the visitor."""
    # Streamlit's cookie "2|mask|masked token|time": the token stays, under a new mask at every answer.
    parts = str(st.context.cookies.get("_streamlit_xsrf", "")).strip('"').split("|")
    if len(parts) == 4 and parts[0] == "2":
        with contextlib.suppress(ValueError):
            mask, masked = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
            token = bytes(byte ^ mask[i % len(mask)] for i, byte in enumerate(masked))
            return hashlib.sha256(token).hexdigest()[:32]
    return st.session_state.setdefault("visitor", uuid.uuid4().hex)


def submit(specs: list[RunSpec], again: bool = False, purpose: str = "page") -> None:
    """Queue the runs. Who presses *Train* wants to see one: only what was trained here is shown instead of trained
    again, and not even that with `again`.
    """
    watched: list[str] = st.session_state.setdefault("watched", [])
    queue = cache.jobs()
    found = [queue.submit(spec, visitor=visitor(), purpose=purpose, fresh=again, shipped=False) for spec in specs]
    asked = [run.run_id for run in found]
    watched[:] = [*dict.fromkeys([*asked, *watched])]
    st.session_state["reused"] = [run.run_id for run in found if run.record is not None]


@dataclass(frozen=True)
class Shown:
    """A run as the page shows it, of the store or shipped."""

    id: str
    spec: RunSpec
    status: str
    record: RunRecord | None
    reason: LabError | None
    epochs: list[dict[str, float]]


def _find(run_id: str) -> Shown | None:
    """A run that was asked for in this session; None where the store has lost it."""
    for record in shipped_records().values():
        if record.run_id == run_id:
            return Shown(run_id, record.spec, FINISHED, record, None, list(record.history))
    try:
        return shown_run(cache.store().get(run_id))
    except LabError as error:
        if error.code == "unknown_run":
            return None
        raise


def shown_run(run: Run) -> Shown:
    """A row of the store with its epochs."""
    rows = list(run.record.history) if run.record is not None else []
    if run.record is None and run.status != QUEUED:
        rows = cache.store().epochs(run.id)
    return Shown(run.id, run.spec, run.status, run.record, run.reason, rows)


def _visible() -> list[Shown]:
    """The latest runs of this visitor, those watched in this session first, and all of theirs that have not ended."""
    watched = st.session_state.get("watched", [])[:SHOWN]
    found = {run_id: run for run_id in watched if (run := _find(run_id)) is not None}
    known, mine = cache.store(), visitor()
    latest = known.runs(visitor=mine, limit=SHOWN)
    more = known.runs(ACTIVE, visitor=mine) if len(latest) == SHOWN else []
    for run in (*_as_asked(latest), *more):
        if run.id not in found:
            found[run.id] = shown_run(run)
    runs = list(found.values())
    return [*runs[:SHOWN], *(run for run in runs[SHOWN:] if run.status in ACTIVE)]


def _as_asked(runs: Sequence[Run]) -> list[Run]:
    """What was asked for last comes first, but what was asked for together in its order; `runs` from new to old."""
    groups: list[list[Run]] = []
    for run in runs:
        if groups and groups[-1][0].created - run.created < TOGETHER:
            groups[-1].insert(0, run)
        else:
            groups.append([run])
    return [run for group in groups for run in group]


def _examples(variant: str, dataset: str) -> list[Shown]:
    """Shipped runs that show what a training of this network looks like: the ViT with and without its FFN, of any other
    network the one that comes with the lab; on digits where it has none on this data set.
    """
    data = dataset if dataset in STUDIED else STUDIED[0]
    if variant != "vit" and (name := f"{variant}-{data}") in showcases():
        found = [showcase_record(name)]
    else:
        arms = cache.analysis("ffn-gap", data).arms
        found = [arms[name].records[seed] for name in ("on", "off") for seed in (0, 1) if seed in arms[name].records]
    return [Shown(r.run_id, r.spec, FINISHED, r, None, list(r.history)) for r in found]


def _courses(runs: Sequence[Shown]) -> list[outcome.Course]:
    return [outcome.Course(run.id, run.spec, run.epochs) for run in runs]


@drawn_once
def _show_examples(variant: str, dataset: str) -> None:
    outcome.show_curves(_courses(_examples(variant, dataset)))


def show_runs(variant: str, dataset: str) -> None:
    """Progress, curves and results; refreshed every second while something runs. Where there is none, the curves of a
    training of `variant` on `dataset` that came with the lab.
    """
    try:
        runs = _visible()
    except LabError as error:  # no store: what came with the lab can still be shown
        frame.show_error(error)
        _show_examples(variant, dataset)
        return
    if not runs:
        show_trouble()
        st.info(say("train.no_runs"), icon=":material/show_chart:")
        _show_examples(variant, dataset)
    elif any(run.status in ACTIVE for run in runs):
        st.fragment(_runs, run_every=1.0)(True, [runs])
    else:
        _runs(False, [runs])


def _runs(was_active: bool, read: list[list[Shown]]) -> None:
    """`read` has what the page has just read; a refresh reads again."""
    try:
        _show(read.pop() if read else _visible(), was_active)
    except LabError as error:  # the store can break while the page is open
        frame.show_error(error)


def _show(runs: list[Shown], was_active: bool) -> None:
    show_trouble()
    active = [run for run in runs if run.status in ACTIVE]
    if was_active and not active:
        st.rerun()  # the last one has ended: the page needs no timer any more
    _offer_again(runs)
    outcome.show_curves(outcome.alike_courses(_courses(runs[:DRAWN])))
    outcome.show_difference([run.record for run in runs if run.record is not None])
    left = cache.store().withdrawn(visitor()) if active else set()
    mine = [run for run in active if run.status != STOPPING and run.id not in left]
    if len(mine) > 1:
        st.button(say("train.stop_all"), "stop_all", icon=":material/stop_circle:", on_click=_stop, args=(mine,))
    for run in runs[:SHOWN]:
        show_row(run, runs)
    if runs[SHOWN:]:
        with st.expander(say("train.rest"), icon=":material/hourglass_empty:"):
            for run in runs[SHOWN:]:
                show_row(run, runs)


def _offer_again(runs: list[Shown]) -> None:
    """What was asked for last and had been trained here before: since when, and the way to train it anew."""
    reused = [run for run in runs if run.id in st.session_state.get("reused", []) and run.record is not None]
    if reused:
        since = when(min(run.record.finished for run in reused if run.record))
        words, button = st.columns([3, 1], vertical_alignment="center")
        words.info(say("train.reused", runs=len(reused), since=since), icon=":material/history:")
        button.button(say("train.again"), "again", on_click=_again, args=([run.spec for run in reused],))


def _again(specs: list[RunSpec]) -> None:
    try:
        submit(specs, again=True)
    except LabError as error:
        frame.show_error(error)


def _stop(runs: list[Shown]) -> None:
    """This visitor no longer waits for these runs; those that others wait for go on, and their rows say so."""
    try:
        for run in runs:
            cache.jobs().stop(run.id, visitor())
    except LabError as error:
        frame.show_error(error)


def show_trouble() -> None:
    """Why runs do not get on, where something stands in the queue's way, and what has become of the store."""
    if (replaced := cache.store().replaced) is not None:
        st.warning(frame.error_text(replaced), icon=":material/warning:")
    queue = cache.started_jobs()
    if queue is not None and queue.trouble is not None:
        frame.show_error(queue.trouble)


def _name(run: Shown) -> str:
    return f"{network_name(run.spec)} · {quote(data_name(run.spec.dataset))} · {say('column.seed')} {run.spec.seed}"


def show_row(run: Shown, beside: Sequence[Shown] = ()) -> None:
    """One run: how far it is, with its stop, or how it ended. Its features are looked at next to those of the first run
    `beside` it of another network with the same seed, such as the one without its FFN.
    """
    words, button = st.columns([3, 1], vertical_alignment="center")  # a narrower one cuts *Stop*
    text = f"{_name(run)}: {_state(run)}"
    if run.status in ACTIVE:
        done = (len(run.epochs) + (_share(run) or 0.0)) / run.spec.recipe.epochs
        left = run.id in cache.store().withdrawn(visitor())
        words.progress(min(done, 1.0), text=f"{text} · {say('train.goes_on')}" if left else text)
        if not left and run.status != STOPPING:
            key = f"stop_{run.id}"
            button.button(say("train.stop"), key, icon=":material/stop:", on_click=_stop, args=([run],))
    else:
        icon = {FINISHED: ":material/check:", FAILED: ":material/error:"}.get(run.status, ":material/block:")
        words.markdown(f"{icon} {text}")
        if run.id in (known := cache.networks().get(run.spec.dataset, {})):
            query = {"left": run.id, "data": run.spec.dataset, "lang": language()}
            if partner := partner_of(run, [other for other in beside if other.id in known]):
                query["right"] = partner.id
            label, icon = say("train.inside"), ":material/grid_view:"
            button.page_link("pages/feature_maps.py", label=label, icon=icon, query_params=query)


def partner_of(run: Shown, others: Sequence[Shown]) -> Shown | None:
    """The first of the `others` that is another network of the same seed, trained on the same data."""

    def network(shown: Shown) -> tuple:
        return shown.spec.variant, shown.spec.switches

    here = [row for row in others if (row.spec.dataset, row.spec.seed) == (run.spec.dataset, run.spec.seed)]
    return next((row for row in here if network(row) != network(run)), None)


def running_words(last: Mapping[str, float]) -> str:
    """How far a run is by its last epoch; how fast, once an epoch has passed in which nothing had to be traced."""
    told: dict[str, object] = {name: int(last[name]) for name in ("epoch", "epochs")}
    told["accuracy"] = tables.percent(last["validation_accuracy"])
    if told["epoch"] == told["epochs"]:
        return say("train.tested", **told)
    if "seconds_left" not in last:
        return say("train.running_first", **told)
    left, speed = f"{last['seconds_left']:.0f}", f"{last['images_per_second']:,.0f}"
    return say("train.running", **told, left=left, speed=speed)


def _share(run: Shown) -> float | None:
    queue = cache.started_jobs()
    return queue.share(run.id) if queue is not None else None


def _state(run: Shown) -> str:
    if run.status == QUEUED:
        queue = cache.started_jobs()
        if queue is not None and not queue.connected:
            return say("train.workers")
        if queue is not None and (place := queue.place(run.id)) is not None:
            return say("train.queued", place=place) if place else say("train.next")
        # what has just left this queue may be written as waiting still
        return say("train.running_start" if queue is not None and queue.has(run.id) else "train.queued_elsewhere")
    if run.status == "running":
        if not run.epochs:
            if (share := _share(run)) is None:
                return say("train.running_start")
            return say("train.first_epoch", epochs=run.spec.recipe.epochs, share=f"{100 * share:.0f}")
        return running_words(run.epochs[-1])
    if run.status == FINISHED and run.record is not None:
        accuracy, seconds = tables.percent(run.record.test_accuracy), f"{run.record.train_seconds:.0f}"
        words = say("train.finished", accuracy=accuracy, seconds=seconds)
        if run.record.unbalanced:
            words += f" · {say('own.balanced', accuracy=tables.percent(run.record.balanced_accuracy or 0.0))}"
        return words
    if run.status == FAILED:
        return say("train.failed", reason=frame.error_text(run.reason) if run.reason else "")
    return say(f"train.{run.status}")
