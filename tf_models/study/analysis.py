"""What follows from the runs of an experiment: one analysis for all of them.

Every contrast uses the seeds that all of its arms have. A failed control withholds the verdicts; runs that are missing
leave their contrasts untested.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tf_models.data import peek
from tf_models.runs.provenance import Records, Source, sources
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import Measure, linear_contrast, mean_accuracy, paired_effect
from tf_models.statistics.rule import UNTESTED, judge, level
from tf_models.study.experiments.base import CONTROL_SEEDS, Arm, Contrast, Experiment
from tf_models.zoo import macs, parameters


@dataclass(frozen=True)
class ArmResult:
    """An arm with its finished runs, by the place of their seed; `learning_rate` is None before the tuning."""

    name: str
    arm: Arm
    train_images: int
    parameters: int
    macs: int
    learning_rate: float | None
    records: Mapping[int, RunRecord]

    @cached_property
    def accuracy(self) -> Measure | None:
        """Mean test accuracy with its interval; None below two runs."""
        return mean_accuracy(list(self.records.values()))

    @property
    def seeds(self) -> list[int]:
        return [record.spec.seed for record in self.records.values()]

    @property
    def runs(self) -> list[str]:
        return [record.run_id for record in self.records.values()]

    @property
    def test_accuracies(self) -> list[float]:
        return [record.test_accuracy for record in self.records.values()]

    @property
    def test_accuracy(self) -> float | None:
        return float(np.mean(self.test_accuracies)) if self.records else None

    @property
    def test_loss(self) -> float | None:
        return float(np.mean([record.test_loss for record in self.records.values()])) if self.records else None

    @property
    def seconds(self) -> float | None:
        """One training, without building and tracing, at the best speed that any epoch of these runs reached.

        Other work on the machine can only slow an epoch down.
        """
        found = list(self.records.values())
        speed = max((row.get("images_per_second", 0.0) for record in found for row in record.history), default=0.0)
        return found[0].spec.recipe.epochs * found[0].train_images / speed if speed else None


@dataclass(frozen=True)
class ContrastResult:
    """A linear contrast with what was measured, None where runs are missing, and the verdict on its own question."""

    contrast: Contrast
    measure: Measure | None
    delta: float
    verdict: str | None

    @property
    def a(self) -> str:
        """The arms with a positive weight."""
        return " + ".join(arm for arm, weight in self.contrast.weights.items() if weight > 0)

    @property
    def b(self) -> str:
        """The arms with a negative weight."""
        return " + ".join(arm for arm, weight in self.contrast.weights.items() if weight < 0)


@dataclass(frozen=True)
class Control:
    """What must come out whatever the question is; `passed` is None while runs are missing.

    ``positive``: test accuracies on the control task, with the FFN at least 95 %, without it chance.
    ``same_arm_twice``: equal arms must not come out different; whether they are shown to be equal is `verdict`.
    """

    name: str
    passed: bool | None
    with_ffn: list[float] = field(default_factory=list)
    without_ffn: list[float] = field(default_factory=list)
    measure: Measure | None = None
    verdict: str = UNTESTED


@dataclass(frozen=True)
class Scale:
    """How large a data set was, how long it was trained on, with how many seeds and intervals of which level."""

    train_images: int
    epochs: int
    seeds: int = 0
    level: float = 0.95


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
    def withheld(self) -> bool:
        """Whether a control failed, so that no contrast has a verdict."""
        return any(control.passed is False for control in self.controls)

    def control(self, name: str) -> Control | None:
        return next((control for control in self.controls if control.name == name), None)

    def front(self, cost: str) -> list[ArmResult]:
        """The arms with all images that no other beats at this cost: see `pareto_front`."""
        return pareto_front([arm for arm in self.arms.values() if arm.arm.train_size is None and arm.accuracy], cost)


def analyse(experiment: Experiment, records: Records) -> Analysis:
    """Everything that follows from the runs there are: those of the source that has most of them."""
    source, rates, specs = best_source(experiment, records)
    found = {name: _found(specs.get(name, ()), source) for name in (*experiment.arms, "again")}
    arms = {}
    for name, arm in experiment.arms.items():
        size, model = arm.train_size or experiment.images, experiment.model(arm)
        rate = rates[name] if rates else None
        arms[name] = ArmResult(name, arm, size, parameters(model), macs(model), rate, found[name])
    row = peek(experiment.dataset)
    delta = {name: row.delta(arm.train_images) for name, arm in arms.items()}
    controls = [_positive(experiment, source)] if experiment.control_variant else []
    controls.append(_same_arm_twice(found[experiment.again], found["again"], delta[experiment.again]))
    withheld = any(control.passed is False for control in controls)

    def result(contrast: Contrast) -> ContrastResult:
        paired = _paired([found.get(name, {}) for name in contrast.weights])
        weighted = list(zip(contrast.weights.values(), paired, strict=True))
        seeds = len(paired[0]) if paired else 0
        measure = linear_contrast(weighted, level(seeds, row.seeds), contrast.unit) if seeds else None
        measure = replace(measure, withheld=withheld) if measure else None
        smallest = min(delta.get(name, math.inf) for name in (*contrast.weights, experiment.again))
        verdict = judge(measure, contrast.test, None, smallest)[0] if contrast.test else None
        return ContrastResult(contrast, measure, smallest, verdict)

    everywhere = _paired([found[name] for name in arms])
    contrasts = {name: result(row) for name, row in experiment.chosen(dict(zip(arms, everywhere, strict=True))).items()}
    seeds = max((row.measure.seeds for row in contrasts.values() if row.measure), default=0)
    asked = [spec for groups in (experiment.tuning(), specs) for group in groups.values() for spec in group]
    return Analysis(
        experiment,
        arms,
        contrasts,
        controls,
        Scale(experiment.images, experiment.recipe.epochs, seeds, level(seeds, row.seeds)),
        source.device,
        source.version(experiment.dataset) if source.device else "",
        source.left_out(asked),
        sorted({record.run_id for runs in found.values() for record in runs.values()}),
    )


def best_source(
    experiment: Experiment, records: Records
) -> tuple[Source, dict[str, float] | None, dict[str, list[RunSpec]]]:
    """The source with most of the experiment's runs, its learning rates (None before the tuning) and reported runs.

    In a tie the one with most tuning runs counts, then the newest.
    """
    tuning = [spec for specs in experiment.tuning().values() for spec in specs]
    best = Source({}, ""), None, {}
    most: tuple[int, int, str] = (-1, 0, "")
    for source in sources(tuning, records):
        rates = experiment.rates(source.find)
        specs = experiment.runs(rates) if rates else {}
        tuned = [record for spec in tuning if (record := source.find(spec))]
        runs = [record for group in specs.values() for spec in group if (record := source.find(spec))]
        rank = len(runs), len(tuned), max((record.finished for record in [*tuned, *runs]), default="")
        if rank > most:
            most, best = rank, (source, rates, specs)
    return best


def _found(specs: Sequence[RunSpec], source: Source) -> dict[int, RunRecord]:
    return {place: record for place, spec in enumerate(specs) if (record := source.find(spec))}


def _paired(arms: Sequence[Mapping[int, RunRecord]]) -> list[list[RunRecord]]:
    """The runs of the seeds that all these arms have, arm by arm."""
    places = sorted(set.intersection(*(set(arm) for arm in arms))) if arms else []
    return [[arm[place] for place in places] for arm in arms]


def _positive(experiment: Experiment, source: Source) -> Control:
    found = {arm: list(_found(specs, source).values()) for arm, specs in experiment.ffn_control().items()}
    on, off = ([record.test_accuracy for record in found[arm]] for arm in ("on", "off"))
    passed = None
    if len(on) == len(off) == CONTROL_SEEDS:
        chance = 3 * (0.25 / found["off"][0].test_images) ** 0.5  # three standard errors around one half
        passed = min(on) >= 0.95 and all(abs(accuracy - 0.5) <= chance for accuracy in off)
    return Control("positive", passed, on, off)


def _same_arm_twice(first: Mapping[int, RunRecord], second: Mapping[int, RunRecord], delta: float) -> Control:
    a, b = _paired([first, second])
    measure = paired_effect(a, b)
    passed = None if measure is None else measure.low <= 0 <= measure.high
    verdict, _ = judge(measure, "no_difference", None, delta)
    return Control("same_arm_twice", passed, measure=measure, verdict=verdict)


def pareto_front(arms: Iterable[ArmResult], cost: str) -> list[ArmResult]:
    """The arms that no other beats: none is at most as dear and more accurate, or cheaper and as accurate.

    One after the other in the order of their cost, an arm of the front is more accurate than all before it.
    """
    front, best = [], -1.0
    for arm in sorted(arms, key=lambda arm: (getattr(arm, cost), -(arm.test_accuracy or 0.0))):
        if (arm.test_accuracy or 0.0) > best:
            front.append(arm)
            best = arm.test_accuracy or 0.0
    return front
