"""A visitor's own digit as the images of a data set are: bright on dark, in the middle, as large as theirs."""

import numpy as np
from PIL import Image

INK = 40  # levels of grey above which a pixel counts as drawn on


def is_bright_around(image: np.ndarray) -> bool:
    """Whether the border of an image (H, W, channels) uint8 is bright, as that of ink on paper: its median."""
    grey = image.mean(axis=2)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return bool(np.median(border) >= 128)


def extent(images: np.ndarray) -> float:
    """How much of an image's side its figure takes, bright on dark: the median over (N, H, W, channels) uint8.

    Of each the longer side of the box around what is drawn; 1 where nothing is.
    """
    boxes = [box for image in images if (box := _box(image.mean(axis=2)))]
    shares = [max(bottom - top, right - left) / max(images.shape[1:3]) for top, left, bottom, right in boxes]
    return float(np.median(shares)) if shares else 1.0


def centred(image: np.ndarray, shape: tuple[int, int, int], share: float) -> np.ndarray | None:
    """A figure, bright on dark, in the middle of an image of `shape`, its longer side taking `share` of the shorter.

    None where nothing is drawn.

    Args:
        image: (H, W, channels) uint8.
        shape: (h, w, 1).
    """
    grey = image.mean(axis=2)
    if (box := _box(grey)) is None:
        return None
    top, left, bottom, right = box
    figure = Image.fromarray(grey[top:bottom, left:right].astype(np.uint8))
    factor = share * min(shape[:2]) / max(figure.size)
    size = max(1, round(figure.width * factor)), max(1, round(figure.height * factor))
    small = np.asarray(figure.resize(size, Image.Resampling.BOX))  # as scanned digits were made smaller: by counting
    placed = np.zeros(shape, np.uint8)
    down, across = ((whole - part) // 2 for whole, part in zip(shape, small.shape, strict=False))
    placed[down : down + small.shape[0], across : across + small.shape[1], 0] = small
    return placed


def _box(grey: np.ndarray) -> tuple[int, int, int, int] | None:
    """First and behind the last row and column that are drawn on."""
    drawn = grey > INK
    if not drawn.any():
        return None
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
