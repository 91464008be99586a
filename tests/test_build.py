"""The networks: exact sizes, named taps, layers against closed formulas, and pairs that start alike."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops
from networks import counted, error, random_images, taps
from scipy import special

from tf_models.errors import LabError
from tf_models.layers import scoreless_attention
from tf_models.layers.channels import FeedForward
from tf_models.layers.mixers import token_mixer
from tf_models.layers.stems import ClassToken, Position, sincos_table
from tf_models.training.build import Network, build
from tf_models.training.initialize import initial_value, start
from tf_models.zoo import CLASSROOM, configure
from tf_models.zoo.families import TRANSFORMER, isotropic, stack
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import POSITIONS, ModelSpec

pytestmark = pytest.mark.usefixtures("forget_models")


def randomize(layer, seed=0) -> None:
    """Weights that leave no term out: biases and tables too."""
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(0, 0.5, variable.shape))


# Sizes

SHAPES = [((9, 9, 1), 2), ((28, 28, 1), 10), ((48, 40, 3), 100)]  # with a number of classes
SETTINGS = [{"ffn_ratio": 0.3}, {"width": 20}, {"patch": 1}]
NETWORKS = [
    *((configure(variant, {}, shape, classes), (variant, shape)) for variant in CLASSROOM for shape, classes in SHAPES),
    *((configure("vit", {"depth": 2, **settings}, (8, 8, 1), 3), settings) for settings in SETTINGS),
    *((configure("cnn", settings, (9, 12, 3), 3), settings) for settings in ({"norm": "batch"}, {"width": 6})),
    *(
        (
            isotropic("t", mixer="attention", depth=1, width=12, heads=3, patch=4, class_token=True, position=position),
            f"class token, {position}",
        )
        for position in POSITIONS
    ),
]


@pytest.mark.parametrize("spec", [spec for spec, _ in NETWORKS], ids=[str(name) for _, name in NETWORKS])
def test_every_layer_has_the_parameters_that_are_counted_for_it(spec):
    """With switches set: `test_every_value_of_every_switch_trains`."""
    model = build(spec)
    assert counted(model) == {layer.path: layer.parameters for layer in plan(spec) if layer.parameters}
    assert model(random_images(spec.input_shape)).shape == (2, spec.classes)


def test_a_class_token_is_no_part_of_the_grid():
    spec = isotropic("token", mixer="attention", depth=1, width=12, heads=3, patch=4, class_token=True)
    found = taps(build(spec), random_images(spec.input_shape))
    assert found["stage1.block1.attention"].shape == (2, 3, 65, 65)
    assert found["stage1.block1.channel"].shape == (2, 8, 8, 12)


def test_an_image_smaller_than_the_pyramid_is_refused():
    deep = replace(CLASSROOM["cnn"], stages=CLASSROOM["cnn"].stages[:1] * 4)
    with pytest.raises(LabError, match="at least 16"):
        replace(deep, input_shape=(8, 8, 1))


# Taps


def test_a_transformer_names_what_flows_through_every_sub_block():
    spec = configure("vit", {"depth": 2}, (12, 8, 3), 5)
    found = taps(build(spec), random_images(spec.input_shape))
    assert {name: value.shape[1:] for name, value in found.items()} == {
        "stem": (6, 4, 64),
        **{
            f"stage1.block{b}.{tap}": (4, 24, 24) if tap == "attention" else (6, 4, 64)
            for b in (1, 2)
            for tap in ("attention", "mixer", "channel", "out")
        },
        "features": (64,),
        "logits": (5,),
    }
    weights = found["stage1.block2.attention"]
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert weights.min() >= 0


def test_a_cnn_names_what_flows_through_every_sub_block():
    spec = configure("cnn", {}, (12, 10, 1), 5)
    found = taps(build(spec), random_images(spec.input_shape))
    grids = {1: (12, 10, 32), 2: (6, 5, 64), 3: (3, 2, 96)}
    pools = {1: (6, 5, 32), 2: (3, 2, 64), 3: (1, 1, 96)}
    expected = {f"stage{s}.block{b}.{tap}": grids[s] for s in grids for b in (1, 2) for tap in ("mixer", "channel")}
    expected |= {f"stage{s}.pool": pools[s] for s in pools}
    expected |= {"stem": (12, 10, 1), "features": (96,), "logits": (5,)}
    assert {name: value.shape[1:] for name, value in found.items()} == expected
    for s in grids:
        np.testing.assert_array_equal(found[f"stage{s}.block1.channel"], np.maximum(found[f"stage{s}.block1.mixer"], 0))
        pooled, pairs = found[f"stage{s}.pool"], found[f"stage{s}.block2.channel"]
        rows, columns = pooled.shape[1:3]
        pairs = pairs[:, : 2 * rows, : 2 * columns].reshape(2, rows, 2, columns, 2, -1)
        np.testing.assert_array_equal(pooled, pairs.max(axis=(2, 4)))


def test_the_taps_of_a_block_add_up_to_its_residual_sums():
    spec = configure("vit", {"depth": 2}, (8, 8, 1), 3)
    found = taps(build(spec), random_images(spec.input_shape))
    total = found["stem"]
    for b in (1, 2):
        total = total + found[f"stage1.block{b}.mixer"] + found[f"stage1.block{b}.channel"]
        assert error(found[f"stage1.block{b}.out"], total) < 1e-5


def test_without_skip_connections_nothing_is_added():
    found = taps(build(configure("vit", {"depth": 1, "skip": "off"}, (8, 8, 1), 3)), random_images((8, 8, 1)))
    np.testing.assert_array_equal(found["stage1.block1.out"], found["stage1.block1.channel"])


def test_ffn_off_leaves_the_whole_sub_block_out():
    model = build(configure("vit", {"ffn": "off", "depth": 2}, (8, 8, 1), 3))
    assert not any("channel" in name for name in model.taps)
    assert not any("channel" in layer.name for layer in model.layers)
    found = taps(model, random_images((8, 8, 1)))
    assert error(found["stage1.block1.out"], found["stem"] + found["stage1.block1.mixer"]) < 1e-5


def test_ffn_activation_is_norm_gelu_residual():
    model = build(configure("vit", {"ffn": "activation", "depth": 1}, (8, 8, 1), 3))
    found = taps(model, random_images((8, 8, 1)))
    before = found["stem"] + found["stage1.block1.mixer"]
    normed = (before - before.mean(-1, keepdims=True)) / np.sqrt(before.var(-1, keepdims=True) + 1e-6)
    assert error(found["stage1.block1.channel"], gelu(normed)) < 1e-4


def test_the_prediction_is_a_linear_function_of_the_mean_of_the_last_grid():
    model = build(configure("vit", {"depth": 1, "norm": "none"}, (8, 8, 1), 3))
    randomize(model)
    found = taps(model, random_images((8, 8, 1)))
    assert error(found["features"], found["stage1.block1.out"].mean(axis=(1, 2))) < 1e-5
    kernel, bias = (np.asarray(w) for w in model.get_layer("head.logits").weights)
    assert error(found["logits"], found["features"] @ kernel + bias) < 1e-5


# Layers against closed formulas. Each formula has a planted fault, to show that the comparison would notice it.


def gelu(x):
    return x * 0.5 * (1 + special.erf(x / np.sqrt(2)))


def tanh_gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@pytest.mark.parametrize(
    ("activation", "function"), [("gelu", gelu), ("linear", lambda x: x), ("relu", lambda x: np.maximum(x, 0))]
)
def test_the_feed_forward_network_is_two_dense_layers_around_its_activation(activation, function):
    layer = FeedForward(7, activation)
    x = np.random.default_rng(0).normal(0, 2, (3, 4, 5, 6)).astype("float32")
    layer.build(x.shape)
    randomize(layer)
    a, b, c, d = (np.asarray(layer_weight, np.float64) for layer_weight in layer.trainable_variables)
    assert error(layer(x), function(x @ a + b) @ c + d) < 1e-5
    assert layer.compute_output_shape(x.shape) == x.shape
    if activation == "gelu":  # the planted fault: the common approximation
        assert error(layer(x), tanh_gelu(x @ a + b) @ c + d) > 1e-5


def shuffle_patches(images, patch, order):
    """The same patches in another order: (B, H, W, C)."""
    b, h, w, c = images.shape
    cut = images.reshape(b, h // patch, patch, w // patch, patch, c).swapaxes(2, 3)  # (B, rows, columns, p, p, C)
    cut = cut.reshape(b, -1, patch, patch, c)[:, order].reshape(b, h // patch, w // patch, patch, patch, c)
    return cut.swapaxes(2, 3).reshape(images.shape)


@pytest.mark.parametrize(
    ("settings", "equivariant"),
    [
        ({"position": "none"}, True),
        ({"position": "none", "mixer": "identity"}, True),
        ({"position": "learned"}, False),
        ({"position": "sincos"}, False),
        ({"position": "none", "mixer": "convolution"}, False),
        ({"position": "none", "mixer": "pool"}, False),
    ],
    ids=str,
)
def test_a_transformer_without_positions_does_not_know_where_its_patches_lie(settings, equivariant):
    model = build(configure("vit", {"depth": 2, **settings}, (8, 8, 1), 3))
    start(model, 0)
    order = np.random.default_rng(3).permutation(16)
    images = random_images((8, 8, 1))
    straight, shuffled = taps(model, images), taps(model, shuffle_patches(images, 2, order))
    out = straight["stage1.block2.out"].reshape(2, 16, -1)[:, order]
    gap = error(shuffled["stage1.block2.out"].reshape(2, 16, -1), out)
    assert gap < 1e-5 if equivariant else gap > 1e-3
    if equivariant:
        assert error(shuffled["logits"], straight["logits"]) < 1e-5


def neighbourhoods(x):
    """(B, H, W, 9, C): the 3×3 surroundings of every position, zeros outside."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = x.shape[1:3]
    return np.stack([padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=3)


def one_mixer(mixer, kernel=3):
    """A network of one block without norm and channel mixer on a 4×5 grid of 3 channels: what goes in and comes out."""
    block = replace(TRANSFORMER, width=3, mixer=mixer, channel="off", norm="none", heads=1, kernel=kernel)
    spec = stack(block, input_shape=(8, 10, 3), patch=2)
    model = build(spec)
    randomize(model)
    found = taps(model, random_images(spec.input_shape))
    weights = [np.asarray(weight, np.float64) for weight in model.get_layer("stage1.block1.mixer").weights]
    return found["stem"].astype(np.float64), found["stage1.block1.mixer"], weights


def test_the_mixers_of_the_grid_follow_their_formulas():
    x, found, (kernel, bias) = one_mixer("depthwise")
    around = neighbourhoods(x)
    assert error(found, (around * kernel.reshape(9, 3)).sum(3) + bias) < 1e-5
    assert error(found, (around * kernel[::-1, ::-1].reshape(9, 3)).sum(3) + bias) > 1e-3  # a flipped kernel

    x, found, (kernel, bias) = one_mixer("convolution")
    around = neighbourhoods(x)
    assert error(found, np.einsum("bhwkc,kcd->bhwd", around, kernel.reshape(9, 3, 3)) + bias) < 1e-5
    assert error(found, np.einsum("bhwkd,kcd->bhwc", around, kernel.reshape(9, 3, 3)) + bias) > 1e-3  # in for out

    x, found, (kernel, bias) = one_mixer("unshared")
    around = neighbourhoods(x)
    assert kernel.shape == (4, 5, 9, 3)
    assert error(found, (around * kernel).sum(3) + bias) < 1e-5
    assert error(found, (around * kernel[0, 0]).sum(3) + bias) > 1e-3  # one kernel for all positions

    x, found, _ = one_mixer("pool")
    inside = neighbourhoods(np.ones_like(x)).sum(3)  # zeros outside do not count
    assert error(found, neighbourhoods(x).sum(3) / inside) < 1e-5
    assert error(found, neighbourhoods(x).sum(3) / 9) > 1e-3

    x, found, _ = one_mixer("identity")
    np.testing.assert_array_equal(found, x.astype("float32"))


def test_the_kernel_size_is_that_of_the_block():
    x, found, (kernel, bias) = one_mixer("depthwise", kernel=5)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    expected = sum(padded[:, i : i + 4, j : j + 5] * kernel[i, j, :, 0] for i in range(5) for j in range(5)) + bias
    assert error(found, expected) < 1e-5


def test_an_unknown_mixer_is_an_error_of_the_program():
    block = replace(TRANSFORMER, mixer="nothing")
    with pytest.raises(ValueError, match="nothing is not one of"):
        token_mixer(block, (4, 4), False, "mixer")


def test_the_patch_stem_is_flatten_and_dense():
    model = build(configure("vit", {"position": "none", "width": 12, "patch": 4}, (8, 12, 3), 3))
    randomize(model)
    images = random_images((8, 12, 3))
    pixels = images / 127.5 - 1
    patches = pixels.reshape(2, 2, 4, 3, 4, 3).swapaxes(2, 3).reshape(2, 2, 3, 48)
    kernel, bias = (np.asarray(w, np.float64) for w in model.get_layer("stem.patch").weights)
    assert error(taps(model, images)["stem"], patches @ kernel.reshape(48, 12) + bias) < 1e-5


def test_the_network_takes_the_pixels_as_they_are_and_scales_them_itself():
    model = build(configure("cnn", {}, (8, 8, 1), 3))
    ends = np.array([0, 255], np.uint8).repeat(64).reshape(2, 8, 8, 1)
    np.testing.assert_allclose(taps(model, ends)["stem"][:, 0, 0, 0], [-1, 1], rtol=1e-6)


# Positions


def test_the_sine_table_follows_its_formula():
    table = sincos_table(3, 5, 16)
    for row in range(3):
        for column in range(5):
            expected = [
                wave(place / 10000 ** (k / 4)) for place in (row, column) for wave in (np.sin, np.cos) for k in range(4)
            ]
            np.testing.assert_allclose(table[row, column], expected, atol=1e-6)
    assert error(table.swapaxes(0, 1), sincos_table(5, 3, 16)) > 0.1  # rows and columns are not the same


@pytest.mark.parametrize(("rows", "columns", "width"), [(4, 4, 48), (8, 8, 64), (12, 10, 8), (1, 7, 4)])
def test_every_position_has_a_vector_of_its_own(rows, columns, width):
    flat = sincos_table(rows, columns, width).reshape(rows * columns, width)
    assert len(np.unique(flat.round(4), axis=0)) == rows * columns


def test_positions_are_added_to_the_grid():
    grid = np.zeros((2, 3, 5, 8), "float32")
    np.testing.assert_allclose(Position("sincos")(grid)[1], sincos_table(3, 5, 8), rtol=1e-6)
    learned = Position("learned")
    learned.build(grid.shape)
    randomize(learned)
    np.testing.assert_allclose(learned(grid)[1], np.asarray(learned.table), rtol=1e-6)


def test_a_class_token_is_the_same_for_every_image_and_has_a_position_of_its_own():
    grid = np.random.default_rng(0).normal(size=(3, 2, 2, 4)).astype("float32")
    for position, variables in ((True, 2), (False, 1)):
        token = ClassToken(position)
        token.build(grid.shape)
        randomize(token)
        assert len(token.trainable_variables) == variables
        value = sum(np.asarray(v) for v in token.trainable_variables)
        np.testing.assert_allclose(token(grid), np.broadcast_to(value, (3, 1, 4)), rtol=1e-6)


# Norms


def test_without_norms_none_is_built():
    model = build(configure("vit", {"norm": "none"}, (8, 8, 1), 3))
    assert not any("Normalization" in type(layer).__name__ for layer in model.layers)


# Pairs


def started(settings, seed=0, variant="vit", shape=(8, 8, 1), dropout=0.0):
    model = build(replace(configure(variant, {"depth": 2, **settings}, shape, 10), dropout=dropout))
    start(model, seed)
    return {variable.path: np.asarray(variable) for variable in model.variables}


@pytest.mark.parametrize(
    "settings",
    [{"ffn": "off"}, {"ffn": "linear"}, {"mixer": "pool"}, {"position": "sincos"}, {"norm": "batch"}, {"depth": 1}],
    ids=str,
)
def test_arms_that_differ_in_one_switch_start_equal_in_every_shared_weight(settings):
    one, other = started({}), started(settings)
    shared = [path for path in one if path in other and one[path].shape == other[path].shape]
    assert len(shared) >= 10 and len(shared) < len(one) + len(other)
    for path in shared:
        np.testing.assert_array_equal(one[path], other[path])
    assert any("kernel" in path for path in shared)


def test_other_seeds_start_differently_and_the_same_seed_equally():
    one, again, other = started({}, 1), started({}, 1), started({}, 2)
    drawn = [path for path in one if path.endswith(("kernel", "table"))]
    assert len(drawn) == 2 + 1 + 2 * 6
    for path in one:
        np.testing.assert_array_equal(one[path], again[path])
        assert np.array_equal(one[path], other[path]) == (path not in drawn), path


def test_two_layers_of_one_network_start_differently():
    weights = started({})
    kernels = [value for path, value in weights.items() if path.endswith("query/kernel")]
    assert len(kernels) == 2 and not np.array_equal(*kernels)


@pytest.mark.parametrize(
    ("path", "shape", "limit"),
    [
        ("stem.patch/kernel", (4, 4, 3, 64), (6 / (48 + 16 * 64)) ** 0.5),
        ("stage1.block1.mixer/query/kernel", (64, 64), (6 / 128) ** 0.5),
        ("stage1.block1.mixer/kernel", (3, 3, 64, 64), (6 / (2 * 9 * 64)) ** 0.5),
    ],
)
def test_kernels_start_glorot_uniform(path, shape, limit):
    value = initial_value(path, shape, "float32", 0)
    assert value.dtype == np.float32 and value.shape == shape
    assert 0.95 * limit < np.abs(value).max() <= limit * (1 + 1e-6)
    assert abs(value.mean()) < 0.05 * limit and value.std() == pytest.approx(limit / 3**0.5, rel=0.05)


def at_start(variant: str, **switches) -> tuple[Network, ModelSpec]:
    """The network at its start, and what it was built from."""
    spec = configure(variant, switches, (32, 32, 3), 10)
    model = build(spec)
    start(model, 0)
    return model, spec


def test_kernels_before_a_relu_start_as_he_s_and_all_others_as_glorot_s():
    for variant, how, he in (("vgg", "he", True), ("vgg", "glorot", False), ("resnet", "he", False)):
        model, spec = at_start(variant, **({"start": how} if variant == "vgg" else {}))
        rectified = {
            p for layer in plan(spec) if (layer.op, layer.kind) == ("activation", "relu") for p in layer.inputs
        }
        seen = set()
        for variable in model.trainable_variables:
            layer, _, name = variable.path.rpartition("/")
            if name != "kernel" or np.prod(variable.shape) < 500:  # of fewer the variance is known too badly
                continue
            space = int(np.prod(variable.shape[:-2]))
            fan_in, fan_out = space * variable.shape[-2], space * variable.shape[-1]
            expected = 2 / fan_in if he and layer in rectified else 2 / (fan_in + fan_out)
            assert np.var(np.asarray(variable)) == pytest.approx(expected, rel=0.15), variable.path
            seen.add(layer in rectified)
        assert seen == ({True, False} if variant == "vgg" else {False})  # a norm stands between in a ResNet


def test_what_passes_twelve_relus_keeps_its_scale_from_he_s_start_and_vanishes_from_glorot_s():
    """The old fault: Glorot's start, by which every layer of a plain stack shrinks what passes by √2."""

    def scales(how: str) -> np.ndarray:
        model, spec = at_start("cnn", depth=4, start=how)
        paths = [layer.path for layer in plan(spec) if (layer.op, layer.kind) == ("activation", "relu")]
        inside = keras.Model(model.input, [model.get_layer(path).output for path in paths])
        return np.array([np.sqrt(np.mean(np.square(grid))) for grid in inside(random_images((32, 32, 3), 16))])

    he, glorot = scales("he"), scales("glorot")
    assert len(he) == 12 and 0.5 < he[-1] / he[0] < 2
    assert glorot[-1] / glorot[0] < 1 / 20 and he[-1] / glorot[-1] > 64


@pytest.mark.parametrize(("scale", "copies"), [(None, True), (1.0, False)], ids=["as it is", "the old fault"])
def test_a_static_table_can_come_to_copy_one_position_in_a_short_training(scale, copies, monkeypatch):
    """Without a scale its softmax stays near the uniform average, however long it is asked to be anything else."""
    if scale is not None:
        monkeypatch.setattr(scoreless_attention, "TABLE_SCALE", scale)
    rng = np.random.default_rng(0)
    layer = scoreless_attention.StaticMixing(1, name="mixer")
    layer.build((None, 4, 4, 8))
    layer.table.assign(initial_value("mixer/table", layer.table.shape, "float32", 0))
    for projection in (layer.value_projection, layer.output_projection):
        projection.kernel.assign(np.eye(8))
        projection.trainable = False
    grid = keras.Input((4, 4, 8))
    model = keras.Model(grid, layer(grid))
    steps = 100
    rate = keras.optimizers.schedules.CosineDecay(8e-3, steps)  # Σ of the rates 0.4, as in a short training
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.0), "mse")
    images = rng.normal(size=(32, 4, 4, 8)).astype("float32")
    copied = np.broadcast_to(images[:, 1:2, 2:3], images.shape)  # every position becomes the one at (1, 2)
    every_step = (steps, 1, 1, 1)
    model.fit(np.tile(images, every_step), np.tile(copied, every_step), len(images), shuffle=False, verbose=0)
    weights = np.asarray(ops.softmax(scoreless_attention.TABLE_SCALE * layer.table, axis=-1))[0, :, 4 + 2]
    assert (weights.min() > 0.95) if copies else (weights.max() < 0.3)


def test_a_network_has_a_starting_value_for_every_variable_and_no_other():
    for settings in ({"norm": "batch"}, {"mixer": "depthwise"}, {"position": "learned"}):
        weights = started(settings, dropout=0.2)
        assert all(np.isfinite(value).all() for value in weights.values())
        assert any(path.endswith("seed_generator_state") for path in weights)
    with pytest.raises(ValueError, match="mystery"):
        initial_value("layer/mystery", (2,), "float32", 0)


def test_a_gradient_reaches_every_weight():
    """No branch is cut off: every trainable variable changes the loss."""
    model = build(configure("vit", {"depth": 1}, (8, 8, 1), 3))
    start(model, 0)
    before = [ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
    model.compile(keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for _ in range(2):  # scores are equal at first, so that keys learn from the second step on
        model.train_on_batch(random_images((8, 8, 1), 16), np.arange(16) % 3)
    after = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    pairs = zip(model.trainable_variables, before, after, strict=True)
    unchanged = [variable.path for variable, old, new in pairs if np.array_equal(old, new)]
    # A constant added to every score of a row leaves the softmax as it is, so the keys' bias has no gradient but noise.
    assert [path for path in unchanged if "key/bias" not in path] == []
