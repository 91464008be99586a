"""Carrying an experiment out: submit what is missing, wait, and gather the records."""

from collections.abc import Callable, Mapping
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
        wanted = [spec for groups in (experiment.tuning, specs) for group in groups.values() for spec in group]
        if left_out := sum(source.left_out(wanted).values()):
            on_left_out(left_out, source.device)
    train("tuning", [spec for group in experiment.tuning.values() for spec in group])
    rates = experiment.rates(Source(records(), source.device).find)
    assert rates is not None, "every tuning run has finished"
    for step, group in experiment.steps(rates).items():
        train(step, group)
    trained = frozenset(record.run_id for found in own.values() for record in found)
    return Conducted(records(), trained, frozenset(reused))


def _is_complete(experiment: Experiment, source: Source, rates: Mapping[str, float] | None) -> bool:
    return rates is not None and all(source.find(spec) for group in experiment.steps(rates).values() for spec in group)


def used_records(experiment: Experiment, records: Records) -> list[RunRecord]:
    """The record of every run that the experiment reports or chooses by."""
    source, _, specs = best_source(experiment, records)
    groups = [*experiment.tuning.values(), *experiment.ffn_control().values(), *specs.values()]
    wanted = dict.fromkeys(spec for group in groups for spec in group)
    return [record for spec in wanted if (record := source.find(spec))]
