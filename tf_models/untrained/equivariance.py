"""The experiment ``equivariance``: what moves with its input, and what sharing of weights has to do with it.

Inputs are white noise, in which neighbours have nothing in common: what does not follow a shift is far off after one
position, as it need not be in photographs.
"""

from collections.abc import Callable
from typing import Literal

import keras
import numpy as np

from tf_models.probes.shift import MARGIN, Shift, circular, crops, equivariance_error, invariance_error
from tf_models.training.initialize import initial_value
from tf_models.untrained.identities import between
from tf_models.untrained.random_weights import SEEDS, WIDTH, drawn, exactly, network_of, output, tokens
from tf_models.zoo import CLASSROOM

DEPTH = 3  # 3×3 convolutions, so that an output sees three positions to each side
INPUTS, GRID = 8, (16, 20)  # sides differ, so that a swap would show
STEPS: tuple[Shift, ...] = (1, 0), (0, 1)  # one position down, one to the right
Border = Literal["wrap", "constant"]  # modes of `np.pad`: circular, zeros


def equivariance() -> dict:
    """How far features are from moving with their input, ε of `equivariance_error`, at random weights: seconds."""
    found = [part(seed, step) for part in PARTS for seed in SEEDS for step in STEPS]
    measures = {
        name: exactly(worst(values[name] for values in found if name in values), "error")
        for name, worst in ERRORS.items()
    }
    return {"measures": measures, "series": {}}


ERRORS: dict[str, Callable] = {  # which of the seeds and directions counts
    "shared.circular": max,
    "shared.circular.pooled": max,
    "shared.zero": min,
    "shared.zero.interior": max,
    "shared.strided": min,
    "shared.strided.two": max,
    "unshared.circular": min,
    "attention.one_token": max,
    "swin.one_token": min,
    "swin.one_window": max,
    "mixer.one_token": min,
}


def convolutions(seed: int, step: Shift) -> dict[str, float]:
    """Stacks of 3×3 convolutions, and one without sharing, on images that move by one pixel.

    What comes in is what went out on the other side or, with zero padding, what lay beyond the crop. After a stride of
    2 there is no position half a step away: what is asked then is whether the mean over the grid stays as it is, as at
    stride 1 (``pooled``), and whether the features move with a shift by two pixels.
    """
    height, width = (side + 2 * MARGIN for side in GRID)
    images, cropped = crops(tokens(seed, INPUTS, height, width), step)
    moved, two = circular(images, step), (2 * step[0], 2 * step[1])
    whole, zero, strided, unshared = stack(seed), stack(seed, "constant"), stack(seed, stride=2), unshared_stack(seed)
    features, whole_moved = whole(images), whole(moved)
    padded, padded_moved, halved = zero(images), zero(cropped), strided(images)
    return {
        "shared.circular": equivariance_error(features, whole_moved, step, 1, wrap=True),
        "shared.circular.pooled": invariance_error(pooled(features), pooled(whole_moved)),
        "shared.zero": equivariance_error(padded, padded_moved, step, 1),
        "shared.zero.interior": equivariance_error(padded, padded_moved, step, 1, border=DEPTH),
        "shared.strided": invariance_error(pooled(halved), pooled(strided(moved))),
        "shared.strided.two": equivariance_error(halved, strided(circular(images, two)), two, 2, wrap=True),
        "unshared.circular": equivariance_error(unshared(images), unshared(moved), step, 1, wrap=True),
    }


def stack(seed: int, border: Border = "wrap", stride: int = 1) -> Callable[[np.ndarray], np.ndarray]:
    """(B, H, W, C) → (B, H/stride, W/stride, C): the layers of `convolution_layers`, each on a grid with a border."""
    layers = convolution_layers(seed, stride)

    def features(x: np.ndarray) -> np.ndarray:
        for layer in layers:
            x = output(layer, bordered(x, border))
        return x

    return features


def convolution_layers(seed: int, stride: int = 1) -> list[keras.layers.Conv2D]:
    """`DEPTH` 3×3 convolutions without padding, a ReLU after each; the first has the stride."""
    shape, strides = (None, None, None, WIDTH), (stride, *[1] * (DEPTH - 1))
    return [
        drawn(keras.layers.Conv2D(WIDTH, 3, strides=step, activation="relu", name=f"layer{n}"), shape, seed)
        for n, step in enumerate(strides, 1)
    ]


def unshared_stack(seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """(B, H, W, C) → (B, H, W, C): the circular `stack` at stride 1, but with another kernel at every position."""
    layers = [(kernels(layer, seed), np.asarray(layer.bias.value)) for layer in convolution_layers(seed)]

    def features(x: np.ndarray) -> np.ndarray:
        for kernel, bias in layers:
            seen = np.lib.stride_tricks.sliding_window_view(bordered(x, "wrap"), (3, 3), (1, 2))  # (B, H, W, C, 3, 3)
            x = np.maximum(np.einsum("bhwcij,hwijcd->bhwd", seen, kernel, optimize=True) + bias, 0)
        return x

    return features


def kernels(layer: keras.layers.Conv2D, seed: int) -> np.ndarray:
    """(H, W, 3, 3, C, C): for every position of `GRID` the starting weights of a layer of its own."""
    path, shape = layer.kernel.path, layer.kernel.shape
    own = [initial_value(f"{row}/{column}/{path}", shape, "float32", seed) for row, column in np.ndindex(GRID)]
    return np.stack(own).reshape(*GRID, *shape)


def bordered(x: np.ndarray, border: Border) -> np.ndarray:
    """(B, H, W, C) → (B, H+2, W+2, C)."""
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=border)


def pooled(features: np.ndarray) -> np.ndarray:
    """The mean over the grid."""
    return features.mean(axis=(1, 2))


def token_mixers(seed: int, step: Shift) -> dict[str, float]:
    """The first two blocks of classroom networks on tokens that move by one, in a circle; for Swin by a window too.

    Positions are added before these blocks, and skip connections carry every token along: what does not move is what
    the mixers add. Not counted is what lies less than half a window from an edge, where Swin's shifted windows end.
    """
    window = CLASSROOM["swin"].blocks[0].window

    def error(name: str, steps: int = 1) -> float:
        network, shift = network_of(CLASSROOM[name], seed), (steps * step[0], steps * step[1])
        blocks = between(network, "stem", "stage1.block2.out")
        x = tokens(seed, INPUTS, *network.taps["stem"].shape[1:])
        return equivariance_error(output(blocks, x), output(blocks, circular(x, shift)), shift, 1, border=window // 2)

    return {
        "attention.one_token": error("vit"),
        "swin.one_token": error("swin"),
        "swin.one_window": error("swin", window),
        "mixer.one_token": error("mixer"),
    }


PARTS = (convolutions, token_mixers)
