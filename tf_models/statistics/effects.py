"""Linear contrasts of paired runs with their intervals, as pure functions; accuracies are shares."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special  # not scipy.stats: it would cost every server 50 MB

from tf_models.runs.record import RunRecord


@dataclass(frozen=True)
class Measure:
    """A number with its interval, of an experiment on one data set, in the claimed direction where it has one.

    `unit` is accuracy (shown as points), share, ratio, count, error or slope. An exact number has `seeds` 0 and no
    width. `source` is runs (named in `runs`), formula (a closed one) or exact (computed with the lab's layers and
    shipped). It is `withheld` where a control of its experiment failed.
    """

    value: float
    low: float
    high: float
    unit: str
    seeds: int = 0
    wins: int = 0  # seeds in which the value is above 0
    p: float | None = None  # two-sided, of no difference
    runs: tuple[str, ...] = ()
    source: str = "runs"
    withheld: bool = False


def linear_contrast(
    arms: Sequence[tuple[float, Sequence[RunRecord]]], level: float = 0.95, unit: str = "accuracy"
) -> Measure | None:
    """Σ weight · accuracy over arms that are paired run by run, ``[(1, a), (-1, b)]`` for a difference.

    None below two runs per arm. Where every seed has its own test set, the seeds alone are the sample; where all share
    one, its images are a sample too. Raises ValueError for arms of different sizes.
    """
    sizes = {len(runs) for _, runs in arms}
    if len(sizes) != 1:
        raise ValueError(f"arms of {sorted(sizes)} runs cannot be paired")
    if max(sizes) < 2:
        return None
    if all(record.fixed_test for _, runs in arms for record in runs):
        correct = [weight * np.stack([r.correctness for r in runs]) for weight, runs in arms]  # (seeds, images)
        found = effect_of_seeds_and_images(np.sum(correct, axis=0), level)
    else:
        accuracies = [weight * np.array([r.test_accuracy for r in runs]) for weight, runs in arms]
        found = effect_of_seeds(np.sum(accuracies, axis=0).tolist(), level)
    return replace(found, unit=unit, runs=tuple(record.run_id for _, runs in arms for record in runs))


def paired_effect(a: Sequence[RunRecord], b: Sequence[RunRecord], level: float = 0.95) -> Measure | None:
    """Accuracy of `a` minus accuracy of `b`, run by run; None below two pairs."""
    return linear_contrast([(1, a), (-1, b)], level)


def effect_of_seeds(differences: Sequence[float], level: float = 0.95) -> Measure:
    """Student's interval of the mean over seeds (n ≥ 2)."""
    values = np.asarray(differences, float)
    error = values.std(ddof=1) / math.sqrt(len(values))
    return _effect(values, error, len(values) - 1, level)


def effect_of_seeds_and_images(differences: np.ndarray, level: float = 0.95) -> Measure:
    """Mean of (seeds, images) differences in correctness, with seeds and images both random.

    The variance is that of infinitely many bootstrap draws of seeds and images (Owen 2007, "The pigeonhole bootstrap":
    a row i comes wᵢ times, with E[wᵢ wₖ] = 1 − 1/n + [i = k], columns alike), plus what n seeds drawn from n
    understate. Its degrees of freedom (Satterthwaite) follow from how much of it the few seeds contribute.
    """
    seeds, images = differences.shape
    by_seed = differences.mean(axis=1)
    centred = differences - by_seed.mean()
    rows = (1 - 1 / images) * (centred.sum(axis=1) ** 2).sum()
    columns = (1 - 1 / seeds) * (centred.sum(axis=0) ** 2).sum()
    seed_variance = by_seed.var(ddof=1) / seeds
    variance = float(rows + columns + (centred**2).sum()) / (seeds * images) ** 2 + seed_variance / seeds
    freedom = (seeds - 1) * (variance / seed_variance) ** 2 if seed_variance > 0 else images - 1
    return _effect(by_seed, math.sqrt(variance), min(freedom, images - 1), level)


def _effect(by_seed: np.ndarray, error: float, freedom: float, level: float) -> Measure:
    mean = float(by_seed.mean())
    reach = float(special.stdtrit(freedom, (1 + level) / 2) * error)
    p = float(2 * special.stdtr(freedom, -abs(mean) / error)) if error > 0 else float(mean == 0)
    return Measure(mean, mean - reach, mean + reach, "accuracy", len(by_seed), int((by_seed > 0).sum()), p)
