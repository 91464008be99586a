"""What a worker does. The server names these functions; their bodies, which import the Keras half, run only there."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tf_models.errors import LabError
from tf_models.runs.readouts import Readouts
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FAILED, FINISHED, STOPPED

SMALLEST_LIMIT = 1.6e9  # bytes
# Runs of one process share its traced models. A queue gives a worker one run at a time, but two servers may share a
# cluster, and neither knows of the other's runs.
ONE_AT_A_TIME = threading.Lock()
# So do questions, and each puts its weights into them: a worker may be asked two at once.
ONE_QUESTION = threading.Lock()
STOP_SECONDS = 0.5  # how often a run that waits for another server's asks whether it is to stop


def topic(owner: str) -> str:
    """The Dask topic on which workers report to `owner`."""
    return f"lab-{owner}"


def stop_event(run_id: str) -> str:
    """The name of the Dask event that asks a run to stop."""
    return f"stop-{run_id}"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Of what this decorates, a process does one at a time."""
    with ONE_QUESTION:
        yield


@dataclass(frozen=True)
class Outcome:
    """How a run has ended: with a record and the bytes of its files, stopped, or failed for a reason."""

    status: str  # FINISHED, STOPPED or FAILED
    reason: LabError | None = None
    record: RunRecord | None = None
    weights: bytes = b""
    timelapse: bytes = b""
    # Of the worker, said with the result so that nobody needs to ask it: whether it has grown, and whether it holds
    # memory of a GPU, which TensorFlow gives back with the process alone.
    grown: bool = False
    gpu: bool = False


def run(spec: RunSpec, run_id: str, owner: str) -> Outcome:
    """Train `spec`, and tell `owner` of every epoch and, while it lasts, how much of it is done."""
    from distributed import Event, get_worker

    from tf_models.runs.timelapse import pack
    from tf_models.training.progress import Stopped
    from tf_models.training.train import train

    worker, stop = get_worker(), Event(stop_event(run_id))
    weights: list[bytes] = []
    while not ONE_AT_A_TIME.acquire(timeout=STOP_SECONDS):
        if stop.is_set():
            return Outcome(STOPPED)
    try:
        recorder = _recorder(spec)
        record = train(
            spec,
            run_id,
            report=lambda row: worker.log_event(topic(owner), {"run_id": run_id, **row}),
            during=lambda share: worker.log_event(topic(owner), {"run_id": run_id, "share": share}),
            should_stop=lambda: bool(stop.is_set()),
            keep=weights.append,
            look=recorder.look,
        )
        timelapse = pack(recorder.developed())
    except Stopped:
        return Outcome(STOPPED, grown=has_grown(), gpu=on_gpu())
    except LabError as error:
        return Outcome(FAILED, error, grown=has_grown(), gpu=on_gpu())
    finally:
        ONE_AT_A_TIME.release()
    return Outcome(FINISHED, None, record, weights[0], timelapse, has_grown(), on_gpu())


def _recorder(spec: RunSpec) -> Any:
    """What looks into the network of `spec` while it is trained: a `training.timelapse.Recorder`."""
    from tf_models.data import content_hash
    from tf_models.jobs.showcase import recorded_images
    from tf_models.training.timelapse import Recorder

    pictures = recorded_images(spec.dataset, content_hash(spec.dataset))
    return Recorder(spec.model, spec.recipe.epochs, *pictures)


def prepare(spec: RunSpec) -> bool:
    """Trace the network of `spec` by a training that stops after its first call; nothing while a run is trained.

    Returns whether the worker has grown.
    """
    from tf_models.training.progress import Stopped
    from tf_models.training.train import train

    if ONE_AT_A_TIME.acquire(blocking=False):
        try:
            train(spec, should_stop=lambda: True, look=_recorder(spec).look)
        except (Stopped, LabError):  # who asks for the run itself is told what is wrong with it
            pass
        finally:
            ONE_AT_A_TIME.release()
    return has_grown()


def has_grown() -> bool:
    """Whether this worker fills more than half of a core's share of the memory, 1.6 GB where that is less.

    TensorFlow keeps about 70 MB of every architecture that it has traced.
    """
    import psutil

    from tf_models.jobs import machine

    share = machine.memory() / machine.cores()
    return psutil.Process().memory_info().rss > max(SMALLEST_LIMIT, share / 2)


def on_gpu() -> bool:
    """Whether this worker was given a GPU: see `jobs.cluster`."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "") not in ("", "-1")


def taps(spec: RunSpec, weights: bytes, images: Any) -> dict[str, Any]:
    """What flows through the trained network of `spec` for `images` (N, H, W, channels) uint8: see `training.taps`."""
    from tf_models.training.taps import read_taps

    return read_taps(spec.model, weights, images)


def pictures(dataset: str, shape: tuple[int, int, int]) -> Any:
    """What networks of this input `shape` look at: images, labels and names of test images of their data set.

    Where the data set is gone, or holds images of another shape by now, three photographs: see `jobs.showcase`.
    """
    from tf_models.jobs.showcase import photographs, test_images

    try:
        found = test_images(dataset, 0)
    except LabError:
        return photographs(shape)
    return found if found[0].shape[1:] == shape else photographs(shape)


def test_pictures(dataset: str, seed: int, content: str, numbers: tuple[int, ...]) -> Any:
    """Test images of a seed by their numbers, (N, H, W, channels) uint8, and their labels; None where the data set
    holds other images by now than those whose hash is `content`.
    """
    from tf_models.data import load
    from tf_models.data.registry import load_raw

    if load_raw(dataset).hash != content:
        return None
    split = load(dataset, seed)
    return split.x_test[list(numbers)], split.y_test[list(numbers)]


def device() -> str:
    """What this worker trains on, as records name it."""
    from tf_models.training.device import device

    return device()


@contextlib.contextmanager
def _native_silence() -> Iterator[None]:
    """What libraries write to the terminal themselves is dropped: TensorFlow does so before it can be told not to."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


@alone()
def exact(name: str) -> dict[str, Any]:
    """Compute one of `study.exact.COMPUTED`: plain JSON, with where it comes from. It may take ten minutes."""
    from datetime import UTC, datetime

    from tf_models import settings
    from tf_models.study.exact import document

    with _native_silence():
        from tf_models.training.device import git_revision, versions
        from tf_models.untrained import cost, equivariance, identities, random_weights, rank_collapse, receptive_field

    experiments = {
        "identities": identities.identities,
        "receptive-field": receptive_field.receptive_field,
        "equivariance": equivariance.equivariance,
        "rank-collapse": rank_collapse.rank_collapse,
        "cost": cost.cost,
    }
    revision, load = git_revision(), cost.machine()  # as they are before minutes have passed
    result = experiments[name]()
    backend = settings.backend()
    provenance = {
        "git": revision,
        "versions": versions(backend),
        "backend": backend,
        "device": device() if name != "cost" else f"{device()}, one core",
        "seeds": list(random_weights.SEEDS) if name != "cost" else [0],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **load,
    }
    return document(name, result, provenance)


FEWEST = 64  # images: with fewer, what a probe finds is chance
Tell = Callable[[float], None]  # the share that is done


def telling(function: Callable[..., Any], arguments: tuple, question: str, owner: str) -> Any:
    """What `function` returns for `arguments`; meanwhile `owner` is told how much of the `question` is done."""
    from distributed import get_worker

    worker = get_worker()
    return function(*arguments, lambda share: worker.log_event(topic(owner), {"question": question, "share": share}))


@alone()
def probe(
    name: str, networks: list[tuple[RunSpec, bytes | None]], most: int, tell: Tell = lambda share: None
) -> dict[str, Any]:
    """What the probe `name` reads off one network, or two, for `most` images that none was trained on.

    Each is a run with the bytes of its weights, or None for what it started from. See `tf_models.inside.measure`;
    `images` says how many there were. Raises `LabError` where the data set has too few.
    """
    from tf_models.inside.measure import PAIRED, SINGLE
    from tf_models.inside.reader import Reader, held_out

    readers = [Reader(spec, weights, copy, tell) for copy, (spec, weights) in enumerate(networks)]
    images, labels = held_out(*(spec for spec, _ in networks), most=most)
    _check_count(len(images))
    measure = {**SINGLE, **PAIRED}[name]
    return {"images": len(images), **measure(*readers, images, labels)}


@alone()
def readouts(spec: RunSpec, weights: bytes, most: int, tell: Tell = lambda share: None) -> Readouts:
    """A linear classifier of every level of a network, fitted on `most` images: see `runs.readouts`.

    None of them is one that the network was trained on, or that *Feature maps* shows. Raises `LabError` where the data
    set has too few.
    """
    from tf_models.inside.reader import Reader, held_out
    from tf_models.inside.readouts import readouts
    from tf_models.jobs.showcase import test_images

    shown = {image.tobytes() for image in test_images(spec.dataset, 0)[0]}
    images, labels = held_out(spec, most=most + len(shown))
    unseen = [n for n, image in enumerate(images) if image.tobytes() not in shown][:most]
    _check_count(len(unseen))
    return readouts(Reader(spec, weights, tell=tell), images[unseen], labels[unseen])


def _check_count(images: int) -> None:
    if images < FEWEST:
        raise LabError("probe_images", value=images, least=FEWEST)
