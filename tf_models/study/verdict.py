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
MOST_PATTERNS = 3**5  # that are drawn: a difference of two arms has no more with five seeds


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


def weighted_effect(arms: Sequence[tuple[float, Sequence[RunRecord]]], level: float = 0.95) -> Effect | None:
    """Σ weight · accuracy over arms that are paired run by run; None below two runs an arm.

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
        correct = [weight * np.stack([r.correctness() for r in runs]).astype(float) for weight, runs in arms]
        return effect_of_seeds_and_images(np.sum(correct, axis=0), level)
    accuracies = [weight * np.array([r.test_accuracy for r in runs]) for weight, runs in arms]
    return effect_of_seeds(np.sum(accuracies, axis=0).tolist(), level)


def paired_effect(a: Sequence[RunRecord], b: Sequence[RunRecord], level: float = 0.95) -> Effect | None:
    """Accuracy of `a` minus accuracy of `b`, run by run; None below two pairs."""
    return weighted_effect([(1, a), (-1, b)], level)


def mean_accuracy(runs: Sequence[RunRecord], level: float = 0.95) -> Effect | None:
    """The mean accuracy of one arm with its interval, as `paired_effect` against an arm that is always wrong."""
    return weighted_effect([(1, runs)], level)


def effect_of_seeds(differences: Sequence[float], level: float = 0.95) -> Effect:
    """Student's interval of the mean over seeds (n ≥ 2)."""
    values = np.asarray(differences, float)
    error = values.std(ddof=1) / math.sqrt(len(values))
    return _effect(values, error, len(values) - 1, level)


def effect_of_seeds_and_images(differences: np.ndarray, level: float = 0.95, draw: bool = True) -> Effect:
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
    return _decide(effect.low, effect.high, delta, claim)


def _decide(low: float, high: float, delta: float, claim: str) -> str:
    if claim == "no_difference":
        if -delta < low and high < delta:
            return SUPPORTED
        return NOT_SUPPORTED if low > delta or high < -delta else INCONCLUSIVE
    if low > delta:
        return SUPPORTED
    if high < delta:
        return PARTLY if low > 0 else NOT_SUPPORTED
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


def measure_of(effect: Effect | None, runs: Sequence[RunRecord] = (), withheld: bool = False) -> Measure | None:
    """An effect in accuracy as a measure, with the runs behind it."""
    if effect is None:
        return None
    ids = tuple(dict.fromkeys(run.run_id for run in runs))
    numbers = (effect.mean, effect.low, effect.high)
    return Measure(*numbers, "accuracy", effect.seeds, effect.wins, effect.p, ids, withheld=withheld)


# What a part of a claim may ask of a measure
TESTS = ("difference", "no_difference", "not_worse", "above", "below", "equals", "between")
TOLERANCE = 1e-5  # of exact numbers, which are computed in float32


def judge(
    measure: Measure | None,
    test: str,
    threshold: float | tuple[float, float] | None,
    delta: float,
    denominator: Measure | None = None,
) -> tuple[str, str]:
    """The verdict on one part of a claim, and the code of its reason.

    ``difference`` and ``no_difference`` are those of `decide`; ``not_worse`` asks that the first arm loses less than
    the margin. Their margin is `threshold`, or `delta` where that is None. ``above``, ``below`` and ``between`` ask on
    which side of the threshold the whole interval lies; ``equals`` asks it of the value. An exact number is an interval
    of no width, so that it always decides. A share of a gap decides nothing while the gap, `denominator`, is not shown
    to be larger than `delta`.
    """
    if test not in TESTS:
        raise ValueError(f"test {test} is none of {', '.join(TESTS)}")
    if measure is None:
        return UNTESTED, "missing"
    if measure.withheld or (denominator is not None and denominator.withheld):
        return INCONCLUSIVE, "control_failed"
    if 0 < measure.seeds < FEWEST_SEEDS:
        return INCONCLUSIVE, "few_seeds"
    if denominator is not None and denominator.low <= delta:
        return INCONCLUSIVE, "denominator"
    if test == "between":
        if not isinstance(threshold, tuple):
            raise ValueError(f"between needs two numbers, not {threshold}")
        low, high = threshold
        if low <= measure.low and measure.high <= high:
            return SUPPORTED, "inside"
        return (NOT_SUPPORTED, "outside") if measure.high < low or measure.low > high else (INCONCLUSIVE, "straddles")
    if isinstance(threshold, tuple):
        raise ValueError(f"{test} needs one number, not {threshold}")
    margin = delta if threshold is None else threshold
    if test == "equals":
        near = abs(measure.value - margin) <= TOLERANCE * (abs(margin) or 1)
        return (SUPPORTED, "equal") if near else (NOT_SUPPORTED, "unequal")
    if test in ("above", "below"):
        value = "value_" if measure.low == measure.high else ""
        if measure.low > margin:
            return (SUPPORTED if test == "above" else NOT_SUPPORTED), f"{value}above"
        if measure.high < margin:
            return (SUPPORTED if test == "below" else NOT_SUPPORTED), f"{value}below"
        if value:  # exactly at the threshold is on neither side of it
            return NOT_SUPPORTED, "at_threshold"
        return INCONCLUSIVE, "straddles"
    if test == "not_worse":
        if measure.low > -margin:
            return SUPPORTED, "not_worse"
        return (NOT_SUPPORTED, "worse") if measure.high < -margin else (INCONCLUSIVE, "margin_open")
    verdict = _decide(measure.low, measure.high, margin, test)
    if test == "difference" and measure.high < 0:
        return verdict, "opposite"
    return verdict, _REASONS[test][verdict]


_REASONS = {
    "difference": {SUPPORTED: "larger", PARTLY: "small", NOT_SUPPORTED: "not_larger", INCONCLUSIVE: "delta_open"},
    "no_difference": {SUPPORTED: "equivalent", NOT_SUPPORTED: "different", INCONCLUSIVE: "margin_open"},
}
REASONS = (  # every code of `judge`, then those of `conjunction_reason`; their words are `reason.CODE` in the catalogue
    *("missing", "control_failed", "few_seeds", "denominator", "inside", "outside", "straddles", "equal", "unequal"),
    *("above", "below", "value_above", "value_below", "at_threshold", "not_worse", "worse", "margin_open"),
    *("larger", "small", "not_larger", "opposite", "delta_open", "equivalent", "different"),
    *("all_hold", "none_hold", "mixed", "part_missing", "part_open"),
)


def conjunction(verdicts: Sequence[str]) -> str:
    """The verdict on a claim whose parts must all hold. Never rounded up: what is open or untested stays open.

    All supported: supported. All not supported: not supported. Mixed, or a part that holds partly: partly, whatever the
    open parts turn out to be. Otherwise inconclusive where every part has been measured, else untested.
    """
    found = set(verdicts)
    if len(found) == 1 and found <= {SUPPORTED, NOT_SUPPORTED}:
        return found.pop()
    if PARTLY in found or {SUPPORTED, NOT_SUPPORTED} <= found:
        return PARTLY
    return INCONCLUSIVE if found and UNTESTED not in found else UNTESTED


def conjunction_reason(verdicts: Sequence[str]) -> str:
    """The code of the reason of `conjunction`."""
    verdict = conjunction(verdicts)
    if verdict == UNTESTED:
        return "part_missing" if set(verdicts) - {UNTESTED} else "missing"
    return {SUPPORTED: "all_hold", PARTLY: "mixed", NOT_SUPPORTED: "none_hold", INCONCLUSIVE: "part_open"}[verdict]


def declared_seeds(dataset: str) -> int:
    """How many seeds the lab's experiments declare: 5 where every seed has its own test set, else 3."""
    return 5 if dataset == "digits" else 3


def level(seeds: int, declared: int) -> float:
    """The level of an interval: an extension beyond the declared seeds is a second look and needs a wider one."""
    return 0.975 if seeds > declared else 0.95


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """The p values, adjusted so that at most a share q of those at or below q are expected to be false discoveries."""
    count = len(ps)
    adjusted, least = [0.0] * count, 1.0
    for rank, index in sorted(enumerate(sorted(range(count), key=ps.__getitem__), 1), reverse=True):
        least = min(least, ps[index] * count / rank)
        adjusted[index] = least
    return adjusted
