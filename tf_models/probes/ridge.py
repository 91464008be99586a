"""Ridge regression with an intercept: fitted on some images, penalty chosen on others, read on a third part.

Arrays are (images, ..., width): all rows of an image stand on one side of the split, because rows of one image are
alike and a map that has seen some of them knows the others (Hoerl & Kennard 1970, "Ridge regression").
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

PENALTIES = tuple(10.0**exponent for exponent in range(-9, 4))  # times the mean variance of a column
NOTHING = 1e-12  # of the largest variance: what is smaller is rounding


class Split(NamedTuple):
    """Indices of images, no image in two parts."""

    fit: np.ndarray
    choose: np.ndarray
    test: np.ndarray


class Affine(NamedTuple):
    """x ↦ (x − centre) W + offset, and the penalty with which W was fitted."""

    centre: np.ndarray  # (p,)
    weights: np.ndarray  # (p, q)
    offset: np.ndarray  # (q,)
    penalty: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(..., p) → (..., q)."""
        return (x - self.centre) @ self.weights + self.offset


def split_images(images: int, seed: int, batches: ArrayLike | None = None) -> Split:
    """Half of the images to fit on, a quarter to choose by, a quarter to test on, in an order drawn from `seed`.

    `batches` (images,) numbers what must not be torn apart, such as the batches of a network that normalises by its
    batch; the shares are then those of batches. Fewer than four images, or batches, are a ValueError.
    """
    batches = np.arange(images) if batches is None else np.asarray(batches)
    if batches.shape != (images,):
        raise ValueError(f"{images} images need one batch number each, not shape {batches.shape}")
    names, member = np.unique(batches, return_inverse=True)
    if len(names) < 4:
        raise ValueError(f"{len(names)} images or batches are too few for three parts: at least 4")
    place = np.random.default_rng(seed).permutation(len(names))
    part = np.searchsorted((len(names) // 2, 3 * len(names) // 4), place, side="right")
    return Split(*(np.flatnonzero(part[member] == number) for number in range(3)))


def checked(split: Split, images: int) -> Split:
    """The split, if its parts are not empty, share no image, and name images that there are; a ValueError if not."""
    parts = [np.asarray(part) for part in split]
    together = np.concatenate(parts)
    if not all(part.size for part in parts):
        raise ValueError(f"a part of the split has no images: {tuple(part.size for part in parts)}")
    if together.min() < 0 or together.max() >= images:
        raise ValueError(f"the split names image {together.max()} or {together.min()}, of {images}")
    if len(np.unique(together)) < len(together):
        raise ValueError(f"{len(together) - len(np.unique(together))} images stand in two parts of the split")
    return Split(*parts)


def rows(x: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The rows of these images: (N, ..., p) → (rows, p)."""
    return x[images].reshape(-1, x.shape[-1])


def varying(x: np.ndarray) -> np.ndarray:
    """Rows (rows, p), if they are not all equal; a ValueError if they are."""
    if not np.ptp(x, axis=0).any():
        raise ValueError(f"{len(x)} rows that are all equal explain nothing")
    return x


def principal(x: np.ndarray, fit: np.ndarray, components: int) -> np.ndarray:
    """Coordinates on the first principal axes of the images `fit`, for all images. (N, ..., p) → (N, ..., components).

    A component without variance, by rounding, is 0 everywhere. More components than columns, or than the rows of `fit`
    span, are a ValueError.
    """
    known = varying(rows(x, fit))
    most = min(known.shape[1], len(known) - 1)
    if not 1 <= components <= most:
        raise ValueError(
            f"{len(known)} rows of {known.shape[1]} features have 1 to {most} components, not {components}"
        )
    centre = known.mean(axis=0)
    known = known - centre
    tall = len(known) >= known.shape[1]  # the smaller Gram matrix has the same spectrum, sooner
    spectrum, axes = np.linalg.eigh(known.T @ known if tall else known @ known.T)
    spectrum, axes = spectrum[: -components - 1 : -1], axes[:, : -components - 1 : -1]  # the largest first
    there = spectrum > NOTHING * spectrum[0]
    axes = axes * there if tall else known.T @ axes / np.sqrt(np.where(there, spectrum, np.inf))
    return (x - centre) @ axes


def ridge(x: np.ndarray, y: np.ndarray, split: Split, penalties: Sequence[float] = PENALTIES) -> Affine:
    """The affine map from x (N, ..., p) to y (N, ..., q) with the smallest squared error on the images `choose`.

    Penalties count in mean variances of a column of x, so that the scale of x does not matter; of equally good ones the
    largest is kept. Penalties of 0 or less, and an x that does not vary, are a ValueError.
    """
    if not min(penalties) > 0:
        raise ValueError(f"a penalty of {min(penalties)} is not above 0")
    known, wanted = varying(rows(x, split.fit)), rows(y, split.fit)
    centre, offset = known.mean(axis=0), wanted.mean(axis=0)
    known = known - centre
    spectrum, axes = np.linalg.eigh(known.T @ known / len(known))
    moments = axes.T @ (known.T @ (wanted - offset)) / len(known)  # (p, q)
    ordered = sorted(penalties, reverse=True)
    shrunk = [moments / (np.maximum(spectrum, 0) + penalty * spectrum.mean())[:, None] for penalty in ordered]
    shown, left = (rows(x, split.choose) - centre) @ axes, rows(y, split.choose) - offset
    best = int(np.argmin([np.square(left - shown @ weights).sum() for weights in shrunk]))
    return Affine(centre, axes @ shrunk[best], offset, ordered[best])


def unexplained(y: np.ndarray, predicted: np.ndarray, split: Split) -> float:
    """1 − R² on the images `test`: Σ(y − ŷ)² / Σ(y − ȳ)², summed over rows and columns of y (N, ..., q).

    `predicted` (test images, ..., q). ȳ is the mean row of the images `fit`: a constant that was known before the test,
    and a case of every affine map. 0 is exact, 1 as good as that constant, above 1 worse. A y that does not vary is a
    ValueError.
    """
    known, shown = rows(y, split.fit), y[split.test]
    whole = np.square(shown - known.mean(axis=0)).sum()
    if not (np.ptp(rows(y, split.test), axis=0).any() and whole > 0):
        raise ValueError("a target that is the same in every row has no variance to explain")
    return float(np.square(shown - predicted).sum() / whole)
