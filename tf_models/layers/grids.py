"""Layers that change the grid itself: patch merging, blurring, unfolding."""

import math

import keras
import numpy as np
from keras import ops

from tf_models.zoo.spec import UNFOLDED


class Merge(keras.layers.Layer):
    """Every 2×2 positions become one with their channels in a row: the first half of Swin's patch merging.

    The order is (0,0), (1,0), (0,1), (1,1), as (row, column); an odd last row or column gets zeros beside it.

    Input shape: (B, H, W, C). Output shape: (B, ⌈H/2⌉, ⌈W/2⌉, 4C).
    """

    def call(self, x):
        _, rows, columns, _ = x.shape
        if rows % 2 or columns % 2:
            x = ops.pad(x, ((0, 0), (0, rows % 2), (0, columns % 2), (0, 0)))
        return ops.concatenate([x[:, i::2, j::2] for j in range(2) for i in range(2)], axis=-1)


class Blur(keras.layers.Layer):
    """Every second position of the grid blurred with [1 2 1]/4 along both sides (Zhang 2019, section 3.2).

    Beyond the border the last row and column are repeated.

    Input shape: (B, H, W, C). Output shape: (B, ⌈H/2⌉, ⌈W/2⌉, C).
    """

    def call(self, x):
        for axis in (1, 2):
            end = x.shape[axis]
            before, after = self._take(x, axis, 0, 1), self._take(x, axis, end - 1, end)
            padded = ops.concatenate([before, x, after], axis=axis)
            left, middle, right = (self._take(padded, axis, k, end + k, 2) for k in range(3))
            x = (left + 2 * middle + right) / 4
        return x

    @staticmethod
    def _take(x, axis: int, start: int, stop: int, step: int = 1):
        part = slice(start, stop, step)
        return x[:, part] if axis == 1 else x[:, :, part]


class EverySecond(keras.layers.Layer):
    """The positions 0, s, 2s, … of the grid: (B, H, W, C) → (B, ⌈H/s⌉, ⌈W/s⌉, C)."""

    def __init__(self, stride: int, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.stride = stride

    def call(self, x):
        return x[:, :: self.stride, :: self.stride]


class Unfold(keras.layers.Layer):
    """The four positions of every 2×2 patch go to four grids, which become images of their own (Mehta 2022, section 3).

    A grid with an odd side is resized first (bilinear), as in the authors' code.

    Input shape: (B, H, W, C). Output shape: (4B, ⌈H/2⌉, ⌈W/2⌉, C).
    """

    def call(self, x):
        _, rows, columns, channels = x.shape
        p, rows, columns = UNFOLDED, math.ceil(rows / UNFOLDED), math.ceil(columns / UNFOLDED)
        if x.shape[1:3] != (p * rows, p * columns):
            x = ops.image.resize(x, (p * rows, p * columns), "bilinear", data_format="channels_last")
        x = ops.reshape(x, (-1, rows, p, columns, p, channels))
        return ops.reshape(ops.transpose(x, (0, 2, 4, 1, 3, 5)), (-1, rows, columns, channels))

    def compute_output_shape(self, input_shape):
        batch, rows, columns, channels = input_shape
        batch = batch and batch * UNFOLDED**2
        return batch, math.ceil(rows / UNFOLDED), math.ceil(columns / UNFOLDED), channels


class Fold(keras.layers.Layer):
    """The inverse of `Unfold`: (4B, ⌈H/2⌉, ⌈W/2⌉, C) → (B, H, W, C) with `rows` and `columns` H and W."""

    def __init__(self, rows: int, columns: int, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.rows, self.columns = rows, columns

    def call(self, x):
        _, rows, columns, channels = x.shape
        p = UNFOLDED
        x = ops.reshape(x, (-1, p, p, rows, columns, channels))
        x = ops.reshape(ops.transpose(x, (0, 3, 1, 4, 2, 5)), (-1, rows * p, columns * p, channels))
        if (rows * p, columns * p) != (self.rows, self.columns):
            x = ops.image.resize(x, (self.rows, self.columns), "bilinear", data_format="channels_last")
        return x

    def compute_output_shape(self, input_shape):
        return input_shape[0] and input_shape[0] // UNFOLDED**2, self.rows, self.columns, input_shape[-1]


class SideBySide(keras.layers.Layer):
    """The attention of the four unfolded grids of every image: (4B, h, n, m) → (B, 4·h, n, m)."""

    def call(self, weights):
        return ops.reshape(weights, (-1, UNFOLDED**2 * weights.shape[1], *weights.shape[2:]))

    def compute_output_shape(self, input_shape):
        batch, heads, *rest = input_shape
        return batch and batch // UNFOLDED**2, UNFOLDED**2 * heads, *rest


class LayerScale(keras.layers.Layer):
    """A learned factor for every channel (Touvron 2021, "Going deeper"): (…, C) → (…, C)."""

    def build(self, input_shape):
        self.layer_scale = self.add_weight(shape=(input_shape[-1],), name="layer_scale")

    def call(self, x):
        return x * ops.cast(self.layer_scale, x.dtype)


class Shuffle(keras.layers.Layer):
    """Every image in another order of its pixels, always the same one.

    Args:
        kind: ``pixels`` (all of them), ``patches`` (whole ones change places) or ``inside`` (the pixels of every patch,
            in the same way in each).
        patch: side of a patch, pixels; divides both sides of the image but for ``pixels``.

    Input shape: (B, H, W, C). Output shape: (B, H, W, C).
    """

    def __init__(self, kind: str, patch: int, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.kind, self.patch = kind, patch

    def build(self, input_shape):
        self.order = shuffled(self.kind, self.patch, *input_shape[1:3])

    def call(self, image):
        pixels = ops.reshape(image, (-1, len(self.order), image.shape[3]))  # (B, H·W, C)
        return ops.reshape(ops.take(pixels, self.order, axis=1), (-1, *image.shape[1:]))


def shuffled(kind: str, patch: int, rows: int, columns: int) -> np.ndarray:
    """(rows · columns,): which pixel of the image, in raster order, comes to each place."""
    rng, places = np.random.default_rng(13), np.arange(rows * columns)
    if kind == "pixels":
        return rng.permutation(places)
    cut = places.reshape(rows // patch, patch, columns // patch, patch).transpose(0, 2, 1, 3)
    patches = cut.reshape(-1, patch * patch)  # (patches, pixels of each)
    patches = rng.permutation(patches) if kind == "patches" else patches[:, rng.permutation(patch * patch)]
    return patches.reshape(cut.shape).transpose(0, 2, 1, 3).ravel()
