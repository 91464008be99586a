"""The trained models that come with the lab."""

import numpy as np
import pytest

from tf_models.data import load
from tf_models.study import shipped, showcase
from tf_models.training.build import build
from tf_models.training.taps import load_weights, read_taps
from tf_models.training.train import evaluate

NAMES = ("cnn-cifar10-jpeg", "cnn-digits", "vit-cifar10-jpeg", "vit-digits")


def test_both_networks_come_trained_on_both_data_sets():
    assert showcase.showcases() == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if "digits" in name])
def test_shipped_weights_reach_the_accuracy_of_their_record(name):
    record = showcase.load_showcase(name).record
    model = build(record.spec.model)
    load_weights(model, showcase.showcase_weights(name))
    correct, loss = evaluate(model, load(record.spec.dataset, record.spec.seed))
    assert correct.mean() == pytest.approx(record.test_accuracy, abs=0.006)  # half precision may turn two images
    assert loss == pytest.approx(record.test_loss, rel=0.02)
    planted = build(record.spec.model)  # a fault: other weights
    assert evaluate(planted, load(record.spec.dataset, record.spec.seed))[0].mean() < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_shipped_arrays_are_what_the_shipped_weights_compute(name):
    shown = showcase.load_showcase(name)
    computed = read_taps(shown.record.spec.model, showcase.showcase_weights(name), shown.images)
    assert computed.keys() == shown.taps.keys()
    for tap, array in computed.items():
        np.testing.assert_allclose(shown.taps[tap], array, rtol=2e-3, atol=2e-3, err_msg=tap)


def test_images_of_data_sets_that_are_not_the_labs_are_not_passed_on():
    for name in NAMES:
        shown = showcase.load_showcase(name)
        if shown.record.spec.dataset != "digits":
            assert set(shown.image_names) == {"china", "flower"}
            assert set(shown.labels) == {-1}


def test_everything_shipped_stays_small():
    assert sum(path.stat().st_size for path in shipped.RESULTS.iterdir()) < 25e6
