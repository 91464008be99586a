"""Linear contrasts of paired runs with their intervals, as pure functions; accuracies are shares."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special  # not scipy.stats: it would cost every server 50 MB

from tf_models.runs.record import RunRecord

# By quantity, a field of a record.
UNITS = {"test_accuracy": "accuracy", "fit_accuracy": "accuracy", "test_loss": "nats", "fit_loss": "nats"}


@dataclass(frozen=True)
class Measure:
    """A number with its interval, of an experiment on one data set, in the claimed direction where it has one.

    `unit` is accuracy (shown as points), nats, share, ratio, count, error or slope. An exact number has `seeds` 0 and
    no width. The interval is Student's: `error` is the standard error, `freedom` its degrees of freedom, None where
    there is none. `image_share` is the share of the variance that only more test images would lower. `source` is runs
    (named in `runs`), formula (a closed one) or exact (computed with the lab's layers and shipped). `withheld` is the
    reason for which it decides nothing: "control_failed", "unfit", "denominator", "unmatched", or "" where it may.
    """

    value: float
    low: float
    high: float
    unit: str
    seeds: int = 0
    wins: int = 0  # seeds in which the value is above 0
    error: float | None = None
    freedom: float | None = None
    image_share: float = 0.0
    runs: tuple[str, ...] = ()
    source: str = "runs"
    withheld: str = ""


def linear_contrast(
    arms: Sequence[tuple[float, Sequence[RunRecord]]],
    level: float = 0.95,
    unit: str = "",
    quantity: str = "test_accuracy",
) -> Measure | None:
    """Σ weight · `quantity` over arms that are paired run by run, ``[(1, a), (-1, b)]`` for a difference.

    `quantity` is a key of `UNITS`, whose unit it has unless `unit` says otherwise. None below two runs per arm, and
    where a record does not hold the quantity. Where every seed has its own test set, the seeds alone are the sample;
    where all share one, its images are a sample too, of accuracies: what a loss is on every image is not kept. Raises
    ValueError for arms of different sizes and for another quantity.
    """
    sizes = {len(runs) for _, runs in arms}
    if len(sizes) != 1:
        raise ValueError(f"arms of {sorted(sizes)} runs cannot be paired")
    if quantity not in UNITS:
        raise ValueError(f"quantity {quantity} is none of {', '.join(UNITS)}")
    if max(sizes) < 2:
        return None
    if quantity == "test_accuracy" and all(record.fixed_test for _, runs in arms for record in runs):
        correct = [weight * np.stack([r.correctness for r in runs]) for weight, runs in arms]  # (seeds, images)
        found = effect_of_seeds_and_images(np.sum(correct, axis=0), level)
    else:
        rows = [[getattr(record, quantity) for record in runs] for _, runs in arms]  # (arms, seeds)
        if any(value is None for row in rows for value in row):
            return None
        found = effect_of_seeds(np.dot([weight for weight, _ in arms], rows).tolist(), level)
    ids = tuple(record.run_id for _, runs in arms for record in runs)
    return replace(found, unit=unit or UNITS[quantity], runs=ids)


def paired_effect(a: Sequence[RunRecord], b: Sequence[RunRecord], level: float = 0.95) -> Measure | None:
    """Accuracy of `a` minus accuracy of `b`, run by run; None below two pairs."""
    return linear_contrast([(1, a), (-1, b)], level)


def effect_of_seeds(differences: Sequence[float], level: float = 0.95) -> Measure:
    """Student's interval of the mean over seeds (n ≥ 2)."""
    values = np.asarray(differences, float)
    return _effect(values, values.var(ddof=1) / len(values), 0.0, level)


def effect_of_seeds_and_images(differences: np.ndarray, level: float = 0.95) -> Measure:
    """Mean of (seeds, images) differences in correctness, with seeds and images both random.

    The variance is that of a crossed design with two random factors, from its mean squares (Searle, Casella and
    McCulloch 1992, "Variance Components", chapter 4); a component whose estimate is below 0 counts as 0, so that a
    lucky draw of seeds is no tighter than its images allow. For the degrees of freedom see `degrees_of_freedom`.
    """
    seeds, images = differences.shape
    by_seed, by_image = differences.mean(axis=1), differences.mean(axis=0)
    mean = by_seed.mean()
    total = np.square(differences, dtype=float).sum() - seeds * images * mean**2
    of_seeds = by_seed.var(ddof=1) / seeds  # each a mean square over seeds · images: a variance of the mean
    of_images = by_image.var(ddof=1) / images
    rest = total - images * np.square(by_seed - mean).sum() - seeds * np.square(by_image - mean).sum()
    of_both = max(float(rest), 0.0) / ((seeds - 1) * (images - 1) * seeds * images)
    return _effect(by_seed, max(of_seeds, of_both), max(of_images - of_both, 0.0), level)


def degrees_of_freedom(seeds: int, of_seeds: float, of_images: float) -> float:
    """Of an error whose variance is `of_seeds`, estimated from a few seeds, plus `of_images`, from many images.

    Below five seeds those of the seeds alone, seeds − 1; from five on Satterthwaite's, at most twice as many, since
    otherwise a variance that a few seeds happen to make small would be trusted most. So an interval of 95 % covers in
    simulation 95 to 100 % with three seeds and 94.5 to 99.6 % with five (seeds that differ by 0 to 20 times what the
    images leave of them). With three, Satterthwaite's so capped would cover as little as 93.6 %, uncapped 92.7 %.
    """
    fewest = seeds - 1
    if seeds < 5:
        return fewest
    return min(fewest * (1 + of_images / of_seeds) ** 2, 2 * fewest) if of_seeds > 0 else 2 * fewest


def _effect(by_seed: np.ndarray, of_seeds: float, of_images: float, level: float) -> Measure:
    mean, seeds, variance = float(by_seed.mean()), len(by_seed), float(of_seeds + of_images)
    freedom, error = degrees_of_freedom(seeds, of_seeds, of_images), math.sqrt(variance)
    reach = float(special.stdtrit(freedom, (1 + level) / 2) * error)
    wins, image_share = int((by_seed > 0).sum()), float(of_images) / variance if variance > 0 else 0.0
    return Measure(mean, mean - reach, mean + reach, "accuracy", seeds, wins, error, freedom, image_share)
