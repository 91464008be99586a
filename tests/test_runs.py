"""What was asked, what came out, and the store that keeps both."""

import dataclasses
import json
import sqlite3
import time

import numpy as np
import pytest
import sqlalchemy as sa
from synthetic import make_record

from tf_models.errors import LabError
from tf_models.runs import store as runs
from tf_models.runs.record import RunRecord, pack_correct
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import ACTIVE, FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED, STOPPING, RunStore

FULL = RunSpec("vit", {"ffn": "off", "depth": 2}, "digits", 300, 7, Recipe(epochs=3, xla=True, dropout=0.1), "jax")


@pytest.fixture
def store(lab_home):
    store = RunStore()
    yield store
    store.close()


@pytest.mark.parametrize("spec", [RunSpec(), FULL], ids=["default", "full"])
def test_a_spec_survives_json(spec):
    copy = RunSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert copy == spec
    assert hash(copy) == hash(spec)
    assert copy.fingerprint("x") == spec.fingerprint("x")


@pytest.mark.parametrize("count", [1, 7, 8, 9, 360, 1001])
def test_correctness_is_the_inverse_of_pack_correct(count):
    correct = np.random.default_rng(count).random(count) < 0.7
    record = make_record(RunSpec(), correct)
    assert record.correctness().dtype == bool
    np.testing.assert_array_equal(record.correctness(), correct)
    assert len(pack_correct(correct)) < 4 + count / 5  # a bit an image


def test_a_record_survives_json():
    record = make_record(FULL, np.arange(37) % 3 > 0)
    document = json.loads(json.dumps(record.to_dict()))
    assert RunRecord.from_dict(document) == record
    assert (
        document["epochs"] == 3 and document["variant"] == "vit" and document["switches"] == {"depth": 2, "ffn": "off"}
    )


CHANGES = {
    "variant": "cnn",
    "switches": {"norm": "batch"},
    "dataset": "mnist",
    "train_size": 500,
    "seed": 1,
    "recipe": Recipe(epochs=2),
    "backend": "jax",
}
RECIPE_CHANGES = {
    "epochs": 2,
    "learning_rate": 3e-3,
    "batch_size": 32,
    "weight_decay": 0.0,
    "dropout": 0.5,
    "mixed_precision": True,
    "xla": True,
}


def test_the_fingerprint_depends_on_everything_that_was_asked(monkeypatch):
    assert set(CHANGES) == {f.name for f in dataclasses.fields(RunSpec)}
    assert set(RECIPE_CHANGES) == {f.name for f in dataclasses.fields(Recipe)}
    base = RunSpec(backend="tensorflow")
    prints = [base.fingerprint("x"), base.fingerprint("y")]
    prints += [dataclasses.replace(base, **{name: value}).fingerprint("x") for name, value in CHANGES.items()]
    for name, value in RECIPE_CHANGES.items():
        if name != "epochs":  # among CHANGES
            spec = dataclasses.replace(base, recipe=dataclasses.replace(base.recipe, **{name: value}))
            prints.append(spec.fingerprint("x"))
    monkeypatch.setattr("tf_models.runs.spec.TRAINING_VERSION", -1)
    prints.append(base.fingerprint("x"))
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 1001),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("batch_size", 0),
        ("weight_decay", -1),
        ("dropout", 1.0),
    ],
)
def test_a_recipe_refuses_what_cannot_be_trained(name, value):
    with pytest.raises(LabError, match=f"{name} is {value}: it must be from"):
        Recipe(**{name: value})


def test_a_seed_outside_31_bits_is_refused():
    for seed in (-1, 2**31):
        with pytest.raises(LabError, match=f"seed is {seed}"):
            RunSpec(seed=seed)


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(LabError, match="theano.*tensorflow, jax, torch"):
        RunSpec()


def test_a_finished_run_is_found_by_its_fingerprint_and_keeps_its_record(store):
    record = make_record(FULL)
    run_id = store.add(FULL, record.fingerprint, owner="me", visitor="anna", purpose="test")
    assert store.get(run_id).status == QUEUED
    assert store.find(record.fingerprint) is None  # not before it has finished
    store.set_status(run_id, RUNNING)
    for epoch in (1, 2, 3):
        store.add_epoch(run_id, {"epoch": epoch, "loss": 1 / epoch})
    record = dataclasses.replace(record, run_id=run_id)
    store.finish(record)
    run = store.get(run_id)
    assert (run.status, run.spec, run.record, run.visitor, run.purpose) == (FINISHED, FULL, record, "anna", "test")
    assert run.created <= run.started <= run.ended
    assert store.find(record.fingerprint) == record
    assert [row["loss"] for row in store.epochs(run_id)] == [1, 1 / 2, 1 / 3]


def test_a_second_store_on_the_same_home_sees_the_same_runs(store):
    run_id = store.add(FULL, "f")
    other = RunStore()
    assert other.get(run_id).spec == FULL
    other.close()


def test_runs_are_listed_newest_first_and_by_state_and_visitor(store):
    ids = [store.add(RunSpec(seed=seed), None, visitor="ab"[seed % 2]) for seed in range(4)]
    store.set_status(ids[0], STOPPED)
    assert [run.id for run in store.runs()] == ids[::-1]
    assert [run.id for run in store.runs([STOPPED])] == ids[:1]
    assert [run.id for run in store.runs(ACTIVE, visitor="b")] == [ids[3], ids[1]]
    assert [run.id for run in store.runs(limit=2)] == [ids[3], ids[2]]


@pytest.mark.parametrize("end", [FINISHED, FAILED, STOPPED, INTERRUPTED])
def test_a_run_that_has_ended_keeps_its_state(store, end):
    run_id = store.add(FULL, "f")
    if end == FINISHED:
        store.finish(dataclasses.replace(make_record(FULL), run_id=run_id))
    else:
        store.set_status(run_id, end, LabError("not_finite", value="nan", epoch=1))
    before = store.get(run_id)
    for status in (QUEUED, RUNNING, STOPPING, FAILED, STOPPED, INTERRUPTED):
        store.set_status(run_id, status, LabError("worker_died", reason="late"))
        store.leave("")
    after = store.get(run_id)
    assert (after.status, after.ended, str(after.reason)) == (end, before.ended, str(before.reason))


def test_a_stopped_run_does_not_finish_later(store):
    run_id = store.add(FULL, "f")
    store.set_status(run_id, STOPPED)
    store.finish(dataclasses.replace(make_record(FULL), run_id=run_id))
    assert store.get(run_id).status == STOPPED
    assert store.find(make_record(FULL).fingerprint) is None


def test_a_reason_is_kept_as_a_sentence_that_can_be_translated(store, tmp_path):
    run_id = store.add(FULL, "f")
    store.set_status(run_id, FAILED, LabError("home_not_writable", path=tmp_path, reason="full"))
    reason = store.get(run_id).reason
    assert reason.code == "home_not_writable"
    assert str(reason) == str(LabError("home_not_writable", path=tmp_path, reason="full"))


def test_the_runs_of_a_silent_owner_are_interrupted_and_those_of_a_live_one_are_not(store, monkeypatch):
    now = time.time()
    store.beat("silent")
    lost = [
        store.add(FULL, "f", owner="silent"),
        store.add(FULL, "f", owner="silent"),
        store.add(FULL, "f", owner="never"),
    ]
    done = store.add(FULL, "f", owner="silent")
    store.set_status(lost[0], RUNNING)
    store.set_status(done, FAILED)
    monkeypatch.setattr(runs.time, "time", lambda: now + runs.SILENCE_SECONDS - 1)
    store.beat("live")
    kept = store.add(FULL, "f", owner="live")
    assert store.get(lost[0]).status == RUNNING  # not silent for long enough
    monkeypatch.setattr(runs.time, "time", lambda: now + runs.SILENCE_SECONDS + 5)
    store.beat("another")
    assert [store.get(run_id).status for run_id in lost] == [INTERRUPTED] * 3
    assert store.get(kept).status == QUEUED
    assert store.get(done).status == FAILED


def test_an_owner_that_leaves_interrupts_its_own_runs_only(store):
    for owner in ("a", "b"):
        store.beat(owner)
    mine, other = store.add(FULL, "f", owner="a"), store.add(FULL, "f", owner="b")
    store.leave("a")
    assert (store.get(mine).status, store.get(other).status) == (INTERRUPTED, QUEUED)


def test_an_unknown_run_is_named(store):
    with pytest.raises(LabError, match="Unknown run “nothing”"):
        store.get("nothing")


def test_a_home_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")  # a mode would not stop root
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(LabError) as caught:
        RunStore()
    assert caught.value.code == "home_not_writable"
    assert str(tmp_path / "file" / "home") in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"this is no database, but a text of some length" * 100, b"SQLite format 3\0" * 300]
)
def test_a_broken_store_is_named(lab_home, content):
    lab_home.mkdir()
    (lab_home / "lab.sqlite").write_bytes(content)
    with pytest.raises(LabError) as caught:
        RunStore()
    assert caught.value.code == "store_broken"
    assert "lab.sqlite" in str(caught.value)


def test_a_store_with_other_tables_is_named(lab_home):
    lab_home.mkdir()
    with sqlite3.connect(lab_home / "lab.sqlite") as connection:
        connection.execute("CREATE TABLE runs (other TEXT)")
        connection.execute("CREATE TABLE epochs (other TEXT)")
        connection.execute("CREATE TABLE owners (other TEXT)")
    connection.close()
    with pytest.raises(LabError, match="lab.sqlite cannot be used"):
        store = RunStore()
        store.add(FULL, "f")


def test_a_store_that_breaks_later_says_so(store):
    run_id = store.add(FULL, "f")
    with store._engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE runs"))
    with pytest.raises(LabError, match="run store .*lab.sqlite cannot be used"):
        store.get(run_id)


def test_the_database_can_be_elsewhere(tmp_path, lab_home, monkeypatch):
    monkeypatch.setenv("LAB_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    store = RunStore()
    run_id = store.add(FULL, "f")
    store.close()
    assert not (lab_home / "lab.sqlite").exists()
    assert store.weights("x").parent == lab_home / "weights"
    monkeypatch.delenv("LAB_DATABASE_URL")
    other = RunStore(url=f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    assert other.get(run_id).spec == FULL
    other.close()


@pytest.mark.parametrize("url", ["nonsense", "nothing://host/db", "sqlite:////no/such/folder/lab.sqlite"])
def test_a_database_that_cannot_be_opened_is_named(url, monkeypatch):
    monkeypatch.setenv("LAB_DATABASE_URL", url)
    with pytest.raises(LabError) as caught:
        RunStore()
    assert caught.value.code == "store_broken"
    assert url in str(caught.value)


def test_a_database_password_is_not_shown(monkeypatch):
    monkeypatch.setenv("LAB_DATABASE_URL", "nothing://lab:secret@host/db")
    with pytest.raises(LabError) as caught:
        RunStore()
    assert "secret" not in str(caught.value)
