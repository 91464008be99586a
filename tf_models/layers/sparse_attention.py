"""Attention to a part of the positions: inside windows, or to what lies near. The cost grows with their number n.

Names of shapes: n = H·W positions, h heads, E extra tokens (global tokens), d = C/h, m positions per window.
"""

import math

import numpy as np
from keras import ops

from tf_models.layers.attention import NEVER, Projected, bias_of, relative_index, sequence
from tf_models.zoo.counts import tile_of


class WindowAttention(Projected):
    """Attention inside windows that tile the grid (Liu 2021, section 3.2).

    With `shifted`, the grid is rolled by half a window first, along every side that is longer than a window; positions
    that were not neighbours before get -100 in the scores, as in the authors' code. A grid that windows do not tile is
    padded; nothing looks at the padding.

    Args:
        heads: number of heads.
        window: rows and columns of a window.
        shifted: whether the windows are shifted.
        relative: add a learned bias for every head and relative position to the scores.

    Input shape: grid (B, H, W, C).
    Output shape: grid (B, H, W, C); weights (B, windows, h, m, m) with m positions per window.
    """

    def __init__(
        self,
        heads: int,
        window: tuple[int, int],
        shifted: bool,
        relative: bool = False,
        name: str | None = None,
        dtype=None,
    ):
        super().__init__(heads, name=name, dtype=dtype)
        self.window, self.shifted, self.relative = window, shifted, relative

    def build(self, grid_shape):
        super().build(grid_shape)
        sides = grid_shape[1:3]
        self.tiles = tuple(math.ceil(n / m) for n, m in zip(sides, self.window, strict=True))
        self.padding = tuple(t * m - n for t, m, n in zip(self.tiles, self.window, sides, strict=True))
        self.shift = tuple(m // 2 if self.shifted and n > m else 0 for n, m in zip(sides, self.window, strict=True))
        regions = self._regions(sides)  # (windows, m)
        apart = regions[:, :, None] != regions[:, None]
        self.mask = np.where(apart, np.float32(-100), np.float32(0))[:, None] if apart.any() else None
        if self.relative:
            rows, columns = self.window
            self.relative_index = relative_index(rows, columns)
            self.table = self.add_weight(shape=((2 * rows - 1) * (2 * columns - 1), self.heads), name="table")

    def _regions(self, sides) -> np.ndarray:
        """(windows, m): positions of one window with the same number may attend to each other."""
        axes = []
        for n, shift, m, padded in zip(sides, self.shift, self.window, self.padding, strict=True):
            number = np.zeros(n + padded, int)
            if shift:
                number[-m:-shift], number[-shift:] = 1, 2
            number[np.roll(np.arange(n + padded), -shift) >= n] = 3  # padding
            axes.append(number)
        numbers = axes[0][:, None] * 4 + axes[1][None]
        (th, tw), (mh, mw) = self.tiles, self.window
        return numbers.reshape(th, mh, tw, mw).swapaxes(1, 2).reshape(th * tw, mh * mw)

    def _cut(self, x):
        """(B, H, W, C) → (B, windows, h, m, d)."""
        x = ops.pad(x, ((0, 0), (0, self.padding[0]), (0, self.padding[1]), (0, 0))) if any(self.padding) else x
        x = ops.roll(x, (-self.shift[0], -self.shift[1]), axis=(1, 2)) if any(self.shift) else x
        (th, tw), (mh, mw), d = self.tiles, self.window, x.shape[-1] // self.heads
        x = ops.reshape(x, (-1, th, mh, tw, mw, self.heads, d))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 5, 2, 4, 6)), (-1, th * tw, self.heads, mh * mw, d))

    def _uncut(self, x, rows: int, columns: int):
        """(B, windows, h, m, d) → (B, H, W, C)."""
        (th, tw), (mh, mw), d = self.tiles, self.window, x.shape[-1]
        x = ops.transpose(ops.reshape(x, (-1, th, tw, self.heads, mh, mw, d)), (0, 1, 4, 2, 5, 3, 6))
        x = ops.reshape(x, (-1, th * mh, tw * mw, self.heads * d))
        x = ops.roll(x, self.shift, axis=(1, 2)) if any(self.shift) else x
        return x[:, :rows, :columns]

    def call(self, grid):
        query, key, value = (
            self._cut(projection(grid))
            for projection in (self.query_projection, self.key_projection, self.value_projection)
        )
        key = ops.transpose(key, (0, 1, 2, 4, 3))
        logits = ops.matmul(query * query.shape[-1] ** -0.5, key)  # (B, windows, h, m, m)
        if self.relative:
            logits = logits + ops.cast(bias_of(self.table, self.relative_index), logits.dtype)
        if self.mask is not None:
            logits = logits + ops.cast(self.mask, logits.dtype)
        weights = ops.softmax(logits, axis=-1)
        x = self._uncut(ops.matmul(weights, value), *grid.shape[1:3])
        return self.output_projection(x), weights

    def dense_weights(self, weights: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """(B, windows, h, m, m) → (B, h, n, n), with zeros between windows."""
        position = np.arange(math.prod(grid)).reshape(grid)
        padded = np.pad(position, [(0, padding) for padding in self.padding], constant_values=-1)
        padded = np.roll(padded, [-shift for shift in self.shift], (0, 1))
        (th, tw), (mh, mw) = self.tiles, self.window
        inside = padded.reshape(th, mh, tw, mw).swapaxes(1, 2).reshape(th * tw, mh * mw)
        dense = np.zeros((len(weights), self.heads, position.size, position.size), weights.dtype)
        for window, positions in enumerate(inside):
            real = positions >= 0
            rows, columns = np.ix_(positions[real], positions[real])
            dense[:, :, rows, columns] = weights[:, window][:, :, real][..., real]
        return dense


class SlidingAttention(Projected):
    """Attention to the positions at most `reach` away, and to and from global tokens (Beltagy 2020, section 3.1).

    ``raster`` slides over the positions in raster order, as over a text; ``grid`` over rows and columns, positions at
    most `reach` away in both. The scores of a tile of queries are computed with whole tiles of keys around it, at most
    about twice the pairs that are kept; no n × n tensor exists. Extra tokens are global: every position attends to them
    and its own surroundings in one softmax, and they attend to everything, with projections of their own
    (global_query, global_key, global_value), as in the authors' code.

    Args:
        heads: number of heads.
        reach: positions to each side.
        order: ``raster`` or ``grid``.
        relative: add a learned bias for every head and relative position to the scores; global tokens have none.
        update: whether the global tokens are worked out too; where nothing reads them any more, they need not be.

    Input shape: grid (B, H, W, C), optionally extra tokens (B, E, C).
    Output shape: grid (B, H, W, C); weights (B, h, tiles, queries, E + keys) of the grid's positions; with `update`,
    where they came in, the extra tokens (B, E, C).
    """

    def __init__(
        self,
        heads: int,
        reach: int,
        order: str,
        relative: bool = False,
        update: bool = True,
        name: str | None = None,
        dtype=None,
    ):
        super().__init__(heads, name=name, dtype=dtype)
        self.reach, self.order, self.relative, self.update = reach, order, relative, update

    def build(self, grid_shape, extra_shape=None):
        super().build(grid_shape)
        if extra_shape is not None and self.update:
            for part in ("global_query", "global_key", "global_value"):
                self.project(part, grid_shape[-1])
        rows, columns = grid_shape[1:3]
        self.sides = (rows * columns,) if self.order == "raster" else (rows, columns)
        self.tile = tile_of(self.sides, self.reach)
        self.tiles = tuple(math.ceil(n / self.tile) for n in self.sides)
        self.around = math.ceil(self.reach / self.tile)  # tiles of keys to each side
        near, offset = self._axis(self.sides[0])  # (tiles, queries, keys), (queries, keys)
        if len(self.sides) == 2:
            width, (near_c, offset_c) = 2 * self.reach + 1, self._axis(self.sides[1])
            near = near[:, None, :, None, :, None] & near_c[None, :, None, :, None, :]
            near = near.reshape(math.prod(self.tiles), self.tile**2, -1)
            offset = offset[:, None, :, None] * width + offset_c[None, :, None, :]
            offset = offset.reshape(near.shape[1:])
        self.mask = np.where(near, np.float32(0), np.float32(NEVER))  # (tiles, queries, keys)
        if self.relative:
            self.relative_index = offset
            self.table = self.add_weight(shape=((2 * self.reach + 1) ** len(self.sides), self.heads), name="table")

    def _axis(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Along one axis: which (tile, query, key) may attend, and the number of their offset, from 0 to 2·reach."""
        query = np.arange(self.tile)
        key = np.arange(-self.around * self.tile, (self.around + 1) * self.tile)
        offset = key[None] - query[:, None]
        place = np.arange(math.ceil(n / self.tile))[:, None] * self.tile + key[None]  # (tiles, keys)
        near = (np.abs(offset) <= self.reach)[None] & ((place >= 0) & (place < n))[:, None]
        return near, np.clip(offset + self.reach, 0, 2 * self.reach)

    def _heads_first(self, x):
        """(B, n, C) or (B, H, W, C) → (B, h, n, d) or (B, h, H, W, d)."""
        x = ops.reshape(x, (-1, *x.shape[1:-1], self.heads, x.shape[-1] // self.heads))
        return ops.moveaxis(x, -2, 1)

    def _cut(self, x):
        """(B, h, n, d) or (B, h, H, W, d) → (B, h, tiles, positions, d), or (B, h, rows, columns of tiles, t, t, d)."""
        t, sides = self.tile, self.sides
        for axis, (n, tiles) in enumerate(zip(sides, self.tiles, strict=True), 2):
            x = _pad(x, axis, 0, tiles * t - n)
        if len(sides) == 1:
            return ops.reshape(x, (-1, self.heads, *self.tiles, t, x.shape[-1]))
        x = ops.reshape(x, (-1, self.heads, self.tiles[0], t, self.tiles[1], t, x.shape[-1]))
        return ops.transpose(x, (0, 1, 2, 4, 3, 5, 6))

    def _widen(self, x):
        """Every tile with the tiles around it: (B, h, tiles…, t…, d) → (B, h, tiles…, keys…, d).

        On tensors of few axes and with `ops.slice`, whose gradient is a padding: that of indexing took most of a step.
        """
        t, d, keys = self.tile, x.shape[-1], (2 * self.around + 1) * self.tile
        if len(self.sides) == 1:
            x = self._beside(ops.reshape(x, (-1, self.tiles[0], t * d)))
            return ops.reshape(x, (-1, self.heads, *self.tiles, keys, d))
        rows, columns = self.tiles
        x = self._beside(ops.reshape(x, (-1, rows, columns, t * t * d)))  # (B·h, rows, columns, keys · t·d)
        x = self._beside(ops.reshape(x, (-1, columns, keys, t * d)))  # (B·h·rows, columns, keys, keys·d)
        return ops.reshape(x, (-1, self.heads, *self.tiles, keys, keys, d))

    def _beside(self, x):
        """Concatenate, on the last axis, every entry of axis 1 with those up to `around` before and after it."""
        count = x.shape[1]
        x = ops.pad(x, [(self.around, self.around) if axis == 1 else (0, 0) for axis in range(len(x.shape))])
        parts = [_rows(x, step, count) for step in range(2 * self.around + 1)]
        return ops.concatenate(parts, axis=-1)

    def _flat(self, x):
        """(B, h, tiles…, positions…, d) → (B, h, tiles, positions, d)."""
        axes = len(self.sides)
        positions = math.prod(x.shape[2 + axes : -1])
        return ops.reshape(x, (-1, self.heads, math.prod(self.tiles), positions, x.shape[-1]))

    def _uncut(self, x, rows: int, columns: int):
        """(B, h, tiles, queries, d) → (B, H, W, C)."""
        t, d = self.tile, x.shape[-1]
        if len(self.sides) == 1:
            x = ops.transpose(x, (0, 2, 3, 1, 4))
            x = ops.reshape(x, (-1, self.tiles[0] * t, self.heads * d))[:, : rows * columns]
            return ops.reshape(x, (-1, rows, columns, self.heads * d))
        x = ops.reshape(x, (-1, self.heads, *self.tiles, t, t, d))
        x = ops.transpose(x, (0, 2, 4, 3, 5, 1, 6))
        return ops.reshape(x, (-1, self.tiles[0] * t, self.tiles[1] * t, self.heads * d))[:, :rows, :columns]

    def call(self, grid, extra=None):
        _, rows, columns, channels = grid.shape
        x = sequence(grid) if self.order == "raster" else grid
        scale = (channels // self.heads) ** -0.5
        query, key, value = (
            self._cut(self._heads_first(projection(x)))
            for projection in (self.query_projection, self.key_projection, self.value_projection)
        )
        query = self._flat(query) * scale  # (B, h, tiles, queries, d)
        key, value = self._flat(self._widen(key)), self._flat(self._widen(value))  # (B, h, tiles, keys, d)
        logits = ops.matmul(query, ops.transpose(key, (0, 1, 2, 4, 3)))  # (B, h, tiles, queries, keys)
        if self.relative:
            logits = logits + ops.cast(ops.expand_dims(bias_of(self.table, self.relative_index), 1), logits.dtype)
        logits = logits + ops.cast(self.mask, logits.dtype)
        if extra is None:
            weights = ops.softmax(logits, axis=-1)
            x = ops.matmul(weights, value)
        else:
            count = extra.shape[1]
            to_key, to_value = (
                ops.expand_dims(self.split(projection(extra)), 2)  # (B, h, 1, E, d)
                for projection in (self.key_projection, self.value_projection)
            )
            to_global = ops.matmul(query, ops.transpose(to_key, (0, 1, 2, 4, 3)))  # (B, h, tiles, queries, E)
            weights = ops.softmax(ops.concatenate([to_global, logits], axis=-1), axis=-1)
            x = ops.matmul(weights[..., :count], to_value) + ops.matmul(weights[..., count:], value)
        out = self.output_projection(self._uncut(x, rows, columns))
        return (out, weights, self._global(grid, extra, scale)) if extra is not None and self.update else (out, weights)

    def _global(self, grid, extra, scale: float):
        """What the global tokens take from all tokens: (B, E, C)."""
        everything = sequence(grid, extra)
        query = self.split(self.global_query_projection(extra)) * scale
        key, value = (
            self.split(projection(everything))
            for projection in (self.global_key_projection, self.global_value_projection)
        )
        weights = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), axis=-1)  # (B, h, E, E+n)
        return self.output_projection(self.join(ops.matmul(weights, value)))

    def dense_weights(self, weights: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
        """(B, h, tiles, queries, E + keys) → (B, h, n, n), with zeros beyond the reach; global tokens are left out."""
        t, border = self.tile, self.around * self.tile
        position = np.arange(math.prod(self.sides)).reshape(self.sides)
        padding = [(border, border + tiles * t - n) for tiles, n in zip(self.tiles, self.sides, strict=True)]
        padded = np.pad(position, padding, constant_values=-1)
        dense = np.zeros((len(weights), self.heads, position.size, position.size), weights.dtype)
        weights = weights[..., weights.shape[-1] - self.mask.shape[-1] :]
        for number, corner in enumerate(np.ndindex(*self.tiles)):
            starts = [place * t for place in corner]
            around = padded[tuple(slice(s, s + border * 2 + t) for s in starts)].ravel()
            own = padded[tuple(slice(s + border, s + border + t) for s in starts)].ravel()
            rows, columns = np.ix_(own[own >= 0], around[around >= 0])
            dense[:, :, rows, columns] = weights[:, :, number, own >= 0][..., around >= 0]
        return dense


def _pad(x, axis: int, before: int, after: int):
    if not before and not after:
        return x
    return ops.pad(x, [(before, after) if i == axis else (0, 0) for i in range(len(x.shape))])


def _rows(x, start: int, count: int):
    """`count` entries of axis 1 from `start` on."""
    return ops.slice(x, (0, start, *[0] * (len(x.shape) - 2)), (ops.shape(x)[0], count, *x.shape[2:]))
