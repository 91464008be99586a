"""What a recipe does to a training: the order of the images, their flips and moves, the learning rate, the decay."""

import dataclasses
from functools import partial

import keras
import numpy as np
import pytest

from tf_models.data import load
from tf_models.errors import LabError
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.training import adamw, model_cache
from tf_models.training.batches import Batches
from tf_models.training.train import train


@pytest.fixture(scope="module", autouse=True)
def forget_models():
    yield
    model_cache._models.clear()
    keras.backend.clear_session()


def test_two_arms_of_a_seed_see_the_same_images_in_the_same_order():
    split = load("digits", 3, 100)
    recipe = Recipe(batch_size=32)
    one, other, next_seed = Batches(split, recipe, 3), Batches(split, recipe, 3), Batches(split, recipe, 4)
    assert len(one) == 4 and [len(one[i][0]) for i in range(4)] == [32, 32, 32, 4]
    seen = []
    for _ in range(2):
        for i in range(4):
            np.testing.assert_array_equal(one[i][0], other[i][0])
            np.testing.assert_array_equal(one[i][1], other[i][1])
        seen.append(np.concatenate([one[i][0] for i in range(4)]))
        one.on_epoch_end()
        other.on_epoch_end()
    assert sorted(x.tobytes() for x in seen[0]) == sorted(x.tobytes() for x in split.x_train)
    assert not np.array_equal(seen[0], seen[1])  # every epoch has its own order
    assert not np.array_equal(seen[0][:32], next_seed[0][0])


def test_an_augmented_image_is_a_mirrored_and_moved_copy_of_its_own_and_keeps_its_label():
    split = load("digits", 3, 64)
    split = dataclasses.replace(split, x_train=np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1), np.uint8))
    plain, recipe = Batches(split, Recipe(), 3), Recipe(augment=True)
    one, other, next_seed = Batches(split, recipe, 3), Batches(split, recipe, 3), Batches(split, recipe, 4)
    (images, labels), (found, kept) = plain[0], one[0]
    assert found.shape == images.shape and found.dtype == np.uint8 and np.array_equal(kept, labels)
    ways = []
    for image, seen in zip(images, found, strict=True):
        padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), mode="reflect")
        moved = [(padded[y : y + 8, x : x + 8], y, x) for y in range(9) for x in range(9)]
        copies = [(way[:, ::step], y, x, step) for way, y, x in moved for step in (1, -1)]
        ways.append([copy[1:] for copy in copies if np.array_equal(copy[0], seen)])
    assert all(ways)
    sure = [way[0] for way in ways if len(way) == 1]  # near an edge, a move and a mirrored one are the same
    rows, columns, steps = (set(values) for values in zip(*sure, strict=True))
    assert rows == set(range(9)) and columns >= set(range(2, 7)) and steps == {1, -1}  # every image has its own way
    assert np.array_equal(found, other[0][0]) and np.array_equal(found, one[0][0])  # whoever asks, and however often
    one.on_epoch_end()
    later = Batches(split, recipe, 3, epoch=1)
    assert np.array_equal(one[0][0], later[0][0]) and not np.array_equal(one[0][0], found)
    assert not np.array_equal(next_seed[0][0], found)


def test_the_learning_rate_warms_up_over_a_tenth_of_the_steps_and_ends_at_zero():
    spec = RunSpec("cnn", {"depth": 1}, "digits", 320, 0, Recipe(epochs=8, learning_rate=0.01))  # 5 × 8 steps
    train(spec)
    model, _ = next(reversed(model_cache._models.values()))
    rates = [float(model.optimizer._learning_rate(step)) for step in range(41)]
    assert rates[0] == 0 and rates[2] == pytest.approx(0.005) and rates[4] == pytest.approx(0.01)
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[22] == pytest.approx(0.005) and rates[40] == pytest.approx(0, abs=1e-9)
    assert int(model.optimizer.iterations) == 40


def test_with_decay_the_rate_stays_and_falls_in_the_last_fifth_and_a_longer_training_begins_as_a_shorter_one():
    def rates(steps: int) -> list[float]:
        schedule = model_cache.Schedule()
        schedule.set(Recipe(learning_rate=0.01, schedule="decay"), steps)
        return [float(schedule(step)) for step in range(0, steps + 1, 50)]

    short, long = rates(1000), rates(2000)
    assert short[:5] == pytest.approx([0, 0.0025, 0.005, 0.0075, 0.01]) and set(short[4:17]) == {short[4]}
    assert short[16:] == pytest.approx([0.01, 0.0075, 0.005, 0.0025, 0])
    assert long[:17] == short[:17] and long[17] > short[17]  # the fork
    with pytest.raises(LabError, match="schedule=linear is not one of cosine, decay"):
        Recipe(**{"schedule": "linear"})


def test_weights_decay_and_biases_norms_and_positions_do_not():
    spec = RunSpec("vit", {"depth": 1}, "digits", 64, 0, Recipe(epochs=1))
    model = model_cache.fresh_model(spec.model, spec.recipe, 64, 0)
    decays = {v.path for v in model.trainable_variables if model.optimizer._use_weight_decay(v)}
    assert decays == {v.path for v in model.trainable_variables if v.path.endswith("kernel")}


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("variant", ["cnn", "mixer"])  # a mixer has kernels that TensorFlow does not let decay
def test_the_optimizer_gives_the_very_bits_of_keras_s_own(variant, mixed, monkeypatch):
    """Else it would need another TRAINING_VERSION; and both of its methods are those that Keras calls."""
    spec = RunSpec(variant, {"width": 8, "depth": 1}, "digits", 300, recipe=Recipe(epochs=3, mixed_precision=mixed))
    called = set()

    def weights() -> bytes:
        kept: list[bytes] = []
        model_cache._models.clear()
        train(spec, keep=kept.append)
        return kept[0]

    with monkeypatch.context() as patch:
        for name in ("_backend_update_step", "_apply_weight_decay"):
            own = getattr(adamw.AdamW, name)
            patch.setattr(adamw.AdamW, name, lambda self, *a, name=name, own=own: (called.add(name), own(self, *a))[1])
        found = weights()
    assert len(called) == 2
    monkeypatch.setattr(adamw, "AdamW", keras.optimizers.AdamW)
    assert weights() == found
    monkeypatch.setattr(adamw, "AdamW", partial(keras.optimizers.AdamW, epsilon=1.01e-7))  # the planted fault
    assert weights() != found
    model_cache._models.clear()


@pytest.mark.parametrize("option", ["mixed_precision", "xla"])
def test_every_way_to_compute_trains(option):
    spec = RunSpec("vit", {"depth": 1}, "digits", 128, 0, Recipe(epochs=1, **{option: True}))
    plain = RunSpec("vit", {"depth": 1}, "digits", 128, 0, Recipe(epochs=1))
    found, expected = train(spec), train(plain)
    tolerance = 2e-2 if option == "mixed_precision" else 1e-4
    assert found.history[0]["loss"] == pytest.approx(expected.history[0]["loss"], rel=tolerance)
    assert keras.config.dtype_policy().name == "float32"  # nothing is left behind for the next run
    assert found.fingerprint != expected.fingerprint
