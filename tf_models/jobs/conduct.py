"""Carrying an experiment out: submit what is missing, wait, and gather the records."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.jobs.queue import Jobs
from tf_models.runs.known import known_records
from tf_models.runs.provenance import Records, Source
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FINISHED, STOPPED
from tf_models.study.analysis import best_source
from tf_models.study.experiments.base import Experiment


@dataclass(frozen=True)
class Conducted:
    """All known records, those of the experiment among them, and the ids of its runs by where they come from; `missing`
    counts the known runs that there was no time for.
    """

    records: Records
    trained: frozenset[str]
    reused: frozenset[str]
    missing: int = 0


def conduct(
    jobs: Jobs,
    experiment: Experiment,
    fresh: bool = False,
    on_change: Callable[[str, int, int], None] = lambda step, done, total: None,
    on_left_out: Callable[[int, str], None] = lambda runs, device: None,
    until: float = math.inf,
    only: Collection[str] = (),
) -> Conducted:
    """Train what is not known yet, first to choose learning rates, then for the record.

    Only runs of one device are compared (`runs.provenance`). An experiment that is complete on any device is not
    trained again; otherwise all that this machine lacks is trained here, also what is known from elsewhere, and
    `on_left_out` is told first how many runs do not count, and which device this is. With `fresh`, everything is
    trained anew, and only that is in the records. A stop loses nothing: finished runs are found again. What has not
    ended at `until`, a time of `time.monotonic`, is stopped. With `only`, the arms of these names are trained, without
    controls. `on_change` gets the step's name, and how many of its runs have ended. Raises `LabError` with the reason
    of the first failed run, where workers are of different devices, and for an arm that there is not.
    """
    choosing = experiment.choosing(only) or list(experiment.tuned)

    def tuning() -> list[RunSpec]:
        needed = experiment.tuning(work.source.find)
        return _flat({name: needed[name] for name in choosing})

    work = _Work(jobs, experiment.name, fresh, on_change, until)
    source, rates, specs = best_source(experiment, work.records)
    work.device = source.device
    if not _is_complete(experiment, source, rates, only):
        work.device = jobs.ask(worker.device)
        wanted = tuning() + _flat({name: specs[name] for name in specs if name in (only or specs)})
        if left_out := sum(work.source.left_out(wanted).values()):
            on_left_out(left_out, work.device)
    before: list[RunSpec] = []
    while (needed := tuning()) != before:
        work.train("tuning", needed)  # what it needs grows where the best rate is at an edge
        before = needed
    rates = experiment.rates(experiment.rate_curves(work.source.find))
    for step, group in experiment.steps(rates, only).items():
        work.train(step, group)
    trained = frozenset(record.run_id for found in work.own.values() for record in found)
    return Conducted(work.records, trained, frozenset(work.reused), len(work.late))


def where_complete(experiment: Experiment, records: Records) -> Experiment:
    """The experiment on the backend on which every run of it is known, on its own where that is so or none is."""
    others = sorted({spec.backend for spec in records} - {experiment.backend})
    for candidate in (experiment, *(replace(experiment, backend=backend) for backend in others)):
        source, rates, _ = best_source(candidate, records)
        if _is_complete(candidate, source, rates):
            return candidate
    return experiment


@dataclass
class _Work:
    """What has been trained for one experiment, on one device, and what there was no time for."""

    jobs: Jobs
    purpose: str
    fresh: bool
    on_change: Callable[[str, int, int], None]
    until: float
    device: str = ""
    own: dict[RunSpec, list[RunRecord]] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    late: set[RunSpec] = field(default_factory=set)

    @property
    def records(self) -> Records:
        return self.own if self.fresh else known_records(self.jobs.store)

    @property
    def source(self) -> Source:
        return Source(self.records, self.device)

    def train(self, step: str, specs: Sequence[RunSpec]) -> None:
        """Train those of `specs` that are not known, until there is no more time."""
        source, known = self.source, self.records
        missing = [spec for spec in specs if source.find(spec) is None]
        self.reused.update(record.run_id for spec in specs if (record := source.find(spec)) and spec not in self.own)
        if time.monotonic() >= self.until:
            self.late.update(missing)
            return
        run_ids = [
            self.jobs.submit(spec, purpose=self.purpose, fresh=self.fresh or bool(known.get(spec))).run_id
            for spec in missing
        ]
        stopped: list[str] = []

        def watch(active: int) -> None:
            self.on_change(step, len(specs) - active, len(specs))
            if time.monotonic() >= self.until and not stopped:
                stopped.extend(run_ids)
                for run_id in run_ids:
                    self.jobs.stop(run_id)

        for run in self.jobs.wait(run_ids, watch):
            if run.status == STOPPED and stopped:
                self.late.add(run.spec)
            elif run.status != FINISHED or run.record is None:
                raise run.reason or LabError("run_ended", value=run.id, status=run.status)
            elif run.record.device != self.device:
                raise LabError("mixed_devices", value=run.record.device, device=self.device)
            else:
                self.own.setdefault(run.spec, []).append(run.record)


def _is_complete(
    experiment: Experiment, source: Source, rates: Mapping[str, float], only: Collection[str] = ()
) -> bool:
    """Whether every run of every arm is there; an unknown rate is not."""
    whole = rates.keys() >= {*(only or experiment.arms)}
    return whole and all(source.find(spec) for spec in _flat(experiment.steps(rates, only)))


def _flat(groups: Mapping[str, Sequence[RunSpec]]) -> list[RunSpec]:
    return [spec for group in groups.values() for spec in group]


def used_records(experiment: Experiment, records: Records) -> list[RunRecord]:
    """The record of every run that the experiment reports or chooses by."""
    source, rates, specs = best_source(experiment, records)
    controls = [*_flat(experiment.ffn_control()), *experiment.shuffled_control(rates)]
    checks = [*experiment.fit_checks(rates).values(), *controls]
    wanted = dict.fromkeys([*_flat(experiment.tuning(source.find)), *checks, *_flat(specs)])
    return [record for spec in wanted if (record := source.find(spec))]
