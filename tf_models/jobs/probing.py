"""Probes in workers: of one network, of two, and of all that the experiment ``inside`` has trained."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from tf_models.data import content_hash, is_here
from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.jobs.queue import Jobs
from tf_models.jobs.worker import FEWEST, Tell
from tf_models.runs import showcase
from tf_models.runs.known import is_current, known_records
from tf_models.runs.readouts import Readouts
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FINISHED, RunStore
from tf_models.study.analysis import best_source
from tf_models.study.experiments.base import Experiment
from tf_models.study.probed import DRAWN, PAIRED, PAIRS, PROBES, SINGLE, STARTED, Found, Probed

IMAGES = 512  # at most, that no network was trained on
READ_IMAGES = 1024  # at most, for the classifiers of the levels
SECONDS = 900.0  # that a probe may take on a busy machine
AT_ONCE = 2

Network = tuple[RunSpec, bytes | None]


def network(store: RunStore, name: str) -> tuple[RunRecord, bytes]:
    """Record and weights of a run of the store, by its id, or of a shipped network, such as ``vit-digits``.

    Raises `LabError` where there is no such run, no weights of it, or no longer the data that it was trained on: what
    it has not seen could not be told from what it has.
    """
    if name in showcase.showcases():
        record, weights = showcase.showcase_record(name), showcase.showcase_weights(name)
    else:
        run = store.get(name)
        if run.record is None:
            raise LabError("run_ended", value=name, status=run.status)
        record, weights = run.record, store.read_weights(name)
    dataset = record.spec.dataset
    if not is_here(dataset):
        raise LabError("probe_without_data", value=name, dataset=dataset)
    if content_hash(dataset) not in (None, record.dataset_hash):
        raise LabError("probe_other_data", value=name, dataset=dataset)
    return record, weights


class Question:
    """Something that a worker is asked and that takes a while: it goes on whether anybody waits for it or not."""

    def __init__(self, ask: Callable[[Tell], Any]):
        self.share = 0.0  # that is done
        self._answer: Any = None
        self._error: LabError | None = None
        self._thread = threading.Thread(target=self._run, args=(ask,), name="lab-question", daemon=True)
        self._thread.start()

    def _run(self, ask: Callable[[Tell], Any]) -> None:
        try:
            self._answer = ask(self._hear)
        except LabError as error:
            self._error = error

    def _hear(self, share: float) -> None:
        self.share = share

    def is_over(self, seconds: float = 0.0) -> bool:
        """Whether there is an answer, or will be none; waits for it so long."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def answer(self) -> Any:
        """What was found, once it is over; raises the `LabError` that stood in its way."""
        if self._error is not None:
            raise self._error
        return self._answer


def ask(jobs: Jobs, name: str, networks: Sequence[Network], images: int = IMAGES, told: Tell | None = None) -> Found:
    """What the probe `name` finds; `told` gets the share that is done.

    Raises `LabError` for an unknown probe, for the wrong number of networks, and for too few images.
    """
    if name not in PROBES:
        raise LabError("unknown_probe", value=name, choices=", ".join(PROBES))
    wanted = 2 if name in PAIRED else 1
    if len(networks) != wanted:
        raise LabError("probe_networks", value=len(networks), name=name, wanted=wanted)
    if images < FEWEST:
        raise LabError("probe_images", value=images, least=FEWEST)
    return jobs.ask(worker.probe, name, list(networks), images, seconds=SECONDS, told=told)


def ask_readouts(jobs: Jobs, spec: RunSpec, weights: bytes, told: Tell | None = None) -> Readouts:
    """A linear classifier of every level: see `runs.readouts`. Raises `LabError` for too few images."""
    return jobs.ask(worker.readouts, spec, weights, READ_IMAGES, seconds=SECONDS, told=told)


def probe_all(
    jobs: Jobs,
    experiment: Experiment,
    on_change: Callable[[str, int, int], None] = lambda step, done, total: None,
    only: Collection[str] = (),
) -> Probed:
    """Every probe of every network of `experiment`, or of its arms `only`, whose runs are known; those without weights
    are trained again.
    """
    seeds = range(experiment.seeds)
    pairs = [((left, seed), (right, (seed + 1) % len(seeds))) for left, right in PAIRS for seed in seeds]
    kept = _with_weights(jobs, experiment, only or experiment.arms, on_change)
    return _probe(jobs, experiment.dataset, kept, SINGLE, pairs, on_change)


def probe_shipped(
    jobs: Jobs, experiment: Experiment, on_change: Callable[[str, int, int], None] = lambda step, done, total: None
) -> Probed:
    """What pages show of the networks that come with the lab, one seed of each: no interval follows, and no verdict.

    Every pair of them is compared: where their data are not here, a visitor could not.

    Raises `LabError` where no network of the experiment comes with the lab, or their data are not here.
    """
    names = {arm: f"{arm}-{experiment.dataset}" for arm in experiment.arms}
    kept = {
        (arm, showcase.showcase_record(name).spec.seed): network(jobs.store, name)
        for arm, name in names.items()
        if name in showcase.showcases()
    }
    if not kept:
        raise LabError("no_networks", value=experiment.dataset)
    return _probe(jobs, experiment.dataset, kept, DRAWN, list(combinations(kept, 2)), on_change)


def _probe(
    jobs: Jobs,
    dataset: str,
    kept: Mapping[tuple[str, int], tuple[RunRecord, bytes]],
    single: Sequence[str],
    pairs: Sequence[tuple[tuple[str, int], tuple[str, int]]],
    on_change: Callable[[str, int, int], None],
) -> Probed:
    """The probes `single` of (arm, seed) → record and weights, and what those `pairs` that are there have in common."""
    records = {key: record for key, (record, _) in kept.items()}
    networks = {key: (record.spec, weights) for key, (record, weights) in kept.items()}
    asked: dict[tuple, tuple[str, list[Network]]] = {}
    for (arm, seed), (spec, weights) in networks.items():
        asked |= {(arm, seed, True, name): (name, [(spec, weights)]) for name in single}
        asked |= {(arm, seed, False, name): (name, [(spec, None)]) for name in STARTED}
    for sides in pairs:
        if not all(side in networks for side in sides):
            continue
        (left, seed), (right, _) = sides
        for trained in (True, False):
            two = [(networks[side][0], networks[side][1] if trained else None) for side in sides]
            asked[left, right, seed, trained, "similarity"] = "similarity", two
    found = _ask_all(jobs, asked, on_change)
    singles: dict[tuple[str, int, bool], dict[str, Found]] = {}
    common: dict[tuple[str, str, int, bool], Found] = {}
    for key, value in found.items():
        if len(key) == 5:
            common[key[:4]] = value
        else:
            arm, seed, trained, name = key
            singles.setdefault((arm, seed, trained), {})[name] = value if seed == 0 else _without_maps(value)
    one = next(iter(records.values()))
    about = {
        **{name: getattr(one, name) for name in ("dataset_hash", "device", "versions", "git")},
        "images": IMAGES,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "accuracies": {f"{arm} {seed}": record.test_accuracy for (arm, seed), record in sorted(records.items())},
    }
    runs = {key: record.run_id for key, record in records.items()}
    return Probed(dataset, about, singles, common, runs)


def _with_weights(
    jobs: Jobs, experiment: Experiment, arms: Collection[str], on_change: Callable[[str, int, int], None]
) -> dict[tuple[str, int], tuple[RunRecord, bytes]]:
    """(arm, seed) of `arms` → the reported run, and weights. Shipped records come without, and are trained again: where
    that does not classify every test image as before, it is another run, and named as such.
    """
    source, _, specs = best_source(experiment, known_records(jobs.store))
    wanted = {(arm, spec.seed): spec for arm in arms for spec in specs.get(arm, [])}
    kept = (record for record in jobs.store.records() if jobs.store.weights(record.run_id).exists())
    own = {record.spec: record for record in kept if is_current(record)}
    missing = {key: spec for key, spec in wanted.items() if spec not in own}
    ids = [jobs.submit(spec, purpose=experiment.name, fresh=True).run_id for spec in missing.values()]
    for run in jobs.wait(ids, lambda active: on_change("weights", len(ids) - active, len(ids))):
        if run.status != FINISHED or run.record is None:
            raise run.reason or LabError("run_ended", value=run.id, status=run.status)
        own[run.spec] = run.record
    found = {}
    for key, spec in wanted.items():
        reported, trained = source.find(spec), own[spec]
        same = reported is not None and reported.correct == trained.correct
        found[key] = reported if same else trained, jobs.store.read_weights(trained.run_id)
    return found


def _ask_all(
    jobs: Jobs, asked: Mapping[tuple, tuple[str, list[Network]]], on_change: Callable[[str, int, int], None]
) -> dict[tuple, Found]:
    found: dict[tuple, Found] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = {key: pool.submit(answer, jobs, name, networks) for key, (name, networks) in asked.items()}
        for key, future in answers.items():
            if (value := future.result()) is not None:
                found[key] = value
            on_change("probes", sum(one.done() for one in answers.values()), len(answers))
    return found


def answer(jobs: Jobs, name: str, networks: Sequence[Network], told: Tell | None = None) -> Found | None:
    """What the probe finds; None where a network has nothing that it asks for, such as attention."""
    try:
        return ask(jobs, name, networks, told=told)
    except LabError as error:
        if error.code == "probe_without_attention":
            return None
        raise


def _without_maps(found: Any) -> Any:
    """Fields to be drawn are kept of the first seed alone: they are most of the file."""
    if isinstance(found, Mapping):
        return {name: _without_maps(value) for name, value in found.items() if name != "map"}
    return [_without_maps(value) for value in found] if isinstance(found, list) else found
