"""Carrying an experiment out: submit what is missing, wait, and gather the records."""

from collections.abc import Callable
from dataclasses import dataclass

from tf_models.errors import LabError
from tf_models.jobs.queue import Jobs
from tf_models.runs.known import known_records
from tf_models.runs.provenance import Records
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
) -> Conducted:
    """Train what is not known yet, first to choose learning rates, then for the record.

    A stop loses nothing: finished runs are found again. With `fresh`, everything is trained anew, and only that is in
    the records. `on_change` gets the step's name, and how many of its runs have ended. Raises `LabError` with the
    reason of the first failed run.
    """
    own: dict[RunSpec, list[RunRecord]] = {}
    reused: set[str] = set()

    def train(step: str, specs: list[RunSpec]) -> None:
        missing = [spec for spec in specs if spec not in own]
        submitted = [jobs.submit(spec, purpose=experiment.name, fresh=fresh) for spec in missing]
        reused.update(run.run_id for run in submitted if run.record is not None)
        waited = [run.run_id for run in submitted if run.record is None]
        for run in jobs.wait(waited, lambda active: on_change(step, len(specs) - active, len(specs))):
            if run.status != FINISHED or run.record is None:
                raise run.reason or LabError("run_ended", value=run.id, status=run.status)
            own.setdefault(run.spec, []).append(run.record)

    def records() -> Records:
        return own if fresh else known_records(jobs.store)

    train("tuning", [spec for specs in experiment.tuning().values() for spec in specs])
    _, rates, _ = best_source(experiment, records())
    assert rates is not None, "every tuning run has finished"
    for step, specs in experiment.steps(rates).items():
        train(step, specs)
    trained = frozenset(record.run_id for found in own.values() for record in found)
    return Conducted(records(), trained, frozenset(reused))


def used_records(experiment: Experiment, records: Records) -> list[RunRecord]:
    """The record of every run that the experiment reports or chooses by."""
    source, _, specs = best_source(experiment, records)
    groups = [*experiment.tuning().values(), *experiment.ffn_control().values(), *specs.values()]
    wanted = dict.fromkeys(spec for group in groups for spec in group)
    return [record for spec in wanted if (record := source.find(spec))]
