"""The decision rule: from an effect or a measure to a verdict. It is fixed before the runs: see `decide`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tf_models.runs.record import RunRecord
from tf_models.statistics.effects import Effect

SUPPORTED, PARTLY, NOT_SUPPORTED = "supported", "partly", "not_supported"
INCONCLUSIVE, UNTESTED = "inconclusive", "untested"
VERDICTS = (SUPPORTED, PARTLY, NOT_SUPPORTED, INCONCLUSIVE, UNTESTED)
FEWEST_SEEDS = 3  # for a verdict; an interval needs two


def smallest_effect(dataset: str, train_images: int) -> float:
    """δ, the smallest difference in accuracy that matters: 2 points on 8×8 images, 1.5 up to 10,000 images, else 1."""
    if dataset in ("digits", "token_product"):
        return 0.02
    return 0.015 if train_images <= 10_000 else 0.01


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
