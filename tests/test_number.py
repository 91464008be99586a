"""One number multiplied out: it is what Keras computes, wherever one looks, and the page says it."""

import keras
import numpy as np
import pytest
from visits import open_page, text_of

from pages.ui import cache
from pages.ui.parts.feature_maps import number
from tf_models.errors import LabError
from tf_models.locale import say
from tf_models.runs.weights import unpack_weights
from tf_models.training.build import build
from tf_models.training.initialize import start
from tf_models.training.weights import weights_of
from tf_models.zoo import CLASSROOM, configure

pytestmark = pytest.mark.usefixtures("fresh_server")


@pytest.mark.parametrize("shape", [(32, 32, 3), (8, 8, 1), (30, 33, 3)])
@pytest.mark.parametrize("variant", CLASSROOM)
def test_the_sum_is_what_the_layer_gives(variant, shape):
    """Also at the edges, where part of what is read lies beside the image."""
    spec = configure(variant, {}, shape, 10)
    layer = number.first_convolution(spec)
    assert layer is not None
    model = build(spec)
    start(model, 0)
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    given = np.asarray(keras.Model(model.input, model.flows[layer.path])(image[None]))[0]
    weights = unpack_weights(weights_of(model), variant)
    kernel, bias = weights[f"{layer.path}/kernel"], weights.get(f"{layer.path}/bias", np.zeros(layer.channels))
    rows, columns = layer.grid
    for place in ((0, 0), (rows // 2, columns // 3), (rows - 1, columns - 1), (0, columns - 1)):
        read = number.read_at(image, layer, place)
        values = [number.Product(layer, read, kernel[..., channel], bias[channel]).value for channel in (0, 3)]
        np.testing.assert_allclose(values, given[place][[0, 3]], atol=1e-4)
        moved = number.Product(layer, np.roll(read, 1, axis=0), kernel[..., 0], bias[0])
        assert layer.kernel == 1 or abs(moved.value - given[place][0]) > 1e-3, "one row lower is another number"


def test_a_cell_leaves_out_no_digit_but_a_leading_zero():
    shown = {0.254: ".25", -0.254: "−.25", 10.5: "10.50", -20.04: "−20.04", 1: "1.00", -0.001: ".00"}
    assert {value: number.short(value) for value in shown} == shown


def test_a_network_that_reads_pixels_in_another_order_has_no_such_number():
    assert number.first_convolution(configure("vit", {"shuffle": "patches"}, (32, 32, 3), 10)) is None


def test_the_page_says_the_sum_at_the_pixel_of_the_link():
    app = open_page("feature_maps", down="3", across="31", channel="5")
    assert not app.exception and not app.warning and not app.error
    told = text_of(app)
    shown = cache.shipped_pictures("cifar10-jpeg", (32, 32, 3))
    assert shown is not None
    for variant, stride in (("cnn", 1), ("vit", 4)):
        layer = number.first_convolution(configure(variant, {}, (32, 32, 3), 10))
        assert layer is not None and layer.stride == stride
        kernel, bias = cache.filters_of(variant, "cifar10-jpeg", layer.path)
        assert bias is not None
        read = number.read_at(shown[0][0], layer, (2 // stride, 30 // stride))
        total = float((read * kernel[..., 4]).sum() + bias[4])
        count, places = read.size, (32 // stride) ** 2
        assert say("en", "number.shared", count=count, places=f"{places:,}") in told
        assert f"it is **{total:.2f}**".replace("-", "\u2212") in told
    assert app.query_params["open"] in ("number", ["number"])


def test_weights_of_another_version_are_called_so():
    with pytest.raises(LabError) as error:
        cache.filters_of("cnn", "cifar10-jpeg", "stem.patch")
    assert error.value.code == "weights_older"
