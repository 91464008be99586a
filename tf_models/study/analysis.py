"""What follows from the runs of an experiment: one analysis for all of them.

Every contrast uses the seeds that all of its arms have. A failed control withholds the verdicts; runs that are missing
leave their contrasts untested.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tf_models.data import peek
from tf_models.runs.provenance import Records, Source, sources
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import UNITS, Measure, linear_contrast
from tf_models.statistics.rule import judge, level, stable
from tf_models.study.arms import ArmResult, arm_results, pareto_front
from tf_models.study.controls import Control, paired, positive_control, same_arm_twice, shuffled_control
from tf_models.study.experiments.base import Contrast, Experiment


@dataclass(frozen=True)
class ContrastResult:
    """A linear contrast with what was measured, None where runs are missing, and the verdict on its own question.

    `swapped` is the same with the runs of the A/A control in place of the arm that it repeats; None without that arm.
    """

    contrast: Contrast
    measure: Measure | None
    delta: float
    verdict: str | None
    swapped: Measure | None = None

    @property
    def unit(self) -> str:
        return self.contrast.unit or UNITS[self.contrast.quantity]

    @property
    def a(self) -> str:
        """The arms with a positive weight."""
        return " + ".join(arm for arm, weight in self.contrast.weights.items() if weight > 0)

    @property
    def b(self) -> str:
        """The arms with a negative weight."""
        return " + ".join(arm for arm, weight in self.contrast.weights.items() if weight < 0)


@dataclass(frozen=True)
class Scale:
    """How large a data set was, how long it was trained on, with how many seeds and intervals of which level.

    What is `exploratory` had its learning rates chosen by one seed.
    """

    train_images: int
    epochs: int
    seeds: int = 0
    level: float = 0.95
    updates: int = 0
    exploratory: bool = False


@dataclass(frozen=True)
class Analysis:
    """An experiment with everything that follows from the runs there are.

    All runs are of one `device` and one version of the data set, `dataset_hash`, both empty without runs; `left_out`
    counts those of others by device, data set and version.
    """

    experiment: Experiment
    arms: dict[str, ArmResult]
    contrasts: dict[str, ContrastResult]
    controls: list[Control]
    scale: Scale
    device: str
    dataset_hash: str
    left_out: dict[tuple[str, str, str], int]
    runs: list[str]

    @property
    def measures(self) -> dict[str, Measure]:
        """What was measured, by the name of its contrast."""
        return {name: row.measure for name, row in self.contrasts.items() if row.measure is not None}

    @property
    def primary(self) -> ContrastResult:
        return next(iter(self.contrasts.values()))

    @property
    def unfit(self) -> tuple[str, ...]:
        """The arms that could not learn a few images by heart: what they do says nothing of their architecture."""
        return tuple(name for name, arm in self.arms.items() if arm.fits is False)

    @property
    def withheld(self) -> bool:
        """Whether a control failed, so that no contrast has a verdict."""
        return any(control.passed is False for control in self.controls)

    def front(self, cost: str) -> list[ArmResult]:
        """The arms with all images that no other beats at this cost: see `pareto_front`."""
        return pareto_front([arm for arm in self.arms.values() if arm.arm.train_size is None and arm.accuracy], cost)


def analyse(experiment: Experiment, records: Records) -> Analysis:
    """Everything that follows from the runs there are: those of the source that has most of them."""
    source, rates, specs = best_source(experiment, records)
    found = {
        name: {place: record for place, spec in enumerate(specs.get(name, ())) if (record := source.find(spec))}
        for name in (*experiment.arms, "again")
    }
    arms = arm_results(experiment, source, rates, found)
    declared, delta = peek(experiment.dataset).seeds, peek(experiment.dataset).delta(experiment.images)
    controls = [positive_control(experiment, source)] if experiment.control_variant else []
    if controls and not experiment.exploratory:
        controls.append(shuffled_control(experiment, source, rates))
    controls.append(same_arm_twice(found[experiment.again], found["again"], delta))
    failed = any(control.passed is False for control in controls)
    unfit = {name for name, arm in arms.items() if arm.fits is False}

    def measured(contrast: Contrast, runs_of: Mapping[str, Mapping[int, RunRecord]]) -> Measure | None:
        runs = paired([runs_of.get(name, {}) for name in contrast.weights])
        seeds = len(runs[0]) if runs else 0
        weighted = list(zip(contrast.weights.values(), runs, strict=True))
        measure = linear_contrast(weighted, level(seeds, declared), contrast.unit, contrast.quantity) if seeds else None
        reason = "control_failed" if failed else "unfit" if unfit & set(contrast.weights) else ""
        return replace(measure, withheld=reason) if measure else None

    def result(contrast: Contrast) -> ContrastResult:
        measure, swapped = measured(contrast, found), None
        if measure is not None and experiment.again in contrast.weights:
            swapped = measured(contrast, found | {experiment.again: found["again"]})
        verdict = None
        if contrast.test and UNITS[contrast.quantity] == "accuracy":
            first, again = (judge(draw, contrast.test, None, delta) for draw in (measure, swapped))
            verdict, _, _ = stable(first, again)
        return ContrastResult(contrast, measure, delta, verdict, swapped)

    everywhere = paired([found[name] for name in arms])
    contrasts = {name: result(row) for name, row in experiment.chosen(dict(zip(arms, everywhere, strict=True))).items()}
    seeds = max((row.measure.seeds for row in contrasts.values() if row.measure), default=0)
    asked = [spec for groups in (experiment.tuning(source.find), specs) for group in groups.values() for spec in group]
    return Analysis(
        experiment,
        arms,
        contrasts,
        controls,
        Scale(
            experiment.images,
            experiment.recipe.epochs,
            seeds,
            level(seeds, declared),
            experiment.recipe.epochs * math.ceil(experiment.images / experiment.recipe.batch_size),
            experiment.exploratory,
        ),
        source.device,
        source.version(experiment.dataset) if source.device else "",
        source.left_out(asked),
        sorted({record.run_id for runs in found.values() for record in runs.values()}),
    )


def best_source(experiment: Experiment, records: Records) -> tuple[Source, dict[str, float], dict[str, list[RunSpec]]]:
    """The source with most of the experiment's runs, its learning rates as far as chosen, and its reported runs.

    In a tie the one with most tuning runs counts, then the newest.
    """
    begun = [spec for specs in experiment.tuning().values() for spec in specs]
    best = Source({}, ""), {}, {}
    most: tuple[int, int, str] = (-1, 0, "")
    for source in sources(begun, records):
        tuning = [spec for specs in experiment.tuning(source.find).values() for spec in specs]
        rates = experiment.rates(experiment.rate_curves(source.find))
        specs = experiment.runs(rates)
        tuned = [record for spec in tuning if (record := source.find(spec))]
        runs = [record for group in specs.values() for spec in group if (record := source.find(spec))]
        rank = len(runs), len(tuned), max((record.finished for record in [*tuned, *runs]), default="")
        if rank > most:
            most, best = rank, (source, rates, specs)
    return best
