"""What every reader of data hands on: images and labels before they are split, and what was left out of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ARRAYS = ("x_train", "y_train", "x_test", "y_test")  # of a .npz
MOST_CLASSES = 1000
NAMED = 10  # files that are left out are named one by one, up to so many


@dataclass(frozen=True)
class LeftOut:
    """Files of a data set that are not used: for what reason (``left_out.REASON`` of the catalogue), how many, and the
    first of them by name, with what was wrong.
    """

    reason: str
    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raw:
    """A data set before it is split. `hash` is of the bytes of images and labels; `x_test` may be None.

    Images are uint8, (N, H, W, channels) with 1 or 3 channels; labels are int64 from 0.
    """

    source: str  # embedded, generated, download or local file
    class_names: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    hash: str
    left_out: tuple[LeftOut, ...] = ()


def numbered(classes: int) -> tuple[str, ...]:
    """The names of classes that have only numbers."""
    return tuple(str(label) for label in range(classes))


def array_hash(*arrays: np.ndarray) -> str:
    """SHA-256, 16 digits, of arrays in the order of `ARRAYS`: what `files.file_hash` gives for a .npz of them."""
    digest = hashlib.sha256()
    for key, array in zip(ARRAYS, arrays, strict=False):
        digest.update(f"{key} {array.shape} {array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def are_uneven(counts: Sequence[int]) -> bool:
    """Whether the largest class has more than half as many images again as the smallest, and three more at least."""
    return bool(counts) and max(counts) > max(1.5 * min(counts), min(counts) + 2)
