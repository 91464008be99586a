"""The live part of *Train*: switches, submitting, progress, stop, results."""

import contextlib
import hashlib
import itertools
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, frame, links, tables
from pages.ui.charts import curves
from pages.ui.words import say
from tf_models import zoo
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import ACTIVE, FAILED, FINISHED, QUEUED, STOPPING, Run
from tf_models.statistics.effects import paired_effect
from tf_models.zoo.switches import Numbers

SHOWN = 12  # runs on the page
OWN = "0"  # a number that stays as the variant has it: automatic, or not the same in all stages
MOST_TOKENS = 256  # that a patch may leave: more would take minutes


def choose_switches(variant: str, input_shape: tuple[int, int, int], classes: int) -> dict[str, zoo.Value]:
    """The switches that the variant has, as the visitor sets them; those at their usual value are left out."""
    chosen: dict[str, zoo.Value] = {}
    with st.expander(say("train.switches"), icon=":material/tune:"):
        for switch in zoo.SWITCHES:
            options, default = offered(variant, switch, chosen, input_shape, classes)
            if set(options) == {default}:
                _refuse(variant, switch, chosen)
                continue
            inner = switch == "depth" and any(block.inner_depth for block in zoo.CLASSROOM[variant].blocks)
            label = say("train.switch.depth_inner" if inner else f"train.switch.{switch}")
            value = links.choose(switch, label, options, lambda v, s=switch: _option(s, v), default)
            if value != default:
                chosen[switch] = zoo.check_switch(switch, value, variant)
    return chosen


def _refuse(variant: str, switch: str, chosen: Mapping[str, zoo.Value]) -> None:
    """Say why a setting that the link asks for does not fit this network."""
    if (asked := links.drop(switch)) is not None:
        try:
            zoo.with_switches(zoo.CLASSROOM[variant], {**chosen, switch: zoo.check_switch(switch, asked, variant)})
        except LabError as error:
            st.warning(frame.error_text(error))


def offered(
    variant: str, switch: str, chosen: Mapping[str, zoo.Value], input_shape: tuple[int, int, int], classes: int
) -> tuple[tuple[str, ...], str]:
    """The values of a switch that can be built beside the choices (not the numbers) made before it, and its default.

    The default stands alone where the variant has no such switch, or where it would change nothing.
    """
    before = {key: value for key, value in chosen.items() if isinstance(value, str)}
    model = zoo.with_switches(zoo.CLASSROOM[variant], before)
    row = zoo.SWITCHES[switch]
    standing = row.standing(model)

    def works(value: str) -> bool:
        try:
            tried = zoo.configure(variant, {**before, switch: value}, input_shape, classes)
        except LabError:
            return False
        return switch != "patch" or math.prod(tried.grid) <= MOST_TOKENS

    if isinstance(row.values, Numbers):
        default = OWN if standing is None else f"{standing:g}"
        numbers = row.values.offers(float(standing or max(block.ffn_ratio for block in model.blocks)))
        values = sorted({default, *(f"{number:g}" for number in numbers)}, key=float)
    else:
        default, values = str(standing or ""), row.values
    return tuple(value for value in values if value == default or works(value)) or (default,), default


def _option(switch: str, value: str) -> str:
    if switch in ("mixer", "late_mixer") and value != "same":
        return say(f"mixer.{value}")
    if isinstance(zoo.SWITCHES[switch].values, tuple):
        return say(f"train.switch.{switch}.{value}")
    return say("train.switch.automatic" if switch == "patch" else "train.switch.own") if value == OWN else value


def variant_name(variant: str) -> str:
    """What a classroom variant is called."""
    return say(f"train.variant.{variant}")


def choose_comparison(variant: str) -> str:
    """What is trained beside the network: ``ffn_off``, ``none``, or the name of another variant."""
    spec = zoo.CLASSROOM[variant]
    comparisons = ("other", "none") if zoo.SWITCHES["ffn"].refusal(spec) else ("ffn_off", "other", "none")
    compare = links.choose("compare", say("train.compare"), comparisons, lambda c: say(f"train.compare.{c}"))
    if compare != "other":
        return compare
    others = [name for name in zoo.CLASSROOM if name != variant]
    usual = "vit" if spec.family == "convolution" else "cnn"
    return links.choose("other", say("train.other"), others, variant_name, usual)


def compared(spec: RunSpec, compare: str) -> list[RunSpec]:
    """What is trained beside `spec`: the same without its FFN, or another network as it comes."""
    if compare == "ffn_off":
        kept = {key: value for key, value in spec.switches.items() if key != "ffn_ratio"}
        return [replace(spec, switches={**kept, "ffn": "off"})]
    return [] if compare == "none" else [replace(spec, variant=compare, switches={})]


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


def _find(run_id: str) -> Shown:
    for record in shipped_records().values():
        if record.run_id == run_id:
            return Shown(run_id, record.spec, FINISHED, record, None, list(record.history))
    return shown_run(cache.store().get(run_id))


def shown_run(run: Run) -> Shown:
    """A row of the store with its epochs."""
    rows = list(run.record.history) if run.record is not None else cache.store().epochs(run.id)
    return Shown(run.id, run.spec, run.status, run.record, run.reason, rows)


def _visible() -> list[Shown]:
    """The latest runs of this visitor: those watched in this session first, then what the store remembers."""
    found = {}
    for run_id in st.session_state.get("watched", [])[:SHOWN]:
        found[run_id] = _find(run_id)
    for run in cache.store().runs(visitor=visitor(), limit=SHOWN):
        if run.id not in found:
            found[run.id] = shown_run(run)
    return list(found.values())[:SHOWN]


def _examples() -> list[Shown]:
    """Shipped runs that show what a training looks like: the Transformer with and without its FFN."""
    shipped = sorted(shipped_records().values(), key=lambda record: (record.spec.name, record.spec.seed))
    wanted = [
        record
        for record in shipped
        if record.spec.dataset == STUDIED[0]
        and record.spec.name in ("vit", "vit ffn=off")
        and record.spec.train_size is None
        and record.spec.seed < 2
    ]
    return [Shown(r.run_id, r.spec, FINISHED, r, None, list(r.history)) for r in wanted[:4]]


def show_runs() -> None:
    """Progress, curves and results; refreshed every second while something runs."""
    try:
        active = any(run.status in ACTIVE for run in _visible())
    except LabError as error:  # no store: what came with the lab can still be shown
        frame.show_error(error)
        _curves(_examples())
        return
    st.fragment(_runs, run_every=1.0 if active else None)(active)


def _runs(was_active: bool) -> None:
    try:
        runs = _visible()
    except LabError as error:
        frame.show_error(error)
        return
    if not runs:
        st.info(say("train.no_runs"), icon=":material/show_chart:")
        _curves(_examples())
        return
    active = [run for run in runs if run.status in ACTIVE]
    if was_active and not active:
        st.rerun()  # the last one has ended: the page needs no timer any more
    if active:
        show_trouble()
    _curves(runs)
    _effects(runs)
    if len(active) > 1 and st.button(say("train.stop_all"), icon=":material/stop_circle:", key="stop_all"):
        for run in active:
            cache.jobs().stop(run.id)
        st.rerun(scope="fragment")
    for run in runs:
        show_row(run)


def show_trouble() -> None:
    """Why runs do not get on, where something stands in the queue's way."""
    queue = cache.started_jobs()
    if queue is not None and queue.trouble is not None:
        frame.show_error(queue.trouble)


def _name(run: Shown) -> str:
    return f"{run.spec.name} · {run.spec.dataset} · {say('column.seed')} {run.spec.seed}"


def show_row(run: Shown) -> None:
    """One run: how far it is, with its stop, or how it ended."""
    words, button = st.columns([5, 1], vertical_alignment="center")
    text = f"{_name(run)}: {_state(run)}"
    if run.status in ACTIVE:
        done = len(run.epochs) / run.spec.recipe.epochs
        words.progress(min(done, 1.0), text=text)
        if run.status != STOPPING and button.button(say("train.stop"), key=f"stop_{run.id}", icon=":material/stop:"):
            cache.jobs().stop(run.id)
            st.rerun(scope="fragment")
    else:
        icon = {FINISHED: ":material/check:", FAILED: ":material/error:"}.get(run.status, ":material/block:")
        words.markdown(f"{icon} {text}")


def _state(run: Shown) -> str:
    if run.status == QUEUED:
        queue = cache.started_jobs()
        return say("train.queued", place=(queue.place(run.id) if queue else None) or 0)
    if run.status == "running":
        if not run.epochs:
            return say("train.running_start")
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
        return say("train.finished", accuracy=accuracy, seconds=seconds)
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
            say("train.curves_title"),
            say("axis.epoch"),
            say("column.validation"),
            say("column.run"),
        )
        st.altair_chart(chart, key="live_curves", alt=say("train.curves_alt"))


def _effects(runs: list[Shown]) -> None:
    """The latest two arms that share data and recipe, compared seed by seed."""
    arms: dict[RunSpec, dict[int, RunRecord]] = {}
    for run in runs:
        if run.record is not None:
            arms.setdefault(replace(run.spec, seed=0), {})[run.spec.seed] = run.record

    def alike(a: RunSpec, b: RunSpec) -> bool:
        return (a.dataset, a.train_size, a.recipe, a.backend) == (b.dataset, b.train_size, b.recipe, b.backend)

    for first, second in itertools.combinations(arms, 2):
        seeds = sorted(arms[first].keys() & arms[second].keys())
        if not seeds or not alike(first, second):
            continue
        a, b = [arms[first][seed] for seed in seeds], [arms[second][seed] for seed in seeds]
        effect = paired_effect(a, b)
        names: dict[str, Any] = {"a": first.name, "b": second.name, "dataset": first.dataset}
        if effect is None:
            difference = tables.points(a[0].test_accuracy - b[0].test_accuracy)
            st.success(say("train.effect_one", **names, mean=difference), icon=":material/compare_arrows:")
        else:
            numbers = {"mean": effect.value, "low": effect.low, "high": effect.high}
            numbers = {key: tables.points(value) for key, value in numbers.items()}
            st.success(say("train.effect", **names, **numbers, seeds=effect.seeds), icon=":material/compare_arrows:")
        return
