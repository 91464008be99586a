"""Experiments that bring their own data: carried out once, judged for every data set, on no other data."""

import dataclasses

import pytest
from synthetic import fill, indexed, make_record

from tf_models.__main__ import main
from tf_models.data import GENERATED, STUDIED, peek
from tf_models.errors import LabError
from tf_models.statistics.effects import Measure
from tf_models.study.analysis import analyse
from tf_models.study.claims import Claim
from tf_models.study.claims.base import DELTA, part
from tf_models.study.experiments import EXPERIMENTS
from tf_models.study.experiments.base import MATCHED
from tf_models.study.experiments.necessity import WIDER, Necessity
from tf_models.study.judging import NO_DATASET, Found, headline, judge_all, load_analyses
from tf_models.study.plans import command, plan, plans, shipped_steps
from tf_models.zoo import parameters

OWN = [name for name, kind in EXPERIMENTS.items() if kind.own_data]


@pytest.mark.parametrize("name", OWN)
def test_there_is_one_plan_whatever_is_studied(name):
    (own,) = (row for row in plans() if row.name == name)
    assert all(plan(name, dataset) == own for dataset in (*STUDIED, "mnist", own.dataset))
    assert own.dataset == EXPERIMENTS[name].own_data and own.seeds == 5 and not own.exploratory
    assert {arm.dataset for arm in own.arms.values()} <= GENERATED and own.dataset == own.arms[own.again].dataset
    assert {peek(arm.dataset).train_images for arm in own.arms.values()} == {own.images}
    (step,) = (row for row in shipped_steps() if row.name == name)
    assert (step.dataset, step.command) == ("", f"{command(own)} --ship") and "--dataset" not in step.command


@pytest.mark.parametrize("name", OWN)
def test_every_arm_is_trained_on_its_own_task_and_the_wider_ones_have_equal_parameters(name):
    own = plan(name, "digits")
    assert isinstance(own, Necessity)
    for place, arm in own.arms.items():
        task, norm, channel = place.split(" ")
        spec = own.spec(arm, 0, 1e-3)
        assert (spec.dataset, spec.model.classes) == (task, peek(task).classes) and arm.at["channel"] == channel
        assert {block.norm for block in spec.model.blocks} == {norm} == {spec.model.head.norm}
    size = {place: parameters(own.model(arm)) for place, arm in own.arms.items()}
    for task, norm in own.pairs:
        on, wider = size[f"{task} {norm} on"], size[f"{task} {norm} {WIDER}"]
        assert abs(wider / on - 1) <= MATCHED and on > 2 * size[f"{task} {norm} off"]


@pytest.mark.parametrize("name", OWN)
def test_what_an_arm_is_worth_shows_in_the_contrasts_of_its_task_alone(name):
    own = plan(name, "digits")
    assert isinstance(own, Necessity)
    task, norm = own.pairs[-1]
    planted = f"{task} {norm} off"
    found = analyse(own, indexed(fill(own, lambda arm: 0.6 if arm == planted else 0.9, best_rate=2e-3)))
    assert found.measures.keys() == own.contrasts.keys() and not found.withheld
    for label, row in own.contrasts.items():
        expected = sum(weight * (0.6 if arm == planted else 0.9) for arm, weight in row.weights.items())
        assert found.measures[label].value == pytest.approx(expected, abs=1e-3), label
    assert found.measures[f"gain.{task}.{norm}"].value == pytest.approx(0.3, abs=1e-3)
    assert found.measures[f"solved.{task}.{norm}.off"].value == pytest.approx(0.6, abs=1e-3)
    assert found.contrasts[f"solved.{task}.{norm}.off"].verdict is None  # what it must be, a claim says


def measure(low: float, high: float) -> Measure:
    return Measure((low + high) / 2, low, high, "accuracy", 5, 5, 0.01, 4, runs=("a", "b"))


def test_a_part_on_own_data_is_judged_beside_what_every_data_set_says():
    own = part("own", "necessity: gain.product_4.none", difference=DELTA)
    key = ("necessity", EXPERIMENTS["necessity"].own_data)
    analyses = {
        key: {"gain.product_4.none": measure(0.3, 0.5)},
        ("factorial", "digits"): {"gain": measure(-0.1, -0.05)},
    }
    trained = part("trained", "factorial: gain", difference=DELTA)
    results = judge_all(Found(analyses), claims=[Claim("C01", ("1.1",), ("ViT",), (own, trained), "own")])["C01"]
    assert [row.dataset for row in results] == list(STUDIED)
    assert {row.parts[0].verdict for row in results} == {"supported"} and {row.parts[0].delta for row in results} == {
        0.02
    }
    assert headline(results).dataset == "digits"  # where something of the data set itself was measured
    (alone,) = judge_all(Found(analyses), claims=[Claim("C01", ("1.1",), ("ViT",), (own,), "own")])["C01"]
    assert (alone.dataset, alone.verdict, alone.seeds) == (NO_DATASET, "supported", 5)
    elsewhere = {("necessity", "digits"): analyses[key]}  # the planted fault: there is no such plan
    (missing,) = judge_all(Found(elsewhere), claims=[Claim("C01", ("1.1",), ("ViT",), (own,), "own")])["C01"]
    assert missing.verdict == "untested"


def test_other_experiments_are_not_looked_for_on_generated_tasks():
    own = plan("necessity", "digits")
    tuning = [make_record(spec) for specs in own.tuning().values() for spec in specs]
    found = load_analyses(indexed(tuning))
    assert {dataset for name, dataset in found if name not in OWN} == set(STUDIED)
    assert {key for key in found if key[0] in OWN} == {(name, EXPERIMENTS[name].own_data) for name in OWN}


@pytest.mark.parametrize("name", OWN)
def test_other_data_are_refused_in_one_sentence(name, capsys):
    assert main(["run", name, "--dataset", "digits"]) == 2
    assert capsys.readouterr().err == f"error: {name} brings its own data and has no --dataset (given digits).\n"
    with pytest.raises(LabError, match="brings its own data"):
        dataclasses.replace(plan(name, "digits"), dataset="mnist")
