"""What the pages read: run store, queue, shipped results. Every loader is shared by all visitors of the server."""

import atexit
import logging
import threading
from typing import Any

import numpy as np
import streamlit as st

from tf_models.errors import LabError
from tf_models.jobs import showcase, worker
from tf_models.jobs.queue import Jobs
from tf_models.runs.known import known_records, known_stamp
from tf_models.runs.provenance import Records
from tf_models.runs.reading import read_spec
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FINISHED, RunStore
from tf_models.statistics.effects import Measure
from tf_models.study import exact
from tf_models.study.analysis import Analysis, analyse
from tf_models.study.judging import Result, load_results
from tf_models.study.linear import shipped_linear
from tf_models.study.plans import plan

log = logging.getLogger(__name__)
_lock = threading.Lock()
_opened: dict[str, Any] = {}  # one store and one queue a process: clearing Streamlit's caches must not make a second


def store() -> RunStore:
    """The run store; raises `LabError` where LAB_HOME cannot be used."""
    with _lock:
        if "store" not in _opened:
            _opened["store"] = RunStore()
        return _opened["store"]


def jobs() -> Jobs:
    """The queue, started with the first job."""
    opened = store()
    with _lock:
        if "jobs" not in _opened:
            _opened["jobs"] = Jobs(opened)
            atexit.register(_opened["jobs"].close)
        return _opened["jobs"]


def started_jobs() -> Jobs | None:
    """The queue, if a job has been submitted yet."""
    return _opened.get("jobs")


def _store_or_none() -> RunStore | None:
    try:
        return store()
    except LabError as error:
        log.warning("%s", error)
        return None


def all_records() -> Records:
    """Shipped and own finished runs, by what was asked: shared by all, and not to be changed."""
    return known_records(_store_or_none())


def _stamp() -> int:
    """What changes whenever a result does."""
    return hash((known_stamp(_store_or_none()), exact.exact_stamp()))


def analysis(experiment: str, dataset: str, variant: str = "vit") -> Analysis:
    """The analysis of an experiment as the lab plans it, as far as its runs are there."""
    return _analysis(experiment, dataset, variant, _stamp())


@st.cache_resource(max_entries=64, show_spinner=False)
def _analysis(experiment: str, dataset: str, variant: str, stamp: int) -> Analysis:
    return analyse(plan(experiment, dataset, variant), all_records())


def claim_results() -> dict[str, tuple[Result, ...]]:
    """Every claim with a result per data set."""
    return _judged(_stamp())


@st.cache_resource(max_entries=1, show_spinner=False)
def _judged(stamp: int) -> dict[str, tuple[Result, ...]]:
    return load_results(all_records())


@st.cache_data(ttl=10, show_spinner=False)
def linear_accuracy(dataset: str) -> float | None:
    """Mean test accuracy of the shipped linear classifiers, in percent."""
    results = shipped_linear(dataset)
    return 100 * float(np.mean([result.test_accuracy for result in results])) if results else None


LIVE_SEEDS = range(1000, 2000)  # of what a visitor repeats: no experiment reports them


# Trained models for Feature maps


def model_choices(dataset: str) -> dict[str, RunRecord]:
    """Models on `dataset` whose weights are here: the shipped ones by their variant, then own runs, newest first."""
    found = {}
    for name in showcase.showcases():
        shown = showcase.load_showcase(name)
        if shown.record.spec.dataset == dataset:
            found[shown.record.spec.variant] = shown.record
    opened = _store_or_none()
    for run in opened.runs([FINISHED], limit=200) if opened is not None else []:
        if run.record is not None and run.spec.dataset == dataset and opened and opened.weights(run.id).exists():
            found[run.id] = run.record
    return found


def model_datasets() -> tuple[str, ...]:
    """Data sets with at least one trained model, the shipped ones first."""
    shown = [showcase.load_showcase(name).record.spec.dataset for name in showcase.showcases()]
    opened = _store_or_none()
    runs = opened.runs([FINISHED], limit=200) if opened is not None else []
    own = [run.record.spec.dataset for run in runs if run.record is not None]
    return tuple(sorted(dict.fromkeys(shown), reverse=True)) + tuple(d for d in dict.fromkeys(own) if d not in shown)


def taps_of(choice: str, spec: RunSpec, image: np.ndarray) -> dict[str, np.ndarray]:
    """What flows through a model for one image (H, W, channels): shipped where it is, else computed in a worker."""
    if (name := _shipped_name(choice, spec)) is not None:
        shown = showcase.load_showcase(name)
        for index, known in enumerate(shown.images):
            if np.array_equal(known, image):
                return {tap: array[index].astype(np.float32) for tap, array in shown.taps.items()}
    return _computed_taps(choice, spec.to_dict(), image.tobytes(), image.shape)


@st.cache_data(max_entries=32, show_spinner=False)
def _computed_taps(choice: str, spec: dict, pixels: bytes, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    image = np.frombuffer(pixels, np.uint8).reshape(1, *shape)
    run = read_spec(spec, choice)
    name = _shipped_name(choice, run)
    weights = showcase.showcase_weights(name) if name is not None else store().weights(choice).read_bytes()
    arrays = jobs().ask(worker.taps, run, weights, image)
    return {tap: array[0] for tap, array in arrays.items()}


def _shipped_name(choice: str, spec: RunSpec) -> str | None:
    name = f"{choice}-{spec.dataset}"
    return name if name in showcase.showcases() else None


def records_by_id() -> dict[str, RunRecord]:
    """Every finished run that an experiment may report."""
    return {record.run_id: record for found in all_records().values() for record in found}


def shipped_ids() -> set[str]:
    """The ids of the shipped runs."""
    return {record.run_id for record in shipped_records().values()}


def shipped_runs() -> list[RunRecord]:
    """Every run record that comes with the lab."""
    return list(shipped_records().values())


def computed_again(name: str) -> dict[str, Measure]:
    """The measures of an exact experiment, computed now in a worker."""
    rows = jobs().ask(worker.exact, name, seconds=300)["measures"]
    return {key: Measure(**{**row, "runs": tuple(row["runs"])}) for key, row in rows.items()}


def exact_series(experiment: str) -> dict[str, Any]:
    """What the figures of an exact experiment are drawn from; empty where it is not shipped."""
    return exact.exact_series()[experiment]


def exact_provenance(experiment: str) -> dict[str, Any]:
    """Where the numbers of an exact experiment come from; empty where it is not shipped, or a closed formula."""
    return exact.exact_provenance().get(experiment, {})


def exact_measures(experiment: str) -> dict[str, Measure]:
    """The measures of an exact experiment, as far as they are there."""
    return exact.exact_measures()[experiment]
