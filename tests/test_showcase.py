"""The trained models that come with the lab."""

import numpy as np
import pytest

from tf_models.data import STUDIED, load
from tf_models.runs import showcase
from tf_models.runs.timelapse import kept_epochs, shipped_path, unpack
from tf_models.training.build import build
from tf_models.training.taps import read_taps
from tf_models.training.train import evaluate
from tf_models.training.weights import put_weights
from tf_models.zoo import CLASSROOM

NAMES = tuple(sorted(f"{variant}-{dataset}" for variant in CLASSROOM for dataset in STUDIED))
ON_DIGITS = [name for name in NAMES if "digits" in name]


def test_every_network_comes_trained_on_digits_and_on_photographs():
    assert showcase.showcases() == NAMES


@pytest.mark.parametrize("name", ON_DIGITS)
def test_shipped_weights_reach_the_accuracy_of_their_record(name):
    record = showcase.load_showcase(name).record
    model, split = build(record.spec.model), load(record.spec.dataset, record.spec.seed)
    assert (evaluate(model, split.x_test, split.y_test)[0] == split.y_test).mean() < 0.5  # the fault: other weights
    put_weights(model, showcase.showcase_weights(name))
    taken, loss = evaluate(model, split.x_test, split.y_test)
    assert (taken == split.y_test).mean() == pytest.approx(
        record.test_accuracy, abs=0.006
    )  # half precision may turn two images
    assert loss == pytest.approx(record.test_loss, rel=0.02)


@pytest.mark.parametrize("name", [*ON_DIGITS, "cnn-cifar10-jpeg", "vit-cifar10-jpeg"])  # one by one they are traced
def test_shipped_arrays_are_what_the_shipped_weights_compute(name):
    shown = showcase.load_showcase(name)
    images = shown.images if name in ON_DIGITS else shown.images[:1]
    computed = read_taps(shown.record.spec.model, showcase.showcase_weights(name), images)
    assert computed.keys() == shown.taps.keys()
    assert shown.images.dtype == np.uint8 and len(shown.images) == len(shown.labels) == len(shown.image_names)
    for tap, array in computed.items():
        assert shown.taps[tap].dtype == np.float16
        np.testing.assert_allclose(shown.taps[tap], array, atol=2e-3 * np.abs(array).max(), err_msg=tap)


def test_images_of_data_sets_that_are_not_the_labs_are_not_passed_on():
    for name in NAMES:
        shown = showcase.load_showcase(name)
        if shown.record.spec.dataset != "digits":
            assert shown.image_names == ("cat", "china", "flower")
            assert [shown.classes[label] if label >= 0 else "" for label in shown.labels] == ["cat", "", ""]


def test_how_it_formed_comes_with_every_network_from_its_start_to_what_it_is():
    for name in NAMES:
        shown, kept = showcase.load_showcase(name), unpack(shipped_path(name).read_bytes(), name)
        epochs = kept_epochs(shown.record.spec.recipe.epochs)
        assert (kept.epochs[0], kept.epochs[-1]) == (0, epochs[-1]) and {*kept.epochs} <= {*epochs}
        seen = [shown.image_names.index(image) for image in kept.names]
        np.testing.assert_array_equal(kept.images, shown.images[seen])
        np.testing.assert_allclose(kept.probabilities.sum(axis=-1), 1, atol=0.01)
        assert np.abs(kept.probabilities[-1] - kept.probabilities[0]).max() > 0.2
        assert kept.maps.keys() <= shown.taps.keys()
