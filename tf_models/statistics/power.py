"""The p of a verdict and what its design can find, in closed form; how often the rule errs, simulated.

    python -m tf_models power

Runs are simulated as real ones vary: with the seed and, where all share one test set, with the image as well. Ten
seconds or so.
"""

import json
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from tf_models.data import STUDIED, peek
from tf_models.runs.shipped import RESULTS
from tf_models.statistics.effects import (
    Measure,
    degrees_of_freedom,
    effect_of_seeds,
    effect_of_seeds_and_images,
)
from tf_models.statistics.rule import (
    FEWEST_SEEDS,
    INCONCLUSIVE,
    OPEN,
    SUPPORTED,
    TESTS,
    VERDICTS,
    Bounds,
    conjunction,
    judge,
    level,
)

FOUND = 0.8  # how often a design should find an effect
MOST_SEEDS = 1000  # that `seeds_needed` gives
REPETITIONS = 400
IMAGES = 10_000  # of the test set that all seeds share
SPREAD = 0.01  # of the difference from seed to seed, about that of the shipped runs
PLANS = ((3,), (5,), (5, 10))  # seeds of each look: the second only where the first leaves it open
EFFECTS = (0.0, 0.5, 1.0, 2.0, 3.0)  # true effects in δ
FILE = "power.json"


def crossed(rng: np.random.Generator, seeds: int, images: int, gain: float, spread: float) -> np.ndarray:
    """Differences in correctness, (seeds, images), whose mean over all possible seeds and images is `gain`.

    Like real runs, they vary with both: some images favour one arm whatever the seed, and the arms' quality varies by
    `spread` from seed to seed.
    """
    win = 0.15 + rng.uniform(-0.1, 0.1, images)  # how often only the first arm is right, by image
    lose = 0.15 + rng.uniform(-0.1, 0.1, images)
    shift = gain + np.clip(rng.normal(0, spread, seeds), -3 * spread, 3 * spread)  # so small that no chance is below 0
    draw = rng.random((seeds, images))
    better = draw < win + shift[:, None] / 2
    worse = draw > 1 - (lose - shift[:, None] / 2)
    return better.astype(np.int8) - worse.astype(np.int8)


def looks(rng: np.random.Generator, dataset: str, plan: Sequence[int], true: float) -> list[Measure]:
    """The effect that each look at one simulated experiment would find."""
    if not peek(dataset).fixed_test:  # every seed has a test set of its own
        values = rng.normal(true, SPREAD, plan[-1])
        return [effect_of_seeds(values[:seeds].tolist(), level(seeds, plan[0])) for seeds in plan]
    values = crossed(rng, plan[-1], IMAGES, true, SPREAD)
    return [effect_of_seeds_and_images(values[:seeds], level(seeds, plan[0])) for seeds in plan]


def verdict_of(found: Sequence[Measure], test: str, delta: float) -> str:
    """The verdict of the first look that gives one, else inconclusive."""
    verdict = INCONCLUSIVE
    for effect in found:
        verdict, _ = judge(effect, test, None, delta)
        if verdict != INCONCLUSIVE:
            break
    return verdict


def error_rates(repetitions: int = REPETITIONS, datasets: Sequence[str] = STUDIED) -> list[dict[str, Any]]:
    """One row for every data set, plan, rule and true effect, with the share of each verdict.

    The conjunction has two parts, both differences, of two independent contrasts.
    """
    rows = []
    for dataset in datasets:
        delta = peek(dataset).delta(IMAGES)
        for plan in PLANS:
            found = {}
            for size in EFFECTS:
                rng = np.random.default_rng([STUDIED.index(dataset), plan[-1], int(10 * size)])
                found[size] = [looks(rng, dataset, plan, size * delta) for _ in range(repetitions)]
            single = {
                (test, size): [verdict_of(effects, test, delta) for effects in found[size]]
                for test in ("difference", "no_difference")
                for size in EFFECTS
            }
            cases: dict[tuple[str, tuple[float, ...]], list[str]]
            cases = {(test, (size,)): verdicts for (test, size), verdicts in single.items()}
            for first, second in ((0.0, 0.0), (1.0, 1.0), (3.0, 0.0), (3.0, 3.0)):
                a, b = single["difference", first], single["difference", second]
                pairs = zip(a, [*b[1:], b[0]], strict=True)  # one further, so that the two are independent
                cases["conjunction", (first, second)] = [conjunction(pair) for pair in pairs]
            for (rule, sizes), verdicts in cases.items():
                counts = Counter(verdicts)
                rows.append(
                    {
                        "dataset": dataset,
                        "rule": rule,
                        "seeds": plan[-1],
                        "looks": len(plan),
                        "true": [size * delta for size in sizes],
                        "delta": delta,
                        "repetitions": repetitions,
                        "shares": {name: counts[name] / len(verdicts) for name in VERDICTS if name != "untested"},
                    }
                )
    return rows


def write_power(rows: list[dict[str, Any]]) -> Path:
    """Keep the rows beside the shipped results, one per line."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / FILE
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
    return path


def shipped_power() -> list[dict[str, Any]]:
    """The shipped rows; none where the file is missing."""
    path = RESULTS / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def few_seeds(dataset: str, seeds: int) -> str:
    """What an experiment with fewer seeds than declared can and cannot decide; empty where it has enough."""
    declared = peek(dataset).seeds
    if seeds >= declared:
        return ""
    if seeds < FEWEST_SEEDS:
        return (
            f"{seeds} seeds give intervals but no verdict: that needs at least {FEWEST_SEEDS}, and {declared} are "
            f"declared for {dataset}."
        )
    delta = peek(dataset).delta(IMAGES)
    found = {
        row["seeds"]: row["shares"][SUPPORTED]
        for row in shipped_power()
        if (row["dataset"], row["rule"], row["looks"], row["true"]) == (dataset, "difference", 1, [2 * delta])
    }
    text = f"{seeds} seeds are fewer than the {declared} declared for {dataset}: more is left inconclusive."
    if declared in found:
        simulated = max(plan for plan in found if plan <= seeds)
        text += (
            f" A true difference of {200 * delta:g} points is detected in {100 * found[simulated]:.0f} % of "
            f"experiments with {simulated} seeds, and in {100 * found[declared]:.0f} % with {declared} (simulated)."
        )
    return text


def p_value(measure: Measure, test: str, threshold: float | Bounds) -> float | None:
    """p of this very question: one-sided, that the effect lies at the edge of the test's zone or beyond it.

    Of a zone with two edges the larger of the two (TOST). A part is supported where p is below half of what the level
    of its interval leaves, 0.025 for 95 %. None where nothing was sampled, and for a zone of one number.
    """
    low, high = TESTS[test].zone(threshold)
    if measure.error is None or measure.freedom is None or low == high:
        return None
    inside = min(measure.value - low, high - measure.value)  # how far inside the zone, below 0 outside
    if measure.error == 0:
        return 0.0 if inside > 0 else 1.0
    return float(special.stdtr(measure.freedom, -inside / measure.error))


@dataclass(frozen=True)
class Power:
    """What the design behind one measure can find, if mean and spread stay as they are.

    `smallest` is the effect that it would find in 80 % of repetitions (`smallest_effect`). What is left open would be
    settled by about `seeds` seeds, at most `MOST_SEEDS`; never by seeds alone where more `images` are what it needs.
    `seeds` is None where nothing is open, and there.
    """

    smallest: float
    seeds: int | None = None
    images: bool = False


def power_of(measure: Measure | None, test: str, threshold: float | Bounds, reason: str) -> Power | None:
    """The power of a part that was judged for this reason; None where nothing was sampled."""
    if measure is None or not measure.error:
        return None
    smallest = smallest_effect(measure, test, threshold)
    if reason not in OPEN:
        return Power(smallest)
    edges = [edge for edge in TESTS[test].zone(threshold) if math.isfinite(edge)]
    edge = min(edges, key=lambda edge: abs(measure.value - edge))
    if images_needed(measure, edge):
        return Power(smallest, images=True)
    return Power(smallest, seeds_needed(measure, edge))


def smallest_effect(measure: Measure, test: str, threshold: float | Bounds) -> float:
    """The true effect nearest to the threshold that this design finds in 80 % of repetitions (noncentral t).

    Of a zone with two edges, such as no difference, the narrowest margin around its middle within which an effect at
    the middle would be shown to lie as often.
    """
    assert measure.error and measure.freedom
    low, high = TESTS[test].zone(threshold)
    critical = (measure.high - measure.value) / measure.error
    two_edges = math.isfinite(low) and math.isfinite(high)
    missed = (1 - FOUND) / 2 if two_edges else 1 - FOUND  # by each edge
    distance = float(special.nctdtrinc(measure.freedom, missed, critical)) * measure.error
    if two_edges:
        return distance
    return low + distance if math.isfinite(low) else high - distance


def images_needed(measure: Measure, edge: float) -> bool:
    """Whether the interval would contain `edge` with any number of seeds, since the test images are too few."""
    assert measure.error and measure.freedom
    critical = (measure.high - measure.value) / measure.error
    beyond = float(special.stdtr(measure.freedom, critical))
    reach = float(special.ndtri(beyond)) * measure.error * math.sqrt(measure.image_share)
    return reach > 0 and reach >= abs(measure.value - edge)


def seeds_needed(measure: Measure, edge: float) -> int:
    """About how many seeds would settle an open question, if mean and spread stayed as they are; at most 1,000.

    The interval must shrink until it no longer contains `edge`; its degrees of freedom grow with the seeds.
    """
    assert measure.error and measure.freedom
    of_images = measure.error**2 * measure.image_share
    of_one_seed = measure.seeds * (measure.error**2 - of_images)
    beyond = special.stdtr(measure.freedom, (measure.high - measure.value) / measure.error)

    def is_open(seeds: int) -> bool:
        of_seeds = of_one_seed / seeds
        critical = special.stdtrit(degrees_of_freedom(seeds, of_seeds, of_images), beyond)
        return critical * math.sqrt(of_seeds + of_images) >= abs(measure.value - edge)

    if is_open(MOST_SEEDS):
        return MOST_SEEDS
    # the first number of seeds that closes it: False (open) comes before True
    return bisect_left(range(MOST_SEEDS), True, lo=measure.seeds, key=lambda seeds: not is_open(seeds))
