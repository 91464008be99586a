"""Feature maps: what is drawn of arrays, where attention and Grad-CAM look, what a unit can see, whose image it is."""

import io

import altair as alt
import keras
import numpy as np
import pandas as pd
import pytest
from pictures import encoded, picture
from PIL import Image, ImageDraw
from visits import open_page, text_of

from pages.ui import cache, links
from pages.ui.charts import bars, pictures, sheets
from pages.ui.parts.feature_maps import attention, layers, names
from tf_models.data import centred, extent, is_bright_around
from tf_models.jobs import worker
from tf_models.jobs.queue import Jobs
from tf_models.locale import say
from tf_models.runs import showcase
from tf_models.runs.store import RunStore
from tf_models.runs.weights import unpack_weights
from tf_models.training.build import build
from tf_models.training.initialize import start
from tf_models.training.taps import grad_cam, last_grid, read_taps
from tf_models.training.weights import weights_of
from tf_models.zoo import CLASSROOM, configure
from tf_models.zoo.fields import receptive_field
from tf_models.zoo.plan import plan

pytestmark = pytest.mark.usefixtures("fresh_server")
CHARTS = 1 + 2 + 2 + 1 + 2  # of a whole page: all layers, two answers, what layers would say, patches, two answers more


# Pictures of layers


def test_the_strongest_channels_vary_most_and_come_first():
    """However large the mean of others is."""
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(6, 5, 7)) * [1, 5, 0.1, 4, 3, 2, 0] + [
        0,
        0,
        99,
        0,
        0,
        0,
        999,
    ]
    np.testing.assert_array_equal(sheets.strongest(maps), maps[..., [1, 3, 4, 5]])
    assert sheets.strongest(maps[..., :2]).shape == (6, 5, 2)


def test_components_are_the_patterns_that_channels_mix_with_a_sign_that_is_ruled():
    rows, columns = np.mgrid[0:8, 0:8]
    first, second = np.sin(rows * np.pi / 4), np.sin(columns * np.pi / 4)  # of mean 0, orthogonal
    directions = np.array([[3.0, -9.0, 1.0, 0.0], [0.0, 1.0, 9.0, 2.0]])
    directions[1] -= directions[0] * (directions[1] @ directions[0]) / (directions[0] @ directions[0])
    maps = 5 + first[..., None] * directions[0] + second[..., None] * directions[1] / 2
    found = sheets.components(maps)
    stretched = [(pattern + 1) / 2 for pattern in (-first, second)]  # channel 1 weighs most in the first, negatively
    np.testing.assert_allclose(found[..., 0], stretched[0], atol=1e-9)
    np.testing.assert_allclose(found[..., 1], stretched[1], atol=1e-9)
    assert (found[..., 2] == 0.5).all()  # there are only two: the third would be rounding, stretched to noise
    np.testing.assert_allclose(sheets.components(-maps)[..., 0], 1 - stretched[0], atol=1e-9)


@pytest.mark.parametrize("shape", [(4, 4, 3), (1, 1, 96), (8, 8, 1)])
def test_a_layer_of_one_value_has_grey_components(shape):
    assert (sheets.components(np.full(shape, 7.0)) == 0.5).all()


def test_zero_has_a_colour_of_its_own_where_both_signs_are_comparable():
    maps = np.array([[[-2.0], [0.0], [1.0]]])
    tiles = sheets.channel_sheet(maps, -2.0, 2.0, width=30)[0, :, :3].astype(int)
    below, zero, above = tiles[1], tiles[len(tiles) // 2], tiles[-2]
    assert zero.min() > 240 and below[2] > below[0] + 100 and above[0] > above[2] + 30
    taps = {"a": np.array([[[-2.0, 1.0]]]), "b": np.array([[[0.0, 3.0]]])}
    assert layers.colour_limits(taps, "a", {"a": ""}, "layer") == (-2, 2)
    assert layers.colour_limits(taps, "b", {"a": "", "b": ""}, "layer") == (0, 3)
    assert layers.colour_limits(taps, "a", {"a": "", "b": ""}, "global") == (-3, 3)


def test_an_overlay_is_orange_where_weights_are_and_covers_the_whole_image():
    weights = np.zeros((2, 4))
    weights[1, 3] = 0.2  # the largest, however small
    drawn = sheets.overlay(np.full((8, 8, 1), 255, np.uint8), weights, 64).astype(int)
    orange = drawn[..., 0] - drawn[..., 2] > 100
    assert orange[32:, 48:].all() and orange.sum() == 32 * 16
    assert not (sheets.overlay(np.zeros((8, 8, 3), np.uint8), np.zeros((2, 2))) == [213, 94, 0]).all(axis=2).any()


def test_a_frame_lies_around_its_pixels_and_inside_the_picture():
    drawn = sheets.framed(np.full((8, 8, 3), 200, np.uint8), (2, 4), (0, 7), 80)
    bright = (drawn == 200).all(axis=2)
    rows, columns = (np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1]) == (20, 49)
    assert (columns[0], columns[-1]) == (sheets.LINE, 79 - sheets.LINE)  # there is no room outside
    orange = (drawn == [213, 94, 0]).all(axis=2)
    assert orange[20 - sheets.LINE : 20].all() and (drawn[: 20 - sheets.LINE] < 100).all()


# Depth


def test_the_nearest_layer_is_nearest_in_relative_depth():
    short, long = list("abc"), list("0123456")
    assert [names.depth(short, layer) for layer in short] == [0, 0.5, 1] and names.depth(["a"], "a") == 0
    assert [names.nearest(short, names.depth(long, layer)) for layer in long] == list("aabbbcc")[:2] + list("bbbcc")


def layer_boxes(app) -> list[str]:
    return [next(box.value for box in app.selectbox if box.key == f"choice_{side}_layer") for side in ("left", "right")]


def choose_layer(app, side: str, layer: str):
    box = next(box for box in app.selectbox if box.key == f"choice_{side}_layer")
    return box.set_value(layer).run()


def test_at_the_same_depth_each_side_follows_the_other_and_the_link_says_so():
    app = open_page("feature_maps")
    assert layer_boxes(app) == ["stage1.block1.mixer", "stem"]
    choose_layer(app, "left", "stage3.pool")
    assert layer_boxes(app) == ["stage3.pool", "stage1.block4.out"]
    assert "right_layer" not in app.query_params  # follows from the left one
    choose_layer(app, "right", "stem")
    assert layer_boxes(app) == ["stage1.block1.mixer", "stem"]
    assert not {"left_layer", "right_layer"} & set(app.query_params)
    app = open_page("feature_maps", left_layer="stage3.pool")
    assert layer_boxes(app) == ["stage3.pool", "stage1.block4.out"]


def test_free_layers_stay_where_they_are():
    app = open_page("feature_maps", lock="free", left_layer="stage3.pool")
    assert layer_boxes(app) == ["stage3.pool", "stem"]
    choose_layer(app, "right", "stage1.block2.out")
    assert layer_boxes(app) == ["stage3.pool", "stage1.block2.out"]


def test_buttons_go_from_layer_to_layer_on_both_sides_and_stop_at_the_ends():
    app = open_page("feature_maps", data="digits", left="cnn", right="vit")
    known = [app.selectbox(key=f"choice_{side}_layer").options for side in ("left", "right")]
    first = layer_boxes(app)
    app.button(key="step+1").click().run()
    second = layer_boxes(app)
    leads = max(range(2), key=lambda side: len(known[side]))
    assert second[leads] != first[leads] and app.query_params["left_layer"] in (second[0], [second[0]])
    app.button(key="step-1").click().run()
    app.button(key="step-1").click().run()
    assert layer_boxes(app) == first
    app = open_page("feature_maps", data="digits", left="cnn", right="vit", lock="free")
    for _ in range(max(map(len, known)) + 1):
        app.button(key="step+1").click().run()
    ends = [app.selectbox(key=f"choice_{side}_layer") for side in ("left", "right")]
    assert [box.index for box in ends] == [len(box.options) - 1 for box in ends] and not app.exception


def test_a_link_to_the_attention_of_a_block_opens_that_block():
    app = open_page("feature_maps", right_attention="stage1.block3.attention", right_query="2-5")
    assert layer_boxes(app)[1] == "stage1.block3.mixer" and "right_attention" not in app.query_params
    assert not app.warning
    assert "ViT: block 3" in text_of(app) and "row 2, column 5" in text_of(app)


def test_a_click_of_a_browser_that_names_what_is_not_there_changes_nothing(monkeypatch):
    state = {"choice_left_layer": "a", "choice_right_layer": "x"}
    monkeypatch.setattr(layers.st, "session_state", state)
    put = {}
    monkeypatch.setattr(links, "put", lambda key, value, default: put.update({key: value}))
    known = {"left": list("abc"), "right": list("xyz")}
    for place in ({}, {"side": 2, "layer": "a"}, {"side": 0, "layer": "x"}, {"side": "0", "layer": "a"}):
        layers._click(place, known, True)
    assert put == {}
    layers._click({"side": 1, "layer": "z"}, known, True)
    assert put == {"left_layer": "c", "right_layer": "z"}
    layers._click({"side": 1, "layer": "y"}, known, False)
    assert put["right_layer"] == "y" and put["left_layer"] == "a"


def test_the_page_opens_with_photographs_and_a_link_to_a_network_with_its_data_set(monkeypatch, no_worker):
    app = open_page("feature_maps")
    assert app.session_state["choice_data"] == "cifar10-jpeg"
    assert say("en", "feature_maps.photo_hint") not in text_of(app)
    assert say("en", "feature_maps.photo_hint") in text_of(open_page("feature_maps", image="1"))
    assert open_page("feature_maps", left="swin").session_state["choice_data"] == "cifar10-jpeg"  # it is in both
    known = {data: dict(found) for data, found in cache.networks().items()}
    for only_on_digits in ("swin", "mixer", "resnet"):
        del known["cifar10-jpeg"][only_on_digits]
    monkeypatch.setattr(cache, "networks", lambda: known)
    for query in ({"left": "swin"}, {"right": "mixer"}, {"left": "cnn", "right": "resnet"}):
        app = open_page("feature_maps", **query)
        assert not app.warning and app.session_state["choice_data"] == "digits"
        assert app.query_params["data"] == "digits", "the next one who is given the link sees the same"
        assert all(app.session_state[f"choice_{side}"] == choice for side, choice in query.items())
        assert say("en", "feature_maps.photo_hint") not in text_of(app)


def test_two_networks_of_one_name_are_told_apart_by_their_sides():
    told = text_of(open_page("feature_maps", data="digits", left="vit"))
    assert "ViT (left): block" in told and "ViT (right): block" in told


@pytest.mark.parametrize("view", ["channels", "components"])
def test_every_layer_of_both_networks_is_a_cell(view):
    app = open_page("feature_maps", view=view)
    chart = next(chart for chart in app.get("vega_lite_chart") if "glance" in chart.proto.id)
    assert chart.proto.selection_mode == ["picked"]
    shown = {side: names.layer_names(showcase.load_showcase(f"{side}-cifar10-jpeg").record.spec, taps_of(side))
             for side in ("cnn", "vit")}  # fmt: skip
    text = chart.proto.spec + "".join(str(data.data.data) for data in chart.proto.datasets)
    assert all(layer in text for found in shown.values() for layer in found)


def taps_of(variant: str):
    shown = showcase.load_showcase(f"{variant}-cifar10-jpeg")
    return {tap: array[0].astype(np.float32) for tap, array in shown.taps.items()}


# Attention


def test_rollout_of_attention_to_oneself_is_the_identity():
    np.testing.assert_allclose(attention.rollout([np.eye(5)] * 3), np.eye(5))


def test_rollout_of_uniform_attention_is_uniform_but_for_what_the_skip_connections_kept():
    n, blocks = 4, 3
    uniform = np.full((n, n), 1 / n)
    expected = uniform * (1 - 0.5**blocks) + np.eye(n) * 0.5**blocks
    np.testing.assert_allclose(attention.rollout([uniform] * blocks), expected)
    np.testing.assert_allclose(attention.rollout([uniform] * blocks, residual=0), uniform)


def test_rollout_multiplies_later_blocks_from_the_left():
    first, second = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])
    # ½A + ½I: [[½, ½], [0, 1]] and [[¾, ¼], [½, ½]]; second · first by hand
    expected = np.array([[0.375, 0.625], [0.25, 0.75]])
    np.testing.assert_allclose(attention.rollout([first, second]), expected)
    assert np.abs(attention.rollout([second, first]) - expected).max() > 0.1


def test_what_goes_to_a_token_that_is_left_out_is_made_up_for():
    weights = np.array([[0.2, 0.0], [0.0, 0.0]])  # 0.8 and 1 go to a token without a place
    np.testing.assert_allclose(attention.rollout([weights]), np.eye(2))


def test_attention_on_four_grids_is_drawn_at_their_places():
    rng = np.random.default_rng(0)
    weights = rng.random((4, 3, 4, 4))  # four grids of 2×2 in one of 4×4
    found = attention.Attention(weights, 4, 4)
    seen = found.seen_from((3, 2))  # grid (1, 0), its last row, second column
    assert seen.shape == (3, 4, 4)
    np.testing.assert_array_equal(seen[:, 1::2, 0::2], weights[2, :, 3].reshape(3, 2, 2))
    assert seen.sum() == pytest.approx(weights[2, :, 3].sum())
    average = np.mean([found.seen_from((row, column)) for row in range(4) for column in range(4)], axis=0)
    np.testing.assert_allclose(found.seen_from(None), average)


def test_attention_follows_the_layer_that_is_looked_at():
    taps, spec = taps_of("vit"), showcase.load_showcase("vit-cifar10-jpeg").record.spec.model
    expected = {"stem": 1, "stage1.block1.mixer": 1, "stage1.block3.channel": 3, "stage1.block4.out": 4}
    for layer, block in expected.items():
        tap = attention.attention_at(spec, taps, layer)
        assert tap == f"stage1.block{block}.attention"
        assert attention.rolled_out(spec, taps, tap)[1] == block
    cnn = showcase.load_showcase("cnn-cifar10-jpeg").record.spec.model
    assert attention.attention_at(cnn, taps_of("cnn"), "stage1.pool") is None


def test_rollout_begins_anew_where_positions_are_mixed_otherwise():
    spec = configure("vit", {"mixer": "depthwise", "late_mixer": "attention"}, (8, 8, 1), 10)
    found = {row.attention: np.full((4, 16, 16), 1 / 16) for row in plan(spec) if row.attention}
    (first, last) = found
    assert (first, last) == ("stage1.block3.attention", "stage1.block4.attention")
    assert attention.rolled_out(spec, found, last)[1] == 2
    swin = showcase.load_showcase("swin-digits")
    taps = {tap: array[0].astype(np.float32) for tap, array in swin.taps.items()}
    assert attention.rolled_out(swin.record.spec.model, taps, "stage2.block2.attention")[1] == 2


# Grad-CAM


def test_grad_cam_of_a_linear_head_is_the_classs_weights_times_the_maps(forget_models):
    rng = np.random.default_rng(0)
    grid = keras.Input((3, 4, 5))
    dense = keras.layers.Dense(6)
    head = keras.Model(grid, dense(keras.layers.GlobalAveragePooling2D()(grid)))
    maps, labels = rng.normal(size=(2, 3, 4, 5)).astype("float32"), np.array([1, 4])
    kernel = np.asarray(dense.kernel)  # (C, classes)
    expected = np.stack([np.maximum(maps[i] @ kernel[:, label], 0) for i, label in enumerate(labels)])
    found = grad_cam(head, maps, labels)
    np.testing.assert_allclose(12 * found, expected, atol=1e-5)  # the mean over 12 positions
    assert found.min() == 0 and np.abs(12 * grad_cam(head, maps, labels[::-1]) - expected).max() > 0.1


def test_grad_cam_of_the_shipped_cnn_follows_from_its_last_weights():
    shown = showcase.load_showcase("cnn-cifar10-jpeg")
    weights = unpack_weights(showcase.showcase_weights("cnn-cifar10-jpeg"), "cnn")
    kernel = next(array for path, array in weights.items() if "logits" in path and array.ndim == 2).astype(float)
    for image, label in enumerate(shown.taps["logits"].argmax(axis=1)):
        expected = np.maximum(shown.taps["stage3.pool"][image].astype(float) @ kernel[:, label], 0) / 16
        np.testing.assert_allclose(shown.taps["grad_cam"][image], expected, atol=2e-3 * expected.max())


def test_grad_cam_is_of_the_last_grid_of_several_positions():
    assert last_grid(configure("cnn", {}, (32, 32, 3), 10)) == "stage3.pool"
    assert last_grid(configure("cnn", {}, (8, 8, 1), 10)) == "stage3.block2.channel"  # the pooled one is 1×1
    assert last_grid(configure("vit", {}, (8, 8, 1), 10)) == "stage1.block4.out"


# The receptive field


def test_the_field_of_a_cnn_grows_as_by_hand():
    spec = configure("cnn", {}, (32, 32, 3), 10)
    expected = {  # 3×3 convolutions and 2×2 pooling: first and last pixel that unit n/2 sees
        "stage1.block1.mixer": (15, 17),
        "stage1.block2.channel": (14, 18),
        "stage1.pool": (14, 19),  # unit 8 pools pixels 16 and 17
        "stage2.block1.mixer": (12, 21),
        "stage2.block2.mixer": (10, 23),
        "stage2.pool": (10, 25),
        "stage3.block1.mixer": (6, 29),
        "stage3.block2.mixer": (2, 31),
    }
    for tap, span in expected.items():
        assert receptive_field(spec, tap) == (span, span), tap


def test_the_field_of_a_vit_is_a_patch_and_then_everything():
    spec = configure("vit", {}, (32, 32, 3), 10)
    assert receptive_field(spec, "stem") == ((16, 19), (16, 19))
    assert receptive_field(spec, "stage1.block1.mixer") == ((0, 31), (0, 31))
    alone = configure("vit", {"mixer": "identity"}, (32, 32, 3), 10)
    assert receptive_field(alone, "stage1.block4.out") == ((16, 19), (16, 19))
    with pytest.raises(KeyError):
        receptive_field(spec, "stage9.out")


def test_windows_see_their_window_and_shifted_ones_their_neighbours():
    spec = configure("swin", {}, (8, 8, 1), 10)  # windows of 4×4, one pixel each
    assert receptive_field(spec, "stage1.block1.mixer") == ((4, 7), (4, 7))
    assert receptive_field(spec, "stage1.block2.mixer") == ((0, 7), (0, 7))  # position 4 lies in the window from 2 to 5
    tall = configure("swin", {}, (16, 8, 1), 10)
    assert receptive_field(tall, "stage1.block1.mixer")[0] == (8, 11)
    assert receptive_field(tall, "stage1.block2.mixer")[0] == (4, 11)


@pytest.mark.parametrize("variant", CLASSROOM)
def test_nothing_outside_its_field_moves_a_unit(variant, forget_models):
    """The faults: a padding that is counted to the wrong side, a skip connection or a shift that is forgotten."""
    spec = configure(variant, {}, (16, 16, 1), 10)
    model = build(spec)
    start(model, 0)
    taps = [tap for row in plan(spec) if row.part != "head" for tap in row.taps]
    image, other = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1), np.uint8)
    images = [image]
    for tap in taps:
        (top, bottom), (left, right) = receptive_field(spec, tap)
        changed = other.copy()
        changed[top : bottom + 1, left : right + 1] = image[top : bottom + 1, left : right + 1]
        images.append(changed)
    found = read_taps(spec, weights_of(model), np.stack(images))
    for index, tap in enumerate(taps, 1):
        array = found[tap]
        unit = array[:, array.shape[1] // 2, array.shape[2] // 2]
        assert np.abs(unit[index] - unit[0]).max() <= 1e-5 * np.abs(array[0]).max(), tap
        small = receptive_field(spec, tap) != ((0, 15), (0, 15))
        assert not small or np.abs(array[index] - array[0]).max() > 1e-3 * np.abs(array[0]).max(), tap


# The image


def test_the_first_images_of_every_class_until_twelve():
    labels = np.array([2, 0, 0, 1, 0, 2, 1, 1, 0])
    assert showcase.examples(labels) == [1, 3, 0, 2, 6, 5, 4, 7, 8]
    assert showcase.examples(np.arange(100)) == list(range(12))
    many = np.repeat(np.arange(10), 5)
    chosen = showcase.examples(many)
    assert len(chosen) == 12 and list(many[chosen]) == [*range(10), 0, 1]


def test_a_worker_reads_images_of_ones_own_data_and_photographs_where_it_is_gone(small_images, data_dir):
    arrays, shape = small_images(), (12, 10, 3)
    jobs = Jobs(RunStore())
    try:
        images, labels, image_names = jobs.ask(worker.pictures, "mine", shape)
        assert len(images) == 12 and sorted(labels) == sorted([0, 1, 2] * 4)
        np.testing.assert_array_equal(images[0], arrays["x_test"][0])
        assert image_names[:3] == ("test 0", "test 1", "test 2")
        for other in (("mine", (8, 8, 1)), ("gone", shape)):
            images, labels, image_names = jobs.ask(worker.pictures, *other)
            assert images.shape == (3, *other[1]) and set(labels) == {-1}
            assert image_names == ("cat", "china", "flower")
    finally:
        jobs.close()


def photographs_of_ten_classes(small_images) -> np.ndarray:
    """Writes a small file in the place of cifar10-jpeg, and returns its test images."""
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 256, (count, 32, 32, 3), np.uint8) for count in (60, 40))
    small_images("cifar10-jpeg", x_train=train, y_train=np.arange(60) % 10, x_test=test, y_test=np.arange(40) % 10)
    return test


def test_images_of_the_data_stand_beside_the_photographs_where_the_data_is_here(small_images, no_worker):
    """Their numbers in links stay those of the photographs, whose arrays came with the lab."""
    shape = (32, 32, 3)
    assert cache.pictures("cifar10-jpeg", shape)[1] == (3, -1, -1)
    x_test = photographs_of_ten_classes(small_images)
    images, labels, _ = cache.pictures("cifar10-jpeg", shape)
    assert labels == (3, -1, -1, *range(10), 0, 1)
    np.testing.assert_array_equal(images[3:], x_test[:12])
    for asked, number in (("data", 3), ("14", 14)):
        app = open_page("feature_maps", "zh", image=asked)
        control = next(group for group in app.get("button_group") if group.key == "choice_image")
        assert control.options[3:5] == ["飞机", "汽车"] and control.options[13] == "飞机 · 2"
        assert not app.warning
        np.testing.assert_array_equal(no_worker[-1], images[number])
    app = open_page("feature_maps")
    control = next(group for group in app.get("button_group") if group.key == "choice_image")
    control.set_value("data").run()
    np.testing.assert_array_equal(no_worker[-1], images[3])
    assert app.query_params["image"] in ("data", ["data"])


def test_photographs_wait_for_no_worker(small_images, monkeypatch, no_worker):
    """A class that opens the page would look at an empty one while 60,000 images are read."""
    photographs_of_ten_classes(small_images)
    monkeypatch.setattr(cache, "pictures", lambda *asked: pytest.fail("read at first sight"))
    app = open_page("feature_maps")
    assert not app.exception and say("en", "feature_maps.photo_hint") not in text_of(app)  # a cat is a class
    control = next(group for group in app.get("button_group") if group.key == "choice_image")
    assert control.options == ["cat", "photograph: pagoda", "photograph: flower", "of the data set", "send a file",
                               "take a photo"]  # fmt: skip


def seven(ground: int, ink: int, side: int = 200) -> Image.Image:
    drawn = Image.new("L", (side, side), ground)
    ImageDraw.Draw(drawn).line([(60, 50), (140, 50), (90, 160)], fill=ink, width=18)
    return drawn


def test_paper_is_bright_around_and_a_digit_of_the_data_is_not():
    assert is_bright_around(np.asarray(seven(230, 20))[..., None])
    assert not is_bright_around(np.asarray(seven(10, 240))[..., None])
    assert not any(map(is_bright_around, showcase.load_showcase("cnn-digits").images))


def test_a_drawing_is_moved_to_the_middle_and_made_as_large_as_the_figures_of_the_data():
    drawn = np.zeros((280, 280, 3), np.uint8)
    drawn[20:160, 200:240] = 255  # 140 × 40, near a corner
    placed = centred(drawn, (28, 28, 1), 20 / 28)
    rows, columns = (np.flatnonzero(placed[..., 0].any(axis=axis)) for axis in (1, 0))
    assert placed.shape == (28, 28, 1) and placed.max() == 255
    assert (rows[0], rows[-1]) == (4, 23) and (columns[0], columns[-1]) == (11, 16)
    assert extent(placed[None]) == pytest.approx(20 / 28)
    assert extent(showcase.load_showcase("cnn-digits").images) == 1  # scanned digits touch both ends
    assert centred(np.zeros((9, 9, 3), np.uint8), (8, 8, 1), 1) is None


@pytest.fixture
def no_worker(monkeypatch):
    """What flows through a network for a picture of one's own is what flows through it for the first one."""
    looked = []

    def taps(name, spec, image):
        looked.append(image)
        shown = showcase.load_showcase(f"{name}-{spec.dataset}")
        return {tap: array[0].astype(np.float32) for tap, array in shown.taps.items()}

    monkeypatch.setattr(cache, "taps_of", taps)
    return looked


def upload(app, content: bytes, name: str):
    return app.file_uploader[0].upload(name, content, "image/png").run()


def test_ink_on_paper_is_turned_into_light_on_black_with_a_sentence_and_a_switch(no_worker):
    app = open_page("feature_maps", data="digits", image="upload")
    app = upload(app, encoded(seven(230, 20), "PNG"), "seven.png")
    assert app.toggle[0].value and say("en", "feature_maps.inverted") in text_of(app)
    assert not is_bright_around(no_worker[-1])
    app.toggle[0].set_value(False).run()
    assert is_bright_around(no_worker[-1]) and say("en", "feature_maps.inverted") not in text_of(app)
    app = upload(open_page("feature_maps", data="digits", image="upload"), encoded(seven(10, 240), "PNG"), "dark.png")
    assert not app.toggle[0].value and not is_bright_around(no_worker[-1])


@pytest.mark.parametrize("data", ["digits", "cifar10-jpeg"])
@pytest.mark.parametrize("size", [(1, 1), (3, 400), (50, 50)], ids=str)
def test_a_picture_of_one_colour_or_one_pixel_leaves_the_page_whole(no_worker, data, size):
    app = open_page("feature_maps", data=data, image="upload")
    app = upload(app, encoded(Image.new("RGB", size, (90, 90, 90)), "PNG"), "grey.png")
    assert not app.exception and not app.error
    assert len(app.get("vega_lite_chart")) == CHARTS


def test_what_is_no_picture_is_one_sentence_and_the_page_stays(no_worker):
    large = io.BytesIO()
    Image.new("1", (8000, 6000)).save(large, "PNG")
    for content, word in ((b"not a picture", "is not an image"), (large.getvalue(), "48 megapixels")):
        app = open_page("feature_maps", data="digits", image="upload")
        app = upload(app, content, "some.png")
        assert not app.exception and len(app.error) == 1 and word in app.error[0].value
        assert len(app.get("vega_lite_chart")) == CHARTS  # the first image of the list is still there
        np.testing.assert_array_equal(no_worker[-1], showcase.load_showcase("cnn-digits").images[0])


def test_a_photo_of_the_camera_is_looked_at(no_worker):
    app = open_page("feature_maps", image="camera")
    app.camera_input[0].upload("photo.jpg", encoded(picture(3, 64, 64), "JPEG"), "image/jpeg").run()
    assert not app.exception and not app.error
    assert no_worker[-1].shape == (32, 32, 3) and no_worker[-1].std() > 20


def test_only_grey_digits_can_be_drawn():
    for data, offered in (("digits", True), ("cifar10-jpeg", False)):
        app = open_page("feature_maps", data=data)
        (control,) = [group for group in app.get("button_group") if group.key == "choice_image"]
        assert ("draw" in control.options) == offered and "upload" in str(control.proto.options[-2 - offered])


# How it formed


def test_the_slider_of_epochs_goes_back_to_the_start_of_both_trainings():
    """From what the networks that came with the lab were at the end to what they were before, and the link says so."""
    app = open_page("feature_maps", data="digits", left="cnn", right="vit")
    records = [showcase.showcase_record(f"{variant}-digits") for variant in ("cnn", "vit")]
    ends = [f"after epoch 15 of 15: validation accuracy {100 * record.validation_accuracy:.1f}" for record in records]
    assert all(end in text_of(app) for end in ends)
    formed = pictures_of(app)
    slider = next(control for control in app.select_slider if control.key == "choice_epoch")
    assert slider.options == ["0", "1", "2", "4", "8", "15"] and slider.value == "15"
    slider.set_value("0").run()
    start = text_of(app)
    assert start.count("at the start, untrained") == 2 and not any(end in start for end in ends)
    assert app.query_params["epoch"] in ("0", ["0"])
    changed = [old != new for old, new in zip(formed, pictures_of(app), strict=True)]
    assert changed.count(True) == 3  # maps of both, and where the one with attention looks
    assert "at the start, untrained" in text_of(open_page("feature_maps", data="digits", epoch="0"))


def pictures_of(app) -> list[str]:
    """Every picture on the page with its address, another one where its pixels are others."""
    return [str(picture.proto) for picture in app.get("image")]


def test_the_grid_over_a_picture_covers_all_of_it_whatever_room_it_gets():
    """Streamlit takes room from a chart's height: the picture kept its pixels, and its grid was a sixth lower."""
    cells = pd.DataFrame(
        [{"row": row, "column": column, "chosen": "", "name": ""} for row in (1, 2) for column in (1, 2)]
    )
    chart = pictures.patches("data:,", cells, 2, 2, {"name": "patch"}).to_dict()
    assert chart["padding"] == {"left": 0, "right": 0, "top": 0, "bottom": 0} and chart["width"] == chart["height"]
    picture = chart["layer"][0]["mark"]
    assert (picture["width"], picture["height"]) == ({"expr": "width"}, {"expr": "height"}) and not picture["aspect"]


def test_a_chart_to_click_on_is_made_whatever_is_drawn_for_another_visitor_meanwhile():
    """What Altair does with a DataFrame is set for the whole process, and Streamlit sets it anew for every chart: one
    of a hundred pages that twenty visitors opened at once ended in an error.
    """
    glance = pd.DataFrame(
        [{"side": 0, "depth": depth, "layer": "a", "url": "data:,", "chosen": ""} for depth in (0, 1)]
    )
    cells = pd.DataFrame([{"row": 1, "column": 1, "chosen": "", "name": "a"}])
    claims = pd.DataFrame([{"place": 0, "verdict": "partly", "mark": "?", "claim": "C01"}])
    makers = [
        lambda: pictures.glance(glance, ["left"], "depth", {"layer": "layer"}),
        lambda: pictures.patches("data:,", cells, 1, 1, {"name": "patch"}),
        lambda: bars.squares(claims, "title", {"claim": "claim"}, {"partly": "red"}),
    ]
    alone = [make().to_dict() for make in makers]
    alt.data_transformers.register("of_another_visitor", lambda data: {"name": "elsewhere"})
    with alt.data_transformers.enable("of_another_visitor"):
        assert alt.Chart(cells).mark_point().to_dict()["data"] == {"name": "elsewhere"}, "what would happen"
        for make, expected in zip(makers, alone, strict=True):
            found = make().to_dict()
            assert found["datasets"] == expected["datasets"] and all(found["datasets"].values())
