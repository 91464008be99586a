"""Attention of every position to every other. It keeps the grid's shape, (B, H, W, C) → (B, H, W, C).

Names of shapes: n = H·W positions, h heads, E extra tokens (a class token, global tokens), d = C/h.
"""

import math

import keras
import numpy as np
from keras import ops

NEVER = -1e9  # a score that softmax turns into 0, in bfloat16 too


class Projected(keras.layers.Layer):
    """Dense layers of C channels, named query, key, value, output: shared names are shared starting weights."""

    parts = ("query", "key", "value", "output")

    def __init__(self, heads: int, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.heads = heads

    def build(self, grid_shape):
        for part in self.parts:
            self.project(part, grid_shape[-1])

    def project(self, part: str, channels: int):
        projection = keras.layers.Dense(channels, name=part, dtype=self.dtype_policy)
        projection.build((None, None, channels))
        setattr(self, f"{part}_projection", projection)

    def split(self, x):
        """(B, n, C) → (B, h, n, d)."""
        x = ops.reshape(x, (-1, x.shape[1], self.heads, x.shape[2] // self.heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def join(self, x):
        """(B, h, n, d) → (B, n, C)."""
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (-1, x.shape[1], x.shape[2] * x.shape[3]))


def sequence(grid, extra=None):
    """(B, H, W, C) and extra tokens (B, E, C), which come first → (B, E+n, C)."""
    x = ops.reshape(grid, (-1, grid.shape[1] * grid.shape[2], grid.shape[3]))
    return x if extra is None else ops.concatenate([extra, x], axis=1)


class Attention(Projected):
    """Multi-head self-attention over all positions (Vaswani 2017, section 3.2; biases everywhere, as in ViT).

    Args:
        heads: number of heads; the channels are a multiple of it.
        relative: add a learned bias for every head and relative position to the scores; extra tokens have none.
        local: these biases start as `local_scores`.
        projected: whether values and output are projected; without, tokens are mixed as they are (W_V = W_O = I).

    Input shape: grid (B, H, W, C), optionally extra tokens (B, E, C), which come first in the sequence.
    Output shape: grid (B, H, W, C); weights (B, h, E+n, E+n), whose rows sum to 1; where they came in, the extra tokens
    (B, E, C).
    """

    def __init__(
        self,
        heads: int,
        relative: bool = False,
        local: bool = False,
        projected: bool = True,
        name: str | None = None,
        dtype=None,
    ):
        super().__init__(heads, name=name, dtype=dtype)
        self.relative, self.local, self.projected = relative, local, projected
        if not projected:
            self.parts = ("query", "key")

    def build(self, grid_shape, extra_shape=None):
        super().build(grid_shape)
        if self.relative:
            _, rows, columns, _ = grid_shape
            self.relative_index = relative_index(rows, columns)  # (n, n)
            self.table = self.add_weight(shape=((2 * rows - 1) * (2 * columns - 1), self.heads), name="table")
            self.start = local_scores(rows, columns, self.heads) if self.local else 0.0

    def call(self, grid, extra=None):
        x = sequence(grid, extra)
        query, key = self.split(self.query_projection(x)), self.split(self.key_projection(x))
        value = self.split(self.value_projection(x) if self.projected else x)
        logits = ops.matmul(query * query.shape[-1] ** -0.5, ops.transpose(key, (0, 1, 3, 2)))  # (B, h, E+n, E+n)
        if self.relative:
            before = 0 if extra is None else extra.shape[1]
            bias = bias_of(self.table + self.start, self.relative_index)
            logits = logits + ops.cast(ops.pad(bias, ((0, 0), (before, 0), (before, 0))), logits.dtype)
        weights = ops.softmax(logits, axis=-1)
        x = self.join(ops.matmul(weights, value))  # (B, E+n, C)
        x = self.output_projection(x) if self.projected else x
        if extra is None:
            return ops.reshape(x, (-1, *grid.shape[1:])), weights
        count = extra.shape[1]
        return ops.reshape(x[:, count:], (-1, *grid.shape[1:])), weights, x[:, :count]


def relative_index(rows: int, columns: int) -> np.ndarray:
    """(n, n): the row of the bias table for query position i and key position j, numbered as in Swin."""
    row, column = (axis.ravel() for axis in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    down = row[:, None] - row[None] + rows - 1
    right = column[:, None] - column[None] + columns - 1
    return down * (2 * columns - 1) + right


def local_scores(rows: int, columns: int, heads: int) -> np.ndarray:
    """((2·rows − 1)·(2·columns − 1), heads): scores by relative position with which every head looks at one neighbour.

    The score is minus the squared distance of a key from the head's neighbour, in positions; the neighbours fill a
    square around the query, as the taps of a kernel do (d'Ascoli 2021, ConViT, section 3, locality strength 1; its gate
    between position and content is left out: both are added).
    """
    side = math.ceil(math.sqrt(heads))
    down, right = np.meshgrid(np.arange(1 - rows, rows), np.arange(1 - columns, columns), indexing="ij")
    scores = []
    for head in range(heads):
        row, column = head // side - side // 2, head % side - side // 2
        # `relative_index` counts from query to key backwards: query − key
        scores.append(-((-down - row) ** 2 + (-right - column) ** 2).ravel())
    return np.stack(scores, axis=-1).astype("float32")


def bias_of(table, index: np.ndarray):
    """(entries, h) → (h, *index.shape)."""
    bias = ops.reshape(ops.take(table, index.ravel(), axis=0), (*index.shape, -1))
    return ops.moveaxis(bias, -1, 0)
