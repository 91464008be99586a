"""Which positions a token mixer lets a position look at: the pairs that `counts.kept_pairs` counts, on the grid."""

import numpy as np

from tf_models.zoo.counts import Grid, window_of
from tf_models.zoo.spec import Block


def reached(block: Block, grid: Grid, position: tuple[int, int], shifted: bool = False) -> np.ndarray:
    """(rows, columns), true where `position` (row, column) looks; extra tokens, such as a global one, are left out.

    `shifted` says whether windows are shifted by half a window.
    """
    (row, column), (down, right) = position, np.indices(grid)
    match block.mixer:
        case "identity":
            return (down == row) & (right == column)
        case "convolution" | "depthwise" | "pool" | "unshared":
            return _near(down - row, right - column, block.kernel // 2)
        case "sliding" if block.sliding == "grid":
            return _near(down - row, right - column, window_of(block, grid)[0])
        case "sliding":
            return np.abs((down - row) * grid[1] + right - column) <= window_of(block, grid)[0]
        case "window":
            tiles = zip((down, right), position, grid, window_of(block, grid), strict=True)
            same = [_tile(axis, n, side, shifted) == _tile(at, n, side, shifted) for axis, at, n, side in tiles]
            return same[0] & same[1]
    return np.ones(grid, bool)


def _near(down: np.ndarray, right: np.ndarray, reach: int) -> np.ndarray:
    return np.maximum(np.abs(down), np.abs(right)) <= reach


def _tile(place, n: int, side: int, shifted: bool):
    """The number of the window in which a place lies along one axis of n; a shift has none where one window is all."""
    return (place - (side // 2 if shifted and n > side else 0)) // side
