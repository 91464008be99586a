"""``parameter-efficiency`` and the linear yardstick: what follows from records, with records that nobody trained."""

import json
from dataclasses import replace

import numpy as np
import pytest
from synthetic import correct_share, indexed, make_record

from tf_models.data import peek
from tf_models.runs import shipped
from tf_models.runs.spec import LEARNING_RATES
from tf_models.statistics.effects import mean_accuracy
from tf_models.study import linear
from tf_models.study.experiments.base import TUNING_SEED
from tf_models.study.experiments.parameter_efficiency import (
    BUDGETS,
    ParameterEfficiency,
    budget_switches,
    pareto_front,
)
from tf_models.zoo import CLASSROOM, configure, parameters

PLAN = ParameterEfficiency("digits", seeds=3, train_sizes=(300,))
SHAPES = [(8, 8, 1), (32, 32, 3)]


def records_of(accuracy, plan=PLAN, best_rate=1e-3, skip=()):
    """Every run of the plan; `accuracy` by variant, a number or a function of the spec."""
    found = []
    for specs in plan.tuning().values():
        for spec in specs:
            found.append(make_record(spec, validation_accuracy=0.95 if spec.recipe.learning_rate == best_rate else 0.9))
    for specs in plan.steps(dict.fromkeys(CLASSROOM, best_rate)).values():
        for spec in specs:
            if spec.variant in skip:
                continue
            value = accuracy(spec) if callable(accuracy) else accuracy[spec.variant]
            share = value + 0.003 * (spec.seed % 3 - 1)
            history = tuple(
                {"epoch": 1 + i, "images_per_second": speed} for i, speed in enumerate((100.0, 500.0, 300.0))
            )
            found.append(make_record(spec, correct_share(share), train_images=1000, history=history))
    return indexed(found)


EQUAL = dict.fromkeys(CLASSROOM, 0.9)


def verdicts(result):
    return {row["b"]: row["verdict"] for row in result["contrasts"]}


# The plan


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("variant", CLASSROOM)
def test_budgets_are_a_quarter_and_half_of_the_parameters(variant, shape):
    full = parameters(configure(variant, {}, shape, 10))
    assert budget_switches(variant, 1.0, shape, 10) == {}
    for share in BUDGETS[1:]:
        switches = budget_switches(variant, share, shape, 10)
        assert set(switches) == {"width"}
        assert parameters(configure(variant, switches, shape, 10)) / full == pytest.approx(share, abs=0.035)


def test_every_family_runs_at_three_sizes_and_with_less_data_from_one_learning_rate():
    steps = PLAN.steps({variant: LEARNING_RATES[i % 3] for i, variant in enumerate(CLASSROOM)})
    assert {name: len(specs) for name, specs in steps.items()} == {"arms": 36, "data": 33, "budgets": 66}
    for i, variant in enumerate(CLASSROOM):
        mine = [spec for specs in steps.values() for spec in specs if spec.variant == variant]
        assert {spec.recipe.learning_rate for spec in mine} == {LEARNING_RATES[i % 3]}
        again = {100, 101, 102} if variant == "vit" else set()  # the A/A control
        assert {spec.seed for spec in mine} == {0, 1, 2} | again and TUNING_SEED not in {spec.seed for spec in mine}
        assert {spec.train_size for spec in steps["data"] if spec.variant == variant} == {300}


def test_the_learning_rate_may_be_chosen_with_fewer_images():
    plan = replace(PLAN, tuning_size=300)
    assert {spec.train_size for specs in plan.tuning().values() for spec in specs} == {300}
    assert {spec.train_size for specs in PLAN.tuning().values() for spec in specs} == {None}


# What follows


def test_a_planted_difference_is_found_and_exchanging_the_arms_turns_it_round():
    better = PLAN.analyse(records_of(EQUAL | {"cnn": 0.95, "swin": 0.95}))
    found = verdicts(better)
    assert better["contrasts"][0]["b"] == "vit" and better["contrasts"][0]["primary"]
    assert found["vit"] == "supported" and found["swin"] == "not_supported"
    worse = PLAN.analyse(records_of(EQUAL | {"vit": 0.95, "swin": 0.95}))
    assert verdicts(worse)["vit"] == "not_supported"
    assert worse["contrasts"][0]["mean"] == pytest.approx(-better["contrasts"][0]["mean"], abs=0.003)


def test_missing_runs_leave_the_contrast_untested_and_the_arm_empty():
    result = PLAN.analyse(records_of(EQUAL, skip=("vit",)))
    assert verdicts(result)["vit"] == "untested" and verdicts(result)["swin"] != "untested"
    rows = [arm for arm in result["arms"] if arm["variant"] == "vit"]
    assert len(rows) == 3 and all(arm["test_accuracy"] is None and arm["front"] == [] for arm in rows)
    assert PLAN.analyse({})["runs"] == []


def test_arms_carry_exact_sizes_the_time_at_their_best_speed_and_their_runs():
    result = PLAN.analyse(records_of(EQUAL))
    known = peek("digits")
    assert len(result["arms"]) == 3 * len(CLASSROOM)
    for arm in result["arms"]:
        spec = configure(arm["variant"], arm["switches"], known.input_shape, known.classes)
        assert arm["parameters"] == parameters(spec)
        assert arm["seconds"] == pytest.approx(PLAN.recipe.epochs * 1000 / 500)
        assert len(arm["runs"]) == 3 and set(arm["runs"]) <= set(result["runs"])
        assert arm["low"] < arm["test_accuracy"] < arm["high"]
    assert json.dumps(result)


def test_equal_arms_that_come_out_different_withhold_the_verdicts():
    result = PLAN.analyse(records_of(lambda spec: 0.7 if spec.seed >= 100 else 0.9))
    assert result["controls"][0]["passed"] is False
    assert set(verdicts(result).values()) == {"inconclusive"}
    assert all(row["withheld"] for row in result["measures"].values() if row["value"] is not None)


def test_cnn_and_vit_are_compared_at_each_size_per_multiply_add_and_a_quarter_with_all():
    shares = {str(budget_switches("cnn", share, (8, 8, 1), 10)): share for share in BUDGETS}

    def accuracy(spec):
        return 0.8 + 0.1 * shares[str(dict(spec.switches))] if spec.variant == "cnn" else 0.7

    result = PLAN.analyse(records_of(accuracy))
    found = {name: row["value"] for name, row in result["measures"].items()}
    assert found["cnn_over_vit"] == pytest.approx(0.2, abs=0.003)
    assert found["cnn_over_vit.half"] == pytest.approx(0.15, abs=0.003)
    assert found["cnn_over_vit.quarter"] == pytest.approx(0.125, abs=0.003)
    assert found["quarter_cnn_over_vit"] == pytest.approx(0.125, abs=0.003)
    macs = {arm["variant"]: arm["macs"] / 1e6 for arm in result["arms"] if arm["budget"] == 1}
    assert found["per_mac"] == pytest.approx(0.9 / macs["cnn"] - 0.7 / macs["vit"], abs=0.01)
    smaller = PLAN.analyse(records_of(lambda spec: 0.6 if spec.variant == "vit" and spec.switches else 0.9))["measures"]
    assert smaller["cnn_over_vit.quarter"]["value"] == pytest.approx(0.3, abs=0.003)
    assert smaller["quarter_cnn_over_vit"]["value"] == pytest.approx(0.0, abs=0.003)  # against the whole ViT


def test_the_curve_over_data_ends_with_the_full_training_set():
    result = PLAN.analyse(records_of(lambda spec: 0.8 if spec.train_size == 300 else 0.9))
    curve = {(row["variant"], row["train_images"]): row["test_accuracy"] for row in result["data_curve"]}
    assert set(curve) == {(variant, size) for variant in CLASSROOM for size in (300, peek("digits").train_images)}
    assert curve["vit", 300] == pytest.approx(0.8, abs=0.002)
    assert curve["vit", peek("digits").train_images] == pytest.approx(0.9, abs=0.002)


def test_the_pareto_front_leaves_out_what_is_dearer_and_no_better():
    points = [(1, 0.5), (2, 0.7), (3, 0.6), (4, 0.7), (5, 0.9), (2, 0.4)]
    arms = [{"parameters": cost, "test_accuracy": accuracy} for cost, accuracy in points]
    assert [arm["parameters"] for arm in pareto_front(arms, "parameters")] == [1, 2, 5]
    assert pareto_front([*arms, {"parameters": 0, "test_accuracy": None}], "parameters") == pareto_front(
        arms, "parameters"
    )


def test_the_mean_of_one_arm_has_an_interval_that_grows_with_the_spread_of_its_seeds():
    spec = PLAN.spec(PLAN.arms["vit"], 0, 1e-3, None)
    steady, wild = (
        mean_accuracy([make_record(spec, correct_share(0.9 + step)) for step in (-spread, 0, spread)])
        for spread in (0.01, 0.05)
    )
    assert (steady.mean, wild.mean) == pytest.approx((0.9, 0.9), abs=0.002)
    assert wild.high - wild.low > 3 * (steady.high - steady.low)
    fixed = [make_record(spec, correct_share(0.9), fixed_test=True) for _ in range(3)]
    # equal runs on one test set: the images alone make the interval
    assert mean_accuracy(fixed).high - 0.9 == pytest.approx(1.97 * np.sqrt(0.9 * 0.1 / 360), rel=0.15)
    assert mean_accuracy(fixed[:1]) is None


# The linear classifier


def test_the_linear_classifier_is_fitted_on_the_same_split_and_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    assert linear.shipped_linear("digits") == []
    results = [linear.linear_classifier("digits", seed) for seed in range(2)]
    assert all(0.93 < result.test_accuracy < 0.99 and result.train_images == 1258 for result in results)
    assert results[0].test_accuracy != results[1].test_accuracy  # every seed has its own split
    linear.write_linear(results)
    assert linear.shipped_linear("digits") == results


def test_the_shipped_yardstick_is_what_a_fit_gives():
    shown = linear.shipped_linear("digits")
    assert [result.seed for result in shown] == [0, 1, 2, 3, 4]
    again = linear.linear_classifier("digits", 3)
    assert again.dataset_hash == shown[3].dataset_hash and again.c == shown[3].c
    assert again.test_accuracy == pytest.approx(shown[3].test_accuracy, abs=0.003)  # one of 359 images
