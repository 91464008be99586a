"""The live part of *Train*: submitting, progress, stop, curves, and the latest comparison."""

import contextlib
import hashlib
import uuid
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.ui import cache, frame, tables
from pages.ui.charts import curves
from pages.ui.replay import drawn_once
from pages.ui.words import quote, say, sentences
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.runs.known import alike, latest_pair
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import ACTIVE, FAILED, FINISHED, QUEUED, STOPPING, Run
from tf_models.statistics.effects import paired_effect

SHOWN = 12  # runs on the page


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


def submit(specs: list[RunSpec], again: bool, purpose: str = "page") -> None:
    """Queue the runs. Who presses *Train* wants to see one: only what was trained here is shown instead of trained
    again, and not even that with `again`.
    """
    watched: list[str] = st.session_state.setdefault("watched", [])
    queue = cache.jobs()
    reused = False
    for spec in specs:
        run = queue.submit(spec, visitor=visitor(), purpose=purpose, fresh=again, shipped=False)
        reused |= run.record is not None
        if run.run_id in watched:
            watched.remove(run.run_id)
        watched.insert(0, run.run_id)
    if reused:
        st.toast(say("train.reused"), icon=":material/history:")


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
    for run in (*cache.store().runs(visitor=visitor(), limit=SHOWN), *cache.store().runs(ACTIVE, visitor=visitor())):
        if run.id not in found:
            found[run.id] = shown_run(run)
    runs = list(found.values())
    return [*runs[:SHOWN], *(run for run in runs[SHOWN:] if run.status in ACTIVE)]


def _examples() -> list[Shown]:
    """Shipped runs that show what a training looks like: the Transformer with and without its FFN."""
    arms = cache.analysis("ffn-gap", STUDIED[0]).arms
    found = [arms[name].records[seed] for name in ("on", "off") for seed in (0, 1) if seed in arms[name].records]
    return [Shown(r.run_id, r.spec, FINISHED, r, None, list(r.history)) for r in found]


@drawn_once
def _show_examples() -> None:
    _curves(_examples())


def show_runs() -> None:
    """Progress, curves and results; refreshed every second while something runs."""
    try:
        active = any(run.status in ACTIVE for run in _visible())
    except LabError as error:  # no store: what came with the lab can still be shown
        frame.show_error(error)
        _show_examples()
        return
    st.fragment(_runs, run_every=1.0 if active else None)(active)


def _runs(was_active: bool) -> None:
    try:
        _show(_visible(), was_active)
    except LabError as error:  # the store can break while the page is open
        frame.show_error(error)


def _show(runs: list[Shown], was_active: bool) -> None:
    show_trouble()
    if not runs:
        st.info(say("train.no_runs"), icon=":material/show_chart:")
        _show_examples()
        return
    active = [run for run in runs if run.status in ACTIVE]
    if was_active and not active:
        st.rerun()  # the last one has ended: the page needs no timer any more
    _curves(runs)
    _comparison(runs)
    left = cache.store().withdrawn(visitor()) if active else set()
    mine = [run for run in active if run.status != STOPPING and run.id not in left]
    if len(mine) > 1:
        st.button(say("train.stop_all"), "stop_all", icon=":material/stop_circle:", on_click=_stop, args=(mine,))
    for run in runs[:SHOWN]:
        show_row(run)
    if runs[SHOWN:]:
        with st.expander(say("train.rest"), icon=":material/hourglass_empty:"):
            for run in runs[SHOWN:]:
                show_row(run)


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
    return f"{run.spec.name} · {run.spec.dataset} · {say('column.seed')} {run.spec.seed}"


def show_row(run: Shown) -> None:
    """One run: how far it is, with its stop, or how it ended."""
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


def _share(run: Shown) -> float | None:
    queue = cache.started_jobs()
    return queue.share(run.id) if queue is not None else None


def _state(run: Shown) -> str:
    if run.status == QUEUED:
        queue = cache.started_jobs()
        if queue is not None and not queue.connected:
            return say("train.workers")
        place = queue.place(run.id) if queue else None
        return say("train.queued", place=place) if place is not None else say("train.queued_elsewhere")
    if run.status == "running":
        if not run.epochs:
            if (share := _share(run)) is None:
                return say("train.running_start")
            return say("train.first_epoch", epochs=run.spec.recipe.epochs, share=f"{100 * share:.0f}")
        last = run.epochs[-1]
        return say(
            "train.running",
            epoch=int(last["epoch"]),
            epochs=int(last["epochs"]),
            accuracy=tables.percent(last["validation_accuracy"]),
            left=f"{last['seconds_left']:.0f}",
            speed=f"{last['images_per_second']:,.0f}",
        )
    if run.status == FINISHED and run.record is not None:
        accuracy, seconds = tables.percent(run.record.test_accuracy), f"{run.record.train_seconds:.0f}"
        words = say("train.finished", accuracy=accuracy, seconds=seconds)
        if run.record.unbalanced:
            words += f" · {say('own.balanced', accuracy=tables.percent(run.record.balanced_accuracy or 0.0))}"
        return words
    if run.status == FAILED:
        return say("train.failed", reason=frame.error_text(run.reason) if run.reason else "")
    return say(f"train.{run.status}")


def _curves(runs: list[Shown]) -> None:
    shown = runs[:6]
    names = [f"{run.spec.name} · {say('column.seed')} {run.spec.seed}" for run in shown]
    rows = [
        {
            "run": name if names.count(name) == 1 else f"{name} · {run.id[:4]}",
            "epoch": row["epoch"],
            "validation": 100 * row["validation_accuracy"],
        }
        for name, run in zip(names, shown, strict=True)
        for row in run.epochs
    ]
    if rows:
        chart = curves.run_curves(
            pd.DataFrame(rows),
            max(run.spec.recipe.epochs for run in shown),
            say("train.curves_title"),
            say("axis.epoch"),
            say("column.validation"),
            say("column.run"),
        )
        st.altair_chart(chart, key="live_curves", alt=say("train.curves_alt"))


def _comparison(runs: list[Shown]) -> None:
    """The latest two arms that may be compared, seed by seed, with what they were trained on."""
    records = [run.record for run in runs if run.record is not None]
    pair = latest_pair(records)
    if pair is None:
        return
    (first, *_), (second, *_) = pair
    words = {"a": first.spec.name, "b": second.spec.name, "dataset": first.spec.dataset}
    effect = paired_effect(*pair)
    if effect is None:
        difference = tables.points(first.test_accuracy - second.test_accuracy)
        text = say("train.effect_one", **words, mean=difference)
    else:
        values = {"mean": effect.value, "low": effect.low, "high": effect.high}
        numbers = {name: tables.points(value) for name, value in values.items()}
        text = say("train.effect", **words, **numbers, seeds=effect.seeds)
    st.success(text, icon=":material/compare_arrows:")
    source = {"dataset": first.spec.dataset, "version": first.dataset_hash[:8], "device": quote(first.device)}
    others = sum(record.spec.dataset == first.spec.dataset and not alike(record, first) for record in records)
    st.caption(sentences(say("topic.source", **source), say("train.not_compared", runs=others) if others else ""))
