"""Carrying an experiment out: submit what is missing, wait, and gather the records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.jobs.queue import Jobs
from tf_models.runs.known import known_records
from tf_models.runs.provenance import Records, Source
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FINISHED
from tf_models.study.analysis import best_source
from tf_models.study.experiments.base import Experiment


@dataclass(frozen=True)
class Conducted:
    """All known records, those of the experiment among them, and the ids of its runs by where they come from."""

    records: Records
    trained: frozenset[str]
    reused: frozenset[str]


def conduct(
    jobs: Jobs,
    experiment: Experiment,
    fresh: bool = False,
    on_change: Callable[[str, int, int], None] = lambda step, done, total: None,
    on_left_out: Callable[[int, str], None] = lambda runs, device: None,
) -> Conducted:
    """Train what is not known yet, first to choose learning rates, then for the record.

    Only runs of one device are compared (`runs.provenance`). An experiment that is complete on any device is not
    trained again; otherwise all that this machine lacks is trained here, also what is known from elsewhere, and
    `on_left_out` is told first how many runs do not count, and which device this is. With `fresh`, everything is
    trained anew, and only that is in the records. A stop loses nothing: finished runs are found again. `on_change` gets
    the step's name, and how many of its runs have ended. Raises `LabError` with the reason of the first failed run, and
    where workers are of different devices.
    """
    own: dict[RunSpec, list[RunRecord]] = {}
    reused: set[str] = set()

    def records() -> Records:
        return own if fresh else known_records(jobs.store)

    def train(step: str, specs: list[RunSpec]) -> None:
        found = Source(records(), source.device)
        missing = [spec for spec in specs if found.find(spec) is None]
        reused.update(record.run_id for spec in specs if (record := found.find(spec)) and spec not in own)
        waited = [
            jobs.submit(spec, purpose=experiment.name, fresh=fresh or bool(found.records.get(spec))).run_id
            for spec in missing
        ]
        for run in jobs.wait(waited, lambda active: on_change(step, len(specs) - active, len(specs))):
            if run.status != FINISHED or run.record is None:
                raise run.reason or LabError("run_ended", value=run.id, status=run.status)
            if run.record.device != source.device:
                raise LabError("mixed_devices", value=run.record.device, device=source.device)
            own.setdefault(run.spec, []).append(run.record)

    source, rates, specs = best_source(experiment, records())
    if not _is_complete(experiment, source, rates):
        source = Source(records(), jobs.ask(worker.device))
        wanted = _flat(experiment.tuning(source.find)) + _flat(specs)
        if left_out := sum(source.left_out(wanted).values()):
            on_left_out(left_out, source.device)
    trained: list[RunSpec] = []
    while (tuning := _flat(experiment.tuning(Source(records(), source.device).find))) != trained:
        train("tuning", tuning)  # what it needs grows where the best rate is at an edge
        trained = tuning
    rates = experiment.rates(experiment.rate_curves(Source(records(), source.device).find))
    for step, group in experiment.steps(rates).items():
        train(step, group)
    trained = frozenset(record.run_id for found in own.values() for record in found)
    return Conducted(records(), trained, frozenset(reused))


def _is_complete(experiment: Experiment, source: Source, rates: Mapping[str, float]) -> bool:
    """Whether every run of every arm is there; an unknown rate is not."""
    whole = rates.keys() >= experiment.arms.keys()
    return whole and all(source.find(spec) for spec in _flat(experiment.steps(rates)))


def _flat(groups: Mapping[str, Sequence[RunSpec]]) -> list[RunSpec]:
    return [spec for group in groups.values() for spec in group]


def used_records(experiment: Experiment, records: Records) -> list[RunRecord]:
    """The record of every run that the experiment reports or chooses by."""
    source, rates, specs = best_source(experiment, records)
    checks = [*experiment.fit_checks(rates).values(), *_flat(experiment.ffn_control())]
    wanted = dict.fromkeys([*_flat(experiment.tuning(source.find)), *checks, *_flat(specs)])
    return [record for spec in wanted if (record := source.find(spec))]
