"""What is kept of a training while it lasts: what flowed through the network after some of its epochs."""

import dataclasses

import numpy as np
import pytest

from tf_models.errors import LabError
from tf_models.jobs.showcase import recorded_images
from tf_models.runs import timelapse
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.timelapse import kept_epochs, pack, unpack
from tf_models.training.taps import read_taps
from tf_models.training.timelapse import Recorder, coarser
from tf_models.training.train import train

SPEC = RunSpec("vit", {"width": 16, "depth": 2}, "digits", 100, 3, Recipe(epochs=3, dropout=0.1))


@pytest.fixture(scope="module")
def recorded():
    """A short training that was looked at: its record, its weights, what was kept of it."""
    recorder, weights = Recorder(SPEC.model, 3, *recorded_images("digits", None)), []
    record = train(SPEC, keep=weights.append, look=recorder.look)
    return record, weights[0], recorder.developed()


def test_a_training_that_is_looked_at_ends_as_one_that_is_not_to_the_last_bit(recorded):
    record, weights, _ = recorded
    alone = []
    unseen = train(SPEC, keep=alone.append)
    assert alone == [weights] and unseen.test_loss == record.test_loss
    losses = [[(row["loss"], row["validation_loss"]) for row in run.history] for run in (record, unseen)]
    assert losses[0] == losses[1]


def test_the_last_epoch_shows_what_the_final_weights_compute_and_the_first_something_else(recorded):
    _, weights, found = recorded
    assert found.epochs == (0, 1, 2, 3) and found.images.shape == (3, 8, 8, 1) and found.labels == (0, 1, 2)
    taps = read_taps(SPEC.model, weights, found.images)
    np.testing.assert_allclose(found.probabilities[-1], taps["probabilities"], atol=1e-5)
    assert np.abs(found.probabilities[0] - taps["probabilities"]).max() > 0.01  # the planted fault: another epoch
    looked = taps["stage1.block2.attention"].mean(axis=2)
    np.testing.assert_allclose(found.attention["stage1.block2.attention"][-1], looked, atol=1e-5)
    maps = taps["stage1.block2.out"]
    strongest = np.argsort(-maps.var(axis=(1, 2)).mean(axis=0))[: timelapse.CHANNELS]
    np.testing.assert_allclose(found.maps["stage1.block2.out"][-1], maps[..., strongest], atol=1e-5)
    assert {tap for tap, maps in found.maps.items() if maps.shape != (4, 3, 4, 4, 4)} == set()


def test_the_start_then_ever_longer_steps_and_the_last_epoch_are_kept():
    assert [kept_epochs(n) for n in (1, 2, 3, 8)] == [(0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 4, 8)]
    assert kept_epochs(200) == (0, 1, 2, 4, 8, 16, 32, 64, 128, 200)


def test_wide_maps_are_averaged_and_borders_count_no_less():
    maps = np.arange(2 * 20 * 33, dtype=float).reshape(1, 20, 33, 2)
    found = coarser(maps, 16)
    assert found.shape == (1, 7, 11, 2)
    np.testing.assert_allclose(found[0, 2, 3], maps[0, 6:9, 9:12].mean(axis=(0, 1)))
    np.testing.assert_allclose(found[0, 6, 10], maps[0, 18:20, 30:33].mean(axis=(0, 1)))  # a row is missing
    assert coarser(maps[:, :16, :16], 16).tolist() == maps[:, :16, :16].tolist()


def test_a_file_gives_back_what_was_seen_to_half_a_step(recorded):
    _, _, found = recorded
    read = unpack(pack(found), "run")
    assert (read.epochs, read.labels, read.names) == (found.epochs, found.labels, found.names)
    assert np.array_equal(read.images, found.images)
    for kind in ("maps", "attention"):
        assert getattr(read, kind).keys() == getattr(found, kind).keys()
        for tap, values in getattr(found, kind).items():
            assert np.abs(getattr(read, kind)[tap] - values).max() <= 0.51 * np.ptp(values) / timelapse.STEPS


def test_a_file_that_would_be_too_large_has_fewer_epochs_and_then_fewer_images(recorded, monkeypatch):
    _, _, found = recorded
    whole = len(pack(found))
    for most, epochs, images in ((whole, 4, 3), (whole - 1, 3, 3), (whole // 2, 2, 2)):
        monkeypatch.setattr(timelapse, "LARGEST", most)
        read = unpack(content := pack(found), "run")
        assert len(content) <= most and read.epochs[0] == 0 and read.epochs[-1] == 3
        assert len(read.epochs) == epochs and (len(read.images) == images or most < whole - 1)


def test_what_is_shown_at_an_epoch_that_was_not_kept_is_from_before_it(recorded):
    found = dataclasses.replace(recorded[2], epochs=(0, 1, 4, 9))
    assert [found.at(epoch) for epoch in (0, 1, 3, 4, 8, 9, 50)] == [0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("content", [b"", b"no file", b"PK\x03\x04 torn"])
def test_a_file_that_cannot_be_read_is_named(content):
    with pytest.raises(LabError, match="time-lapse of my run cannot be read"):
        unpack(content, "my run")
