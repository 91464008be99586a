"""Networks with their switches set: all build, train, tap and take each other's weights, and compute what they say."""

from collections.abc import Iterable
from dataclasses import replace

import keras
import numpy as np
import pytest
from networks import counted, random_images, taps
from test_switches import OF_A_MIXER, READ

from tf_models.errors import LabError
from tf_models.layers.attention import Attention, local_scores, relative_index
from tf_models.layers.channels import FeedForward
from tf_models.layers.grids import Blur, EverySecond, Shuffle, shuffled
from tf_models.layers.stems import Position, sincos_table
from tf_models.training.build import build
from tf_models.training.initialize import start
from tf_models.zoo import CLASSROOM, SWITCHES, configure
from tf_models.zoo.counts import Layer
from tf_models.zoo.plan import block_layers, plan
from tf_models.zoo.spec import MIXERS, WITH_RELATIVE_POSITIONS, ModelSpec
from tf_models.zoo.switches import Numbers

pytestmark = pytest.mark.usefixtures("forget_models")
# A size at which a step takes milliseconds, and at which every value of the other switches has its meaning.
SMALL = {variant: {"width": 16, "depth": 1} for variant in CLASSROOM}
SMALL |= {variant: {"width": 8, "depth": 1} for variant in ("cnn", "vgg", "mobilenet_v2", "convnext", "mobilevit")}
SMALL |= {"resnet": {"width": 32, "depth": 1}, "swin": {"width": 4, "depth": 1}}
FFN = ("convnext", "vit", "swin", "longformer", "mobilevit", "mixer")
NUMBERS = {"ffn_ratio": (1.0,), "ffn_layers": (1, 3), "heads": (1, 2), "depth": (1, 2), "patch": (2, 4)}


def small(variant: str, shape=(8, 8, 1), /, **switches) -> ModelSpec:
    return configure(variant, SMALL[variant] | switches, shape, 3)


def started(spec: ModelSpec) -> keras.Model:
    model = build(spec)
    start(model, 0)
    return model


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    return {variable.path: np.asarray(variable) for variable in model.variables}


def kinds(model: keras.Model, *kind) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, kind)]


def last_stage(spec: ModelSpec) -> ModelSpec:
    """The stem, the last stage with its stride or downsampling, and the head: the others repeat what it does."""
    return replace(spec, stages=spec.stages[-1:])


def walk(spec: ModelSpec) -> None:
    """Build, count, start, train a step, read the taps; the `FIRST` give their weights to a new model."""
    model, images = started(spec), random_images(spec.input_shape, 4)
    assert counted(model) == {layer.path: layer.parameters for layer in plan(spec) if layer.parameters}
    before = np.asarray(model.trainable_variables[0]).copy()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
    assert np.isfinite(model.train_on_batch(images, np.arange(len(images)) % 3))  # warns where there is no gradient
    assert not np.array_equal(before, model.trainable_variables[0]), "no gradient has reached the first weights"
    found = taps(model, images)
    assert {"stem", "features", "logits"} <= set(found)
    assert all(np.isfinite(value).all() for value in found.values())
    if spec in FIRST:
        again, weights = build(spec), weights_of(model)
        for variable in again.variables:
            variable.assign(weights[variable.path])
        np.testing.assert_allclose(again(images), found["logits"], rtol=1e-5, atol=1e-6)


def fitting(variant: str, switches: dict) -> ModelSpec | None:
    """The small network, or None where these switches cannot be set at once."""
    try:  # patches of 4 pixels of a smaller image would leave Swin's last windows a single position
        return small(variant, (32, 32, 1) if "patch" in switches else (8, 8, 1), **switches)
    except LabError:
        return None


def walks() -> dict[ModelSpec, str]:
    """Networks that together meet every value of every switch on every variant: as many switches at once as fit, and
    alone what no such network has met.
    """
    found: dict[ModelSpec, str] = {}
    for variant, usual in CLASSROOM.items():
        values = {
            name: NUMBERS.get(name, ()) if isinstance(row.values, Numbers) else row.values
            for name, row in SWITCHES.items()
            if row.refusal(usual) is None and name != "width"
        }
        alone = [{switch: value} for switch in values for value in values[switch]]
        turns = max(map(len, values.values()))
        for turn in range(turns):
            together: dict = {}
            for number, (switch, choices) in enumerate(values.items()):
                value = choices[(turn + number * (turn // len(choices))) % len(choices)]
                if switch != "patch" and fitting(variant, together | {switch: value}):
                    together[switch] = value
            alone = [one for one in alone if not one.items() <= together.items()]
            alone.append(together)
        for switches in alone:
            if spec := fitting(variant, switches):
                found.setdefault(last_stage(spec), " ".join([variant, *(f"{s}={v}" for s, v in switches.items())]))
    return found


def weighted(layer: Layer) -> tuple:
    """What the names of a layer's weights follow from."""
    kind = layer.kind if layer.op in ("norm", "position", "class_token") else ""
    fields = [field for field in READ.get(layer.op, ()) if field not in ("heads", "window")]  # sizes
    return layer.op, kind, layer.extra > 0, *(getattr(layer.block, field) for field in fields)


def first_of_a_kind(walks: Iterable[ModelSpec]) -> set[ModelSpec]:
    """Those with a layer whose weights have other names than those of the layers before."""
    known: set[tuple] = set()
    found = set()
    for spec in walks:
        kinds = set(map(weighted, plan(spec)))
        if kinds - known:
            found.add(spec)
        known |= kinds
    return found


WALKS = walks()
FIRST = first_of_a_kind(WALKS)


@pytest.mark.parametrize("spec", WALKS, ids=WALKS.values())
def test_every_value_of_every_switch_trains(spec):
    walk(spec)


# What a switch changes


@pytest.mark.parametrize("variant", ["cnn", "vgg", "resnet", "mobilenet_v1", "mobilenet_v2", "convnext", "mobilevit"])
def test_blur_takes_the_place_of_every_stride(variant):
    striding = keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.MaxPooling2D, EverySecond

    def strides(model) -> list[str]:
        """Layers with a stride; patches do not overlap, so that there is nothing to blur."""
        found = kinds(model, *striding)
        return [x.name for x in found if {x.stride if isinstance(x, EverySecond) else max(x.strides)} != {1}]

    usual, blurred = (started(small(variant, (16, 16, 1), downsample=value)) for value in ("stride", "blur"))
    strided = [name for name in strides(usual) if name != "stem.patch"]
    assert strided and not kinds(usual, Blur)
    assert [name for name in strides(blurred) if name != "stem.patch"] == []
    assert len(kinds(blurred, Blur)) == len(strided)
    assert {path: value.shape for path, value in weights_of(usual).items()} == {
        path: value.shape for path, value in weights_of(blurred).items()
    }


def test_blur_also_takes_the_place_of_a_stride_after_an_exchanged_mixer():
    for variant in ("resnet", "mobilenet_v1", "mobilenet_v2"):
        assert kinds(build(small(variant, mixer="window")), EverySecond)
        assert not kinds(build(small(variant, mixer="window", downsample="blur")), EverySecond)


@pytest.mark.parametrize("variant", ["convnext", "vit", "swin", "longformer", "mixer"])
def test_a_convolutional_stem_halves_the_image_step_by_step(variant):
    for patch, steps in ((1, 0), (8, 3)):
        model = build(small(variant, (64, 64, 3), stem="convolution", patch=patch))
        convolutions = [layer for layer in kinds(model, keras.layers.Conv2D) if layer.name.startswith("stem.conv")]
        assert [layer.strides for layer in convolutions] == ([(2, 2)] * steps or [(1, 1)])
        assert all(layer.kernel_size == (3, 3) for layer in convolutions)
        assert model.get_layer("stem.project").kernel_size == (1, 1)
        patches = build(small(variant, (64, 64, 3), patch=patch))
        assert model.taps["stem"].shape == patches.taps["stem"].shape
        assert model.taps["stem"].shape[1:3] == (64 // patch, 64 // patch)
        keras.backend.clear_session(free_memory=False)
    with pytest.raises(LabError, match="Patch 3: .* power of two"):
        small(variant, (48, 48, 1), stem="convolution", patch=3)


@pytest.mark.parametrize(("kind", "patch"), [("pixels", 2), ("patches", 2), ("inside", 2), ("inside", 4)])
def test_shuffles_move_what_they_say_and_nothing_else(kind, patch):
    order = shuffled(kind, patch, 8, 12)
    assert sorted(order) == list(range(96)) and list(order) != sorted(order)
    np.testing.assert_array_equal(order, shuffled(kind, patch, 8, 12))  # the same for every image and run
    image = np.arange(96).reshape(1, 8, 12, 1).astype("float32")
    moved = np.asarray(Shuffle(kind, patch)(image))[0, ..., 0]

    def patches(grid) -> list[tuple]:
        cut = grid.reshape(8 // patch, patch, 12 // patch, patch).transpose(0, 2, 1, 3).reshape(-1, patch**2)
        return [tuple(row) for row in cut.tolist()]

    before, after = patches(image[0, ..., 0]), patches(moved)
    if kind == "patches":
        assert sorted(before) == sorted(after) and before != after
    if kind == "inside":  # every patch keeps its pixels, in one order for all
        assert [set(row) for row in before] == [set(row) for row in after]
        assert len({tuple(a.index(pixel) for pixel in b) for b, a in zip(before, after, strict=True)}) == 1
    if kind == "pixels":
        assert [set(row) for row in before] != [set(row) for row in after]


def test_a_network_sees_shuffled_images_as_the_others_see_shuffled_files():
    for kind in ("pixels", "patches", "inside"):
        model, usual = started(small("vit", shuffle=kind)), started(small("vit"))
        images = random_images(small("vit").input_shape, 4)
        order = shuffled(kind, 2, 8, 8)
        by_hand = images.reshape(len(images), 64, 1)[:, order].reshape(images.shape)
        np.testing.assert_allclose(model(images), usual(by_hand), atol=1e-6)
        assert np.abs(np.asarray(model(images)) - np.asarray(usual(images))).max() > 1e-4
    for variant, shape, patch in (("cnn", (32, 32, 3), 4), ("cnn", (8, 8, 1), 2), ("swin", (8, 8, 1), 2)):
        spec = configure(variant, {"shuffle": "inside"}, shape, 3)  # at its own depth: three halvings of cnn
        assert spec.shuffled_patch == patch and build(spec)  # the patch of vit, not its own


def test_local_attention_starts_at_its_neighbours_and_relative_at_none():
    scores = local_scores(5, 5, 4)[relative_index(5, 5)]  # (25, 25, heads)
    middle = 12
    seen = {divmod(int(scores[middle, :, head].argmax()), 5) for head in range(4)}
    assert seen == {(1, 1), (1, 2), (2, 1), (2, 2)}  # a 2×2 kernel around (2, 2)
    images = random_images(small("vit").input_shape, 4)
    found = {}
    for position in ("local", "relative"):
        model = started(small("vit", position=position))
        found[position] = taps(model, images)["stage1.block1.attention"].max(-1).mean()
        assert [path for path in weights_of(model) if path.endswith("table")] == ["stage1.block1.mixer/table"]
    assert found["local"] > 0.4 and found["local"] > 1.5 * found["relative"]


def test_attention_without_its_projections_mixes_the_tokens_as_they_are():
    model = started(small("vit", values="identity", norm="none"))
    assert not [path for path in weights_of(model) if "value" in path or "output" in path]
    attended = kinds(model, Attention)[0]
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 16)).astype("float32")
    mixed, weights = (np.asarray(value) for value in attended(x))
    heads = x.reshape(2, 16, 4, 4)  # image, position, head, channel
    by_hand = np.einsum("bhqk,bkhd->bqhd", weights, heads)
    np.testing.assert_allclose(mixed.reshape(by_hand.shape), by_hand, atol=1e-6)
    with pytest.raises(LabError, match="only mixer=attention"):
        small("vit", mixer="window", values="identity")


@pytest.mark.parametrize(("which", "active"), [("every", 12), ("second", 6), ("last", 3)])
def test_activations_stand_after_every_convolution_or_fewer(which, active):
    spec = configure("vgg", {"depth": 4, "width": 8, "activations": which}, (32, 32, 3), 10)
    layers = [layer for layer in kinds(build(spec), keras.layers.Activation) if layer.name.endswith(".channel")]
    assert len(layers) == active
    assert all(stage.blocks[-1].channel == "activation" for stage in spec.stages)  # each stage's last
    found = [block[-1].activations for block in block_layers(spec)]
    assert sum(found) == active and len(found) == 12


def test_the_second_half_of_the_blocks_has_the_late_mixer():
    spec = configure("vit", {"depth": 5, "mixer": "depthwise", "late_mixer": "attention"}, (8, 8, 1), 10)
    assert [block.mixer for block in spec.blocks] == ["depthwise"] * 2 + ["attention"] * 3


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_an_ffn_has_the_layers_that_it_says(layers):
    """Against the formula in NumPy, with the activation between the layers; after a layer that stands alone."""
    layer = FeedForward(8, "relu", layers)
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    found = np.asarray(layer(x))
    kernels = [np.asarray(v) for v in layer.variables if v.path.endswith("kernel")]
    biases = [np.asarray(v) for v in layer.variables if v.path.endswith("bias")]
    assert len(kernels) == layers
    for index, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        x = x @ kernel + bias
        x = np.maximum(x, 0) if index < layers - 1 or layers == 1 else x
    np.testing.assert_allclose(found, x, atol=1e-5)


def test_permuted_positions_are_the_same_vectors_at_other_places():
    grid = np.zeros((1, 4, 6, 8), "float32")
    usual, permuted = (np.asarray(Position(kind)(grid))[0] for kind in ("sincos", "permuted_sincos"))
    np.testing.assert_allclose(usual, sincos_table(4, 6, 8), rtol=1e-6)
    rows = [sorted(map(tuple, table.reshape(-1, 8).tolist())) for table in (usual, permuted)]
    assert rows[0] == rows[1]
    moved = (usual != permuted).any(-1)
    assert moved.mean() > 0.8
    np.testing.assert_array_equal(permuted, np.asarray(Position("permuted_sincos")(grid))[0])  # the same every time


TABLES = [("vit", mixer) for mixer in WITH_RELATIVE_POSITIONS]
TABLES += [("swin", "window"), ("longformer", "sliding"), ("mobilevit", "attention")]


@pytest.mark.parametrize(("variant", "mixer"), TABLES)
def test_relative_positions_put_a_table_into_every_attention_and_none_at_the_stem(variant, mixer):
    tables = {}
    for position in ("relative", "none"):
        weights = weights_of(build(last_stage(small(variant, mixer=mixer, position=position, depth=2))))
        tables[position] = [path for path in weights if path.endswith("table")]
        if position == "relative":
            attention = [path for path in weights if path.endswith("mixer/query/kernel")]
    assert tables["none"] == []
    assert tables["relative"] == [path.replace("query/kernel", "table") for path in attention] != []


def test_another_mixer_leaves_every_other_weight_as_it_was():
    """Shapes and starting values, in one network: `tests/test_switches.py` compares the layers of all."""

    def rest(model) -> dict[str, np.ndarray]:
        gone = ".mixer/", "stem.class_token/"
        return {path: value for path, value in weights_of(model).items() if not any(part in path for part in gone)}

    usual = rest(started(last_stage(small("longformer"))))
    assert len(usual) >= 8
    for mixer in MIXERS:
        other = rest(started(last_stage(small("longformer", mixer=mixer))))
        assert list(other) == list(usual), mixer
        for path, value in usual.items():
            np.testing.assert_array_equal(other[path], value)
        keras.backend.clear_session(free_memory=False)


@pytest.mark.parametrize(("mixer", "switch"), OF_A_MIXER)
def test_a_switch_of_the_mixer_changes_the_function(mixer, switch):
    """The same weights, another output."""
    outputs = []
    for value in OF_A_MIXER[mixer, switch]:
        model = started(small("vit", (16, 16, 1), mixer=mixer, depth=2, position="none", **{switch: value}))
        outputs.append((weights_of(model), np.asarray(model(random_images((16, 16, 1), 4)))))
    (one, logits), (other, other_logits) = outputs
    assert {path: value.shape for path, value in one.items()} == {path: value.shape for path, value in other.items()}
    assert np.abs(logits - other_logits).max() > 1e-6


@pytest.mark.parametrize("variant", ["resnet", "mobilenet_v2", *FFN])
def test_without_skips_nothing_is_added(variant):
    assert kinds(build(last_stage(small(variant, depth=2))), keras.layers.Add)
    assert not kinds(build(last_stage(small(variant, depth=2, skip="off"))), keras.layers.Add)


@pytest.mark.parametrize("variant", CLASSROOM)
def test_a_norm_is_exchanged_everywhere_and_goes_everywhere(variant):
    """Inside MobileViT the Transformer keeps layer norm, as its convolutions keep batch norm."""
    layer, batch = keras.layers.LayerNormalization, keras.layers.BatchNormalization
    without, of_layers, model = (build(last_stage(small(variant, norm=norm))) for norm in ("none", "layer", "batch"))
    assert not kinds(without, layer, batch)
    assert kinds(of_layers, layer) and not kinds(of_layers, batch)
    assert kinds(model, batch)
    assert all(".inner" in found.name for found in kinds(model, layer))


def test_batch_norm_counts_a_global_token_as_one_more_position():
    spec = small("longformer", norm="batch", position="none")
    model, images = started(spec), random_images(spec.input_shape, 4)
    token = model.get_layer("stem.class_token").token
    token.assign(np.random.default_rng(1).normal(size=token.shape))
    norm = model.get_layer("stage1.block1.mixer_norm")
    norm.momentum = 0.0
    model(images, training=True)
    positions = taps(model, images)["stem"].reshape(len(images), 16, -1)
    everything = np.concatenate([np.broadcast_to(token, (len(images), 1, token.shape[-1])), positions], axis=1)
    np.testing.assert_allclose(np.asarray(norm.moving_mean), everything.mean((0, 1)), atol=1e-5)
    assert np.abs(np.asarray(norm.moving_mean) - positions.mean((0, 1))).max() > 1e-2


@pytest.mark.parametrize("variant", FFN)
def test_the_ffn_goes_or_loses_its_activation_or_keeps_it_alone(variant):
    """A linear pair has an FFN's weights; an activation alone has none."""
    usual = weights_of(build(small(variant)))
    pairs = [path for path in usual if ".channel/" in path]
    assert pairs
    linear = build(small(variant, ffn="linear"))
    assert list(weights_of(linear)) == list(usual)
    assert {layer.activation for layer in kinds(linear, FeedForward)} == {keras.activations.linear}
    for ffn in ("off", "activation"):
        model = build(small(variant, ffn=ffn))
        assert not kinds(model, FeedForward)
        parts = [".channel/"] if ffn == "activation" else [".channel/", ".channel_norm/"]
        parts += [".mixer_norm/"] if ffn == "off" and variant == "convnext" else []
        gone = {path for path in usual if any(part in path for part in parts)}
        assert set(usual) - set(weights_of(model)) == gone
