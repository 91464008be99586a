"""The rule that turns paired runs into a verdict, and how often it errs."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from scipy import special, stats
from synthetic import correct_share, make_record

from tf_models.data import peek
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import (
    UNITS,
    Measure,
    degrees_of_freedom,
    effect_of_seeds,
    effect_of_seeds_and_images,
    linear_contrast,
    paired_effect,
)
from tf_models.statistics.power import (
    SPREAD,
    crossed,
    error_rates,
    few_seeds,
    p_value,
    power_of,
    seeds_needed,
    shipped_power,
    smallest_effect,
)
from tf_models.statistics.rule import (
    NOT_ASKED,
    REASONS,
    TESTS,
    VERDICTS,
    conjunction,
    conjunction_reason,
    judge,
    level,
    stable,
)
from tf_models.study.judging import benjamini_hochberg

DELTA = 0.02


def interval(low: float, high: float, seeds: int = 5, **changes) -> Measure:
    """Student's interval of 95 %."""
    error = (high - low) / 2 / float(special.stdtrit(seeds - 1, 0.975))
    return Measure((low + high) / 2, low, high, "accuracy", seeds, seeds, error, seeds - 1, **changes)


def of_one_arm(runs) -> Measure | None:
    return linear_contrast([(1, runs)])


def figures(measure: Measure | None) -> tuple[float, ...]:
    assert measure is not None and measure.error is not None and measure.freedom is not None
    return measure.value, measure.low, measure.high, measure.seeds, measure.wins, measure.error, measure.freedom


def decide(measure: Measure | None, delta: float, test: str = "difference") -> str:
    return judge(measure, test, None, delta)[0]


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


@pytest.mark.parametrize(
    ("dataset", "images", "delta"),
    [("digits", 1258, 0.02), ("token_product", 2100, 0.02), ("cifar10-jpeg", 10_000, 0.015), ("cifar10", 48_000, 0.01)],
)
def test_the_smallest_effect_that_matters_depends_on_the_data(dataset, images, delta):
    assert peek(dataset).delta(images) == delta


@pytest.mark.parametrize("level", [0.95, 0.975])
@pytest.mark.parametrize("values", [[0.01, 0.03], [0.02, 0.01, 0.04, 0.03, 0.015], [-0.01, 0.02, 0.0]])
def test_the_interval_over_seeds_is_students(values, level):
    effect = effect_of_seeds(values, level)
    test = stats.ttest_1samp(values, 0)
    low, high = test.confidence_interval(level)
    assert (effect.value, effect.low, effect.high) == pytest.approx((np.mean(values), low, high))
    assert (effect.error, effect.freedom) == pytest.approx((stats.sem(values), len(values) - 1))
    assert effect.seeds == len(values) and effect.wins == sum(v > 0 for v in values)


def test_equal_differences_give_a_point():
    assert effect_of_seeds([0.25, 0.25, 0.25]).low == effect_of_seeds([0.25, 0.25, 0.25]).high == 0.25
    nothing = effect_of_seeds_and_images(np.zeros((3, 100), np.int8))
    assert (nothing.low, nothing.high, nothing.error) == (0, 0, 0)
    assert (p_value(nothing, "no_difference", DELTA), p_value(nothing, "above", 0.0)) == (0, 1)


def test_seeds_and_images_together_are_less_certain_than_seeds_alone():
    rng = np.random.default_rng(3)
    wider = []
    for _ in range(10):
        differences = crossed(rng, 5, 1000, 0.02, 0.005)
        both = effect_of_seeds_and_images(differences)
        assert both.value == pytest.approx(differences.mean())
        assert both.low < both.value < both.high
        images = 1.96 * differences.mean(axis=0).std() / math.sqrt(1000)
        assert both.high - both.value > 0.95 * images  # never less than what the images alone leave open
        seeds = 1.96 * differences.mean(axis=1).std(ddof=1) / math.sqrt(5)
        wider.append(both.high - both.value > seeds)
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
    assert there.value > 0.05
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
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
    assert figures(runs[True][0]) == figures(effect_of_seeds_and_images(runs[True][1]))
    own = effect_of_seeds(runs[False][1].mean(axis=1))
    assert figures(runs[False][0]) == pytest.approx(figures(own))


def arms(rng: np.random.Generator, shares: tuple[float, ...], fixed: bool, seeds: int = 4, images: int = 500):
    """Runs of several arms; each is right on these shares of the images."""
    return [
        [make_record(RunSpec(seed=s), rng.random(images) < share, fixed_test=fixed) for s in range(seeds)]
        for share in shares
    ]


@pytest.mark.parametrize("fixed", [True, False])
def test_a_difference_is_a_linear_contrast_and_an_interaction_is_the_difference_of_two(fixed):
    a, b, c, d = arms(np.random.default_rng(5), (0.9, 0.8, 0.7, 0.65), fixed)
    assert linear_contrast([(1, a), (-1, b)]) == paired_effect(a, b)
    both = linear_contrast([(1, a), (-1, b), (-1, c), (1, d)])
    first, second = paired_effect(a, b), paired_effect(c, d)
    assert both is not None and first is not None and second is not None
    assert both.value == pytest.approx(first.value - second.value)
    assert both.high - both.low > max(first.high - first.low, second.high - second.low)
    by_seed = [
        w.test_accuracy - x.test_accuracy - y.test_accuracy + z.test_accuracy
        for w, x, y, z in zip(a, b, c, d, strict=True)
    ]
    assert both.wins == sum(value > 0 for value in by_seed)
    if not fixed:
        assert figures(both) == pytest.approx(figures(effect_of_seeds(by_seed)))
    half = linear_contrast([(0.5, a), (-0.5, b), (-0.5, c), (0.5, d)])
    assert half is not None and (half.value, half.low, half.high) == pytest.approx(
        (both.value / 2, both.low / 2, both.high / 2)
    )
    back = linear_contrast([(-1, a), (1, b), (1, c), (-1, d)])
    assert back is not None and (back.low, back.high) == pytest.approx((-both.high, -both.low))


@pytest.mark.parametrize("quantity", sorted(UNITS.keys() - {"test_accuracy"}))
@pytest.mark.parametrize("fixed", [True, False])
def test_a_contrast_of_another_quantity_is_students_over_the_seeds_of_that_field(quantity, fixed):
    """Whether or not all seeds share a test set; the fault would be the test accuracy in its place."""
    rng = np.random.default_rng(10)
    values = rng.normal(0.5, 0.1, (3, 4)).tolist()  # (arms, seeds)
    runs = [
        [make_record(RunSpec(seed=s), fixed_test=fixed, **{quantity: v}) for s, v in enumerate(arm)] for arm in values
    ]
    found = linear_contrast(list(zip((1, -0.5, -0.5), runs, strict=True)), quantity=quantity)
    expected = effect_of_seeds(np.dot((1, -0.5, -0.5), values).tolist())
    assert figures(found) == pytest.approx(figures(expected))
    assert found.unit == UNITS[quantity] == ("accuracy" if quantity == "fit_accuracy" else "nats")
    assert linear_contrast([(1, runs[0]), (-1, runs[1])], unit="ratio", quantity=quantity).unit == "ratio"
    if quantity != "test_loss":  # records from before it was kept
        runs[1][2] = dataclasses.replace(runs[1][2], **{quantity: None})
        assert linear_contrast([(1, runs[0]), (-1, runs[1])], quantity=quantity) is None
    with pytest.raises(ValueError, match="quantity seconds is none of"):
        linear_contrast([(1, runs[0])], quantity="seconds")


def of_components(rng: np.random.Generator, seeds: int, images: int, spreads: tuple[float, float, float]) -> np.ndarray:
    """(seeds, images) normal values whose variance has these three components: of seeds, of images, of both."""
    of_seeds, of_images, of_both = spreads
    shape = seeds, images
    return rng.normal(0, of_seeds, (seeds, 1)) + rng.normal(0, of_images, (1, images)) + rng.normal(0, of_both, shape)


def test_the_variance_is_unbiased_and_says_how_much_only_more_images_would_lower():
    rng, spreads, (seeds, images) = np.random.default_rng(6), (0.1, 1.0, 0.5), (6, 200)
    found = [effect_of_seeds_and_images(of_components(rng, seeds, images, spreads)) for _ in range(600)]
    truth = spreads[0] ** 2 / seeds + spreads[1] ** 2 / images + spreads[2] ** 2 / (seeds * images)
    assert np.mean([effect.error**2 for effect in found]) == pytest.approx(truth, rel=0.05)
    assert np.var([effect.value for effect in found]) == pytest.approx(truth, rel=0.15)
    of_images = np.mean([effect.error**2 * effect.image_share for effect in found])
    assert of_images == pytest.approx(spreads[1] ** 2 / images, rel=0.1)


@pytest.mark.parametrize("seeds", [2, 3, 4, 5, 10])
@pytest.mark.parametrize("spreads", [(0.0, 0.0, 1.0), (0.0, 2.0, 0.1), (0.1, 0.5, 1.0)], ids=str)
def test_a_few_seeds_are_never_trusted_like_many(seeds, spreads):
    """Satterthwaite's degrees of freedom alone reach thousands where a few seeds happen to agree."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        effect = effect_of_seeds_and_images(of_components(rng, seeds, 300, spreads))
        assert effect.freedom == seeds - 1 if seeds < 5 else seeds - 1 <= effect.freedom <= 2 * (seeds - 1)
    assert degrees_of_freedom(5, 1.0, 0.2) == pytest.approx(4 * 1.2**2)  # Satterthwaite below the cap


def test_seeds_that_happen_to_agree_are_no_tighter_than_their_images_allow():
    rng = np.random.default_rng(9)
    equally_good = rng.permuted(np.tile(np.arange(1000) < 100, (3, 1)), axis=1)
    effect = effect_of_seeds_and_images(equally_good)
    assert equally_good.sum(axis=1).tolist() == [100, 100, 100]  # the seeds alone would give an interval of no width
    assert effect.error == pytest.approx(math.sqrt(0.1 * 0.9 / 3000), rel=0.05)


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("of_seeds", [0.0, 1.4, 4.5], ids=str)
def test_intervals_cover_as_often_as_they_say(seeds, of_seeds):
    """As spread as the shipped runs: the share of the variance that comes from seeds is 0, ⅔ and 95 %."""
    rng, images = np.random.default_rng(seeds), 400
    spreads = of_seeds / math.sqrt(images), 0.5, 1.0
    draws = [effect_of_seeds_and_images(of_components(rng, seeds, images, spreads)) for _ in range(1500)]
    covered = np.mean([effect.low <= 0 <= effect.high for effect in draws])
    print(f"{seeds} seeds, spread {of_seeds}: an interval of 95 % covers {100 * covered:.1f} %")
    assert covered > 0.945 - 2 * 0.0056  # two standard errors of 1,500 repetitions


def test_arms_that_cannot_be_paired_are_an_error_and_one_run_has_no_interval():
    a, b = arms(np.random.default_rng(7), (0.9, 0.8), True)
    with pytest.raises(ValueError, match="paired"):
        linear_contrast([(1, a), (-1, b[:3])])
    with pytest.raises(ValueError, match="paired"):
        linear_contrast([])
    assert linear_contrast([(1, a[:1]), (-1, b[:1])]) is None


def test_the_mean_of_one_arm_has_an_interval_that_grows_with_the_spread_of_its_seeds():
    spec = RunSpec()
    steady, wild = (
        of_one_arm([make_record(spec, correct_share(0.9 + step)) for step in (-spread, 0, spread)])
        for spread in (0.01, 0.05)
    )
    assert (steady.value, wild.value) == pytest.approx((0.9, 0.9), abs=0.002)
    assert wild.high - wild.low > 3 * (steady.high - steady.low)
    fixed = [make_record(spec, correct_share(0.9), fixed_test=True) for _ in range(3)]
    # equal runs on one test set: the images alone make the interval, but two degrees of freedom do not know that
    assert of_one_arm(fixed).high - 0.9 == pytest.approx(4.30 * np.sqrt(0.9 * 0.1 / 360), rel=0.01)
    assert of_one_arm(fixed[:1]) is None


def test_fewer_than_two_pairs_have_no_interval_and_unequal_arms_are_an_error():
    records = [make_record(RunSpec(seed=seed), correct_share(0.9)) for seed in range(2)]
    assert paired_effect([], []) is None
    assert paired_effect(records[:1], records[:1]) is None
    with pytest.raises(ValueError, match="paired"):
        paired_effect(records, records[:1])


def test_the_seeds_needed_would_settle_the_contrast():
    effect = effect_of_seeds([0.03, 0.02, 0.05, 0.01])
    needed = seeds_needed(effect, DELTA)
    assert effect.low < DELTA < effect.high and needed > 4 and effect.error

    def reach(seeds: int) -> float:
        return stats.t.ppf(0.975, seeds - 1) * effect.error * math.sqrt(4 / seeds)

    assert reach(needed) < effect.value - DELTA <= reach(needed - 1)
    assert seeds_needed(interval(0.0, 0.04), DELTA) == 1000
    assert power_of(effect, "difference", DELTA, "delta_open").seeds == needed
    assert power_of(effect, "difference", DELTA, "few_seeds").seeds is None


def test_where_the_images_leave_it_open_no_number_of_seeds_is_named():
    few_images = interval(0.01, 0.05, image_share=0.9)  # one point above δ, of which the images alone leave 1.3
    assert power_of(few_images, "difference", DELTA, "delta_open").images
    found = power_of(interval(0.01, 0.05, image_share=0.2), "difference", DELTA, "delta_open")
    without = power_of(interval(0.01, 0.05), "difference", DELTA, "delta_open")
    assert not found.images and found.seeds > without.seeds > 5
    assert not power_of(few_images, "difference", DELTA, "few_seeds").images
    assert power_of(None, "difference", DELTA, "missing") is None
    assert power_of(measure(1.0), "above", 0.0, "value_above") is None


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize(
    ("test", "threshold", "at"),
    [
        ("difference", DELTA, None),
        ("not_worse", DELTA, None),
        ("below", 0.0, None),
        ("no_difference", None, 0.0),  # with the margin that the design can show
    ],
)
def test_the_smallest_effect_is_found_in_80_percent(test, threshold, at, seeds):
    rng, spread = np.random.default_rng(seeds), 0.01
    error, critical = spread / math.sqrt(seeds), stats.t.ppf(0.975, seeds - 1)
    design = Measure(0, -critical * error, critical * error, "accuracy", seeds, 0, error, seeds - 1)
    smallest = smallest_effect(design, test, DELTA if threshold is None else threshold)
    margin, true = (smallest, at) if threshold is None else (threshold, smallest)
    found = [effect_of_seeds(rng.normal(true, spread, seeds)) for _ in range(1500)]
    share = np.mean([judge(effect, test, margin, DELTA)[0] == "supported" for effect in found])
    # of two edges both may be missed at once, so that a little more is found
    assert 0.8 - 0.03 < share < (0.88 if threshold is None else 0.83)


# Parts of claims and claims


def measure(low: float, high: float | None = None, seeds: int = 5, **changes) -> Measure:
    """An interval; one number is exact."""
    if high is None:
        return Measure(low, low, low, "ratio", source="exact", **changes)
    return interval(low, high, seeds, **changes)


JUDGED = [
    # δ is the margin where no threshold is given
    (measure(0.021, 0.05), "difference", None, "supported", "larger"),
    (measure(0.001, 0.019), "difference", None, "partly", "small"),
    (measure(-0.01, 0.019), "difference", None, "not_supported", "not_larger"),
    (measure(-0.03, -0.01), "difference", None, "not_supported", "opposite"),
    (measure(0.01, 0.03), "difference", None, "inconclusive", "delta_open"),
    (measure(0.021, 0.05), "difference", 0.03, "inconclusive", "delta_open"),
    (measure(0.031, 0.05), "difference", 0.03, "supported", "larger"),
    (measure(-0.01, 0.019), "no_difference", None, "supported", "equivalent"),
    (measure(0.021, 0.05), "no_difference", None, "not_supported", "different"),
    (measure(-0.03, 0.01), "no_difference", None, "inconclusive", "margin_open"),
    (measure(-0.01, 0.2), "not_worse", None, "supported", "not_worse"),
    (measure(-0.2, -0.03), "not_worse", None, "not_supported", "worse"),
    (measure(-0.03, 0.2), "not_worse", None, "inconclusive", "margin_open"),
    (measure(0.01, 0.03), "above", 0.0, "supported", "above"),
    (measure(-0.03, -0.01), "above", 0.0, "not_supported", "below"),
    (measure(-0.01, 0.01), "above", 0.0, "inconclusive", "straddles"),
    (measure(0.021, 0.03), "above", None, "supported", "above"),
    (measure(-0.03, -0.01), "below", 0.0, "supported", "below"),
    (measure(0.01, 0.03), "below", 0.0, "not_supported", "above"),
    (measure(-0.01, 0.01), "below", 0.0, "inconclusive", "straddles"),
    (measure(1.9, 2.1), "between", (1.8, 2.2), "supported", "inside"),
    (measure(1.0, 1.1), "between", (1.8, 2.2), "not_supported", "outside"),
    (measure(2.3, 2.4), "between", (1.8, 2.2), "not_supported", "outside"),
    (measure(1.7, 1.9), "between", (1.8, 2.2), "inconclusive", "straddles"),
    # exact numbers always decide
    (measure(1.0), "above", 0.99, "supported", "value_above"),
    (measure(0.0), "above", 0.0, "not_supported", "at_threshold"),
    (measure(0.0), "below", 0.0, "not_supported", "at_threshold"),
    (measure(1e-7), "below", 1e-5, "supported", "value_below"),
    (measure(1e-3), "below", 1e-5, "not_supported", "value_above"),
    (measure(2.0), "between", (1.8, 2.2), "supported", "inside"),
    (measure(1.0), "between", (1.8, 2.2), "not_supported", "outside"),
    (measure(3072 * (1 + 9e-6)), "equals", 3072.0, "supported", "equal"),
    (measure(3072 * (1 + 2e-5)), "equals", 3072.0, "not_supported", "unequal"),
    (measure(9e-6), "equals", 0.0, "supported", "equal"),
    (measure(2e-5), "equals", 0.0, "not_supported", "unequal"),
    # what prevents a verdict
    (None, "difference", None, "untested", "missing"),
    (measure(0.03, 0.05, seeds=2), "difference", None, "inconclusive", "few_seeds"),
    (measure(0.03, 0.05, withheld="control_failed"), "difference", None, "inconclusive", "control_failed"),
    (measure(0.0, withheld="control_failed"), "equals", 0.0, "inconclusive", "control_failed"),
    (measure(0.03, 0.05, withheld="unfit"), "difference", None, "inconclusive", "unfit"),
    (measure(0.03, 0.05, withheld="unmatched"), "above", 0.0, "inconclusive", "unmatched"),
]


@pytest.mark.parametrize(("found", "test", "threshold", "verdict", "reason"), JUDGED)
def test_a_part_is_judged_by_its_test(found, test, threshold, verdict, reason):
    assert judge(found, test, threshold, DELTA) == (verdict, reason)


def test_every_test_and_every_reason_has_a_case():
    assert {case[1] for case in JUDGED} == set(TESTS)
    of_claims = {"all_hold", "none_hold", "mixed", "part_missing", "part_open"}
    assert {case[4] for case in JUDGED} | {"denominator", "unstable", NOT_ASKED} | of_claims == set(REASONS)


@pytest.mark.parametrize(("found", "test", "threshold", "verdict", "reason"), JUDGED)
def test_the_p_of_a_part_is_that_of_its_own_test(found, test, threshold, verdict, reason):
    """Below half of what the level leaves exactly where the part is supported."""
    if found is None or found.withheld or found.seeds < 3:
        return
    p = p_value(found, test, DELTA if threshold is None else threshold)
    assert (p is None) == (found.error is None) and (p is None or (p < 0.025) == (verdict == "supported"))


def test_the_p_has_the_margin_in_it():
    values = [0.03, 0.05, 0.035, 0.045, 0.04]
    effect = effect_of_seeds(values)

    def one_sided(margin: float, alternative: str) -> float:
        return stats.ttest_1samp(values, margin, alternative=alternative).pvalue

    assert p_value(effect, "difference", DELTA) == pytest.approx(one_sided(DELTA, "greater"))
    of_no_difference = p_value(effect, "difference", 0.0)  # the fault
    assert p_value(effect, "difference", DELTA) > 10 * of_no_difference
    assert p_value(effect, "not_worse", DELTA) == pytest.approx(one_sided(-DELTA, "greater"))
    assert p_value(effect, "below", 0.05) == pytest.approx(one_sided(0.05, "less"))
    tost = max(one_sided(-0.05, "greater"), one_sided(0.05, "less"))
    assert p_value(effect, "no_difference", 0.05) == pytest.approx(tost)
    assert p_value(effect, "between", (-0.05, 0.05)) == pytest.approx(tost)
    assert p_value(effect, "equals", 0.04) is None and p_value(measure(1.0), "above", 0.0) is None


@pytest.mark.parametrize(
    ("found", "swapped", "expected"),
    [
        (("supported", "larger"), ("supported", "larger"), ("supported", "larger", True)),
        (("supported", "larger"), ("inconclusive", "delta_open"), ("inconclusive", "unstable", False)),
        (("not_supported", "worse"), ("supported", "not_worse"), ("inconclusive", "unstable", False)),
        (("partly", "small"), ("not_supported", "not_larger"), ("inconclusive", "unstable", False)),
        (("inconclusive", "delta_open"), ("supported", "larger"), ("inconclusive", "delta_open", False)),
        (("inconclusive", "delta_open"), ("inconclusive", "straddles"), ("inconclusive", "delta_open", True)),
        (("supported", "larger"), None, ("supported", "larger", None)),  # the reference is no part of it
        (("supported", "larger"), ("untested", "missing"), ("supported", "larger", None)),
        (("supported", "larger"), ("inconclusive", "few_seeds"), ("supported", "larger", None)),
    ],
)
def test_a_verdict_that_another_draw_of_the_reference_changes_is_none(found, swapped, expected):
    assert stable(found, swapped) == expected


def test_a_share_of_a_gap_needs_a_gap():
    closed = measure(0.001, 0.02)
    for low, high in ((0.01, 0.05), (-0.05, -0.03), (-0.01, 0.01)):  # open, in the other direction, none
        assert judge(closed, "above", 0.0, DELTA, measure(low, high)) == ("inconclusive", "denominator")
    gap = measure(0.03, 0.05)
    assert judge(closed, "above", 0.0, DELTA, gap) == ("supported", "above")
    assert judge(closed, "above", 0.0, DELTA, dataclasses.replace(gap, withheld="unfit"))[1] == "unfit"


@pytest.mark.parametrize(
    ("test", "threshold", "words"),
    [("equal", 0.0, "none of"), ("between", 1.0, "two numbers"), ("above", (0.0, 1.0), "one number")],
)
def test_a_part_that_cannot_be_judged_is_an_error(test, threshold, words):
    with pytest.raises(ValueError, match=words):
        judge(measure(0.5), test, threshold, DELTA)


S, P, N, C, U = VERDICTS
CONJUNCTIONS = [
    ((S,), S, "all_hold"),
    ((S, S), S, "all_hold"),
    ((N,), N, "none_hold"),
    ((N, N), N, "none_hold"),
    ((P,), P, "mixed"),
    ((S, N), P, "mixed"),
    ((S, P), P, "mixed"),
    ((N, P), P, "mixed"),
    ((S, N, U), P, "mixed"),  # whatever the open part turns out to be
    ((P, C), P, "mixed"),
    ((S, C), C, "part_open"),
    ((N, C), C, "part_open"),
    ((N, C, U), U, "part_missing"),
    ((C,), C, "part_open"),
    ((S, U), U, "part_missing"),
    ((N, U), U, "part_missing"),
    ((U, U), U, "missing"),
    ((), U, "missing"),
]


@pytest.mark.parametrize(("parts", "verdict", "reason"), CONJUNCTIONS)
def test_a_conjunction_is_never_rounded_up(parts, verdict, reason):
    for order in itertools.permutations(parts):
        assert (conjunction(order), conjunction_reason(order)) == (verdict, reason)


def test_a_second_look_needs_a_wider_interval():
    assert (level(5, 5), level(3, 5), level(10, 5)) == (0.95, 0.95, 0.975)


def test_adjusted_p_values_are_those_of_benjamini_and_hochberg():
    ps = [0.01, 0.04, 0.03, 0.005, 0.8]
    assert benjamini_hochberg(ps) == pytest.approx(stats.false_discovery_control(ps).tolist())
    assert benjamini_hochberg([0.02]) == [0.02] and benjamini_hochberg([]) == []


# How often the rule errs: the numbers are printed with `pytest -s`.

REPETITIONS = 300
IMAGES = 500


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
def test_the_rule_errs_as_seldom_as_it_says(kind, seeds):
    none, small, large = (outcomes(kind, seeds, true) for true in (0.0, DELTA, 0.06))
    for name, rates in (("0", none), ("δ", small), ("3δ", large)):
        print(f"{kind}, {seeds} seeds, true effect {name}:", {key: round(rate, 3) for key, rate in rates.items()})
    # 300 repetitions leave a standard error of 1.3 points around 95 %.
    assert min(rates["covers"] for rates in (none, small, large)) >= 0.92
    assert small["supported"] <= 0.05
    assert none["differs"] <= 0.05 + 2 * 0.013
    assert none["supported"] <= 0.01
    assert small["equal"] <= 0.05
    # Power: seeds alone are enough here, while 500 images leave much open, and nearly all of it with three seeds.
    assert large["supported"] > (0.85 if kind == "seeds" else 0.2 if seeds == 5 else 0)


def test_the_rules_of_parts_and_conjunctions_err_as_seldom_too():
    rows = error_rates(repetitions=100)
    by_case = {}
    for row in rows:
        assert sum(row["shares"].values()) == pytest.approx(1)
        key = (row["dataset"], row["rule"], row["seeds"])
        by_case[(*key, *(round(true / row["delta"], 1) for true in row["true"]))] = row["shares"]
    for dataset in ("digits", "cifar10-jpeg"):
        for seeds in (3, 5, 10):
            # 100 repetitions leave a standard error of 2.2 points around 5 %.
            assert by_case[dataset, "difference", seeds, 1.0]["supported"] <= 0.1
            assert by_case[dataset, "difference", seeds, 0.0]["supported"] <= 0.02
            assert by_case[dataset, "no_difference", seeds, 1.0]["supported"] <= 0.1
            assert by_case[dataset, "conjunction", seeds, 3.0, 0.0]["supported"] <= 0.02
            assert by_case[dataset, "conjunction", seeds, 1.0, 1.0]["supported"] <= 0.02
        # more seeds find more
        for rule, *true in (("difference", 3.0), ("no_difference", 0.0), ("conjunction", 3.0, 3.0)):
            shares = [by_case[(dataset, rule, seeds, *true)]["supported"] for seeds in (3, 5, 10)]
            assert shares == sorted(shares) and shares[-1] > 0.7


def test_the_shipped_rates_are_those_of_the_rule():
    shipped = [row for row in shipped_power() if row["dataset"] == "digits"]
    assert shipped == error_rates(datasets=("digits",))


def test_fewer_seeds_than_declared_say_what_they_find():
    assert few_seeds("digits", 5) == "" and few_seeds("cifar10-jpeg", 3) == ""
    for seeds in (3, 4):  # four are told what three find, which is simulated
        assert "fewer than the 5" in few_seeds("digits", seeds)
        assert "4 points is detected in 46 % of experiments with 3 seeds, and in 88 % with 5" in few_seeds(
            "digits", seeds
        )
