"""What the pages read, kept and nothing else: run store and queue, records, analyses, verdicts, what a worker computed.

All of it is shared by all visitors of the server and not to be changed.
"""

import atexit
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from tf_models.data import BUILT_IN, STUDIED, content_hash, is_here
from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.jobs.queue import Jobs
from tf_models.runs import showcase, timelapse
from tf_models.runs.known import known_records, known_stamp
from tf_models.runs.provenance import Records
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import RunStore
from tf_models.runs.timelapse import TimeLapse
from tf_models.runs.weights import unpack_weights
from tf_models.study import exact
from tf_models.study.analysis import Analysis, analyse
from tf_models.study.experiments.tuning import TUNING_SEEDS
from tf_models.study.judging import Result, load_results
from tf_models.study.plans import is_planned, plan_with_runs
from tf_models.study.probed import probes_stamp
from tf_models.study.rules import rules_stamp

Pictures = tuple[np.ndarray, tuple[int, ...], tuple[str, ...]]  # images (N, H, W, channels), labels (-1: none), names

T = TypeVar("T")
log = logging.getLogger(__name__)
PAUSE_SECONDS = 5.0  # between two tries of a store that cannot be read: pages do not wait for it at every turn
_lock = threading.Lock()
_drawing = threading.local()
_drawn_now: set[threading.Thread] = set()  # the threads that draw a page
_retry_at = 0.0  # when a store that could not be read is tried again, in seconds of `time.monotonic`
_opened: dict[str, Any] = {}  # one store and one queue per process: clearing Streamlit's caches must not make a second


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


def prepare(spec: RunSpec) -> None:
    """Start workers, and have this network ready for when its training is asked for."""
    with contextlib.suppress(LabError):  # said where a training is asked for
        jobs().prepare(spec)


def started_jobs() -> Jobs | None:
    """The queue, if anybody has opened *Train* or asked for a job yet."""
    return _opened.get("jobs")


def _read(ask: Callable[[RunStore | None], T]) -> T:
    """What `ask` finds in the run store, or, where that cannot be read, without it: in what came with the lab."""
    global _retry_at
    if time.monotonic() >= _retry_at:
        try:
            return ask(store())
        except LabError as error:
            log.warning("%s", error)
            _retry_at = time.monotonic() + PAUSE_SECONDS
    return ask(None)


def all_records() -> Records:
    """Shipped and own finished runs, by what was asked."""
    return _read(known_records)


def records_by_id() -> dict[str, RunRecord]:
    """The same by the ids of the runs."""
    return _by_id(stamp())


@st.cache_resource(max_entries=1, show_spinner=False)
def _by_id(stamp: int) -> dict[str, RunRecord]:
    return {record.run_id: record for found in all_records().values() for record in found}


def own_records(dataset: str) -> list[RunRecord]:
    """What was trained here on a data set, from new to old, apart from tuning and shuffled labels."""
    came = {record.run_id for record in shipped_records().values()}
    found = [
        record
        for record in records_by_id().values()
        if record.spec.dataset == dataset
        and record.run_id not in came
        and record.spec.seed not in TUNING_SEEDS
        and record.spec.labels == "true"
    ]
    return sorted(found, key=lambda record: record.finished, reverse=True)


def stamp() -> int:
    """What changes whenever a result does, but not while a page is drawn: see `held_still`."""
    return getattr(_drawing, "stamp", None) or _stamp_now()


def _stamp_now() -> int:
    return hash((_read(known_stamp), exact.exact_stamp(), probes_stamp(), rules_stamp()))


@contextlib.contextmanager
def held_still() -> Iterator[None]:
    """While this thread draws a page, nobody looks again whether results or networks have changed."""
    drawn = threading.current_thread()
    _drawn_now.add(drawn)
    try:
        _drawing.stamp, _drawing.networks = _stamp_now(), None
        yield
    finally:
        _drawn_now.discard(drawn)
        _drawing.__dict__.clear()


def is_drawing() -> bool:
    """Whether a page is being drawn, for any visitor."""
    return bool(_drawn_now)


def analysis(experiment: str, dataset: str, variant: str = "vit") -> Analysis:
    """The analysis of an experiment as the lab plans it, as far as its runs are there."""
    return _analysis(experiment, dataset, variant, stamp())


def nearest_analysis(experiment: str, dataset: str) -> Analysis:
    """The same on this data set, or on the largest one with anything measured where nothing of it is measured here."""
    own = analysis(experiment, dataset) if is_planned(experiment, dataset) else None
    return own if own is not None and own.measures else largest_analysis(experiment)


def largest_analysis(experiment: str) -> Analysis:
    """The same on the largest data set on which anything of it is measured; an experiment with its own has but one."""
    datasets = [dataset for dataset in reversed(STUDIED) if is_planned(experiment, dataset)] or [STUDIED[-1]]
    found = [analysis(experiment, dataset) for dataset in datasets]
    return next((row for row in found if row.measures), found[0])


@st.cache_resource(max_entries=64, show_spinner=False)
def _analysis(experiment: str, dataset: str, variant: str, stamp: int) -> Analysis:
    return analyse(plan_with_runs(experiment, dataset, records := all_records(), variant), records)


def claim_results() -> dict[str, tuple[Result, ...]]:
    """Every claim with a result per data set."""
    return _judged(stamp())


@st.cache_resource(max_entries=1, show_spinner=False)
def _judged(stamp: int) -> dict[str, tuple[Result, ...]]:
    return load_results(all_records())


def networks() -> dict[str, dict[str, RunRecord]]:
    """Data set → name → record of every network whose weights are here; looked for once while a page is drawn."""
    found = getattr(_drawing, "networks", None) or _read(showcase.networks_with_weights)
    if hasattr(_drawing, "stamp"):
        _drawing.networks = found
    return found


def pictures(dataset: str, shape: tuple[int, int, int]) -> Pictures:
    """What networks of this input `shape` look at: what came with the lab, then what a worker reads from the data.

    Raises `LabError` where a worker is needed and does not answer, and for a data file that cannot be read.
    """
    shipped = shipped_pictures(dataset, shape)
    if shipped is not None and not has_more_pictures(dataset):
        return shipped
    images, labels, image_names = read = _read_pictures(dataset, shape, content_hash(dataset))
    if shipped is None or max(labels) < 0:
        return shipped or read
    return np.concatenate([shipped[0], images]), (*shipped[1], *labels), (*shipped[2], *image_names)


def has_more_pictures(dataset: str) -> bool:
    """Whether a data set is here whose images do not come with the lab."""
    return is_here(dataset) and not (dataset in BUILT_IN and BUILT_IN[dataset].embedded)


def shipped_pictures(dataset: str, shape: tuple[int, int, int]) -> Pictures | None:
    """The images that came with the lab for networks of this input `shape`, if any did."""
    for name in showcase.showcases():
        if showcase.showcase_record(name).spec.dataset == dataset:
            shown = showcase.load_showcase(name)
            if shown.images.shape[1:] == shape:
                return shown.images, shown.labels, shown.image_names
    return None


@st.cache_resource(max_entries=16, show_spinner=False)
def _read_pictures(dataset: str, shape: tuple[int, int, int], content: str | None) -> Pictures:
    return jobs().ask(worker.pictures, dataset, shape)


def test_pictures(
    dataset: str, seed: int, content: str, numbers: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Images of the test set of a seed, by their numbers, with their labels; None where the data are others by now.

    Raises `LabError` where no worker answers, and for a data file that cannot be read.
    """
    return _test_pictures(dataset, seed, content, numbers) if is_here(dataset) else None


@st.cache_resource(max_entries=32, show_spinner=False)
def _test_pictures(dataset: str, seed: int, content: str, numbers: tuple[int, ...]) -> Any:
    return jobs().ask(worker.test_pictures, dataset, seed, content, numbers)


def taps_of(name: str, spec: RunSpec, image: np.ndarray) -> dict[str, np.ndarray]:
    """What flows through one of `networks` for one image (H, W, channels): shipped, or else computed in a worker."""
    if (shipped := f"{name}-{spec.dataset}") not in showcase.showcases():
        return _computed_taps(name, spec, spec.dataset, image.tobytes(), image.shape)
    index = _shipped_index(shipped, image)
    if index is None:
        return _computed_taps(shipped, spec, spec.dataset, image.tobytes(), image.shape)
    return _shipped_taps(shipped, index, showcase.showcase_record(shipped).run_id)


def has_taps(name: str, spec: RunSpec, image: np.ndarray) -> bool:
    """Whether `taps_of` comes without a worker."""
    shipped = f"{name}-{spec.dataset}"
    return shipped in showcase.showcases() and _shipped_index(shipped, image) is not None


def _shipped_index(shipped: str, image: np.ndarray) -> int | None:
    """Which of the images whose taps are shipped with a network this one is."""
    shown = showcase.load_showcase(shipped)
    kept = shown.images[: len(next(iter(shown.taps.values())))]
    return next((index for index, known in enumerate(kept) if np.array_equal(known, image)), None)


@lru_cache(maxsize=16)
def _shipped_taps(name: str, index: int, run_id: str) -> dict[str, np.ndarray]:
    return {tap: array[index].astype(np.float32) for tap, array in showcase.load_showcase(name).taps.items()}


@st.cache_resource(max_entries=32, show_spinner=False)
def _computed_taps(
    name: str, _spec: RunSpec, dataset: str, pixels: bytes, shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    image = np.frombuffer(pixels, np.uint8).reshape(1, *shape)
    return {tap: array[0] for tap, array in jobs().ask(worker.taps, _spec, _weights(name), image).items()}


def _weights(name: str) -> bytes:
    """Of a network that came with the lab, by the name of its showcase, or of a run, by its id."""
    return showcase.showcase_weights(name) if name in showcase.showcases() else store().read_weights(name)


def filters_of(name: str, dataset: str, path: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The kernel (k, k, in, out) and the bias (out,), if it has one, of a convolution of one of `networks`.

    Raises `LabError` for a file of weights that is gone, cannot be read, or has no such layer.
    """
    shipped = f"{name}-{dataset}"
    return _filters(shipped if shipped in showcase.showcases() else name, path)


@st.cache_resource(max_entries=64, show_spinner=False)
def _filters(name: str, path: str) -> tuple[np.ndarray, np.ndarray | None]:
    weights = unpack_weights(_weights(name), name)
    if (kernel := weights.get(f"{path}/kernel")) is None:
        raise LabError("weights_older", value=name)
    bias = weights.get(f"{path}/bias")
    return kernel.astype(np.float32), None if bias is None else bias.astype(np.float32)


def timelapse_of(name: str, dataset: str) -> TimeLapse | None:
    """What was kept of the training of one of `networks`, if anything was.

    Raises `LabError` for a file that cannot be read.
    """
    shipped = f"{name}-{dataset}"
    came = shipped in showcase.showcases()
    path = timelapse.shipped_path(shipped) if came else store().timelapse(name)
    return _timelapse(path, path.stat().st_mtime_ns) if path.exists() else None


@st.cache_resource(max_entries=32, show_spinner=False)
def _timelapse(path: Path, _modified: int) -> TimeLapse:
    return timelapse.unpack(path.read_bytes(), path.name.split(".")[0])
