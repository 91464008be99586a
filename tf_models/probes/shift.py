"""What a shift of the image does to features and predictions (Zhang 2019, "Making convolutional networks
shift-invariant again").

A shift is (down, right) in pixels; negative is up or left. Images are (N, H, W, C), features (N, h, w, C).
"""

import numpy as np
from numpy.typing import ArrayLike

from tf_models.probes.checks import finite

MARGIN = 4  # pixels around a crop, at least
FRAMED = 24  # pixels: from this side on, an image moves behind a frame; smaller ones have an empty border
MOVES = ("circular", "seen")

Shift = tuple[int, int]


def circular(images: ArrayLike, shift: Shift) -> np.ndarray:
    """T_s x: content moves by `shift` and comes in again on the other side. (N, H, W, C) → the same, type kept."""
    return np.roll(_images(images), shift, axis=(1, 2))


def crops(images: ArrayLike, shift: Shift, margin: int = MARGIN) -> tuple[np.ndarray, np.ndarray]:
    """The middle of every image, and the same with its content moved by `shift`: what comes in was there all along.

    (N, H, W, C) → two arrays (N, H − 2·margin, W − 2·margin, C), type kept. A margin below 4, smaller than the shift,
    or as large as half the image is a ValueError.
    """
    images = _images(images)
    if margin < MARGIN or margin < max(map(abs, shift)):
        raise ValueError(f"a margin of {margin} pixels is below {MARGIN} or below the shift {shift}")
    if min(images.shape[1:3]) <= 2 * margin:
        raise ValueError(f"an image of {images.shape[1]}×{images.shape[2]} pixels has no middle beyond {margin}")

    def window(down: int, right: int) -> np.ndarray:
        height, width = (size - 2 * margin for size in images.shape[1:3])
        return images[:, margin - down : margin - down + height, margin - right : margin - right + width]

    return window(0, 0), window(*shift)


def moved(images: ArrayLike, shift: Shift, move: str) -> tuple[np.ndarray, np.ndarray]:
    """Images as they are to be compared, and the same with their content moved by `shift`, by one of `MOVES`.

    ``circular``: see `circular`. ``seen``: images of 24 pixels or more move behind a frame of their mean colour, so
    that what comes in was there all along (`crops`); of smaller ones, whose border is empty, what comes in is 0.
    (N, H, W, C) → two of the same, type kept.
    """
    images = _images(images)
    if move == "circular":
        return images, circular(images, shift)
    if move != "seen":
        raise ValueError(f"a move {move!r} is none of {', '.join(MOVES)}")
    if min(images.shape[1:3]) >= FRAMED:
        around = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
        frame = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape).astype(images.dtype)
        parts = crops(images, shift)
        inside = np.pad(np.ones_like(parts[0], bool), around)
        still, after = (np.where(inside, np.pad(part, around), frame) for part in parts)
        return still, after
    after = circular(images, shift)
    (down, right), (height, width) = shift, images.shape[1:3]
    rows, columns = np.arange(height), np.arange(width)
    came = ((rows < down) | (rows >= height + down))[:, None] | ((columns < right) | (columns >= width + right))[None]
    after[:, came] = 0
    return images, after


def equivariance_error(
    features: ArrayLike, shifted: ArrayLike, shift: Shift, reduction: int, border: int = 0, wrap: bool = False
) -> float:
    """ε(s) = E‖f(T_s x) − T_{s/r} f(x)‖² / E‖f(x′) − f(x)‖², x′ another image: 0 for an equivariant f.

    About 1 where f(T_s x) has no more to do with f(x) than another image has. `features` are f(x), `shifted` f(T_s x),
    (N, h, w, C); `shift` s counts pixels, `reduction` r pixels to a position. Interior only: positions and where they
    came from are `border` positions away from every edge, or more; with `wrap`, for a circular f of circular shifts,
    what left on one side comes in on the other. The same images and positions stand above and below, all pairs of
    images below. A shift that r does not divide, fewer than two images, no interior and features that are the same for
    all images are a ValueError.
    """
    features, shifted = finite("features", features, (4,)), finite("shifted", shifted, (4,))
    _same(features, shifted)
    rows, columns = (
        _interior(length, _steps(s, reduction), border, wrap)
        for length, s in zip(features.shape[1:3], shift, strict=True)
    )
    moved = np.roll(features, [_steps(s, reduction) for s in shift], axis=(1, 2))[:, rows, columns]
    return _relative(shifted[:, rows, columns], moved)


def invariance_error(outputs: ArrayLike, shifted: ArrayLike) -> float:
    """E‖g(T_s x) − g(x)‖² / E‖g(x′) − g(x)‖² of outputs without positions, such as logits (N, k), for any shift."""
    outputs, shifted = finite("outputs", outputs, (2,)), finite("shifted", shifted, (2,))
    _same(outputs, shifted)
    return _relative(shifted, outputs)


def consistency(predictions: ArrayLike, shifted: ArrayLike) -> float:
    """Chance-corrected share of images whose class (N,) does not change: (p − Σπ_c²) / (1 − Σπ_c²).

    π_c is how often class c is predicted, over both arrays (Scott 1955, "Reliability of content analysis"). 1 if no
    class changes, 0 for what two unrelated predictions with these frequencies agree on, −1 at least. A single class in
    both arrays is a ValueError.
    """
    one, other = np.asarray(predictions), np.asarray(shifted)
    if one.ndim != 1 or one.shape != other.shape or len(one) < 2:
        raise ValueError(
            f"predictions of shapes {one.shape} and {other.shape} are not one class for each of two images or more"
        )
    if not (np.issubdtype(one.dtype, np.integer) and np.issubdtype(other.dtype, np.integer)):
        raise ValueError(f"predictions of types {one.dtype} and {other.dtype} are not numbers of classes")
    counts = np.unique(np.concatenate([one, other]), return_counts=True)[1]
    if len(counts) == 1:
        raise ValueError("predictions of a single class agree by chance alone")
    chance = np.square(counts / counts.sum()).sum()
    return float((np.mean(one == other) - chance) / (1 - chance))


def _images(images: ArrayLike) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or not images.size:
        raise ValueError(f"images of shape {images.shape} are not (N, H, W, C)")
    return images


def _same(features: np.ndarray, shifted: np.ndarray) -> None:
    if features.shape != shifted.shape or len(features) < 2:
        raise ValueError(f"shapes {features.shape} and {shifted.shape} are not one, of at least two images")


def _steps(shift: int, reduction: int) -> int:
    """The shift in positions of the grid."""
    if reduction < 1 or shift % reduction:
        raise ValueError(f"a shift of {shift} pixels is not a multiple of the reduction {reduction}")
    return shift // reduction


def _interior(length: int, steps: int, border: int, wrap: bool) -> slice:
    """Positions along an axis that lie inside, as do those from which they came."""
    come, gone = (0, 0) if wrap else (max(steps, 0), max(-steps, 0))
    if border < 0 or border + come >= length - border - gone:
        raise ValueError(f"a border of {border} and a shift of {steps} leave nothing of {length} positions")
    return slice(border + come, length - border - gone)


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    """E‖found − expected‖² over E‖expected of another image − expected‖², which is twice the unbiased variance."""
    other = 2 * expected.var(axis=0, ddof=1).sum()
    if not np.ptp(expected, axis=0).any():
        raise ValueError("features that are the same for all images look unchanged by anything")
    return float(np.square(found - expected).sum() / len(found) / other)
