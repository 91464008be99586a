"""What follows from records, with records that nobody trained."""

import dataclasses
import json

import numpy as np
import pytest
from synthetic import fill, indexed

from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.jobs.conduct import conduct, known_records, used_records
from tf_models.jobs.queue import Submitted
from tf_models.runs import shipped
from tf_models.runs.shipped import find_shipped
from tf_models.runs.spec import LEARNING_RATES, Recipe
from tf_models.runs.store import RunStore
from tf_models.study.experiments import experiment_kind
from tf_models.study.experiments.base import AGAIN, MATCHED, TUNING_SEED, Arm
from tf_models.study.experiments.ffn_gap import WITH_FFN, WITHOUT_CONTROL, FfnGap, analyse, ffn_arms
from tf_models.study.experiments.parameter_efficiency import ParameterEfficiency
from tf_models.zoo import CLASSROOM, configure, parameters

ARMS = ("on", "off", "activation", "linear", "off_deeper", "off_wider")
EQUAL = dict.fromkeys(ARMS, 0.9)
GAP = EQUAL | {"off": 0.8, "off_deeper": 0.895, "off_wider": 0.78}
PLAN = FfnGap("digits", seeds=5)


def verdicts(result, key="contrasts"):
    return {row["b"]: row["verdict"] for row in result[key]}


def result_of(accuracy=GAP, experiment=PLAN, **settings):
    return analyse(experiment, indexed(fill(experiment, accuracy, **settings)))


# The plan


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (48, 40, 3), (64, 64, 3)], ids=str)
def test_parameter_matched_arms_are_within_five_percent(shape):
    arms = ffn_arms(shape, 10)
    assert tuple(arms) == ARMS
    count = {arm: parameters(configure("vit", switches, shape, 10)) for arm, switches in arms.items()}
    for arm in ("off_deeper", "off_wider"):
        assert abs(count[arm] / count["on"] - 1) <= MATCHED
    assert count["linear"] == count["on"] > 2 * count["off"]
    assert set(arms["off_deeper"]) == {"ffn", "depth"} and set(arms["off_wider"]) == {"ffn", "width"}


# How far the arms without the FFN stay from its parameters where 24 blocks or 768 channels are not enough, or one block
# is a large step: (variant, arm, image) → share.
FAR = {
    ("mixer", "off_deeper", (8, 8, 1)): 0.81,
    ("mixer", "off_wider", (8, 8, 1)): 0.60,
    ("mixer", "off_deeper", (32, 32, 3)): 0.37,
    ("longformer", "off_deeper", (8, 8, 1)): 0.06,
    ("longformer", "off_deeper", (32, 32, 3)): 0.06,
}


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3)], ids=str)
@pytest.mark.parametrize("variant", WITH_FFN)
def test_every_network_with_an_ffn_has_its_six_arms(variant, shape):
    arms = ffn_arms(shape, 10, variant)
    assert tuple(arms) == ARMS
    count = {arm: parameters(configure(variant, switches, shape, 10)) for arm, switches in arms.items()}
    assert count["linear"] == count["on"] > count["activation"] >= count["off"]
    for arm, switch in (("off_deeper", "depth"), ("off_wider", "width")):
        assert set(arms[arm]) == {"ffn", switch}
        distance = abs(count[arm] / count["on"] - 1)
        assert distance <= FAR.get((variant, arm, shape), MATCHED)
        for neighbour in (-1, 1):  # no value beside it comes nearer
            value = arms[arm][switch] + neighbour
            try:
                other = parameters(configure(variant, {"ffn": "off", switch: value}, shape, 10))
            except LabError:  # beyond the range, or a width that its heads do not divide
                continue
            assert abs(other / count["on"] - 1) >= distance


@pytest.mark.parametrize("variant", WITH_FFN)
def test_an_experiment_trains_its_own_network(variant):
    plan = dataclasses.replace(PLAN, variant=variant, train_sizes=(300,))
    rates = dict.fromkeys(ARMS, 1e-3)
    specs = [spec for specs in plan.tuning().values() for spec in specs]
    specs += [spec for step in ("arms", "grid") for spec in plan.steps(rates)[step]]
    assert {spec.variant for spec in specs} == {variant}
    assert all(spec.model for spec in specs)
    cell = plan.grid(rates)[int(zoo_depth(variant)), 300]
    assert [spec.switches for spec in (cell["on"][0], cell["off"][0])] == [{}, {"ffn": "off"}]
    control = plan.positive_control()
    assert {spec.variant for spec in control["on"]} == {"vit" if variant in WITHOUT_CONTROL else variant}
    for spec in control["on"] + control["off"]:  # nothing in it mixes positions nonlinearly but the FFN
        assert {block.mixer for block in spec.model.blocks} == {"identity"}
        assert {block.norm for block in spec.model.blocks} == {"none"} and spec.model.head.norm == "none"
        assert spec.model.stem.kind == "patch" and spec.model.stem.norm == "none"
    result = analyse(plan, indexed(fill(plan, GAP)))
    assert result["variant"] == variant and verdicts(result)["off"] == "supported"
    json.dumps(result, allow_nan=False)


def zoo_depth(variant: str) -> int:
    """What the switch depth stands at; 0 where the stages differ."""
    depths = {block.inner_depth for block in CLASSROOM[variant].blocks if block.inner_depth}
    depths = depths or {len(stage.blocks) for stage in CLASSROOM[variant].stages}
    return depths.pop() if len(depths) == 1 else 0


def test_networks_are_measured_apart():
    """Records of one network say nothing about another."""
    records = indexed(fill(PLAN, GAP))
    other = analyse(dataclasses.replace(PLAN, variant="swin"), records)
    assert set(verdicts(other).values()) == {"untested"}


@pytest.mark.parametrize("variant", [variant for variant in CLASSROOM if variant not in WITH_FFN])
def test_a_network_without_an_ffn_is_refused_with_the_nearest_comparison(variant):
    with pytest.raises(LabError, match=f"{variant} cannot honour ffn=off.*the nearest comparison is"):
        dataclasses.replace(PLAN, variant=variant)


def test_an_unknown_network_is_named_with_those_that_have_an_ffn():
    with pytest.raises(LabError, match="“swim”.*convnext, vit, swin, longformer, mobilevit, mixer"):
        dataclasses.replace(PLAN, variant="swim")


def test_one_contrast_is_primary():
    for kind in (FfnGap, ParameterEfficiency):  # the sweeps measure sums: see test_sweeps.py
        assert [contrast.primary for contrast in kind.contrasts] == [True] + [False] * (len(kind.contrasts) - 1)


def test_arms_share_seeds_recipe_and_data_and_tuning_is_not_reported():
    runs = PLAN.runs(dict.fromkeys(ARMS, 1e-3))
    assert set(runs) == {*ARMS, "on_again"}
    for arm, specs in runs.items():
        first = AGAIN if arm == "on_again" else 0
        assert [spec.seed for spec in specs] == [first + position for position in range(5)]
        assert {(spec.dataset, spec.train_size, spec.recipe, spec.backend) for spec in specs} == {
            ("digits", None, dataclasses.replace(PLAN.recipe, learning_rate=1e-3), PLAN.backend)
        }
    reported = {spec.seed for specs in runs.values() for spec in specs}
    tuning = [spec for specs in PLAN.tuning().values() for spec in specs]
    assert {spec.seed for spec in tuning} == {TUNING_SEED} and TUNING_SEED not in reported
    assert all(
        sorted(s.recipe.learning_rate for s in specs) == sorted(LEARNING_RATES) for specs in PLAN.tuning().values()
    )


def test_the_grid_repeats_the_first_contrast_at_other_depths_and_sizes():
    plan = dataclasses.replace(PLAN, depths=(1, 2), train_sizes=(200, 400))
    grid = plan.grid(dict.fromkeys(ARMS, 1e-3))
    assert set(grid) == {(depth, size) for depth in (1, 2) for size in (200, 400, None)}
    for (depth, size), arms in grid.items():
        assert set(arms) == {"on", "off"}
        assert {spec.train_size for specs in arms.values() for spec in specs} == {size}
        assert {spec.switches["depth"] for specs in arms.values() for spec in specs} == {depth}
    assert plan.grid(dict.fromkeys(ARMS, 1e-3))[1, None]["off"][0].switches == {"depth": 1, "ffn": "off"}
    assert PLAN.grid(dict.fromkeys(ARMS, 1e-3)) == {}


def test_at_the_usual_depth_and_size_the_grid_reuses_the_arms():
    plan = dataclasses.replace(PLAN, depths=(4,))
    rates = dict.fromkeys(ARMS, 1e-3)
    assert plan.grid(rates)[4, None]["on"] == plan.runs(rates)["on"]


@pytest.mark.parametrize("seeds", [0, 1])
def test_an_experiment_that_cannot_be_done_is_refused(seeds):
    with pytest.raises(LabError, match=f"seeds is {seeds}: an interval needs at least 2"):
        dataclasses.replace(PLAN, seeds=seeds)


def test_an_unknown_experiment_is_named_with_the_list():
    with pytest.raises(LabError, match="Unknown experiment “gap”.*ffn-gap, parameter-efficiency"):
        experiment_kind("gap")


# Learning rates


def test_the_learning_rate_is_the_best_on_validation_and_the_test_set_does_not_matter():
    records = []
    for arm, specs in PLAN.tuning().items():
        best = 3e-3 if arm == "off" else 3e-4
        for record in fill(PLAN, EQUAL, best_rate=best):
            if record.spec in specs:  # the best on validation is the worst on the test set
                good = record.validation_accuracy > 0.92
                records.append(dataclasses.replace(record, test_accuracy=0.1 if good else 0.99))
    rates = PLAN.rates(indexed(records))
    assert rates == {arm: 3e-3 if arm == "off" else 3e-4 for arm in ARMS}


def test_equal_validation_accuracies_are_decided_by_the_loss():
    records = [
        dataclasses.replace(
            r, validation_accuracy=0.9, validation_loss=0.2 if r.spec.recipe.learning_rate == 3e-3 else 0.3
        )
        for r in fill(PLAN, EQUAL)
    ]
    assert set(PLAN.rates(indexed(records)).values()) == {3e-3}


def test_without_every_tuning_run_there_is_no_rate():
    records = fill(PLAN, GAP)
    assert PLAN.rates({}) is None
    for missing in [spec for specs in PLAN.tuning().values() for spec in specs][::5]:
        assert PLAN.rates(indexed(r for r in records if r.spec != missing)) is None


# The result


def test_a_planted_gap_is_supported_where_it_was_planted():
    result = result_of()
    assert verdicts(result) == {
        "off": "supported",
        "off_deeper": "partly",  # half a point in every seed: real, but less than δ
        "off_wider": "supported",
        "activation": "not_supported",
        "linear": "not_supported",
    }
    first = result["contrasts"][0]
    assert (first["a"], first["b"], first["primary"], first["wins"], first["seeds"]) == ("on", "off", True, 5, 5)
    assert first["mean"] == pytest.approx(0.1, abs=0.003)
    assert first["low"] <= first["mean"] <= first["high"] and first["delta"] == 0.02
    assert first["test_loss_saved"] == pytest.approx(0.05, abs=0.002)
    assert result["train_images"] == peek("digits").train_images


def test_a_small_but_certain_gap_is_partly():
    result = result_of(EQUAL | {"off": lambda seed: 0.9 - 1 / 360, "on": lambda seed: 0.9 + 1 / 360 * (seed % 2)})
    assert verdicts(result)["off"] == "partly"


def test_a_gap_that_varies_with_the_seed_is_inconclusive():
    assert (
        verdicts(result_of(EQUAL | {"off": lambda seed: (0.95, 0.7, 0.9, 0.75, 0.93)[seed]}))["off"] == "inconclusive"
    )


def test_exchanging_the_arms_records_changes_the_verdict():
    exchanged = GAP | {"on": GAP["off"], "off": GAP["on"]}
    assert verdicts(result_of())["off"] == "supported"
    assert verdicts(result_of(exchanged))["off"] == "not_supported"
    assert result_of(exchanged)["contrasts"][0]["wins"] == 0


def test_every_number_names_its_runs():
    records = fill(PLAN, GAP)
    result = analyse(PLAN, indexed(records))
    by_id = {record.run_id: record for record in records}
    for arm in result["arms"]:
        found = [by_id[run] for run in arm["runs"]]
        assert arm["seeds"] == [0, 1, 2, 3, 4] == [record.spec.seed for record in found]
        assert arm["test_accuracies"] == [record.test_accuracy for record in found]
        assert arm["test_accuracy"] == pytest.approx(np.mean(arm["test_accuracies"]))
        assert arm["learning_rate"] == 1e-3
    on, off = result["arms"][:2]
    assert result["contrasts"][0]["mean"] == pytest.approx(on["test_accuracy"] - off["test_accuracy"])
    assert set(result["runs"]) == {run for arm in result["arms"] for run in arm["runs"]}


def test_without_any_run_everything_is_untested():
    result = analyse(dataclasses.replace(PLAN, depths=(1, 4)), {})
    assert set(verdicts(result).values()) == {"untested"}
    assert all(arm["test_accuracy"] is None and arm["runs"] == [] for arm in result["arms"])
    assert [control["passed"] for control in result["controls"]] == [None, None]
    assert result["runs"] == [] and result["grid"] == []


def test_an_arm_without_runs_is_untested_and_the_others_are_not():
    result = result_of(skip=("off_wider",))
    assert verdicts(result)["off_wider"] == "untested"
    assert verdicts(result)["off"] == "supported"


def test_one_pair_is_untested_and_two_are_inconclusive():
    records = fill(PLAN, GAP)
    for pairs, verdict in ((1, "untested"), (2, "inconclusive"), (3, "supported")):
        kept = [r for r in records if r.spec.switches != {"ffn": "off"} or r.spec.seed < pairs or r.spec.seed > 1000]
        assert verdicts(analyse(PLAN, indexed(kept)))["off"] == verdict


def test_runs_of_another_recipe_or_size_do_not_count():
    other = dataclasses.replace(PLAN, recipe=Recipe(epochs=3))
    assert set(verdicts(analyse(other, indexed(fill(PLAN, GAP)))).values()) == {"untested"}
    other = dataclasses.replace(PLAN, train_size=300)
    assert set(verdicts(analyse(other, indexed(fill(PLAN, GAP)))).values()) == {"untested"}


def test_the_grid_has_a_verdict_in_every_cell():
    plan = dataclasses.replace(PLAN, depths=(1, 2), train_sizes=(300,))
    result = result_of(experiment=plan)
    assert {(row["depth"], row["train_images"]): row["verdict"] for row in result["grid"]} == {
        (depth, size): "supported" for depth in (1, 2) for size in (300, peek("digits").train_images)
    }


# Controls


@pytest.mark.parametrize("control", [(0.94, 0.5), (0.99, 0.6), (0.5, 0.5), (0.99, 0.4)], ids=str)
def test_a_failed_positive_control_withholds_every_verdict(control):
    result = result_of(control=control)
    assert result["controls"][0]["name"] == "positive" and result["controls"][0]["passed"] is False
    assert set(verdicts(result).values()) == {"inconclusive"}
    assert all(row["withheld"] for row in result["contrasts"])


def test_an_arm_that_differs_from_itself_withholds_every_verdict():
    result = result_of(again=-0.05)
    assert result["controls"][1]["passed"] is False
    assert set(verdicts(result).values()) == {"inconclusive"}
    assert all(row["withheld"] for row in result["contrasts"])


def test_a_failed_control_leaves_untested_what_was_not_run():
    assert verdicts(result_of(control=(0.5, 0.5), skip=("linear",)))["linear"] == "untested"


def test_controls_that_pass_are_shown_with_their_numbers():
    positive, same = result_of()["controls"]
    assert positive["passed"] is True and positive["with_ffn"] == [0.99] * 3 and positive["without_ffn"] == [0.5] * 3
    assert same["passed"] is True and same["verdict"] == "supported" and same["low"] <= 0 <= same["high"]


def test_controls_that_were_not_run_are_open():
    records = [
        r for r in fill(PLAN, GAP) if r.spec.dataset != "token_product" and r.spec.seed < AGAIN or r.spec.seed > 1000
    ]
    assert [control["passed"] for control in analyse(PLAN, indexed(records))["controls"]] == [None, None]


# Devices, data versions


def test_a_contrast_never_mixes_devices():
    cpu = fill(PLAN, EQUAL, device="CPU")
    gpu = fill(PLAN, GAP, device="GPU")
    on_cpu_off_gpu = [r for r in cpu if r.spec.switches != {"ffn": "off"}] + [
        r for r in gpu if r.spec.switches == {"ffn": "off"}
    ]
    assert verdicts(analyse(PLAN, indexed(on_cpu_off_gpu)))["off"] == "untested"
    mixed = cpu + [r for r in gpu if r.spec.seed < 3 or r.spec.seed > 99]
    result = analyse(PLAN, indexed(mixed))
    assert result["contrasts"][0]["mean"] == pytest.approx(0, abs=1e-9)  # five pairs of one, not three of the other
    assert result["contrasts"][0]["seeds"] == 5


def test_the_arms_that_are_shown_are_of_one_device_too():
    mixed = [r for r in fill(PLAN, dict.fromkeys(ARMS, 0.5), device="GPU") if r.spec.seed < 3]
    mixed += fill(PLAN, EQUAL, device="CPU")
    result = analyse(PLAN, indexed(mixed))
    on, off = result["arms"][:2]
    assert result["contrasts"][0]["mean"] == pytest.approx(on["test_accuracy"] - off["test_accuracy"])
    assert max(on["test_accuracies"]) - min(on["test_accuracies"]) < 0.1


def test_a_contrast_never_mixes_versions_of_a_data_set():
    on = [r for r in fill(PLAN, GAP, dataset_hash="old") if r.spec.switches == {}]
    off = [r for r in fill(PLAN, GAP, dataset_hash="new") if r.spec.switches == {"ffn": "off"}]
    assert verdicts(analyse(PLAN, indexed(on + off)))["off"] == "untested"


def test_a_run_trained_again_counts_once_and_the_first_counts():
    """Nobody can train until the number is a nicer one."""
    again = [r for r in fill(PLAN, GAP) if r.spec.switches == {"ffn": "off"}]
    result = analyse(PLAN, indexed(fill(PLAN, EQUAL) + again))
    assert result["contrasts"][0]["seeds"] == 5
    assert result["contrasts"][0]["mean"] == pytest.approx(0, abs=1e-9)


# What is written down


@pytest.mark.parametrize("records", [[], fill(PLAN, GAP)], ids=["empty", "full"])
def test_a_result_is_json(records):
    plan = dataclasses.replace(PLAN, depths=(1,))
    text = json.dumps(analyse(plan, indexed(records)), allow_nan=False)
    assert json.loads(text)["experiment"] == "ffn-gap"


def test_the_records_that_are_shipped_are_those_that_count():
    plan = dataclasses.replace(PLAN, depths=(1,), train_sizes=(300,))
    records = fill(plan, GAP)
    elsewhere = fill(dataclasses.replace(PLAN, dataset="mnist"), GAP)
    used = used_records(plan, indexed(records + elsewhere))
    assert len({r.fingerprint for r in used}) == len(used) == len({r.fingerprint for r in records})
    assert analyse(plan, indexed(used)) == analyse(plan, indexed(records))


# Carrying it out, with a queue that invents its results


class InventedQueue:
    """Answers `submit` and `wait` like `Jobs`, with the records of `fill`; counts what was trained."""

    def __init__(self, store, experiment, accuracy=GAP, broken=()):
        self.store, self.trained, self.broken = store, [], set(broken)
        self.records = {record.spec: record for record in fill(experiment, accuracy)}

    def submit(self, spec, purpose="", fresh=False):
        record = self.records[spec]
        if not fresh and (done := self.store.find(record.fingerprint) or find_shipped(record.fingerprint)):
            return Submitted(done.run_id, done)
        run_id = self.store.add(spec, record.fingerprint, "test", purpose=purpose)
        self.trained.append(spec)
        if spec in self.broken:
            self.store.set_status(run_id, "failed", LabError("not_finite", value="nan", epoch=1))
        else:
            self.store.finish(dataclasses.replace(record, run_id=run_id))
        return Submitted(run_id)

    def wait(self, run_ids, on_change=lambda active: None):
        on_change(0)
        return [self.store.get(run_id) for run_id in run_ids]


@pytest.fixture
def no_results(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")


@pytest.fixture
def store(lab_home, no_results):
    store = RunStore()
    yield store
    store.close()


def test_carrying_out_trains_everything_once_and_tuning_first(store):
    plan = dataclasses.replace(PLAN, depths=(1, 4))
    queue, steps = InventedQueue(store, plan), []
    done = conduct(queue, plan, on_change=lambda step, done, total: steps.append((step, done, total)))
    assert len(queue.trained) == len(set(queue.trained)) == 18 + 6 + 35 + 10  # depth 4 is among the arms
    assert {spec.seed for spec in queue.trained[:18]} == {TUNING_SEED}
    assert steps == [("tuning", 18, 18), ("control", 6, 6), ("arms", 35, 35), ("grid", 20, 20)]
    expected = analyse(plan, indexed(queue.records.values()))
    found = analyse(plan, done.records)
    assert (len(done.trained), len(done.reused)) == (len(queue.trained), 0)
    assert found["contrasts"] == expected["contrasts"] and found["grid"] == expected["grid"]
    assert {run.purpose for run in store.runs()} == {"ffn-gap"}


def test_an_experiment_goes_on_where_it_was_stopped(store):
    conduct(InventedQueue(store, PLAN), dataclasses.replace(PLAN, seeds=2))
    queue = InventedQueue(store, PLAN)
    conduct(queue, PLAN)
    assert {spec.seed for spec in queue.trained} == {2, 3, 4, AGAIN + 2, AGAIN + 3, AGAIN + 4}
    queue = InventedQueue(store, PLAN)
    conduct(queue, PLAN)
    assert queue.trained == []
    conduct(queue, PLAN, fresh=True)
    assert len(queue.trained) == 18 + 6 + 35


def test_a_run_that_fails_ends_the_experiment_with_its_reason(store):
    broken = PLAN.spec(Arm("vit", {"ffn": "off"}), TUNING_SEED, 3e-3, None)
    with pytest.raises(LabError, match="The loss became nan"):
        conduct(InventedQueue(store, PLAN, broken=[broken]), PLAN)


def test_shipped_results_are_known_and_go_before_those_trained_here(store):
    shipped.write_shipped("ffn-gap-digits", fill(PLAN, GAP))
    queue = InventedQueue(store, PLAN, accuracy=EQUAL)
    assert analyse(PLAN, conduct(queue, PLAN).records)["contrasts"][0]["verdict"] == "supported"
    assert queue.trained == []
    queue = InventedQueue(store, PLAN, accuracy=EQUAL)
    fresh = analyse(PLAN, conduct(queue, PLAN, fresh=True).records)
    assert fresh["contrasts"][0]["verdict"] == "not_supported"  # what was asked for anew stands alone
    assert analyse(PLAN, known_records(store))["contrasts"][0]["verdict"] == "supported"


def test_shipped_records_come_back_as_they_were_written(no_results):
    records = fill(PLAN, GAP)
    path = shipped.write_shipped("some", records)
    first = path.read_bytes()
    assert shipped.shipped_records() == {record.fingerprint: record for record in records}
    shipped.write_shipped("some", records[::-1])
    assert path.read_bytes() == first  # the same records give the same file
    path.unlink()
    assert shipped.shipped_records() == {}
