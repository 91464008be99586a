"""From paired runs to a verdict: effects, intervals and the decision rule, as pure functions.

An effect is a difference of two arms' test accuracies in the claimed direction, as a share (0.01 is one point). The
rule is fixed before the runs: see `decide`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special  # not scipy.stats: it would cost every server 50 MB

from tf_models.study.runs import RunRecord

SUPPORTED, PARTLY, NOT_SUPPORTED = "supported", "partly", "not_supported"
INCONCLUSIVE, UNTESTED = "inconclusive", "untested"
VERDICTS = (SUPPORTED, PARTLY, NOT_SUPPORTED, INCONCLUSIVE, UNTESTED)
FEWEST_SEEDS = 3  # for a verdict; an interval needs two
DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Effect:
    """A paired effect with its interval. `wins` counts the seeds in which the first arm is better."""

    mean: float
    low: float
    high: float
    seeds: int
    wins: int
    p: float  # two-sided, of no difference
    level: float = 0.95


def smallest_effect(dataset: str, train_images: int) -> float:
    """δ, the smallest difference in accuracy that matters: 2 points on 8×8 images, 1.5 up to 10,000 images, else 1."""
    if dataset in ("digits", "token_product"):
        return 0.02
    return 0.015 if train_images <= 10_000 else 0.01


def paired_effect(a: Sequence[RunRecord], b: Sequence[RunRecord], level: float = 0.95) -> Effect | None:
    """Accuracy of `a` minus accuracy of `b`, run by run; None below two pairs.

    Where every seed has its own test set, the seeds alone are the sample. Where all share one, seeds and images are
    resampled together, since the images are a sample too.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} runs cannot be paired with {len(b)}")
    if len(a) < 2:
        return None
    if all(record.fixed_test for record in (*a, *b)):
        correct_a = np.stack([record.correctness() for record in a]).astype(np.int8)
        correct_b = np.stack([record.correctness() for record in b]).astype(np.int8)
        return effect_of_seeds_and_images(correct_a - correct_b, level)
    return effect_of_seeds([x.test_accuracy - y.test_accuracy for x, y in zip(a, b, strict=True)], level)


def mean_accuracy(runs: Sequence[RunRecord], level: float = 0.95) -> Effect | None:
    """The mean accuracy of one arm with its interval, as `paired_effect` against an arm that is always wrong."""
    if len(runs) < 2:
        return None
    if all(record.fixed_test for record in runs):
        return effect_of_seeds_and_images(np.stack([r.correctness() for r in runs]).astype(np.int8), level)
    return effect_of_seeds([record.test_accuracy for record in runs], level)


def effect_of_seeds(differences: Sequence[float], level: float = 0.95) -> Effect:
    """Student's interval of the mean over seeds (n ≥ 2)."""
    values = np.asarray(differences, float)
    error = values.std(ddof=1) / math.sqrt(len(values))
    return _effect(values, error, len(values) - 1, level)


def effect_of_seeds_and_images(differences: np.ndarray, level: float = 0.95) -> Effect:
    """Mean of (seeds, images) differences in correctness, -1, 0 or 1, with seeds and images both random.

    The standard error is that of a bootstrap which draws seeds and images together with replacement (Owen 2007, "The
    pigeonhole bootstrap"), plus what n seeds drawn from n understate. Its degrees of freedom (Satterthwaite) follow
    from how much of it the few seeds contribute.
    """
    seeds, images = differences.shape
    rng = np.random.default_rng(2007)
    draw_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), DRAWS) / seeds  # (draws, seeds)
    # Images with the same differences in every seed are the same to a bootstrap: drawing how many of each pattern come
    # up is drawing the images, in a thousandth of the time.
    sign = 1 if differences.mean() >= 0 else -1  # the same draws whichever arm comes first
    patterns, counts = np.unique(sign * differences, axis=1, return_counts=True)  # (seeds, patterns)
    draw_images = rng.multinomial(images, counts / images, DRAWS) / images  # (draws, patterns)
    means = np.einsum("ds,ds->d", draw_seeds, draw_images @ patterns.T)
    by_seed = differences.mean(axis=1)
    seed_variance = by_seed.var(ddof=1) / seeds
    variance = means.var(ddof=1) + seed_variance / seeds
    freedom = (seeds - 1) * (variance / seed_variance) ** 2 if seed_variance > 0 else images - 1
    return _effect(by_seed, math.sqrt(variance), min(freedom, images - 1), level)


def _effect(by_seed: np.ndarray, error: float, freedom: float, level: float) -> Effect:
    mean = float(by_seed.mean())
    reach = float(special.stdtrit(freedom, (1 + level) / 2) * error)
    p = float(2 * special.stdtr(freedom, -abs(mean) / error)) if error > 0 else float(mean == 0)
    return Effect(mean, mean - reach, mean + reach, len(by_seed), int((by_seed > 0).sum()), p, level)


def decide(effect: Effect | None, delta: float, claim: str = "difference") -> str:
    """The verdict on one claim.

    ``difference`` (the first arm is better by more than `delta`): supported where the whole interval lies above
    `delta`; where it lies below, partly if it lies above zero (real, but small), else not supported; otherwise
    inconclusive. ``no_difference``: supported where the interval lies inside ±`delta`, not supported where it lies
    outside, otherwise inconclusive. Fewer than three seeds decide nothing.
    """
    if claim not in ("difference", "no_difference"):
        raise ValueError(f"claim {claim} is neither difference nor no_difference")
    if effect is None:
        return UNTESTED
    if effect.seeds < FEWEST_SEEDS:
        return INCONCLUSIVE
    if claim == "no_difference":
        if -delta < effect.low and effect.high < delta:
            return SUPPORTED
        return NOT_SUPPORTED if effect.low > delta or effect.high < -delta else INCONCLUSIVE
    if effect.low > delta:
        return SUPPORTED
    if effect.high < delta:
        return PARTLY if effect.low > 0 else NOT_SUPPORTED
    return INCONCLUSIVE


def seeds_needed(effect: Effect, delta: float) -> int:
    """About how many seeds would settle an inconclusive contrast, if its mean and spread stayed as they are.

    The interval must shrink until it no longer contains `delta`; at most 1,000.
    """
    distance = abs(effect.mean - delta)
    reach = effect.high - effect.mean
    if distance * math.sqrt(1000 / effect.seeds) <= reach:
        return 1000
    return math.ceil(effect.seeds * (reach / distance) ** 2)


@dataclass(frozen=True)
class Measure:
    """A named number of an experiment on one data set, in the claimed direction where it has one.

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
    p: float | None = None
    runs: tuple[str, ...] = ()
    source: str = "runs"
    withheld: bool = False
