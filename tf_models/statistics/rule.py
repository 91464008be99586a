"""The decision rule: from a measure's interval to a verdict."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tf_models.statistics.effects import Measure

SUPPORTED, PARTLY, NOT_SUPPORTED = "supported", "partly", "not_supported"
INCONCLUSIVE, UNTESTED = "inconclusive", "untested"
VERDICTS = (SUPPORTED, PARTLY, NOT_SUPPORTED, INCONCLUSIVE, UNTESTED)
FEWEST_SEEDS = 3  # for a verdict; an interval needs two
TOLERANCE = 1e-5  # of exact numbers, which are computed in float32

Bounds = tuple[float, float]


def looks(declared: int) -> tuple[int, int]:
    """With how many seeds an experiment may be looked at: at most the declared ones and, where these leave it open,
    once more. Whoever looks after every further seed until something is found always finds something.
    """
    return declared, 5 if declared < 5 else 10


def level(seeds: int, declared: int) -> float:
    """The level of an interval: an extension beyond the declared seeds is a second look and needs a wider one."""
    return 0.975 if seeds > declared else 0.95


# What may be asked of a measure


@dataclass(frozen=True)
class Criterion:
    """Asks that the whole interval lies inside a zone; refuted where it lies outside, open where it straddles an edge.

    `zone_around` gives the zone for a threshold, `reasons` are the codes of held, refuted and open, `symbols` is the
    question in one line. Its sentence is `rule.NAME` in the catalogue.
    """

    name: str
    symbols: str
    zone_around: Callable[[float], Bounds]
    reasons: tuple[str, str, str]

    def zone(self, threshold: float | Bounds) -> Bounds:
        """Where the interval must lie; infinite on an open side. Raises ValueError for two numbers."""
        if isinstance(threshold, tuple):
            raise ValueError(f"{self.name} needs one number, not {threshold}")
        return self.zone_around(threshold)

    def holds(self, measure: Measure, threshold: float | Bounds) -> tuple[str, str]:
        """Verdict and the code of its reason."""
        low, high = self.zone(threshold)
        held, refuted, still_open = self.reasons
        if low < measure.low and measure.high < high:
            return SUPPORTED, held
        return (NOT_SUPPORTED, refuted) if measure.high < low or measure.low > high else (INCONCLUSIVE, still_open)

    def asks(self, threshold: float | Bounds | None) -> str:
        """The question in one line of symbols; δ where the threshold is None."""
        bounds = threshold if isinstance(threshold, tuple) else (threshold,)
        return self.symbols.format(*("δ" if bound is None else f"{bound:g}".replace("-", "−") for bound in bounds))


class Difference(Criterion):
    """The first arm is better by more than the threshold; partly where it is better by less, but for certain."""

    def holds(self, measure: Measure, threshold: float | Bounds) -> tuple[str, str]:
        verdict, reason = super().holds(measure, threshold)
        if verdict == NOT_SUPPORTED and measure.low > 0:
            return PARTLY, "small"
        return verdict, "opposite" if measure.high < 0 else reason


class Side(Criterion):
    """On which side of the threshold the interval lies; an exact number decides also at the threshold."""

    def holds(self, measure: Measure, threshold: float | Bounds) -> tuple[str, str]:
        verdict, reason = super().holds(measure, threshold)
        if measure.low < measure.high:
            return verdict, reason
        return (NOT_SUPPORTED, "at_threshold") if verdict == INCONCLUSIVE else (verdict, f"value_{reason}")


class Equals(Criterion):
    """The value itself, whatever its interval, up to `TOLERANCE`."""

    def holds(self, measure: Measure, threshold: float | Bounds) -> tuple[str, str]:
        target, _ = self.zone(threshold)
        near = abs(measure.value - target) <= TOLERANCE * (abs(target) or 1)
        return (SUPPORTED, self.reasons[0]) if near else (NOT_SUPPORTED, self.reasons[1])


class Between(Criterion):
    """The whole interval lies between two numbers, both included."""

    def zone(self, threshold: float | Bounds) -> Bounds:
        if not isinstance(threshold, tuple):
            raise ValueError(f"{self.name} needs two numbers, not {threshold}")
        return threshold

    def holds(self, measure: Measure, threshold: float | Bounds) -> tuple[str, str]:
        low, high = self.zone(threshold)
        inside = low <= measure.low and measure.high <= high
        return (SUPPORTED, self.reasons[0]) if inside else super().holds(measure, threshold)


TESTS: dict[str, Criterion] = {
    criterion.name: criterion
    for criterion in (
        Difference("difference", "> {}", lambda m: (m, math.inf), ("larger", "not_larger", "delta_open")),
        # equivalence by two one-sided tests (TOST)
        Criterion("no_difference", "inside ±{}", lambda m: (-m, m), ("equivalent", "different", "margin_open")),
        # non-inferiority
        Criterion("not_worse", "> −{}", lambda m: (-m, math.inf), ("not_worse", "worse", "margin_open")),
        Side("above", "> {}", lambda m: (m, math.inf), ("above", "below", "straddles")),
        Side("below", "< {}", lambda m: (-math.inf, m), ("below", "above", "straddles")),
        Equals("equals", "= {}", lambda m: (m, m), ("equal", "unequal", "")),
        Between("between", "from {} to {}", lambda m: (m, m), ("inside", "outside", "straddles")),
    )
}
NOT_ASKED = "not_asked"  # of a part whose experiment is not for the data set
OPEN = ("delta_open", "margin_open", "straddles")  # what more seeds or more test images would settle
REASONS = (  # every code of `judge`, then those of `conjunction_reason`; their words are `reason.CODE` in the catalogue
    *(NOT_ASKED, "missing", "control_failed", "unfit", "few_seeds", "denominator", "unmatched", "unstable"),
    *("inside", "outside", "straddles", "equal", "unequal"),
    *("above", "below", "value_above", "value_below", "at_threshold", "not_worse", "worse", "margin_open"),
    *("larger", "small", "not_larger", "opposite", "delta_open", "equivalent", "different"),
    *("all_hold", "none_hold", "mixed", "part_missing", "part_open"),
)


def judge(
    measure: Measure | None,
    test: str,
    threshold: float | Bounds | None,
    delta: float,
    denominator: Measure | None = None,
) -> tuple[str, str]:
    """The verdict on one question, one of `TESTS`, and the code of its reason.

    The threshold is `delta` where it is None. Fewer than three seeds decide nothing. An exact number is an interval of
    no width, so that it always decides. A share of a gap decides nothing while the gap, `denominator`, is not shown to
    be larger than `delta`. Raises ValueError for an unknown test, and where the threshold is not of the test's kind.
    """
    if test not in TESTS:
        raise ValueError(f"test {test} is none of {', '.join(TESTS)}")
    if measure is None:
        return UNTESTED, "missing"
    if withheld := measure.withheld or (denominator.withheld if denominator is not None else ""):
        return INCONCLUSIVE, withheld
    if 0 < measure.seeds < FEWEST_SEEDS:
        return INCONCLUSIVE, "few_seeds"
    if denominator is not None and denominator.low <= delta:
        return INCONCLUSIVE, "denominator"
    return TESTS[test].holds(measure, delta if threshold is None else threshold)


def stable(found: tuple[str, str], swapped: tuple[str, str] | None) -> tuple[str, str, bool | None]:
    """Verdict and reason that hold whichever draw of the reference is taken, and whether the first ones did.

    `swapped` is what `judge` says with the runs of the reference's twin in its place (the A/A control), None where the
    reference is no part of the question; a twin with too few seeds says nothing either. A verdict that changes with
    the draw is inconclusive.
    """
    if swapped is None or swapped[0] == UNTESTED or swapped[1] == "few_seeds":
        return *found, None
    same = found[0] == swapped[0]
    if same or found[0] not in (SUPPORTED, PARTLY, NOT_SUPPORTED):
        return *found, same
    return INCONCLUSIVE, "unstable", False


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
