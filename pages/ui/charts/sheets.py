"""Arrays to pictures: channel maps and attention maps as contact sheets, principal components as colour."""

import base64
import io

import numpy as np
from PIL import Image

from pages.ui.theme import colours

GAP = 0.12  # space between tiles, as a share of a tile
FLAT = 1e-6  # of the largest value: a component that varies less is rounding
OPAQUE = 0.85  # of the largest weight over an image
OUTSIDE = 0.45  # how bright is what lies outside of a frame
LINE = 4  # pixels of a frame
# Both ends of a range with zero in its middle: Okabe and Ito's blue and vermilion, as dark as each other.
_BELOW, _ZERO, _ABOVE = (np.array(colour, float) for colour in ([0, 114, 178], [245, 245, 245], [213, 94, 0]))


def channel_sheet(
    maps: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, width: int = 720, aspect: float = 1.0
) -> np.ndarray:
    """All channels of one layer as tiles, in rows: (H, W, C) → (height, width, 4) uint8, see `sheet`.

    `low` and `high` end the colour range, for every channel one (C,) or for all the same. Where that is −x and x, blue
    is below zero and orange above. `aspect` is about how much wider than high the sheet is.
    """
    tiles = _coloured(maps, low, high).transpose(2, 0, 1, 3)  # (C, H, W, 3)
    return sheet(tiles, _columns(len(tiles), aspect * maps.shape[0] / maps.shape[1]), width)


def _columns(count: int, aspect: float) -> int:
    """In how many columns `count` tiles leave few places empty and are about `aspect` as many as the rows."""
    best = np.sqrt(count * aspect)

    def badness(columns: int) -> float:
        places = columns * -(-count // columns)
        return (places - count) / places + abs(np.log(columns / best)) / 2

    return min(range(1, count + 1), key=badness)


def colour_bar(low: float, high: float, steps: int = 256) -> np.ndarray:
    """The colours of `channel_sheet` from `low` to `high`: (8, steps, 3) uint8."""
    return np.repeat(_coloured(np.linspace(low, high, steps)[None], low, high), 8, axis=0)


def _coloured(values: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    low, high = np.asarray(low, float), np.asarray(high, float)
    share = (values - low) / np.maximum(high - low, 1e-9)  # from 0 to 1
    if low.ndim or low != -high:
        return colours(share)
    end = np.where(values[..., None] < 0, _BELOW, _ABOVE)
    return (_ZERO + np.abs(2 * np.clip(share, 0, 1) - 1)[..., None] * (end - _ZERO)).astype(np.uint8)


def strongest(maps: np.ndarray, count: int = 4) -> np.ndarray:
    """The channels that vary most over the positions, largest variance first: (H, W, C) → (H, W, `count` at most)."""
    variance = maps.astype(float).var(axis=(0, 1))
    return maps[..., np.argsort(-variance, kind="stable")[:count]]


def components(maps: np.ndarray, count: int = 3) -> np.ndarray:
    """The first principal components over the positions of one image: (H, W, C) → (H, W, `count`) from 0 to 1.

    Each is stretched to its own extremes. A component and its negative fit equally well: the channel that weighs most
    in it counts as positive. A component that there is not, or that is rounding, is 0.5 everywhere.
    """
    flat = maps.reshape(-1, maps.shape[-1]).astype(float)
    _, sizes, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    shown = np.full((len(flat), count), 0.5)
    for index in np.flatnonzero(sizes[:count] > FLAT * np.abs(flat).max(initial=1e-30) * np.sqrt(len(flat))):
        direction = directions[index] * np.sign(directions[index][np.abs(directions[index]).argmax()])
        score = (flat - flat.mean(axis=0)) @ direction
        shown[:, index] = (score - score.min()) / np.ptp(score)
    return shown.reshape(*maps.shape[:2], count)


def strip(maps: np.ndarray, side: int = 32) -> np.ndarray:
    """Channels side by side, each from its smallest to its largest value: (H, W, N) → (h, w, 4) uint8."""
    tiles = _coloured(maps, maps.min(axis=(0, 1)), maps.max(axis=(0, 1))).transpose(2, 0, 1, 3)
    return sheet(tiles, len(tiles), int(len(tiles) * side * (1 + GAP)))


def colour_picture(shares: np.ndarray, side: int = 32) -> np.ndarray:
    """Three channels from 0 to 1 as red, green and blue: (H, W, 3) → (h, w, 3) uint8 of at least `side` pixels."""
    pixels = np.round(255 * shares).astype(np.uint8)
    return enlarge(pixels, max(1, -(-side // max(shares.shape[:2]))))


def overlay(image: np.ndarray, weights: np.ndarray, side: int = 256) -> np.ndarray:
    """Where weights are, over a grey image: the more, the more orange, up to the largest weight.

    Args:
        image: (H, W, 1 or 3) uint8.
        weights: (rows, columns), not negative; they cover the whole image.

    Returns:
        (h, w, 3) uint8 of about `side` pixels.
    """
    grey = photo(image, side).astype(float).mean(axis=2)
    rows, columns = (np.arange(n) * cells // n for n, cells in zip(grey.shape, weights.shape, strict=True))
    share = weights[np.ix_(rows, columns)] / max(float(weights.max()), 1e-12)
    # the grey is kept off both ends, where orange would not be seen, or its absence
    shown = (40 + 0.6 * grey)[..., None] * (1 - OPAQUE * share[..., None]) + OPAQUE * share[..., None] * _ABOVE
    return shown.astype(np.uint8)


def framed(image: np.ndarray, rows: tuple[int, int], columns: tuple[int, int], side: int = 256) -> np.ndarray:
    """An image with a frame around the pixels of these first to last rows and columns, what is outside darker."""
    picture = photo(image, side).astype(float)
    scale = len(picture) // len(image)
    (top, bottom), (left, right) = (
        _around(first * scale, (last + 1) * scale, n)
        for (first, last), n in zip((rows, columns), picture.shape, strict=False)
    )
    outside, line = np.ones((2, *picture.shape[:2]), bool)
    outside[top:bottom, left:right] = False
    line[top + LINE : bottom - LINE, left + LINE : right - LINE] = False
    picture[outside] *= OUTSIDE
    picture[line & ~outside] = _ABOVE
    return picture.astype(np.uint8)


def _around(start: int, stop: int, side: int) -> tuple[int, int]:
    """The outer ends of a frame along one axis: around what it holds, where the picture has room."""
    return max(0, start - LINE), min(side, stop + LINE)


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


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """An (H, W, 1 or 3) uint8 image within a square of `side` pixels, (h, w, 3) uint8; a small one is enlarged pixel by
    pixel.
    """
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).convert("RGB")
    factor = side / max(picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return np.asarray(picture.resize(size, Image.Resampling.NEAREST if factor > 1 else Image.Resampling.LANCZOS))


def data_url(picture: np.ndarray) -> str:
    """A picture (H, W, 3 or 4) uint8 as the address of a PNG that a chart can draw."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
