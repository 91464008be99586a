"""The experiment ``receptive-field``: who depends on whom, and how far a network reaches."""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from tf_models.layers.attention import Attention
from tf_models.layers.channels import FeedForward
from tf_models.probes.cost import slope
from tf_models.probes.receptive_field import asymmetry, off_diagonal, radius, share_of_pairs
from tf_models.training.gradients import token_jacobian, vjp
from tf_models.untrained.identities import ERF_DEPTH, ERF_IMAGES, ERF_WIDTH, between
from tf_models.untrained.random_weights import (
    COLUMNS,
    HEADS,
    IMAGE,
    ROWS,
    SEEDS,
    WIDTH,
    drawn,
    exactly,
    network_of,
    over_seeds,
    pixels,
    tokens,
)
from tf_models.zoo import CLASSROOM, ModelSpec, configure, fields
from tf_models.zoo.families import INVERTED, PLAIN, stack

# Expand, depthwise 3×3 convolution, contract (LocalViT, Li 2021): an FFN that sees its neighbours.
LOCAL_FFN = replace(INVERTED, width=WIDTH, activation="gelu", norm="none", ffn_ratio=4)


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
        "depthwise_in_ffn.support": off_diagonal(
            network_jacobian(stack(LOCAL_FFN, input_shape=IMAGE, patch=4), "stage1.block1.channel")
        ),
    }


def first(out):
    """A layer's grid, without attention's weights."""
    return out[0] if isinstance(out, (tuple, list)) else out


def outside_the_field(seed: int) -> dict[str, float]:
    """The convolutional classroom network, with all pixels exchanged but those of one unit's theoretical field.

    For the middle unit after every convolution and pooling: the largest change of its channels over the largest of its
    values; and, with the pixels inside the field exchanged, the share of these units that change.
    """
    spec = CLASSROOM["cnn"]
    network = network_of(spec, seed)
    names = [name for name in network.taps if name.endswith((".channel", ".pool"))]
    reader = keras.Model(network.input, [network.taps[name] for name in names])
    image, other = pixels(seed, 2)
    images = [image]
    for name in names:
        (top, bottom), (left, right) = fields.receptive_field(spec, name)
        inside = np.zeros(IMAGE, bool)
        inside[top : bottom + 1, left : right + 1] = True
        images += [np.where(inside, image, other), np.where(inside, other, image)]
    outs = [np.asarray(out) for out in reader(np.stack(images))]
    middle = [out[:, out.shape[1] // 2, out.shape[2] // 2] for out in outs]  # (images, C) of every tap
    outside = [np.abs(unit[1 + 2 * i] - unit[0]).max() / np.abs(unit[0]).max() for i, unit in enumerate(middle)]
    within = [np.abs(unit[2 + 2 * i] - unit[0]).max() > 0 for i, unit in enumerate(middle)]
    return {"support.cnn_outside": float(max(outside)), "support.cnn_inside": float(np.mean(within))}


def effective_radii(seed: int) -> list[float]:
    """Radius of the mean absolute gradient of the centre unit with respect to the pixels, for 1 to 12 layers.

    3×3 convolutions with ReLU at stride 1 and random weights; the unit is a random mixture of the centre's channels.
    """
    spec = stack(replace(PLAIN, width=ERF_WIDTH), ERF_DEPTH, input_shape=IMAGE)
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
