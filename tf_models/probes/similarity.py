"""How alike two networks represent the same images.

Features are (N images, p), row i of both sides from the same image; the widths may differ. All three measures are blind
to a shift, a rotation and a common scale of the features, and to nothing else: a general linear map changes them.
Features of other shapes or other numbers of images, values that are not finite, and features that are the same for
every image are a ValueError.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from tf_models.probes.checks import finite

ROUNDING = 1e-12  # of the largest value: what differs by less counts as equal


def pool(maps: ArrayLike, cells: int) -> np.ndarray:
    """Average over `cells` × `cells` equal areas of each map: (N, H, W, C) → (N, cells · cells · C), 1 → (N, C).

    A position that lies in two areas counts in each with the part that lies there, so that any side of a map will do
    and the mean over the areas is that of the map. Fewer than one cell is a ValueError.
    """
    maps = finite("maps", maps, (4,))
    if cells < 1:
        raise ValueError(f"{cells} cells per side are fewer than 1")
    rows, columns = (_areas(side, cells) for side in maps.shape[1:3])
    return np.einsum("ah,bw,nhwc->nabc", rows, columns, maps, optimize=True).reshape(len(maps), -1)


def centred_gram(features: ArrayLike) -> np.ndarray:
    """Linear Gram matrix without its diagonal, U-centred (Székely and Rizzo 2014, definition 2). (N, p) → (N, N)

    The mean over all pairs of the product of two such matrices is HSIC₁ of Song 2012 (equation 5). Fewer than four
    images are a ValueError, and so are features that set no more than one image apart from the others.
    """
    x = finite("features", features, (2,))
    if len(x) < 4:
        raise ValueError(f"the unbiased HSIC needs 4 images, not {len(x)}")
    x = _centred(x)
    gram = x @ x.T
    size = np.linalg.norm(gram)
    np.fill_diagonal(gram, 0)
    rows = gram.sum(0) / (len(x) - 2)
    gram += rows.sum() / (len(x) - 1) - rows - rows[:, None]
    np.fill_diagonal(gram, 0)
    if not np.linalg.norm(gram) > ROUNDING * size:
        raise ValueError(f"the features of {len(x)} images set no more than one of them apart from the others")
    return gram


def hsic(x: ArrayLike, y: ArrayLike) -> float:
    """Unbiased HSIC₁ with linear kernels (Song 2012): estimates ‖Cov(x, y)‖², by chance below 0 where that is 0."""
    a, b = _grams(x, y)
    return float(np.vdot(a, b) / (len(a) * (len(a) - 3)))


def cka(x: ArrayLike, y: ArrayLike) -> float:
    """Linear CKA with the unbiased HSIC₁ (Kornblith 2019; Nguyen 2021): HSIC(x, y) / √(HSIC(x, x) HSIC(y, y)).

    1 for the same features up to shift, rotation and scale; about 0, and not always above, for independent ones
    however wide they are, with a standard deviation of at most about 1.4 / N. Never outside of −1 to 1.
    """
    return _cosine([_grams(x, y)])


def cka_within(x: ArrayLike, y: ArrayLike, labels: ArrayLike) -> float:
    """`cka` over the pairs of images of one class only: HSIC₁ of every class, summed with its number of pairs.

    Two networks that only tell the same classes apart have a high `cka` and none of this. `labels` (N,). A class of
    fewer than four images is a ValueError.
    """
    x, y = _pair(x, y)
    labels = np.asarray(labels)
    if labels.shape != (len(x),):
        raise ValueError(f"labels of shape {labels.shape} are not one for each of {len(x)} images")
    return _cosine(_grams(x[labels == c], y[labels == c]) for c in np.unique(labels))


def mutual_neighbours(x: ArrayLike, y: ArrayLike, k: int = 10) -> float:
    """Share of the k nearest neighbours of an image in x that are among its k in y, averaged over images (Huh 2024).

    Neighbours by Euclidean distance between features, the image itself left out. From 0 to 1; chance is k / (N − 1).
    Where several images are equally far, they share the places that are left among the k. `k` is from 1 to N − 2
    (ValueError): with N − 1 everybody is a neighbour of everybody.
    """
    x, y = _pair(x, y)
    if not 1 <= k <= len(x) - 2:
        raise ValueError(f"{k} neighbours are not from 1 to {len(x) - 2}, two less than there are images")
    return float(np.vdot(_neighbours(x, k), _neighbours(y, k)) / (k * len(x)))


def procrustes(x: ArrayLike, y: ArrayLike) -> float:
    """Orthogonal Procrustes similarity ‖XᵀY‖ₙᵤ𝒸 / (‖X‖ ‖Y‖) of centred features (Williams 2021): from 0 to 1, the same.

    The cosine that the best rotation of one side leaves; the distance of the two, each scaled to length 1, is
    √(2 − 2 · similarity). It has no unbiased form: independent features of p ≳ N columns come near 1, so that it is
    read beside its own value for rows in a random order.
    """
    x, y = map(_centred, _pair(x, y))
    return float(np.linalg.svd(x.T @ y, compute_uv=False).sum() / (np.linalg.norm(x) * np.linalg.norm(y)))


def index(between: float, within_a: float, within_b: float, floor: float, bound: float = 0.1) -> float | None:
    """Where a similarity of two architectures lies from chance, 0, to what two seeds of one have, 1.

    (between − floor) / (½ (within_a + within_b) − floor), with `floor` that of untrained networks; below 0 and above 1
    are possible. None where the denominator is not above `bound`: there is no scale to read it on then. Values that are
    not finite are a ValueError.
    """
    between, within_a, within_b, floor = finite("the similarities", [between, within_a, within_b, floor], (1,))
    scale = (within_a + within_b) / 2 - floor
    return float((between - floor) / scale) if scale > bound else None


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = finite("x", x, (2,)), finite("y", y, (2,))
    if len(x) != len(y):
        raise ValueError(f"features of {len(x)} and of {len(y)} images are not of the same images")
    return x, y


def _centred(features: ArrayLike) -> np.ndarray:
    """Features minus their mean image, which leaves every measure as it is and rounding small."""
    x = finite("features", features, (2,))
    centred = x - x.mean(0)
    if not np.abs(centred).max() > ROUNDING * np.abs(x).max():
        raise ValueError(f"the features of {len(x)} images do not differ")
    return centred


def _grams(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = _pair(x, y)
    return centred_gram(x), centred_gram(y)


def _cosine(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """Of two block-diagonal matrices, given block by block."""
    cross, a, b = np.sum([(np.vdot(a, b), np.vdot(a, a), np.vdot(b, b)) for a, b in pairs], axis=0)
    return float(cross / np.sqrt(a * b))


def _neighbours(features: np.ndarray, k: int) -> np.ndarray:
    """(N, N): 1 for the k nearest images of a row's, a part of 1 for those that share the last places, 0 for others."""
    x = _centred(features)
    square = np.square(x).sum(1)
    distance = square[:, None] + square - 2 * x @ x.T
    np.fill_diagonal(distance, np.inf)
    beyond = distance - np.partition(distance, k - 1, axis=1)[:, k - 1 : k]
    equal = np.abs(beyond) <= ROUNDING * square.max()
    nearer = (beyond < 0) & ~equal
    return nearer + equal * (k - nearer.sum(1, keepdims=True)) / equal.sum(1, keepdims=True)


def _areas(side: int, cells: int) -> np.ndarray:
    """Weights of positions in areas of equal size. → (cells, side), rows sum to 1."""
    start = np.arange(cells)[:, None] * side / cells
    position = np.arange(side)
    inside = np.minimum(start + side / cells, position + 1) - np.maximum(start, position)
    return np.maximum(inside, 0) * cells / side
