"""Training images as they are seen this time: mirrored or not, and moved a little.

Drawing is apart from moving, so that images in an accelerator's memory are moved there.
"""

from types import ModuleType

import numpy as np

REACH = 4  # pixels
Moves = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw(rng: np.random.Generator, count: int) -> Moves:
    """For `count` images: the row and the column of the padded image at which each begins, from 0 to 2 · `REACH`, and
    whether it is mirrored; all (count, 1).
    """
    down, right = rng.integers(0, 2 * REACH + 1, (2, count, 1))
    return down, right, rng.random((count, 1)) < 0.5


def moved(images, down, right, mirrored, on: ModuleType = np):
    """Images (B, H, W, channels), moved and mirrored; what comes in at an edge mirrors what is inside.

    `on` is NumPy, or JAX's for its arrays.
    """
    count, height, width, _ = images.shape
    padded = on.pad(images, ((0, 0), (REACH, REACH), (REACH, REACH), (0, 0)), mode="reflect")
    rows, columns = down + on.arange(height), right + on.arange(width)
    columns = on.where(mirrored, columns[:, ::-1], columns)
    return padded[on.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
