"""Linear contrasts of paired runs with their intervals, as pure functions.

A linear contrast is Σ weight · test accuracy over arms, in the claimed direction, as a share (0.01 is one point).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special  # not scipy.stats: it would cost every server 50 MB

from tf_models.runs.record import RunRecord

DRAWS = 2000  # of the bootstrap
MOST_PATTERNS = 3**5  # that are drawn: a difference of two arms has no more with five seeds


@dataclass(frozen=True)
class Measure:
    """A number with its interval, of an experiment on one data set, in the claimed direction where it has one.

    `unit` is accuracy (a share, shown as points), share, ratio, count, error or slope. An exact number has `seeds` 0
    and `low` = `value` = `high`. `source` is runs (run records, named in `runs`), formula (a closed formula) or exact
    (computed with the lab's layers and shipped). It is `withheld` where a control of its experiment failed.
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
    """Σ weight · accuracy over arms that are paired run by run; None below two runs per arm.

    ``[(1, a), (-1, b)]`` is a difference, ``[(1, a), (-1, b), (-1, c), (1, d)]`` an interaction. Where every seed has
    its own test set, the seeds alone are the sample. Where all share one, seeds and images are resampled together,
    since the images are a sample too.
    """
    sizes = [len(runs) for _, runs in arms]
    if not sizes or len(set(sizes)) > 1:
        raise ValueError(f"arms of {sizes} runs cannot be paired")
    if sizes[0] < 2:
        return None
    if all(record.fixed_test for _, runs in arms for record in runs):
        correct = [weight * np.stack([r.correctness for r in runs]).astype(float) for weight, runs in arms]
        found = effect_of_seeds_and_images(np.sum(correct, axis=0), level)
    else:
        accuracies = [weight * np.array([r.test_accuracy for r in runs]) for weight, runs in arms]
        found = effect_of_seeds(np.sum(accuracies, axis=0).tolist(), level)
    return replace(found, unit=unit, runs=tuple(record.run_id for _, runs in arms for record in runs))


def paired_effect(a: Sequence[RunRecord], b: Sequence[RunRecord], level: float = 0.95) -> Measure | None:
    """Accuracy of `a` minus accuracy of `b`, run by run; None below two pairs."""
    return linear_contrast([(1, a), (-1, b)], level)


def mean_accuracy(runs: Sequence[RunRecord], level: float = 0.95) -> Measure | None:
    """The mean accuracy of one arm with its interval, as `paired_effect` against an arm that is always wrong."""
    return linear_contrast([(1, runs)], level)


def effect_of_seeds(differences: Sequence[float], level: float = 0.95) -> Measure:
    """Student's interval of the mean over seeds (n ≥ 2)."""
    values = np.asarray(differences, float)
    error = values.std(ddof=1) / math.sqrt(len(values))
    return _effect(values, error, len(values) - 1, level)


def effect_of_seeds_and_images(differences: np.ndarray, level: float = 0.95, draw: bool = True) -> Measure:
    """Mean of (seeds, images) differences in correctness, with seeds and images both random.

    The standard error is that of a bootstrap which draws seeds and images together with replacement (Owen 2007, "The
    pigeonhole bootstrap"), plus what n seeds drawn from n understate. Its degrees of freedom (Satterthwaite) follow
    from how much of it the few seeds contribute. Where the differences of many arms have too many patterns to draw, or
    without `draw`, the variance is the one that infinitely many draws would have.
    """
    seeds, images = differences.shape
    drawn = _drawn_variance(differences) if draw else None
    if drawn is None:
        drawn = pigeonhole_variance(differences)
    by_seed = differences.mean(axis=1)
    seed_variance = by_seed.var(ddof=1) / seeds
    variance = drawn + seed_variance / seeds
    freedom = (seeds - 1) * (variance / seed_variance) ** 2 if seed_variance > 0 else images - 1
    return _effect(by_seed, math.sqrt(variance), min(freedom, images - 1), level)


def _drawn_variance(differences: np.ndarray) -> float | None:
    """Variance of the mean over bootstrap draws; None where the values have too many patterns to draw."""
    seeds, images = differences.shape
    # Images with the same differences in every seed are the same to a bootstrap: drawing how many of each pattern come
    # up is drawing the images, in a thousandth of the time.
    sign = 1 if differences.mean() >= 0 else -1  # the same draws whichever arm comes first
    patterns, counts = np.unique(sign * differences + 0.0, axis=1, return_counts=True)  # (seeds, patterns); no -0.0
    if len(counts) > MOST_PATTERNS:
        return None
    rng = np.random.default_rng(2007)
    draw_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), DRAWS) / seeds  # (draws, seeds)
    draw_images = rng.multinomial(images, counts / images, DRAWS) / images  # (draws, patterns)
    return np.einsum("ds,ds->d", draw_seeds, draw_images @ patterns.T).var(ddof=1)


def pigeonhole_variance(differences: np.ndarray) -> float:
    """Variance of the mean of (seeds, images) values when seeds and images are drawn with replacement, in closed form.

    A draw takes row i wᵢ times and column j vⱼ times, with E[wᵢ wₖ] = 1 − 1/n + [i = k], and the same for columns; the
    products of centred values over all pairs add up to zero.
    """
    seeds, images = differences.shape
    centred = differences - differences.mean()
    rows = (1 - 1 / images) * (centred.sum(axis=1) ** 2).sum()
    columns = (1 - 1 / seeds) * (centred.sum(axis=0) ** 2).sum()
    return float(rows + columns + (centred**2).sum()) / (seeds * images) ** 2


def _effect(by_seed: np.ndarray, error: float, freedom: float, level: float) -> Measure:
    mean = float(by_seed.mean())
    reach = float(special.stdtrit(freedom, (1 + level) / 2) * error)
    p = float(2 * special.stdtr(freedom, -abs(mean) / error)) if error > 0 else float(mean == 0)
    return Measure(mean, mean - reach, mean + reach, "accuracy", len(by_seed), int((by_seed > 0).sum()), p)
