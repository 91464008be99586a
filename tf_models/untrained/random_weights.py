"""The lab's layers with random weights, random inputs, and what a run over seeds amounts to."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

import keras
import numpy as np

from tf_models.statistics.effects import Measure, effect_of_seeds
from tf_models.training.build import Network, build
from tf_models.training.initialize import initial_value, start
from tf_models.zoo import ModelSpec

SEEDS = tuple(range(5))
ROWS, COLUMNS, WIDTH, HEADS = 6, 5, 16, 4  # the grid of the identities: sides differ, so that a swap would show
IMAGE = (32, 32, 3)


def exactly(value: float, unit: str) -> Measure:
    """A number without an interval."""
    return Measure(float(value), float(value), float(value), unit, source="exact")


def over_seeds(values: Iterable[float], unit: str) -> Measure:
    """Mean and Student's interval over seeds."""
    return replace(effect_of_seeds(list(values)), unit=unit, source="exact")


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
