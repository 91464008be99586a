"""The experiment ``identities``: what holds exactly, whatever the weights."""

from collections.abc import Callable

import keras
import numpy as np
from scipy import special

from tf_models.layers.attention import NEVER, Attention
from tf_models.layers.channels import FeedForward
from tf_models.layers.mixers import TokenMLP
from tf_models.layers.stems import Position
from tf_models.probes.identity import affine_error, relative_error, variation
from tf_models.training.build import Network, build
from tf_models.training.gradients import token_jacobian
from tf_models.untrained.random_weights import (
    COLUMNS,
    HEADS,
    IMAGE,
    ROWS,
    SEEDS,
    WIDTH,
    drawn,
    exactly,
    kernel,
    network_of,
    output,
    pixels,
    shuffled,
    tokens,
)
from tf_models.zoo import CLASSROOM, configure


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
    "patch_order": ("error", max),
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

    def with_positions(kind: str) -> Callable:
        positions = drawn(Position(kind, name="position"), shape, seed)
        return lambda grid: attention(positions(grid))

    mixer = drawn(TokenMLP(0.5, "gelu", name="mixer"), shape, seed)
    ffn = drawn(FeedForward(4 * WIDTH, "gelu", name="channel"), shape, seed)
    network = network_of(configure("vit", {"mixer": "identity", "position": "none"}, IMAGE, 10), seed)
    images = pixels(seed, 4)
    return {
        "permutation.attention": defect(attention),
        "permutation.with_positions": defect(with_positions("sincos")),
        "permutation.with_positions.at_start": defect(with_positions("learned")),
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
            found["patch_order"] = relative_error(shuffled_inside(network, images, side, seed), stem)
    return found


def shuffled_inside(network: Network, images: np.ndarray, side: int, seed: int) -> np.ndarray:
    """The tokens of `images` with the pixels of every patch in another order, the same in all, and the weights that
    belong to them in this order too.
    """
    order = np.random.default_rng([seed, 5]).permutation(side * side)
    layer, (weight, _) = network.get_layer("stem.patch"), kernel(network.get_layer("stem.patch"))
    layer.kernel.assign(weight.reshape(side * side, *weight.shape[2:])[order].reshape(weight.shape))
    cut = cut_patches(images, side)
    batch, rows, columns, _ = cut.shape
    x = cut.reshape(batch, rows, columns, side * side, -1)[:, :, :, order]
    x = x.reshape(batch, rows, columns, side, side, -1).transpose(0, 1, 3, 2, 4, 5).reshape(images.shape)
    return output(between(network, "image", "stem"), x)


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


ERF_DEPTH, ERF_WIDTH, ERF_IMAGES = 12, 16, 256
