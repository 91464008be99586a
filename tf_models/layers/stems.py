"""From uint8 pixels to the first grid: positions and the class token."""

import keras
import numpy as np
from keras import ops

PERMUTATION = 2021  # seed of the shuffled position table


def sincos_table(rows: int, columns: int, width: int) -> np.ndarray:
    """Fixed 2-D sine–cosine positions, (rows, columns, width) float32; `width` is a multiple of 4.

    The first half of the channels encodes the row, the second the column, each half with sines, then cosines, of
    frequencies 10000^(-4k/width) (MAE, He 2022, as in big_vision's `posemb_sincos_2d`).
    """
    frequencies = 10000.0 ** (-np.arange(width // 4) / (width // 4))

    def encode(positions: np.ndarray) -> np.ndarray:
        angles = positions[..., None] * frequencies
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)

    row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    return np.concatenate([encode(row), encode(column)], axis=-1).astype("float32")


class Position(keras.layers.Layer):
    """Adds a position table to the grid: (B, H, W, C) → (B, H, W, C).

    ``learned``, fixed ``sincos``, or ``permuted_sincos``: the same table with its positions shuffled once and for all,
    so that it names every position but tells nothing of which are neighbours.
    """

    def __init__(self, kind: str, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.kind = kind

    def build(self, input_shape):
        _, rows, columns, width = input_shape
        if self.kind == "learned":
            self.table = self.add_weight(shape=(rows, columns, width), name="table")
        else:
            self.table = sincos_table(rows, columns, width)
            if self.kind == "permuted_sincos":
                order = np.random.default_rng(PERMUTATION).permutation(rows * columns)
                self.table = self.table.reshape(-1, width)[order].reshape(rows, columns, width)

    def call(self, x):
        return x + ops.cast(self.table, x.dtype)


class ClassToken(keras.layers.Layer):
    """One learned token per image, (B, H, W, C) → (B, 1, C), with a learned position of its own where asked."""

    def __init__(self, position: bool, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.position = position

    def build(self, input_shape):
        self.token = self.add_weight(shape=(1, input_shape[-1]), name="token")
        if self.position:
            self.table = self.add_weight(shape=(1, input_shape[-1]), name="table")

    def call(self, grid):
        token = self.token + self.table if self.position else self.token
        return ops.zeros((ops.shape(grid)[0], 1, 1), dtype=grid.dtype) + ops.cast(token, grid.dtype)
