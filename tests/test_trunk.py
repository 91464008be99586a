"""Trainings of different length share their trunk, and nobody can tell from the result."""

import dataclasses
import logging

import keras
import numpy as np
import pytest

from tf_models.runs.record import RunRecord
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.training import model_cache, progress, trunk
from tf_models.training import train as trainer
from tf_models.training.progress import Stopped
from tf_models.training.train import train

LONG = RunSpec(  # moving averages, random-generator states and augmentation: what a trunk could forget
    "vit",
    {"depth": 1, "norm": "batch"},
    "digits",
    128,
    3,
    Recipe(epochs=10, learning_rate=3e-3, dropout=0.2, schedule="decay", augment=True),
)
NUMBERS = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy")


@pytest.fixture(scope="module", autouse=True)
def forget_models():
    yield
    model_cache._models.clear()
    keras.backend.clear_session()


@pytest.fixture(autouse=True)
def short_warm_up(monkeypatch):
    """So that a training as short as these reaches its rate."""
    monkeypatch.setattr(model_cache, "WARM_UP", 4)


@pytest.fixture
def began(monkeypatch) -> list[int]:
    """The epochs after which trainings began."""
    found, usual = [], trainer.Batches

    def batches(dataset, recipe, seed, epoch=0):
        found.append(epoch)
        return usual(dataset, recipe, seed, epoch)

    monkeypatch.setattr(trainer, "Batches", batches)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunRecord:
    """The long training from the beginning to the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(model_cache, "WARM_UP", 4)
        return train(LONG)


def shorter(epochs: int) -> RunSpec:
    return dataclasses.replace(LONG, recipe=dataclasses.replace(LONG.recipe, epochs=epochs))


def same(one: RunRecord, other: RunRecord) -> bool:
    """To the last bit."""
    numbers = [[[row[key] for key in NUMBERS] for row in record.history] for record in (one, other)]
    both = [(r.test_loss, r.fit_loss, r.correct, r.updates) for r in (one, other)]
    return numbers[0] == numbers[1] and both[0] == both[1]


def kept_files(home) -> list[str]:
    return sorted(path.name for path in (home / "trunks").rglob("*") if path.is_file())


def test_the_fork_is_where_the_rate_begins_to_fall():
    assert [trunk.fork(shorter(epochs)) for epochs in (1, 2, 5, 10, 20)] == [0, 0, 4, 8, 16]  # 0: inside an epoch
    assert trunk.fork(dataclasses.replace(LONG, recipe=Recipe(epochs=10))) == 0


def test_a_training_that_goes_on_from_a_kept_trunk_equals_one_from_the_beginning(whole, began, lab_home):
    events: list[dict[str, float]] = []
    assert train(shorter(5)).updates == 10
    record = train(LONG, report=events.append)
    assert began == [0, 4] and kept_files(lab_home) == ["4.npz", "8.npz"] and same(record, whole)
    assert [event["epoch"] for event in events] == list(range(1, 11)) == [row["epoch"] for row in record.history]
    assert record.train_seconds > sum(128 / row["images_per_second"] for row in record.history) / 2  # the trunk's too
    train(dataclasses.replace(LONG, seed=4))
    train(dataclasses.replace(LONG, recipe=dataclasses.replace(LONG.recipe, learning_rate=1e-3)))
    train(dataclasses.replace(LONG, labels="shuffled"))
    assert began == [0, 4, 0, 0, 0]  # nothing else has this trunk


@pytest.mark.parametrize("forgotten", ["optimizer", "statistics"])
def test_a_trunk_that_forgets_a_part_of_the_state_would_be_noticed(whole, forgotten, monkeypatch):
    """The planted fault."""

    def part(model):
        return model.variables if forgotten == "optimizer" else [*model.trainable_variables, *model.optimizer.variables]

    monkeypatch.setattr(trunk, "_variables", part)
    train(shorter(5))
    assert not same(train(LONG), whole)


@pytest.mark.parametrize("damage", ["empty", "torn", "text", "untold", "another network"])
def test_a_damaged_trunk_is_passed_over_in_one_sentence_and_nothing_is_lost(whole, damage, began, lab_home, caplog):
    train(shorter(5))
    (path,) = (lab_home / "trunks").rglob("4.npz")
    if damage == "another network":
        train(dataclasses.replace(shorter(5), switches={**LONG.switches, "width": 32}))
        (other,) = (found for found in (lab_home / "trunks").rglob("4.npz") if found != path)
        path.write_bytes(other.read_bytes())
    elif damage == "untold":
        with np.load(path) as kept:
            np.savez(path, **{**kept, "told": np.array("[]")})
    else:
        path.write_bytes({"empty": b"", "torn": path.read_bytes()[:5000], "text": b"not an archive"}[damage])
    before = len(began)
    with caplog.at_level(logging.WARNING, logger=trunk.log.name):
        record = train(LONG)
    assert began[before:] == [0] and same(record, whole)
    (warning,) = caplog.records
    assert str(path) in warning.getMessage() and warning.getMessage().endswith("this part is trained again")


def test_a_trunk_that_cannot_be_written_is_no_end_of_the_training(whole, lab_home, caplog):
    lab_home.mkdir()
    (lab_home / "trunks").write_text("in the way")
    with caplog.at_level(logging.WARNING, logger=trunk.log.name):
        assert same(train(LONG), whole)
    (warning,) = caplog.records
    assert "8.npz cannot be written" in warning.getMessage()


def test_a_training_that_was_interrupted_goes_on_from_its_trunk(whole, began, lab_home, monkeypatch):
    monkeypatch.setattr(progress, "CHECK_SECONDS", 0.0)
    events: list[dict[str, float]] = []
    with pytest.raises(Stopped):
        train(LONG, report=events.append, should_stop=lambda: len(events) >= 9)
    assert len(events) == 9 and kept_files(lab_home) == ["8.npz"]
    assert same(train(LONG), whole) and began == [0, 8]
