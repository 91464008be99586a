"""The experiments that need no training: identities, receptive fields, rank collapse. `training.cost` has the fourth.

Each function takes the lab's own layers or built networks, gives them weights drawn from seeds, and holds them against
a closed formula. It returns ``{"measures": {name: Measure}, "series": {...}}``; a series is what a page draws. Where a
number should be 0, it is the largest over the seeds; where it should be above 0, the smallest.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

import keras
import numpy as np
from scipy import special

from tf_models.layers.attention import NEVER, Attention
from tf_models.layers.channels import FeedForward
from tf_models.layers.mixers import TokenMLP
from tf_models.layers.stems import Position
from tf_models.probes.cost import slope
from tf_models.probes.identity import affine_error, relative_error, variation
from tf_models.probes.rank import residual_share
from tf_models.probes.receptive_field import asymmetry, field, off_diagonal, radius, share_of_pairs
from tf_models.study.verdict import Measure, effect_of_seeds
from tf_models.training.build import Network, build
from tf_models.training.gradients import token_jacobian, vjp
from tf_models.training.initialize import initial_value, start
from tf_models.zoo import CLASSROOM, ModelSpec, configure
from tf_models.zoo.spec import Block, Head, Stage, Stem, isotropic

SEEDS = tuple(range(5))
ROWS, COLUMNS, WIDTH, HEADS = 6, 5, 16, 4  # the grid of the identities: sides differ, so that a swap would show
IMAGE = (32, 32, 3)


def exactly(value: float, unit: str) -> Measure:
    """A number without an interval."""
    return Measure(float(value), float(value), float(value), unit, source="exact")


def over_seeds(values: Iterable[float], unit: str, difference: bool = False) -> Measure:
    """Mean and Student's interval over seeds; a p only where no difference is a question."""
    effect = effect_of_seeds(list(values))
    p = effect.p if difference else None
    return Measure(effect.mean, effect.low, effect.high, unit, effect.seeds, effect.wins, p, source="exact")


# Layers with random weights


def drawn(layer: keras.layers.Layer, shape: tuple[int | None, ...], seed: int) -> keras.layers.Layer:
    """`layer`, built for `shape`, with the lab's starting weights, and biases that are not zero, so that they count."""
    layer.build(shape)
    for variable in layer.variables:
        value = initial_value(variable.path, variable.shape, variable.dtype, seed)
        if variable.path.endswith("bias"):
            rng = np.random.default_rng([seed, zlib.crc32(variable.path.encode())])
            value = rng.normal(0, 0.5, variable.shape).astype(variable.dtype)
        variable.assign(value)
    return layer


@lru_cache(maxsize=16)
def _built(spec: ModelSpec) -> Network:
    return build(spec)


def network_of(spec: ModelSpec, seed: int) -> Network:
    """The network of `spec`, built once, with the starting weights of this seed."""
    network = _built(spec)
    start(network, seed)
    return network


def tokens(seed: int, count: int = 2, rows: int = ROWS, columns: int = COLUMNS, width: int = WIDTH) -> np.ndarray:
    """Independent standard normal tokens (B, H, W, C)."""
    return np.random.default_rng([seed, 1]).normal(size=(count, rows, columns, width)).astype("float32")


def pixels(seed: int, count: int) -> np.ndarray:
    """Independent uniform pixels (B, 32, 32, 3) uint8."""
    return np.random.default_rng([seed, 2]).integers(0, 256, (count, *IMAGE), dtype=np.uint8)


def shuffled(grid: np.ndarray, seed: int) -> np.ndarray:
    """The same tokens at other positions."""
    order = np.random.default_rng([seed, 3]).permutation(grid.shape[1] * grid.shape[2])
    return grid.reshape(len(grid), -1, grid.shape[3])[:, order].reshape(grid.shape)


def output(layer: Callable, *inputs: np.ndarray) -> np.ndarray:
    """What a layer makes of arrays, without attention's weights."""
    out = layer(*inputs)
    return np.asarray(out[0] if isinstance(out, (tuple, list)) else out)


def kernel(layer: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a dense layer, float64."""
    weight, bias = (np.asarray(variable.value, np.float64) for variable in (layer.kernel, layer.bias))
    return weight, bias


# Identities


def identities() -> dict:
    """Every identity of the text by weight copy: seconds."""
    found = [part(seed) for part in PARTS for seed in SEEDS]
    names = list(dict.fromkeys(name for values in found for name in values))
    measures = {}
    for name in names:
        unit, worst = IDENTITIES[name]
        measures[name] = exactly(worst(values[name] for values in found if name in values), unit)
    return {"measures": measures, "series": {}}


IDENTITIES: dict[str, tuple[str, Callable]] = {  # the unit, and which of the seeds counts
    "permutation.attention": ("error", max),
    "permutation.with_positions": ("error", min),
    "permutation.with_positions.at_start": ("error", min),
    "permutation.ffn": ("error", max),
    "permutation.token_mlp": ("error", min),
    "permutation.ffn_pooled": ("error", max),
    "heads_as_convolution": ("error", max),
    "dense_is_pointwise": ("error", max),
    "projections_independent_of_n": ("count", max),
    "ffn_is_pointwise_pair": ("error", max),
    "ffn_formula": ("error", max),
    "ffn_formula.gelu": ("error", max),
    "pointwise_collapse": ("error", max),
    "pointwise_with_activation": ("error", min),
    "patch_is_strided_convolution": ("error", max),
    "patch_reconstruction": ("error", max),
    "patch_reconstruction.narrow": ("error", min),
    "attention_at_identity": ("error", min),
    "attention_at_identity.linear": ("error", max),
    "dense_conv_changes_width": ("count", min),
    "depthwise_changes_width": ("count", max),
    "mixing_varies.convolution": ("ratio", max),
    "mixing_varies.token_mlp": ("ratio", max),
    "mixing_varies.attention": ("ratio", min),
}


def permutations(seed: int) -> dict[str, float]:
    """‖f(PX) − P f(X)‖ / ‖f(X)‖ for a permutation P of the positions; of logits ‖f(PX) − f(X)‖ / ‖f(X)‖."""
    x, shape = tokens(seed), (None, ROWS, COLUMNS, WIDTH)
    attention = drawn(Attention(HEADS, name="mixer"), shape, seed)

    def defect(layer: Callable) -> float:
        return relative_error(output(layer, shuffled(x, seed)), shuffled(output(layer, x), seed))

    def behind_positions(kind: str) -> Callable:
        positions = drawn(Position(kind, name="position"), shape, seed)
        return lambda grid: attention(positions(grid))

    mixer = drawn(TokenMLP(0.5, "gelu", name="mixer"), shape, seed)
    ffn = drawn(FeedForward(4 * WIDTH, "gelu", name="channel"), shape, seed)
    network = network_of(configure("vit", {"mixer": "identity", "position": "none"}, IMAGE, 10), seed)
    images = pixels(seed, 4)
    return {
        "permutation.attention": defect(attention),
        "permutation.with_positions": defect(behind_positions("sincos")),
        "permutation.with_positions.at_start": defect(behind_positions("learned")),
        "permutation.ffn": defect(ffn),
        "permutation.token_mlp": defect(mixer),
        "permutation.ffn_pooled": relative_error(
            output(network, shuffled_patches(images, 4, seed)), output(network, images)
        ),
    }


def shuffled_patches(images: np.ndarray, side: int, seed: int) -> np.ndarray:
    """Every image with its patches at other places, the same ones in all."""
    cut = cut_patches(images, side)
    rows, columns = cut.shape[1:3]
    x = shuffled(cut, seed).reshape(len(images), rows, columns, side, side, -1)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(images.shape)


def cut_patches(images: np.ndarray, side: int) -> np.ndarray:
    """(B, H, W, C) → (B, H/p, W/p, p·p·C), the pixels of a patch in a row."""
    count, height, width, channels = images.shape
    x = images.reshape(count, height // side, side, width // side, side, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(count, height // side, width // side, -1)


def dense_layers(seed: int) -> dict[str, float]:
    """Dense layers are 1×1 convolutions, an FFN is two of them, and without its activation it is one."""
    x, shape = tokens(seed), (None, ROWS, COLUMNS, WIDTH)
    attention = drawn(Attention(HEADS, name="mixer"), shape, seed)
    ffn, relu, linear = (
        drawn(FeedForward(4 * WIDTH, activation, name="channel"), shape, seed)
        for activation in ("gelu", "relu", "linear")
    )
    flat = np.asarray(x, np.float64).reshape(-1, WIDTH)
    many = np.random.default_rng([seed, 4]).normal(size=(4096, WIDTH)).astype("float32")
    (w1, b1), (w2, b2) = kernel(linear.expand), kernel(linear.contract)
    projected = [pointwise(getattr(attention, f"{part}_projection")) for part in attention.parts]
    pair = keras.Sequential([pointwise(ffn.expand), keras.layers.Activation("gelu"), pointwise(ffn.contract)])
    return {
        "dense_is_pointwise": max(
            relative_error(output(convolution, x), output(getattr(attention, f"{part}_projection"), x))
            for part, convolution in zip(attention.parts, projected, strict=True)
        ),
        "projections_independent_of_n": projection_parameters(16) - projection_parameters(8),
        "ffn_is_pointwise_pair": relative_error(output(pair, x), output(ffn, x)),
        "ffn_formula": relative_error(
            output(relu, x).reshape(-1, WIDTH), feed_forward(flat, relu, lambda h: np.maximum(h, 0))
        ),
        "ffn_formula.gelu": relative_error(
            output(ffn, x).reshape(-1, WIDTH), feed_forward(flat, ffn, lambda h: h * special.ndtr(h))
        ),
        "pointwise_collapse": relative_error(output(linear, x).reshape(-1, WIDTH), flat @ (w1 @ w2) + b1 @ w2 + b2),
        "pointwise_with_activation": affine_error(many, output(ffn, many)),
    }


def pointwise(dense: keras.layers.Dense) -> keras.layers.Conv2D:
    """A 1×1 convolution with the weights of a dense layer."""
    weight, bias = dense.kernel, dense.bias
    layer = keras.layers.Conv2D(weight.shape[1], 1)
    layer.build((None, None, None, weight.shape[0]))
    layer.kernel.assign(np.asarray(weight.value)[None, None])
    layer.bias.assign(bias.value)
    return layer


def projection_parameters(side: int) -> int:
    """Parameters of the four dense layers of attention on a grid of `side` × `side`."""
    layer = Attention(HEADS, name="mixer")
    layer.build((None, side, side, WIDTH))
    return sum(int(np.prod(variable.shape)) for variable in layer.trainable_variables)


def feed_forward(x: np.ndarray, layer: FeedForward, activation: Callable) -> np.ndarray:
    """σ(xW₁ + b₁)W₂ + b₂ in NumPy, for the weights of `layer`; x (N, C)."""
    (w1, b1), (w2, b2) = kernel(layer.expand), kernel(layer.contract)
    return activation(x @ w1 + b1) @ w2 + b2


def patches(seed: int) -> dict[str, float]:
    """Cutting into patches, flattening, and a dense layer: a strided convolution that keeps every pixel if it is wide
    enough. The narrow one has 32 channels for the 48 numbers of a patch.
    """
    images, side = pixels(seed, 16), 4
    values = cut_patches(images / 127.5 - 1, side)
    found = {}
    for name, width in (("patch_reconstruction", 64), ("patch_reconstruction.narrow", 32)):
        network = network_of(configure("vit", {"position": "none", "width": width, "depth": 1}, IMAGE, 10), seed)
        stem = output(between(network, "image", "stem"), images)
        found[name] = affine_error(stem.reshape(-1, width), values.reshape(-1, values.shape[-1]))
        if width == 64:
            weight, bias = kernel(network.get_layer("stem.patch"))
            dense = values @ weight.reshape(-1, width) + bias
            found["patch_is_strided_convolution"] = relative_error(stem, dense)
    return found


def between(network: Network, before: str, after: str) -> keras.Model:
    """The part of a network from one tap (or ``image``) to another."""
    source = network.input if before == "image" else network.taps[before]
    return keras.Model(source, network.taps[after])


def attention_alone(seed: int) -> dict[str, float]:
    """Attention whose weights are set: to the identity, and to the nine offsets of a 3×3 kernel."""
    x, shape = tokens(seed), (None, ROWS, COLUMNS, WIDTH)
    layer = drawn(Attention(HEADS, relative=True, name="mixer"), shape, seed)
    layer.table.assign(only_offsets(layer, [(0, 0)] * HEADS, ROWS, COLUMNS))
    out, flat = output(layer, x), np.asarray(x, np.float64)
    (wv, bv), (wo, bo) = kernel(layer.value_projection), kernel(layer.output_projection)
    return {
        "attention_at_identity": relative_error(out, x),
        "attention_at_identity.linear": relative_error(out, (flat @ wv + bv) @ wo + bo),
        "heads_as_convolution": heads_against_convolution(seed, 9),
    }


def only_offsets(layer: Attention, offsets: list[tuple[int, int]], rows: int, columns: int) -> np.ndarray:
    """The bias table with which every head looks at one offset (rows down, columns right) alone."""
    table = np.full(layer.table.shape, NEVER, "float32")
    for head, (down, right) in enumerate(offsets):
        table[(rows - 1 - down) * (2 * columns - 1) + columns - 1 - right, head] = 0
    return table


def heads_against_convolution(seed: int, heads: int) -> float:
    """A 3×3 convolution of 4 channels by attention in which each head is one offset (Cordonnier 2020, theorem 1).

    A head has as many channels as the image: its values are the image, its part of the output projection is one of the
    nine matrices of the kernel. Zeros around the grid are the padding.
    """
    channels = 4
    width = heads * channels
    x = tokens(seed, width=channels)
    convolution = drawn(keras.layers.Conv2D(width, 3, padding="same", name="mixer"), x.shape, seed)
    taps, bias = kernel(convolution)  # (3, 3, channels, width)
    rows, columns = ROWS + 2, COLUMNS + 2
    layer = drawn(Attention(heads, relative=True, name="mixer"), (None, rows, columns, width), seed)
    offsets = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)][:heads]
    layer.table.assign(only_offsets(layer, offsets, rows, columns))
    value = np.zeros((width, width), "float32")
    value[:channels] = np.tile(np.eye(channels), heads)
    layer.value_projection.kernel.assign(value)
    layer.value_projection.bias.assign(np.zeros(width))
    layer.output_projection.kernel.assign(np.concatenate([taps[down + 1, right + 1] for down, right in offsets]))
    layer.output_projection.bias.assign(bias)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, width - channels)))
    return relative_error(output(layer, padded)[:, 1:-1, 1:-1], output(convolution, x))


def widths(seed: int) -> dict[str, float]:
    """Whether any token mixer of a built network changes the number of channels: 1 or 0."""

    def changes(variant: str, kind: type) -> float:
        mixers = [layer for layer in build(CLASSROOM[variant]).layers if layer.name.endswith(".mixer")]
        mixers = [layer for layer in mixers if isinstance(layer, kind)]
        return float(any(layer.input.shape[-1] != layer.output.shape[-1] for layer in mixers))

    if seed != SEEDS[0]:  # no weights
        return {}
    return {
        "dense_conv_changes_width": changes("cnn", keras.layers.Conv2D),
        "depthwise_changes_width": changes("mobilenet_v2", keras.layers.DepthwiseConv2D),
    }


def mixing(seed: int) -> dict[str, float]:
    """How much the mixing matrix changes from input to input: the Jacobian of what is linear, attention's weights."""
    x, shape = tokens(seed, count=6), (None, ROWS, COLUMNS, WIDTH)
    convolution = drawn(keras.layers.Conv2D(WIDTH, 3, padding="same", name="mixer"), shape, seed)
    mixer = drawn(TokenMLP(0.5, "gelu", name="mixer"), shape, seed)
    attention = drawn(Attention(HEADS, name="mixer"), shape, seed)

    def before_activation(grid):
        """(B, H, W, C) → (B, hidden, 1, C): the token MLP up to its activation."""
        x = keras.ops.transpose(keras.ops.reshape(grid, (-1, ROWS * COLUMNS, WIDTH)), (0, 2, 1))
        return keras.ops.transpose(mixer.mlp.expand(x), (0, 2, 1))[:, :, None]

    return {
        "mixing_varies.convolution": variation(np.stack([token_jacobian(convolution, grid, seed) for grid in x])),
        "mixing_varies.token_mlp": variation(np.stack([token_jacobian(before_activation, grid, seed) for grid in x])),
        "mixing_varies.attention": variation(np.asarray(attention(x)[1])),
    }


PARTS = (permutations, dense_layers, patches, attention_alone, widths, mixing)


# Receptive fields

ERF_DEPTH, ERF_WIDTH, ERF_IMAGES = 12, 16, 256


def receptive_field() -> dict:
    """Who depends on whom at random weights, by the Jacobian, and the effective field of a growing stack: a minute."""
    found = [supports(seed) for seed in SEEDS]
    measures = {}
    for name in SUPPORTS:
        unit, worst = SUPPORTS[name]
        measures[name] = exactly(worst(values[name] for values in found), unit)
    radii = np.array([effective_radii(seed) for seed in SEEDS])  # (seeds, depths)
    depths = np.arange(1, ERF_DEPTH + 1)
    measures["erf.slope"] = over_seeds(slope(depths, radii), "slope")
    measures["erf.monotone"] = exactly(np.mean(np.all(np.diff(radii) > 0, axis=1)), "share")
    series = {
        "depth": depths.tolist(),
        "radius": radii.round(4).tolist(),
        "theoretical": depths.tolist(),  # positions to each side
        "images": ERF_IMAGES,
    }
    return {"measures": measures, "series": series}


SUPPORTS: dict[str, tuple[str, Callable]] = {
    "support.cnn_outside": ("ratio", max),
    "support.cnn_inside": ("share", min),
    "support.vit_block1": ("share", min),
    "support.ffn": ("ratio", max),
    "support.pointwise": ("ratio", max),
    "support.convolution3": ("ratio", min),
    "support.attention": ("ratio", min),
    "support.mixer": ("share", min),
    "support.mixer_without_token_mlp": ("share", max),
    "window.local": ("share", max),
    "window.asymmetry": ("ratio", min),
    "depthwise_in_ffn.support": ("ratio", min),
}


def supports(seed: int) -> dict[str, float]:
    """Which positions respond to which, in the lab's layers and networks."""
    shape, grid = (None, ROWS, COLUMNS, WIDTH), tokens(seed)[0]

    def beside(layer: keras.layers.Layer) -> float:
        drawn(layer, shape, seed)
        return off_diagonal(token_jacobian(lambda x: first(layer(x)), grid, seed))

    def network_jacobian(spec: ModelSpec, after: str) -> np.ndarray:
        network = network_of(spec, seed)
        rows, columns, width = network.taps["stem"].shape[1:]
        return token_jacobian(between(network, "stem", after), tokens(seed, 1, rows, columns, width)[0], seed)

    mixer, swin = CLASSROOM["mixer"], CLASSROOM["swin"]
    alone = configure("mixer", {"mixer": "identity"}, IMAGE, 10)
    last = f"stage1.block{len(mixer.blocks)}.out"
    windows = network_jacobian(swin, "stage1.block1.out")
    side = swin.blocks[0].window
    depthwise = isotropic("depthwise_in_ffn", "depthwise", 1, WIDTH)
    depthwise = replace(depthwise, stages=(Stage((inverted_ffn(),)),))
    return {
        **outside_the_field(seed),
        "support.vit_block1": share_of_pairs(network_jacobian(CLASSROOM["vit"], "stage1.block1.out")),
        "support.ffn": beside(FeedForward(4 * WIDTH, "gelu", name="channel")),
        "support.pointwise": beside(keras.layers.Conv2D(WIDTH, 1, name="mixer")),
        "support.convolution3": beside(keras.layers.Conv2D(WIDTH, 3, padding="same", name="mixer")),
        "support.attention": beside(Attention(HEADS, name="mixer")),
        "support.mixer": share_of_pairs(network_jacobian(mixer, last)),
        "support.mixer_without_token_mlp": share_of_pairs(network_jacobian(alone, last)),
        "window.local": share_of_pairs(windows),
        "window.asymmetry": asymmetry(windows, swin.grid, side),
        "depthwise_in_ffn.support": off_diagonal(network_jacobian(depthwise, "stage1.block1.channel")),
    }


def inverted_ffn() -> Block:
    """Expand, depthwise 3×3 convolution, contract (LocalViT, Li 2021): an FFN that sees its neighbours."""
    return Block("inverted", WIDTH, "depthwise", "on", "gelu", "none", ffn_ratio=4)


def first(out):
    """A layer's grid, without attention's weights."""
    return out[0] if isinstance(out, (tuple, list)) else out


def outside_the_field(seed: int) -> dict[str, float]:
    """The convolutional classroom network, with all pixels exchanged but those of one unit's theoretical field.

    For the middle unit behind every convolution and pooling: the largest change of its channels over the largest of its
    values; and, with the pixels inside the field exchanged, the share of these units that change.
    """
    spec = CLASSROOM["cnn"]
    network = network_of(spec, seed)
    names = [name for name in network.taps if name.endswith((".channel", ".pool"))]
    reader = keras.Model(network.input, [network.taps[name] for name in names])
    image, other = pixels(seed, 2)
    fields = dict(zip(names, theoretical_fields(spec), strict=True))
    images = [image]
    for name in names:
        (top, bottom), (left, right) = (fields[name](network.taps[name].shape[axis] // 2) for axis in (1, 2))
        inside = np.zeros(IMAGE, bool)
        inside[max(0, top) : bottom + 1, max(0, left) : right + 1] = True
        images += [np.where(inside, image, other), np.where(inside, other, image)]
    outs = [np.asarray(out) for out in reader(np.stack(images))]
    middle = [out[:, out.shape[1] // 2, out.shape[2] // 2] for out in outs]  # (images, C) of every tap
    outside = [np.abs(unit[1 + 2 * i] - unit[0]).max() / np.abs(unit[0]).max() for i, unit in enumerate(middle)]
    within = [np.abs(unit[2 + 2 * i] - unit[0]).max() > 0 for i, unit in enumerate(middle)]
    return {"support.cnn_outside": float(max(outside)), "support.cnn_inside": float(np.mean(within))}


def theoretical_fields(spec: ModelSpec) -> list[Callable[[int], tuple[int, int]]]:
    """For every convolution and pooling of a plain stack: position along an axis → first and last pixel it sees."""
    layers: list[tuple[int, int, int]] = []
    fields = []
    for stage in spec.stages:
        for step in [(3, 1, 1)] * len(stage.blocks) + [(2, 2, 0)] * stage.pool:
            layers = [step, *layers]
            fields.append(lambda position, behind=tuple(layers): field(position, position, behind))
    return fields


def effective_radii(seed: int) -> list[float]:
    """Radius of the mean absolute gradient of the centre unit with respect to the pixels, for 1 to 12 layers.

    3×3 convolutions with ReLU at stride 1 and random weights; the unit is a random mixture of the centre's channels.
    """
    block = Block("plain", ERF_WIDTH, "convolution", "activation", "relu", "none", skip=False)
    spec = ModelSpec("stack", "convolution", Stem(), (Stage((block,) * ERF_DEPTH),), Head(), IMAGE, 10)
    network = network_of(spec, seed)
    images = (pixels(seed, ERF_IMAGES) / 127.5 - 1).astype("float32")
    mixture = np.random.default_rng([seed, 5]).normal(size=ERF_WIDTH).astype("float32")
    radii, centre = [], (IMAGE[0] // 2, IMAGE[1] // 2)
    source = network.get_layer("stem.rescale").output
    for depth in range(1, ERF_DEPTH + 1):
        part = keras.Model(source, network.taps[f"stage1.block{depth}.channel"])
        cotangent = np.zeros((ERF_IMAGES, *IMAGE[:2], ERF_WIDTH), "float32")
        cotangent[:, centre[0], centre[1]] = mixture
        gradient = vjp(part, images, cotangent)
        radii.append(radius(np.abs(gradient).mean(axis=(0, 3)), centre))
    return radii


# Rank collapse

RANK_DEPTH, RANK_WIDTH, RANK_INPUTS = 24, 64, 8
RANK_FLOOR = 1e-14  # an r below it is rounding in float64
RANK_ARMS = {"san": ("off", False), "skip": ("off", True), "mlp": ("on", False), "both": ("on", True)}


def rank_collapse() -> dict:
    """r(X) behind every one of 24 layers of attention, with and without skip connections and FFN, untrained, no norms.

    64 independent normal tokens of width 64, 4 heads; the lab's starting weights (Glorot-uniform kernels, zero biases);
    float64. Skip connection and FFN are compared behind the last layer at which no r is below `RANK_FLOOR`.
    """
    kept: dict[str, list[list[float]]] = {arm: [] for arm in RANK_ARMS}
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        for arm in RANK_ARMS:
            network = build(rank_spec(arm))  # new, for its own precision
            names = [f"stage1.block{depth}.out" for depth in range(1, RANK_DEPTH + 1)]
            reader = keras.Model(network.taps["stem"], [network.taps[name] for name in names])
            for seed in SEEDS:
                start(network, seed)
                x = np.random.default_rng([seed, 1]).normal(size=(RANK_INPUTS, 8, 8, RANK_WIDTH))
                outs = [np.asarray(out).reshape(RANK_INPUTS, 64, RANK_WIDTH) for out in (x, *reader(x))]
                kept[arm].append([float(residual_share(out).mean()) for out in outs])
    finally:
        keras.config.set_dtype_policy(usual)
    left = {arm: [layers[-1] / layers[0] for layers in rows] for arm, rows in kept.items()}
    measures = {f"r.{arm}": over_seeds(values, "ratio") for arm, values in left.items()}
    above = np.array(list(kept.values())).min(axis=(0, 1)) > RANK_FLOOR  # (layers + 1,)
    compared = RANK_DEPTH if above.all() else int(above.argmin()) - 1
    decades = [np.log10(skip[compared] / mlp[compared]) for skip, mlp in zip(kept["skip"], kept["mlp"], strict=True)]
    measures["skip_over_mlp"] = over_seeds(decades, "ratio", difference=True)
    rounded = {arm: [[float(f"{r:.5g}") for r in layers] for layers in rows] for arm, rows in kept.items()}
    series = {"layers": list(range(RANK_DEPTH + 1)), "arms": rounded, "tokens": 64, "width": RANK_WIDTH, "heads": HEADS}
    series |= {"inputs": RANK_INPUTS, "floor": RANK_FLOOR, "compared": compared}
    return {"measures": measures, "series": series}


def rank_spec(arm: str) -> ModelSpec:
    """Attention blocks without norms on an 8×8 grid of patches."""
    channel, skip = RANK_ARMS[arm]
    block = Block("two_residuals", RANK_WIDTH, "attention", channel, "gelu", "none", heads=HEADS, skip=skip)
    stem = Stem("patch", RANK_WIDTH, 4)
    return ModelSpec(f"rank_{arm}", "attention", stem, (Stage((block,) * RANK_DEPTH),), Head(), IMAGE, 10)
