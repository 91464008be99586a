"""Arrays to pictures: channel maps and attention maps as contact sheets."""

import numpy as np

from pages.ui.theme import colours

GAP = 0.12  # space between tiles, as a share of a tile


def channel_sheet(maps: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, width: int = 720) -> np.ndarray:
    """All channels of one layer as tiles, in rows: (H, W, C) → (height, width, 4) uint8, see `sheet`.

    `low` and `high` end the colour range, for every channel one (C,) or for all the same.
    """
    span = np.maximum(np.asarray(high, float) - np.asarray(low, float), 1e-9)
    tiles = colours((maps - low) / span).transpose(2, 0, 1, 3)  # (C, H, W, 3)
    columns = int(np.ceil(np.sqrt(len(tiles) * maps.shape[0] / maps.shape[1])))
    return sheet(tiles, columns, width)


def attention_sheet(weights: np.ndarray, columns: int, width: int = 720) -> np.ndarray:
    """One tile per head, `columns` in a row: (heads, rows, columns) weights, each head from 0 to its own largest."""
    return sheet(colours(weights / np.maximum(weights.max(axis=(1, 2), keepdims=True), 1e-9)), columns, width)


def sheet(tiles: np.ndarray, columns: int, width: int) -> np.ndarray:
    """(N, H, W, 3) tiles in `columns` columns, sharp squares, nothing (alpha 0) between: (h, w, 4) uint8."""
    count, rows, cells, _ = tiles.shape
    scale = max(1, int(width / (columns * cells * (1 + GAP))))
    gap = max(1, int(GAP * cells * scale))
    lines = int(np.ceil(count / columns))
    high, wide = rows * scale, cells * scale
    canvas = np.zeros((lines * (high + gap) - gap, columns * (wide + gap) - gap, 4), np.uint8)
    for index, tile in enumerate(tiles):
        top, left = (index // columns) * (high + gap), (index % columns) * (wide + gap)
        canvas[top : top + high, left : left + wide, :3] = enlarge(tile, scale)
        canvas[top : top + high, left : left + wide, 3] = 255
    return canvas


def enlarge(image: np.ndarray, scale: int) -> np.ndarray:
    """Every pixel as a square of `scale` pixels: a browser would blur it."""
    return np.repeat(np.repeat(image, scale, axis=0), scale, axis=1)


def photo(image: np.ndarray, side: int = 256) -> np.ndarray:
    """A model's input as a picture of about `side` pixels: (H, W, 1 or 3) uint8 → (h, w, 3) uint8."""
    rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    return enlarge(rgb, max(1, side // max(image.shape[:2])))
