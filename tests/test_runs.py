"""What was asked, what came out, and the store that keeps both."""

import contextlib
import dataclasses
import json
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from synthetic import make_record

from tf_models.errors import LabError
from tf_models.runs import store as runs
from tf_models.runs.known import known_records, known_stamp
from tf_models.runs.reading import BEFORE, read_record, read_spec
from tf_models.runs.record import SCHEMA, RunRecord, pack_correct
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import (
    ACTIVE,
    FAILED,
    FINISHED,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STOPPED,
    STOPPING,
    UNREADABLE,
    RunStore,
)
from tf_models.zoo import CLASSROOM
from tf_models.zoo.spec import map_blocks

FULL = RunSpec("vit", {"ffn": "off", "depth": 2}, "digits", 300, 7, Recipe(epochs=3, xla=True, dropout=0.1), "jax")
LONG = dataclasses.replace(FULL, recipe=Recipe(epochs=5, schedule="decay", augment=True), labels="shuffled")


@pytest.fixture
def store(lab_home):
    store = RunStore()
    yield store
    store.close()


def finished(store: RunStore, spec: RunSpec, **changes) -> RunRecord:
    """A run in the store with an invented record."""
    run_id = store.add(spec, None)
    record = dataclasses.replace(make_record(spec), run_id=run_id, **changes)
    store.finish(record)
    return record


def execute(store: RunStore, sql: str, **values) -> None:
    """What another program does to the store."""
    with store._engine.begin() as connection:
        connection.execute(sa.text(sql), values)


def overwrite(store: RunStore, column: str, text: str, run_id: str) -> None:
    execute(store, f"UPDATE runs SET {column} = :text WHERE id = :id", text=text, id=run_id)


@pytest.mark.parametrize("spec", [RunSpec(), FULL, LONG], ids=["default", "full", "long"])
def test_a_spec_and_its_record_survive_json(spec):
    copy = read_spec(json.loads(json.dumps(dataclasses.asdict(spec))), "")
    assert copy == spec and hash(copy) == hash(spec) and copy.fingerprint("x") == spec.fingerprint("x")
    record = make_record(spec, np.arange(37) % 3 > 0)
    document = json.loads(json.dumps(record.to_dict()))
    assert read_record(document) == record
    assert (document["epochs"], document["switches"]) == (spec.recipe.epochs, spec.switches)


def test_correctness_is_the_inverse_of_pack_correct():
    for count in (1, 7, 8, 9, 360, 1001):
        correct = np.random.default_rng(count).random(count) < 0.7
        record = make_record(RunSpec(), correct)
        assert record.correctness.dtype == bool and np.array_equal(record.correctness, correct)
        assert len(pack_correct(correct)) < 4 + count / 5  # one bit per image


CHANGES = dict(variant="cnn", switches={"norm": "batch"}, dataset="mnist", train_size=500, seed=1, backend="jax")
CHANGES |= dict(labels="shuffled")
RECIPE_CHANGES = dict(epochs=2, learning_rate=1e-3, batch_size=32, weight_decay=0.0, dropout=0.5)
RECIPE_CHANGES |= dict(mixed_precision=True, xla=True, schedule="decay", augment=True)


def test_the_fingerprint_depends_on_everything_that_was_asked(monkeypatch):
    assert {*CHANGES, "recipe"} == {f.name for f in dataclasses.fields(RunSpec)}
    assert set(RECIPE_CHANGES) == {f.name for f in dataclasses.fields(Recipe)}
    base = RunSpec(backend="tensorflow")
    recipes = [dataclasses.replace(base.recipe, **{name: value}) for name, value in RECIPE_CHANGES.items()]
    specs = [dataclasses.replace(base, **{name: value}) for name, value in CHANGES.items()]
    specs += [dataclasses.replace(base, recipe=recipe) for recipe in recipes]
    prints = [base.fingerprint("x"), base.fingerprint("y"), *(spec.fingerprint("x") for spec in specs)]
    monkeypatch.setattr("tf_models.runs.spec.TRAINING_VERSION", -1)
    prints.append(base.fingerprint("x"))
    assert len(set(prints)) == len(prints) == 19


ROWS = {  # one value of a row of CLASSROOM, changed
    "activation": lambda row: dataclasses.replace(row, stages=map_blocks(row.stages, activation="relu")),
    "norm": lambda row: dataclasses.replace(row, head=dataclasses.replace(row.head, norm="none")),
    "kernel": lambda row: dataclasses.replace(row, stages=map_blocks(row.stages, kernel=5)),
    "epsilon": lambda row: dataclasses.replace(row, layer_epsilon=1e-5),
}


@pytest.mark.parametrize("change", ROWS)
def test_another_architecture_under_the_same_name_is_another_run(change, store, change_row):
    """Even where parameters and multiply-adds stay equal: GELU → ReLU."""
    spec = RunSpec("vit")
    record = finished(store, spec)
    assert record in known_records(store)[spec]
    change_row(vit=ROWS[change](CLASSROOM["vit"]))
    assert spec.fingerprint(record.dataset_hash) != record.fingerprint
    assert store.find(spec.fingerprint(record.dataset_hash)) is None
    other = finished(store, RunSpec("cnn"))  # so that what is known is read anew
    assert record not in known_records(store).get(spec, []) and other in known_records(store)[other.spec]
    assert store.records() == [record, other]  # it stays in the list of runs


def test_an_empty_store_is_no_news_and_a_finished_run_is(store):
    """All that came with the lab was judged and drawn again for a home in which nothing was trained."""
    assert known_stamp(store) == known_stamp(None)
    store.add(RunSpec("vit"), None)
    assert known_stamp(store) == known_stamp(None)
    finished(store, RunSpec("vit"))
    assert known_stamp(store) != known_stamp(None)


REFUSED = [("epochs", 0), ("epochs", 1001), ("learning_rate", 0), ("learning_rate", float("nan")), ("batch_size", 0)]


@pytest.mark.parametrize(("name", "value"), [*REFUSED, ("weight_decay", -1), ("dropout", 1.0)])
def test_a_recipe_refuses_what_cannot_be_trained(name, value):
    with pytest.raises(LabError, match=f"{name} is {value}: it must be from"):
        Recipe(**{name: value})


def test_a_seed_outside_31_bits_is_refused():
    for seed in (-1, 2**31):
        with pytest.raises(LabError, match=f"seed is {seed}"):
            RunSpec(seed=seed)


def test_a_finished_run_is_found_by_its_fingerprint_and_keeps_its_record(store):
    record = make_record(FULL)
    run_id = store.add(FULL, record.fingerprint, owner="me", visitor="anna", purpose="test")
    assert store.get(run_id).status == QUEUED
    assert store.find(record.fingerprint) is None  # not before it has finished
    store.set_status(run_id, RUNNING)
    for epoch in (1, 2, 3):
        store.add_epoch(run_id, {"epoch": epoch, "loss": 1 / epoch, "validation_accuracy": 0.5})
    record = dataclasses.replace(record, run_id=run_id)
    store.finish(record)
    run = store.get(run_id)
    assert (run.status, run.spec, run.record, run.visitor, run.purpose) == (FINISHED, FULL, record, "anna", "test")
    assert run.created <= run.started <= run.ended
    assert store.find(record.fingerprint) == record
    assert [row["loss"] for row in store.epochs(run_id)] == [1, 1 / 2, 1 / 3]


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
    assert end == FINISHED or after.reason.code == "not_finite"
    store.finish(dataclasses.replace(make_record(FULL), run_id=run_id))
    assert store.get(run_id).status == (FINISHED if end == INTERRUPTED else end)  # its worker may come back


def test_the_runs_of_a_silent_owner_are_interrupted_and_those_of_a_live_one_are_not(store, monkeypatch):
    now = time.time()
    store.beat("silent")
    lost = [store.add(FULL, "f", owner=owner) for owner in ("silent", "silent", "never")]
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


def test_the_runs_of_a_process_that_is_gone_are_interrupted_when_a_store_is_next_opened(store):
    """For twenty seconds they stood there as if they went on, and without a new run for ever."""
    first = RunStore()
    for opened, owner in ((first, "gone"), (store, "alive")):
        opened.beat(owner)
    lost, kept = (store.add(FULL, "f", owner=owner) for owner in ("gone", "alive"))
    RunStore().close()
    assert [store.get(run_id).status for run_id in (lost, kept)] == [QUEUED, QUEUED]
    first.close()  # as the end of the process does
    RunStore().close()
    assert [store.get(run_id).status for run_id in (lost, kept)] == [INTERRUPTED, QUEUED]


def test_a_store_that_another_process_writes_into_can_be_opened_and_read(store, monkeypatch):
    monkeypatch.setattr(runs, "LOCKED_SECONDS", 0)
    record = finished(store, FULL)
    with contextlib.closing(sqlite3.connect(store.home / "lab.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opened = RunStore()
        assert opened.records() == [record]
        with pytest.raises(LabError, match="in use by another program .*locked"):
            opened.add(FULL, "f")
        opened.close()


def test_a_full_disk_asks_for_space_and_not_for_another_store(store):
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # no page more than there are
    with pytest.raises(LabError, match="is full.*: free some space"):
        for _ in range(200):
            store.add(FULL, "f")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_weights_are_kept_whole_or_not_at_all(store):
    """A full disk left a part of a file under the name of the whole."""
    store.keep_weights("run", b"first")
    part = store.weights("run").with_suffix(".part")
    part.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        store.keep_weights("run", b"second")
    assert store.read_weights("run") == b"first" and not part.is_symlink()
    store.keep_weights("run", b"second")
    assert store.read_weights("run") == b"second"


def test_an_owner_that_leaves_interrupts_its_own_runs_only(store):
    for owner in ("a", "b"):
        store.beat(owner)
    mine, other = store.add(FULL, "f", owner="a"), store.add(FULL, "f", owner="b")
    store.leave("a")
    assert (store.get(mine).status, store.get(other).status) == (INTERRUPTED, QUEUED)


# Rows of another version of the lab, and damaged ones


def test_a_record_from_before_a_field_has_that_field_empty_and_one_with_more_is_read():
    record = make_record(FULL)
    document = json.loads(json.dumps(record.to_dict()))
    for name in BEFORE:
        document.pop(name, None)  # a record without a matrix does not speak of one
    record = dataclasses.replace(record, updates=None, fit_loss=None, fit_accuracy=None)
    assert read_record(document) == record and record.schema == SCHEMA
    assert read_spec({**document, "recipe": {**dataclasses.asdict(FULL.recipe)}}, "") == FULL
    assert read_record({**document, "colour": "blue"}) == record


BROKEN = {  # what is written over a finished run's record, and what the reason names
    "newer": ({"schema": SCHEMA + 1}, f"schema {SCHEMA + 1}"),
    "variant": ({"variant": "convkan"}, "convkan"),
    "switch": ({"switches": {"wormhole": "on"}}, "wormhole"),
    "switch value": ({"switches": {"ffn": "sideways"}}, "ffn=sideways"),
    "switches": ({"switches": ["ffn"]}, "switches"),
    "missing": ({"test_loss": ...}, "test_loss"),
    "type": ({"test_accuracy": "high"}, "test_accuracy: high"),
    "not finite": ({"validation_loss": float("inf")}, "validation_loss: inf"),
    "recipe": ({"epochs": "many"}, "epochs: many"),
    "history": ({"history": None}, "history"),
    "epochs": ({"history": [{"epoch": 1}]}, "history"),
    "text": ({"history": "none"}, "history"),
    "correct": ({"correct": "!!"}, ""),
    "correct of other images": ({"test_images": 1000}, "correct"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_cannot_be_read_says_so_and_hides_no_other(store, name):
    changes, problem = BROKEN[name]
    before, broken, after = (finished(store, RunSpec(seed=seed)) for seed in range(3))
    text = json.dumps({key: value for key, value in (broken.to_dict() | changes).items() if value is not ...})
    overwrite(store, "record", text, broken.run_id)
    runs = {run.id: run for run in store.runs()}
    assert len(runs) == 3 and runs[before.run_id].record == before and runs[after.run_id].record == after
    run = runs[broken.run_id]
    assert (run.status, run.record, run.spec.seed) == (UNREADABLE, None, 1)
    assert broken.run_id in str(run.reason) and problem in str(run.reason)
    assert str(store.get(broken.run_id).reason) == str(run.reason)
    assert store.records() == [before, after] and store.find(broken.fingerprint) is None
    assert set(known_records(store)) >= {before.spec, after.spec}


@pytest.mark.parametrize("text", ["no JSON {", "[]", "null", '"text"', "3", "{}", '{"variant": "convkan"}'])
@pytest.mark.parametrize("column", ["spec", "record", "reason"])
def test_a_damaged_column_hides_nothing(store, column, text):
    broken, whole = finished(store, RunSpec(seed=1)), finished(store, RunSpec(seed=2))
    overwrite(store, column, text, broken.run_id)
    runs = {run.id: run for run in store.runs()}
    assert runs[whole.run_id].record == whole and len(runs) == 2
    if column != "reason":
        assert runs[broken.run_id].status == UNREADABLE and broken.run_id in str(runs[broken.run_id].reason)
        assert "convkan" not in text or column == "record" or runs[broken.run_id].spec.name == "convkan"


def test_the_weights_of_an_older_lab_are_named(store):
    run_id = finished(store, FULL).run_id
    assert not store.has_weights(run_id)
    (store.home / "weights" / f"{run_id}.weights.h5").write_bytes(b"\x89HDF")
    assert store.has_weights(run_id)
    with pytest.raises(LabError, match=f"weights of {run_id} were kept by another version"):
        store.read_weights(run_id)


def test_an_unknown_reason_state_epoch_and_owner_hide_nothing(store):
    run_id = store.add(FULL, "f", owner="odd")
    store.set_status(run_id, FAILED, LabError("not_finite", value="nan", epoch=1))
    overwrite(store, "reason", '{"code": "solar_storm", "values": {}}', run_id)
    assert "solar_storm" in str(store.get(run_id).reason) and store.get(run_id).status == FAILED
    overwrite(store, "status", "archived", run_id)
    assert store.get(run_id).status == UNREADABLE and "archived" in str(store.get(run_id).reason)
    running = store.add(FULL, "f", owner="odd")
    for epoch, text in enumerate(('{"epoch": 1, "validation_accuracy": 0.5}', "{}", "x", '{"epoch": "one"}')):
        execute(store, "INSERT INTO epochs VALUES (:id, :epoch, :text)", id=running, epoch=epoch, text=text)
    assert store.epochs(running) == [{"epoch": 1, "validation_accuracy": 0.5}]
    execute(store, "INSERT INTO owners VALUES ('odd', 'yesterday')")  # a text is larger than every number
    store.beat("me")
    assert store.get(running).status == INTERRUPTED


def test_a_home_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")  # a mode would not stop root
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(LabError, match=f"LAB_HOME {tmp_path / 'file' / 'home'} cannot be written"):
        RunStore()


@pytest.mark.parametrize("content", [b"a text of some length, and no database" * 100, b"SQLite format 3\0" * 300])
def test_a_broken_store_is_named(lab_home, content):
    lab_home.mkdir()
    (lab_home / "lab.sqlite").write_bytes(content)
    with pytest.raises(LabError, match="lab.sqlite cannot be used"):
        RunStore()


def test_a_store_with_other_tables_is_named(lab_home):
    lab_home.mkdir()
    with sqlite3.connect(lab_home / "lab.sqlite") as connection:
        for table in ("runs", "epochs", "owners"):
            connection.execute(f"CREATE TABLE {table} (other TEXT)")
    connection.close()
    with pytest.raises(LabError, match="lab.sqlite cannot be used"):
        store = RunStore()
        store.add(FULL, "f")


def test_an_unknown_run_and_a_store_that_breaks_later_are_named(store):
    run_id = store.add(FULL, "f")
    with pytest.raises(LabError, match="Unknown run “nothing”"):
        store.get("nothing")
    execute(store, "DROP TABLE runs")
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


@pytest.mark.parametrize("url", ["nonsense", "nothing://lab:secret@host/db", "sqlite:////no/such/folder/lab.sqlite"])
def test_a_database_that_cannot_be_opened_is_named(url, monkeypatch):
    monkeypatch.setenv("LAB_DATABASE_URL", url)
    with pytest.raises(LabError, match="run store .* cannot be used") as caught:
        RunStore()
    assert url.replace("secret", "***") in str(caught.value)
