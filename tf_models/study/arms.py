"""The arms of an experiment with what is known of each: its runs, its learning rates, its costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tf_models.runs.provenance import Source
from tf_models.statistics.effects import Measure, linear_contrast
from tf_models.study.controls import Runs
from tf_models.study.experiments.base import Arm, Experiment
from tf_models.zoo import macs, parameters

FITTED = 0.95  # the accuracy on the images that it was trained on of an arm that can fit


@dataclass(frozen=True)
class ArmResult:
    """An arm with its finished runs, by the place of their seed.

    `learning_rate` is None before the tuning; `curve` has the loss in nats by which every rate that was tried for it
    was judged (`Search.loss`), empty for an arm that takes another one's. `fits` says whether it learned a few images
    by heart (`Experiment.fit_checks`), None where nobody looked.
    """

    name: str
    arm: Arm
    experiment: Experiment
    learning_rate: float | None
    records: Runs
    curve: Mapping[float, float] = field(default_factory=dict)
    fits: bool | None = None

    @property
    def train_images(self) -> int:
        return self.arm.train_size or self.experiment.images

    @cached_property
    def parameters(self) -> int:
        return parameters(self.experiment.model(self.arm))

    @cached_property
    def macs(self) -> int:
        return macs(self.experiment.model(self.arm))

    @cached_property
    def accuracy(self) -> Measure | None:
        """Mean test accuracy with its interval; None below two runs."""
        return linear_contrast([(1, list(self.records.values()))])

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
        """One training at the best speed of any epoch, without building: other work only slows an epoch down."""
        found = list(self.records.values())
        speed = max((row.get("images_per_second", 0.0) for record in found for row in record.history), default=0.0)
        return found[0].spec.recipe.epochs * found[0].train_images / speed if speed else None


def arm_results(
    experiment: Experiment, source: Source, rates: Mapping[str, float], found: Mapping[str, Runs]
) -> dict[str, ArmResult]:
    """Every arm by its name; `found` has the runs of each."""
    curves, fits = experiment.rate_curves(source.find), learned_by_heart(experiment, rates, source)
    return {
        name: ArmResult(
            name,
            arm,
            experiment,
            rates.get(name),
            found[name],
            {rate: experiment.search.loss(runs) for rate, runs in curves.get(name, {}).items()},
            fits.get(arm.like or name),
        )
        for name, arm in experiment.arms.items()
    }


def learned_by_heart(experiment: Experiment, rates: Mapping[str, float], source: Source) -> dict[str, bool]:
    """Whether each arm that was looked at learned a few images by heart."""
    checks = {name: source.find(spec) for name, spec in experiment.fit_checks(rates).items()}
    return {name: (record.fit_accuracy or 0.0) >= FITTED for name, record in checks.items() if record}


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
