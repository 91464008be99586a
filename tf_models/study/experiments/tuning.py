"""How an arm's learning rate is chosen: on validation, by several seeds, between two rates that are worse."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from tf_models.errors import LabError
from tf_models.runs.record import RunRecord

TUNING_SEEDS = (1_000_003, 1_000_004, 1_000_005)  # never reported
GRID = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3)  # and beyond by factors of two
Curve = Mapping[float, Sequence[RunRecord]]  # learning rate → the runs of all tuning seeds


@dataclass(frozen=True)
class Search:
    """Rates to begin with, and seeds to try each with; the best has the lowest mean loss on validation.

    Where an edge is best, the search goes on beyond it by factors of two, at most `steps` of them: what is chosen then
    has a worse rate on either side. Raises `LabError` for a rate outside `GRID` and for fewer seeds than three.
    """

    start: tuple[float, ...]
    seeds: tuple[int, ...]
    steps: int = 3
    images: ClassVar[Literal["validation", "training"]] = "validation"  # on which a rate must do best

    def __post_init__(self) -> None:
        for rate in self.start:
            if not math.log2(rate / GRID[0]).is_integer():
                raise LabError("rate_outside_grid", value=rate, choices=", ".join(f"{known:g}" for known in GRID))
        if len(set(self.seeds)) < len(TUNING_SEEDS):
            raise LabError("too_few_tuning_seeds", value=len(set(self.seeds)), least=len(TUNING_SEEDS))

    def needed(self, records: Callable[[float], Sequence[RunRecord] | None]) -> tuple[Curve, list[float]]:
        """The rates whose runs are all there, and all that are needed so far, in rising order; equal where the search
        is finished. `records` has the runs of a rate, None while some are missing.
        """
        rates = list(self.start)
        while True:
            known = {rate: found for rate in rates if (found := records(rate)) is not None}
            beyond = self._beyond(known) if len(known) == len(rates) else None
            if beyond is None:
                return known, rates
            rates = sorted([*rates, beyond])

    def _beyond(self, known: Curve) -> float | None:
        """The next rate to try; None where the best is inside, or as far out as it may be."""
        best, most = self.best(known), 2.0**self.steps
        if best == max(known) and best < max(self.start) * most:
            return 2 * best
        return best / 2 if best == min(known) and best > min(self.start) / most else None

    def best(self, curve: Curve) -> float:
        """The learning rate with the lowest loss."""
        return min(curve, key=lambda rate: self.loss(curve[rate]))

    def loss(self, runs: Sequence[RunRecord]) -> float:
        """Mean over the tuning seeds, in nats."""
        return float(np.mean([record.validation_loss for record in runs]))


class ByAccuracy(Search):
    """The best has the highest accuracy of one seed on validation; the loss breaks ties. It leads no headline, and so
    may begin with any rates.
    """

    def __post_init__(self) -> None:
        pass

    def best(self, curve: Curve) -> float:
        def success(rate: float) -> tuple[float, float]:
            (record,) = curve[rate]
            return record.validation_accuracy, -record.validation_loss

        return max(curve, key=success)


class ByTrainingLoss(Search):
    """The best has the lowest loss on the images that it was trained on: where nothing else can be learned."""

    images: ClassVar[Literal["validation", "training"]] = "training"

    def loss(self, runs: Sequence[RunRecord]) -> float:
        return float(np.mean([math.inf if record.fit_loss is None else record.fit_loss for record in runs]))


DECIDING = Search(GRID, TUNING_SEEDS)
# Where a run takes many minutes: the middle of the grid, and the rest only where it may be best.
FROM_THE_MIDDLE = Search(GRID[1:4], TUNING_SEEDS)
# What the lab did before. One seed and a tie can choose a rate that makes an effect, so that it leads no headline.
EXPLORING = ByAccuracy((3e-4, 1e-3, 3e-3), TUNING_SEEDS[:1], steps=0)
