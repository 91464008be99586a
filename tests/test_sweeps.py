"""The training sweeps of the claims: their arms, their sums, and what follows from records that nobody trained."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from synthetic import correct_share, fill_sweep, indexed, make_record

from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.statistics.effects import paired_effect
from tf_models.study.experiments import EXPERIMENTS
from tf_models.study.experiments.base import AGAIN, MATCHED
from tf_models.study.experiments.data_curve import DataCurve
from tf_models.study.experiments.factorial import MATCHED_MIXERS, Factorial
from tf_models.study.experiments.hybrids import MIXED, PURE, Hybrids
from tf_models.study.experiments.sweep import Sweep, matched
from tf_models.study.plans import DATASETS, shipped_plan
from tf_models.zoo import configure, parameters

SWEEPS = [name for name, kind in EXPERIMENTS.items() if issubclass(kind, Sweep)]
PLANS = [(name, dataset) for name in SWEEPS for dataset in DATASETS]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A data set of the photographs' shape: the plans need to know no more of it."""
    folder = tmp_path_factory.mktemp("data")
    images, labels = np.zeros((11_200, 32, 32, 3), np.uint8), np.arange(11_200) % 10
    np.savez(folder / "cifar10-jpeg.npz", x_train=images, y_train=labels, x_test=images[:100], y_test=labels[:100])
    return folder


@pytest.fixture(autouse=True)
def both_data_sets(photographs, monkeypatch):
    monkeypatch.setenv("LAB_DATA_DIR", str(photographs))


def plan_of(name: str, dataset: str) -> Sweep:
    plan = shipped_plan(name, dataset)
    assert isinstance(plan, Sweep)
    return plan


def measures(plan: Sweep, records: list[RunRecord]) -> dict:
    return plan.analyse(indexed(records))["measures"]


def test_there_are_six_sweeps():
    assert SWEEPS == ["factorial", "data-curve", "permutation", "ffn-shape", "hybrids", "ablations"]


@pytest.mark.parametrize(("name", "dataset"), PLANS)
def test_sums_compare_arms_and_one_is_primary(name, dataset):
    plan = plan_of(name, dataset)
    assert sum(total.primary for total in plan.sums.values()) == 1
    for total in plan.sums.values():
        assert set(total.weights) <= set(plan.arms)
        assert sum(total.weights.values()) == pytest.approx(0)  # equal arms differ in nothing
    equal = measures(plan, fill_sweep(plan, lambda arm: 0.8))
    assert set(equal) == set(plan.sums)
    assert all(row["value"] == pytest.approx(0, abs=1e-9) for row in equal.values())
    json.dumps(plan.analyse(indexed(fill_sweep(plan, lambda arm: 0.8))), allow_nan=False)


@pytest.mark.parametrize(("name", "dataset"), PLANS)
def test_a_planted_difference_shows_in_the_sums_of_its_arm_alone_and_with_its_weight(name, dataset):
    plan = plan_of(name, dataset)
    for planted in (plan.again, list(plan.arms)[-1]):
        found = measures(plan, fill_sweep(plan, lambda arm, planted=planted: 0.9 if arm == planted else 0.8))
        for label, total in plan.sums.items():
            if total.weights:  # the best hybrid is chosen: it has a test of its own
                assert found[label]["value"] == pytest.approx(0.1 * total.weights.get(planted, 0.0), abs=1e-9)


@pytest.mark.parametrize("name", SWEEPS)
def test_missing_runs_leave_their_sums_untested(name):
    plan = plan_of(name, "digits")
    empty = plan.analyse({})
    for label, total in plan.sums.items():  # a sum that is no question by itself has no verdict
        assert empty["measures"][label]["verdict"] == ("untested" if total.test else None)
    assert all(row["value"] is None and row["runs"] == [] for row in empty["measures"].values())
    gone = list(plan.arms)[-1]
    found = measures(plan, fill_sweep(plan, lambda arm: 0.8, skip=gone))
    for label, total in plan.sums.items():
        tested = gone not in total.weights and bool(total.weights)
        assert (found[label]["value"] is not None) == tested or label == "best_hybrid_over_best_pure"


@pytest.mark.parametrize("fault", [{"control": (0.99, 0.8)}, {"again": 0.1}], ids=str)
def test_a_failed_control_withholds_every_verdict(fault):
    plan = plan_of("factorial", "digits")
    good = measures(plan, fill_sweep(plan, lambda arm: 0.9 if arm == "attention on" else 0.8))
    assert good["gain.attention"]["verdict"] == "supported"
    bad = measures(plan, fill_sweep(plan, lambda arm: 0.9 if arm == "attention on" else 0.8, **fault))
    assert {row["verdict"] for row in bad.values()} == {"inconclusive"} and all(r["withheld"] for r in bad.values())


@pytest.mark.parametrize(("seeds", "level"), [(5, 0.95), (10, 0.975)])
def test_more_seeds_than_declared_are_a_second_look_with_a_wider_interval(seeds, level):
    plan = Hybrids("digits", seeds)
    records = fill_sweep(plan, lambda arm: 0.9 if arm == "convolution first" else 0.8)
    runs = plan.runs(dict.fromkeys(plan.arms, 1e-3))
    records.insert(0, make_record(runs["convolution first"][0], correct_share(0.95, 1000)))  # one seed stands out
    found, known = measures(plan, records)["order"], indexed(records)
    first, second = ([known[spec][0] for spec in runs[f"{arm} first"]] for arm in ("convolution", "attention"))
    expected = paired_effect(first, second, level)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))
    assert expected.high - expected.low > 0


@pytest.mark.parametrize(("name", "dataset"), PLANS)
def test_runs_are_paired_and_tuned_apart(name, dataset):
    plan = plan_of(name, dataset)
    runs = plan.runs(dict.fromkeys(plan.arms, 1e-3))
    for arm, specs in runs.items():
        assert [spec.seed for spec in specs] == [(AGAIN if arm == "again" else 0) + seed for seed in range(plan.seeds)]
    tuned = [spec for specs in plan.tuning().values() for spec in specs]
    assert {spec.seed for spec in tuned}.isdisjoint({spec.seed for specs in runs.values() for spec in specs})
    assert set(plan.tuning()) == {arm for arm, row in plan.arms.items() if not row.like}


# factorial


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_factorial_has_the_cells_of_its_table_and_arms_at_equal_parameters(dataset):
    plan, known = plan_of("factorial", dataset), peek(dataset)
    count = {
        name: parameters(configure(arm.variant, arm.switches, known.input_shape, known.classes))
        for name, arm in plan.arms.items()
    }
    for mixer, channel in itertools.product(MATCHED_MIXERS, ("on", "off", "activation")):
        assert f"{mixer} {channel}" in plan.arms
    for mixer, how in itertools.product(("convolution", "window", "attention"), ("deeper", "wider")):
        assert abs(count[f"{mixer} off {how}"] / count[f"{mixer} on"] - 1) <= MATCHED
        assert f"gain.{mixer}.{how}" in plan.sums
    assert "interaction.deeper" in plan.sums and "depthwise off wider" not in plan.arms  # it cannot be matched
    if dataset == "digits":
        mixers = {"identity", "pool", "depthwise", "convolution", "static", "window", "attention", "token_mlp"}
        channels = {"off", "activation", "linear", "ratio 1", "ratio 2", "on"}
        assert {f"{m} {c}" for m in mixers for c in channels} <= set(plan.arms)  # 48 cells


def test_the_interaction_is_what_the_ffn_gives_to_attention_beyond_what_it_gives_to_convolution():
    plan = Factorial("digits", 5)
    accuracy = {"attention on": 0.9, "attention off": 0.7, "convolution on": 0.85, "convolution off": 0.8}
    found = measures(plan, fill_sweep(plan, lambda arm: accuracy.get(arm, 0.8)))
    assert found["gain.attention"]["value"] == pytest.approx(0.2)
    assert found["gain.convolution"]["value"] == pytest.approx(0.05)
    assert found["interaction"]["value"] == pytest.approx(0.15) and found["interaction"]["verdict"] == "supported"
    swapped = {"attention on": 0.85, "attention off": 0.8, "convolution on": 0.9, "convolution off": 0.7}
    assert (
        measures(plan, fill_sweep(plan, lambda arm: swapped.get(arm, 0.8)))["interaction"]["verdict"] == "not_supported"
    )


def test_main_effects_are_means_over_the_other_factor():
    plan = Factorial("digits", 5)
    accuracy = {"attention on": 0.9, "window on": 0.8, "static on": 0.84, "depthwise on": 0.7}
    found = measures(plan, fill_sweep(plan, lambda arm: accuracy.get(arm, 0.8)))
    assert found["dynamic"]["value"] == pytest.approx((0.9 + 0.8) / 2 - (0.84 + 0.7) / 2)
    assert found["global"]["value"] == pytest.approx((0.9 + 0.84) / 2 - (0.8 + 0.7) / 2)
    simple = {"dynamic.local": 0.1, "dynamic.global": 0.06, "global.static": 0.14, "global.dynamic": 0.1}
    assert {name: found[name]["value"] for name in simple} == pytest.approx(simple)


@pytest.mark.parametrize(("off", "verdict"), [(0.72, "supported"), (0.62, "not_supported")])
def test_half_of_a_gap_is_half_of_it(off, verdict):
    """From 0.6 (linear) to 0.8 (full), attention alone closes half at 0.7; δ is 0.02."""
    plan = Factorial("digits", 5)
    accuracy = {"linear": 0.6, "attention on": 0.8, "attention off": off}
    found = measures(plan, fill_sweep(plan, lambda arm: accuracy.get(arm, 0.7)))["attention_only_closes_half"]
    assert found["value"] == pytest.approx(off - 0.7)
    assert (found["low"] > 0) == (verdict == "supported")


def test_the_network_that_is_called_linear_is_linear():
    """f(x) − f(0) must be additive; the same network with a norm must not be."""
    from tf_models.training.build import build
    from tf_models.training.initialize import start

    def defect(arm: str, **more) -> float:
        switches = {**plan.arms[arm].switches, **more}
        model = build(configure("vit", {**switches, "depth": 2}, (8, 8, 1), 10))
        start(model, 0)
        images = np.random.default_rng(0).integers(0, 120, (2, 8, 8, 1), dtype=np.uint8)
        batch = np.concatenate([images, images[:1] + images[1:], np.zeros_like(images[:1])])
        a, b, both, zero = np.asarray(model(batch))
        return float(np.abs((a - zero) + (b - zero) - (both - zero)).max() / np.abs(both - zero).max())

    plan = Factorial("digits", 2)
    assert defect("linear") < 1e-4
    assert defect("linear", norm="layer") > 1e-2  # the planted fault


# data curve


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_size_of_the_curve_makes_the_same_number_of_updates(dataset):
    plan = plan_of("data-curve", dataset)
    images = {
        (spec.train_size or plan.images) * spec.recipe.epochs
        for specs in plan.runs(dict.fromkeys(plan.arms, 1e-3)).values()
        for spec in specs
    }
    assert max(images) / min(images) < 1.02  # epochs are whole
    rates = dict(zip(("cnn", "vit", "stem", "prior"), (3e-4, 1e-3, 3e-3, 1e-3), strict=True))
    rates |= {name: rates[arm.like] for name, arm in plan.arms.items() if arm.like}
    for arm, specs in plan.runs(rates).items():
        assert {spec.recipe.learning_rate for spec in specs} == {rates[arm.split()[0] if arm != "again" else "vit"]}


def test_the_slope_is_the_change_of_the_gap_for_each_doubling():
    plan = DataCurve("digits", 5, train_size=1200, train_sizes=(150, 300, 600))

    def accuracy(arm: str) -> float:
        name, _, size = arm.partition(" ")
        return 0.7 + (name == "cnn") * (0.2 - 0.03 * np.log2(int(size or 1200) / 150))

    found = measures(plan, fill_sweep(plan, accuracy))
    assert found["gap_slope"]["value"] == pytest.approx(-0.03, abs=1e-3)
    assert found["gap.150"]["value"] == pytest.approx(0.2, abs=1e-3)
    assert found["gap.small"] == {**found["gap.300"], "primary": False}
    exchanged = measures(plan, fill_sweep(plan, lambda arm: accuracy(arm.replace("cnn", "x").replace("vit", "cnn"))))
    assert exchanged["gap_slope"]["value"] == pytest.approx(0.03, abs=1e-3)


def test_a_curve_beyond_the_data_is_refused():
    with pytest.raises(LabError, match="train-sizes is 2000"):
        DataCurve("digits", 5, train_sizes=(300, 2000))


# hybrids


def test_the_best_hybrid_is_chosen_on_validation_and_judged_on_test():
    plan = Hybrids("digits", 5)
    accuracy = {"attention": 0.7, "convolution": 0.8, "convolution first": 0.9, "attention first": 0.75, "stem": 0.85}
    validation = {"attention": 0.6, "convolution": 0.8, "convolution first": 0.7, "attention first": 0.6, "stem": 0.9}
    found = measures(plan, fill_sweep(plan, accuracy, validation))["best_hybrid_over_best_pure"]
    assert (found["a"], found["b"]) == ("stem", "convolution")  # not the one that looks best on test
    assert found["value"] == pytest.approx(0.05)
    assert {*PURE, *MIXED} == set(plan.arms)


@pytest.mark.parametrize("dataset", DATASETS)
def test_hybrids_have_the_parameters_of_the_pure_ones(dataset):
    plan, known = plan_of("hybrids", dataset), peek(dataset)
    count = [parameters(configure(a.variant, a.switches, known.input_shape, known.classes)) for a in plan.arms.values()]
    assert len(count) == 5 and max(count) / min(count) < 1 + 2 * MATCHED


def test_what_cannot_be_matched_is_no_arm():
    target = Factorial("digits", 5).arms["depthwise on"]
    assert matched("digits", "vit", {"mixer": "identity", "ffn": "off"}, "depth", target) is None


# what is shipped


@pytest.mark.skipif(not shipped_records(), reason="no results are shipped: every measured figure is empty")
def test_a_cheap_cell_trained_from_scratch_agrees_with_the_shipped_interval():
    """What the FFN is worth where nothing mixes tokens, with seeds that were not shipped."""
    from tf_models.training.train import train

    plan = plan_of("factorial", "digits")
    known = indexed(shipped_records().values())
    result, rates = plan.analyse(known), plan.rates(known)
    shipped = result["measures"]["gain.identity"]
    assert shipped["seeds"] == plan.seeds and rates is not None
    runs = {
        name: [train(plan.spec(plan.arms[name], seed, rates[name], None)) for seed in range(plan.seeds, plan.seeds + 3)]
        for name in ("identity on", "identity off")
    }
    again = paired_effect(runs["identity on"], runs["identity off"])
    assert again is not None and again.low <= shipped["high"] and shipped["low"] <= again.high
    assert again.mean == pytest.approx(shipped["value"], abs=0.05)
    reversed_effect = paired_effect(runs["identity off"], runs["identity on"])
    assert reversed_effect is not None  # the planted fault: the arms exchanged
    if abs(shipped["value"]) > 0.05:
        assert not (reversed_effect.low <= shipped["high"] and shipped["low"] <= reversed_effect.high)


def test_a_plan_is_made_for_known_experiments_and_data_sets_alone():
    assert shipped_plan("factorial", "mnist") is None and shipped_plan("nothing", "digits") is None
    assert dataclasses.asdict(plan_of("factorial", "cifar10-jpeg"))["corners"] is True
