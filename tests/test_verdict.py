"""The rule that turns paired runs into a verdict, and how often it errs."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats
from synthetic import correct_share, make_record

from tf_models.study.runs import RunSpec
from tf_models.study.verdict import (
    VERDICTS,
    Effect,
    decide,
    effect_of_seeds,
    effect_of_seeds_and_images,
    paired_effect,
    seeds_needed,
    smallest_effect,
    weighted_effect,
)

DELTA = 0.02


def interval(low: float, high: float, seeds: int = 5) -> Effect:
    return Effect((low + high) / 2, low, high, seeds, seeds, 0.5)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.021, 0.05, "supported"),
        (0.019, 0.05, "inconclusive"),
        (-0.01, 0.05, "inconclusive"),
        (0.001, 0.019, "partly"),
        (-0.001, 0.019, "not_supported"),
        (-0.05, -0.03, "not_supported"),
        (-0.05, 0.021, "inconclusive"),
        (0.02, 0.05, "inconclusive"),  # at δ is not above it
        (0.001, 0.02, "inconclusive"),
    ],
)
def test_the_verdict_on_a_difference_follows_from_its_interval(low, high, verdict):
    assert decide(interval(low, high), DELTA) == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.019, 0.019, "supported"),
        (0.005, 0.019, "supported"),  # different, but less than matters
        (0.021, 0.05, "not_supported"),
        (-0.05, -0.021, "not_supported"),
        (-0.05, 0.05, "inconclusive"),
        (0.01, 0.03, "inconclusive"),
        (-0.02, 0.01, "inconclusive"),
    ],
)
def test_the_verdict_on_no_difference_follows_from_its_interval(low, high, verdict):
    assert decide(interval(low, high), DELTA, "no_difference") == verdict


@pytest.mark.parametrize("claim", ["difference", "no_difference"])
def test_without_runs_a_claim_is_untested_and_two_seeds_decide_nothing(claim):
    assert decide(None, DELTA, claim) == "untested"
    for low, high in ((0.03, 0.05), (-0.05, -0.03), (-0.001, 0.001)):
        assert decide(interval(low, high, seeds=2), DELTA, claim) == "inconclusive"


def test_every_verdict_that_is_named_can_come_out():
    effects = [None, *(interval(low, high) for low, high in ((0.03, 0.05), (0.01, 0.015), (-0.01, 0.01), (0.01, 0.03)))]
    assert {decide(effect, DELTA) for effect in effects} == set(VERDICTS)


def test_an_unknown_kind_of_claim_is_an_error():
    with pytest.raises(ValueError, match="neither"):
        decide(interval(0, 1), DELTA, "equal")


@pytest.mark.parametrize(
    ("dataset", "images", "delta"),
    [("digits", 1258, 0.02), ("token_product", 2100, 0.02), ("cifar10-jpeg", 10_000, 0.015), ("cifar10", 48_000, 0.01)],
)
def test_the_smallest_effect_that_matters_depends_on_the_data(dataset, images, delta):
    assert smallest_effect(dataset, images) == delta


@pytest.mark.parametrize("level", [0.95, 0.975])
@pytest.mark.parametrize("values", [[0.01, 0.03], [0.02, 0.01, 0.04, 0.03, 0.015], [-0.01, 0.02, 0.0]])
def test_the_interval_over_seeds_is_students(values, level):
    effect = effect_of_seeds(values, level)
    test = stats.ttest_1samp(values, 0)
    low, high = test.confidence_interval(level)
    assert (effect.mean, effect.low, effect.high, effect.p) == pytest.approx((np.mean(values), low, high, test.pvalue))
    assert effect.seeds == len(values) and effect.wins == sum(v > 0 for v in values) and effect.level == level


def test_equal_differences_give_a_point():
    assert effect_of_seeds([0.25, 0.25, 0.25]).low == effect_of_seeds([0.25, 0.25, 0.25]).high == 0.25
    nothing = effect_of_seeds_and_images(np.zeros((3, 100), np.int8))
    assert (nothing.low, nothing.high, nothing.p) == (0, 0, 1)


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


def test_seeds_and_images_together_are_less_certain_than_seeds_alone():
    rng = np.random.default_rng(3)
    wider = []
    for _ in range(10):
        differences = crossed(rng, 5, 1000, 0.02, 0.005)
        both = effect_of_seeds_and_images(differences)
        assert both.mean == pytest.approx(differences.mean())
        assert both.low < both.mean < both.high
        images = 1.96 * differences.mean(axis=0).std() / math.sqrt(1000)
        assert both.high - both.mean > 0.95 * images  # never less than what the images alone leave open
        seeds = 1.96 * differences.mean(axis=1).std(ddof=1) / math.sqrt(5)
        wider.append(both.high - both.mean > seeds)
    assert all(wider)


def test_many_images_leave_the_seeds_interval():
    """Where images do not vary, what remains is Student's interval, a little wider."""
    rng = np.random.default_rng(4)
    by_seed = np.array([0.02, 0.05, 0.03, 0.06])
    differences = (rng.permuted(np.arange(10_000) / 10_000 < by_seed[:, None], axis=1)).astype(np.int8)
    student, both = effect_of_seeds(differences.mean(axis=1)), effect_of_seeds_and_images(differences)
    ratio = (both.high - both.low) / (student.high - student.low)
    assert 0.9 < ratio < 1.3


@pytest.mark.parametrize("fixed_test", [True, False])
def test_exchanging_the_arms_turns_the_effect_around(fixed_test):
    rng = np.random.default_rng(1)
    a, b = (
        [make_record(RunSpec(seed=s), rng.random(500) < share, fixed_test=fixed_test) for s in range(4)]
        for share in (0.9, 0.8)
    )
    there, back = paired_effect(a, b), paired_effect(b, a)
    assert there is not None and back is not None
    assert there.mean > 0.05
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert there.wins == 4 and back.wins == 0
    assert decide(there, DELTA) == "supported" and decide(back, DELTA) == "not_supported"


def test_the_test_set_decides_which_interval_is_taken():
    rng = np.random.default_rng(1)
    runs = {}
    for fixed in (True, False):
        correct = [(rng.random(400) < 0.9, rng.random(400) < 0.85) for _ in range(3)]
        a = [make_record(RunSpec(seed=s), pair[0], fixed_test=fixed) for s, pair in enumerate(correct)]
        b = [make_record(RunSpec(seed=s), pair[1], fixed_test=fixed) for s, pair in enumerate(correct)]
        runs[fixed] = paired_effect(a, b), np.stack([x.astype(np.int8) - y for x, y in correct])
    assert runs[True][0] == effect_of_seeds_and_images(runs[True][1])
    own = effect_of_seeds(runs[False][1].mean(axis=1))
    assert dataclasses.astuple(runs[False][0]) == pytest.approx(dataclasses.astuple(own))


def arms(rng: np.random.Generator, shares: tuple[float, ...], fixed: bool, seeds: int = 4, images: int = 500):
    """Runs of several arms; each is right on these shares of the images."""
    return [
        [make_record(RunSpec(seed=s), rng.random(images) < share, fixed_test=fixed) for s in range(seeds)]
        for share in shares
    ]


@pytest.mark.parametrize("fixed", [True, False])
def test_a_difference_is_a_weighted_effect_and_an_interaction_is_the_difference_of_two(fixed):
    a, b, c, d = arms(np.random.default_rng(5), (0.9, 0.8, 0.7, 0.65), fixed)
    assert weighted_effect([(1, a), (-1, b)]) == paired_effect(a, b)
    both = weighted_effect([(1, a), (-1, b), (-1, c), (1, d)])
    first, second = paired_effect(a, b), paired_effect(c, d)
    assert both is not None and first is not None and second is not None
    assert both.mean == pytest.approx(first.mean - second.mean)
    assert both.high - both.low > max(first.high - first.low, second.high - second.low)
    by_seed = [
        w.test_accuracy - x.test_accuracy - y.test_accuracy + z.test_accuracy
        for w, x, y, z in zip(a, b, c, d, strict=True)
    ]
    assert both.wins == sum(value > 0 for value in by_seed)
    if not fixed:
        assert dataclasses.astuple(both) == pytest.approx(dataclasses.astuple(effect_of_seeds(by_seed)))
    half = weighted_effect([(0.5, a), (-0.5, b), (-0.5, c), (0.5, d)])
    assert half is not None and (half.mean, half.low, half.high) == pytest.approx(
        (both.mean / 2, both.low / 2, both.high / 2)
    )
    back = weighted_effect([(-1, a), (1, b), (1, c), (-1, d)])
    assert back is not None and (back.low, back.high) == pytest.approx((-both.high, -both.low))


@pytest.mark.parametrize("shares", [(0.9, 0.8), (0.9, 0.8, 0.7, 0.6)])
def test_the_closed_form_is_what_many_draws_come_to(shares, monkeypatch):
    weighted = list(zip((1, -1, -1, 1), arms(np.random.default_rng(6), shares, True), strict=False))
    monkeypatch.setattr("tf_models.study.verdict.MOST_PATTERNS", 10**6)
    monkeypatch.setattr("tf_models.study.verdict.DRAWS", 5000)
    drawn = weighted_effect(weighted)
    monkeypatch.setattr("tf_models.study.verdict.MOST_PATTERNS", 0)
    exact = weighted_effect(weighted)
    assert drawn is not None and exact is not None and exact.mean == drawn.mean
    assert exact.high - exact.low == pytest.approx(drawn.high - drawn.low, rel=0.03)


def test_arms_that_cannot_be_paired_are_an_error_and_one_run_has_no_interval():
    a, b = arms(np.random.default_rng(7), (0.9, 0.8), True)
    with pytest.raises(ValueError, match="paired"):
        weighted_effect([(1, a), (-1, b[:3])])
    with pytest.raises(ValueError, match="paired"):
        weighted_effect([])
    assert weighted_effect([(1, a[:1]), (-1, b[:1])]) is None


def test_fewer_than_two_pairs_have_no_interval_and_unequal_arms_are_an_error():
    records = [make_record(RunSpec(seed=seed), correct_share(0.9)) for seed in range(2)]
    assert paired_effect([], []) is None
    assert paired_effect(records[:1], records[:1]) is None
    with pytest.raises(ValueError, match="paired"):
        paired_effect(records, records[:1])


def test_the_seeds_needed_would_settle_the_contrast():
    effect = effect_of_seeds([0.03, 0.02, 0.05, 0.01])
    needed = seeds_needed(effect, DELTA)
    assert effect.low < DELTA < effect.high and needed > 4
    reach = (effect.high - effect.mean) * math.sqrt(4 / needed)
    assert effect.mean - reach >= DELTA - 1e-9
    assert seeds_needed(interval(0.0, 0.04), DELTA) == 1000


# How often the rule errs: the numbers are printed with `pytest -s`.

REPETITIONS = 300
IMAGES = 500
SPREAD = 0.01  # of the difference, from seed to seed


def outcomes(kind: str, seeds: int, true: float) -> dict[str, float]:
    """Shares of repetitions in which the interval covers the truth, excludes zero, and supports each claim."""
    rng = np.random.default_rng([seeds, round(1000 * true), len(kind)])
    found = []
    for _ in range(REPETITIONS):
        if kind == "seeds":
            effect = effect_of_seeds(rng.normal(true, SPREAD, seeds))
        else:
            effect = effect_of_seeds_and_images(crossed(rng, seeds, IMAGES, true, SPREAD))
        found.append(
            (
                effect.low <= true <= effect.high,
                effect.low > 0 or effect.high < 0,
                decide(effect, DELTA) == "supported",
                decide(effect, DELTA, "no_difference") == "supported",
            )
        )
    return dict(zip(("covers", "differs", "supported", "equal"), np.mean(found, axis=0).tolist(), strict=True))


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("kind", ["seeds", "seeds and images"])
def test_the_rule_errs_as_seldom_as_it_says(kind, seeds, monkeypatch):
    monkeypatch.setattr("tf_models.study.verdict.DRAWS", 200)  # enough for a standard error, a tenth of the time
    none, small, large = (outcomes(kind, seeds, true) for true in (0.0, DELTA, 0.06))
    for name, rates in (("0", none), ("δ", small), ("3δ", large)):
        print(f"{kind}, {seeds} seeds, true effect {name}:", {key: round(rate, 3) for key, rate in rates.items()})
    # 300 repetitions leave a standard error of 1.3 points around 95 %.
    assert min(rates["covers"] for rates in (none, small, large)) >= 0.92
    assert small["supported"] <= 0.05
    assert none["differs"] <= 0.05 + 2 * 0.013
    assert none["supported"] <= 0.01
    assert small["equal"] <= 0.05
    # Power: seeds alone are enough here, while 500 images leave much open.
    assert large["supported"] > (0.85 if kind == "seeds" else 0.2)
