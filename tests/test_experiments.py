"""Carrying an experiment out, with a queue that invents its results."""

import dataclasses
import time

import pytest
from synthetic import fill, indexed

from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.jobs.conduct import conduct, used_records
from tf_models.jobs.queue import Submitted
from tf_models.runs import shipped
from tf_models.runs.known import known_records
from tf_models.runs.shipped import find_shipped
from tf_models.runs.store import RunStore
from tf_models.study.analysis import analyse
from tf_models.study.experiments.base import AGAIN, Arm
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.experiments.tuning import TUNING_SEEDS
from tf_models.study.plans import plan as planned

ARMS = ("on", "off", "activation", "linear", "off_deeper", "off_wider")
EQUAL = dict.fromkeys(ARMS, 0.9)
GAP = EQUAL | {"off": 0.8}
PLAN = FfnGap("digits", seeds=5)
TUNING = 7 * 5 * 3  # six arms and the A/A control, five rates, three seeds
CONTROL, FIT = 6 + 1, 6


def verdict(records):
    return analyse(PLAN, records).primary.verdict


def test_the_records_that_are_shipped_are_those_that_count():
    plan = dataclasses.replace(PLAN, depths=(1,), train_sizes=(300,))
    records = fill(plan, GAP)
    elsewhere = fill(dataclasses.replace(PLAN, dataset="mnist"), GAP)
    used = used_records(plan, indexed(records + elsewhere))
    assert len({r.fingerprint for r in used}) == len(used) == len({r.fingerprint for r in records})
    assert analyse(plan, indexed(used)).measures == analyse(plan, indexed(records)).measures


class InventedQueue:
    """Answers `submit` and `wait` like `Jobs`, with the records of `fill`; counts what was trained."""

    def __init__(self, store, experiment, accuracy=GAP, broken=(), device="CPU test", **more):
        self.store, self.trained, self.broken, self.device = store, [], set(broken), device
        self.records = {record.spec: record for record in fill(experiment, accuracy, device=device, **more)}

    def ask(self, function):
        assert function is worker.device
        return self.device

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
    counts = {"tuning": TUNING + 2 * 15, "control": CONTROL, "fit": FIT + 2, "arms": 35 + 10}  # depth 4 is no new arm
    assert len(queue.trained) == len(set(queue.trained)) == sum(counts.values())
    assert {spec.seed for spec in queue.trained[: counts["tuning"]]} == {
        s + of for s in TUNING_SEEDS for of in (0, AGAIN)
    }
    assert steps == [(step, count, count) for step, count in counts.items()]
    expected = analyse(plan, indexed(queue.records.values()))
    found = analyse(plan, done.records)
    assert (len(done.trained), len(done.reused)) == (len(queue.trained), 0)
    assert {name: row.value for name, row in found.measures.items()} == pytest.approx(
        {name: row.value for name, row in expected.measures.items()}
    )
    assert {run.purpose for run in store.runs()} == {"ffn-gap"}


def test_the_search_for_a_rate_goes_on_beyond_the_grid_until_a_worse_one_lies_on_either_side(store):
    plan = dataclasses.replace(PLAN, seeds=2)
    queue, steps = InventedQueue(store, plan, best_rate=1.6e-2), []
    done = conduct(queue, plan, on_change=lambda step, done, total: steps.append((step, total)))
    tried = TUNING // 5  # arms × seeds
    assert steps[:3] == [("tuning", 5 * tried), ("tuning", 6 * tried), ("tuning", 7 * tried)]
    assert len(queue.trained) == len(set(queue.trained)) == 7 * tried + CONTROL + FIT + 14
    analysis = analyse(plan, done.records)
    assert {arm.learning_rate for arm in analysis.arms.values()} == {1.6e-2}
    assert max(analysis.arms["on"].curve) == 3.2e-2 and len(used_records(plan, done.records)) == len(queue.trained)


def test_an_experiment_goes_on_where_it_was_stopped(store):
    conduct(InventedQueue(store, PLAN), dataclasses.replace(PLAN, seeds=2))
    queue = InventedQueue(store, PLAN)
    conduct(queue, PLAN)
    assert {spec.seed for spec in queue.trained} == {2, 3, 4, AGAIN + 2, AGAIN + 3, AGAIN + 4}
    queue = InventedQueue(store, PLAN)
    conduct(queue, PLAN)
    assert queue.trained == []
    conduct(queue, PLAN, fresh=True)
    assert len(queue.trained) == TUNING + CONTROL + FIT + 35


def test_arms_are_trained_alone_where_they_are_named_and_the_rest_goes_on_from_them(store):
    queue = InventedQueue(store, PLAN)
    conduct(queue, PLAN, only=("off", "linear"))
    of_one_arm = 5 * 3 + 1 + 5  # rates × seeds, by heart, reported: no controls
    assert len(queue.trained) == 2 * of_one_arm
    assert {spec.switches["ffn"] for spec in queue.trained} == {"off", "linear"}
    conduct(queue, PLAN)
    assert len(queue.trained) == len(set(queue.trained)) == TUNING + CONTROL + FIT + 35
    with pytest.raises(LabError, match="ffn-gap has no arm “of”: choose from on, off"):
        conduct(queue, PLAN, only=("of",))
    assert planned("training-length", "cifar10-jpeg").choosing(("on.10", "on.5", "off.2")) == ["on.2", "off.2"]


def test_a_run_that_fails_ends_the_experiment_with_its_reason(store):
    broken = PLAN.spec(Arm("vit", {"ffn": "off"}), TUNING_SEEDS[1], 4e-3, None)
    with pytest.raises(LabError, match="The loss became nan"):
        conduct(InventedQueue(store, PLAN, broken=[broken]), PLAN)


def test_shipped_results_are_known_and_go_before_those_trained_here(store):
    shipped.write_shipped("ffn-gap-digits", fill(PLAN, GAP))
    queue = InventedQueue(store, PLAN, accuracy=EQUAL)
    assert verdict(conduct(queue, PLAN).records) == "supported"
    assert queue.trained == []
    queue = InventedQueue(store, PLAN, accuracy=EQUAL)
    fresh = conduct(queue, PLAN, fresh=True)
    assert verdict(fresh.records) == "not_supported"  # what was asked for anew stands alone
    assert verdict(known_records(store)) == "supported"


def test_more_seeds_on_another_machine_are_trained_there_with_all_that_they_are_compared_with(store):
    shipped.write_shipped("ffn-gap-digits", fill(PLAN, GAP, device="GPU of the authors"))
    assert not conduct(InventedQueue(store, PLAN), PLAN).trained  # complete elsewhere
    more, told = dataclasses.replace(PLAN, seeds=10), []
    here = InventedQueue(store, more)
    done = conduct(here, more, on_left_out=lambda *what: told.append(what))
    assert len(here.trained) == TUNING + CONTROL + FIT + 70 and told == [(TUNING + 35, "CPU test")]
    analysis = analyse(more, done.records)
    assert (analysis.device, analysis.scale.seeds, analysis.scale.level) == ("CPU test", 10, 0.975)
    assert set(analysis.left_out) == {("GPU of the authors", "digits", analysis.dataset_hash)}
    assert not conduct(InventedQueue(store, more), more).trained


def test_workers_of_different_devices_end_the_experiment(store):
    queue = InventedQueue(store, PLAN, device="GPU")
    queue.device = "CPU"
    with pytest.raises(LabError, match="trained on GPU, the others of the experiment on CPU"):
        conduct(queue, PLAN)


def test_shipped_records_come_back_as_they_were_written(no_results):
    records = fill(PLAN, GAP)
    path = shipped.write_shipped("some", records)
    first = path.read_bytes()
    assert shipped.shipped_records() == {record.fingerprint: record for record in records}
    shipped.write_shipped("some", records[::-1])
    assert path.read_bytes() == first  # the same records give the same file
    path.unlink()
    assert shipped.shipped_records() == {}


def test_no_run_begins_after_its_time_and_the_same_command_goes_on(store):
    queue = InventedQueue(store, PLAN)
    late = conduct(queue, PLAN, until=time.monotonic() - 1)
    assert queue.trained == [] and late.missing == sum(map(len, PLAN.tuning().values())) + 6  # those of the control
    whole = conduct(queue, PLAN, until=time.monotonic() + 600)
    assert whole.missing == 0 and verdict(whole.records) == "supported"


class EndlessQueue(InventedQueue):
    """Only its first run ends by itself."""

    def submit(self, spec, purpose="", fresh=False):
        if not self.trained:
            return super().submit(spec, purpose, fresh)
        return Submitted(self.store.add(spec, self.records[spec].fingerprint, "test", purpose=purpose))

    def stop(self, run_id):
        if self.store.get(run_id).record is None:
            self.store.set_status(run_id, "stopped")

    def wait(self, run_ids, on_change=lambda active: None):
        while active := sum(self.store.get(run_id).status not in ("finished", "stopped") for run_id in run_ids):
            on_change(active)
        return [self.store.get(run_id) for run_id in run_ids]


def test_runs_that_have_not_ended_in_time_are_stopped_and_those_that_have_are_kept(store):
    found = conduct(EndlessQueue(store, PLAN), PLAN, until=time.monotonic() + 0.5)
    runs = sum(map(len, PLAN.tuning().values()))
    assert len(found.trained) == 1 and found.missing == runs - 1 + 6
    assert sorted(run.status for run in store.runs()) == ["finished"] + ["stopped"] * (runs - 1)
    queue = InventedQueue(store, PLAN)
    assert conduct(queue, PLAN).missing == 0 and len(queue.trained) == runs - 1 + CONTROL + FIT + 35
