"""Where the heads of an attention layer look: how far, how evenly, and how differently.

Attention here is (N images, h heads, n queries, n keys), after the softmax: no entry below 0, rows that sum to 1. Rows
that sum to less, because a class token or other extra tokens were dropped, are divided by their sum: what is measured
is where the attention goes that stays on the image. Entries below 0, rows above 1 (which is what keys in the place of
queries look like), rows of zeros and a single token are a ValueError.
"""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from tf_models.probes.checks import finite

ROUNDING = 0.01  # rows of a softmax in bfloat16 sum to 1 within this


def mean_distance(attention: ArrayLike, grid: tuple[int, int], own: bool = True) -> np.ndarray:
    """Attention distance of each head (Dosovitskiy 2021, figure 7; Raghu 2021). (N, h, n, n) → (h,), in patches.

    The distance between the centres of query and key in the image, weighted by the attention, averaged over queries and
    images; times the side of a patch it is in pixels. `grid` is (rows, columns), and tokens run along the rows: n is
    rows · columns (ValueError). With `own` False the attention of a token to itself is dropped, and rows are divided by
    what is left; a query that attends to nothing but itself is a ValueError then.
    """
    rows = _attention(attention)
    far = _distances(grid)
    if len(far) != rows.shape[-1]:
        raise ValueError(f"{rows.shape[-1]} tokens do not fit a grid of {grid[0]}×{grid[1]}: drop extra tokens first")
    if not own:
        rows = _renormalised(rows * ~np.eye(len(far), dtype=bool))
    return np.einsum("bhij,ij->h", rows, far) / (len(rows) * len(far))


def uniform_distance(grid: tuple[int, int], own: bool = True) -> float:
    """`mean_distance` of uniform attention, in patches. A grid of one patch is a ValueError."""
    far = _distances(grid)
    return float(far.sum() / (len(far) * (len(far) - (not own))))


def distance_ratio(attention: ArrayLike, grid: tuple[int, int], own: bool = True) -> np.ndarray:
    """Attention distance of each head ÷ that of uniform attention, free of the side of a patch. (N, h, n, n) → (h,).

    0 for a head that looks at its own token only, 1 for a uniform one; above 1 for one that avoids its neighbourhood. A
    ratio near 1 says little where `normalised_entropy` is near 1 too: so looks a head that learned nothing.
    """
    return mean_distance(attention, grid, own) / uniform_distance(grid, own)


def normalised_entropy(attention: ArrayLike) -> np.ndarray:
    """Entropy of a row ÷ log n, averaged over queries and images. (N, h, n, n) → (h,): 0 for one key, 1 for uniform."""
    rows = _attention(attention)
    return entr(rows).sum(-1).mean((0, 2)) / np.log(rows.shape[-1])


def jensen_shannon(distributions: ArrayLike, axis: int) -> np.ndarray:
    """Divergence H(mean) − mean H of the k distributions along `axis` (Lin 1991), in nats: from 0, equal, to log k.

    The last axis of `distributions` holds the probabilities of one; it and `axis`, counted from 0, are gone from the
    result. Fewer than two distributions, and an `axis` that is the last or none, are a ValueError.
    """
    if not 0 <= axis < np.ndim(distributions) - 1:
        raise ValueError(f"axis {axis} of {np.ndim(distributions)} is none before the last, which holds probabilities")
    return _divergence(_stochastic(distributions, np.ndim(distributions)), axis)


def head_divergence(attention: ArrayLike) -> float:
    """`jensen_shannon` of all heads ÷ log h, averaged over queries and images: 0 where heads are equal, 1 disjoint.

    A single head is a ValueError.
    """
    rows = _attention(attention)
    return float(_divergence(rows, 1).mean() / np.log(rows.shape[1]))


def head_pair_divergence(attention: ArrayLike) -> float:
    """`jensen_shannon` of two heads ÷ log 2, averaged over all pairs of heads, queries and images.

    This is what to hold against `image_divergence`: two distributions each. Of h independent ones the divergence of all
    rises as 1 − 1/h, so that four heads would differ more than two images for their number alone.
    """
    heads = np.moveaxis(_attention(attention), 1, 0)
    pairs = [_divergence(heads[[i, j]], 0).mean() for i, j in combinations(range(_at_least_two(len(heads))), 2)]
    return float(np.mean(pairs) / np.log(2))


def image_divergence(attention: ArrayLike) -> np.ndarray:
    """`jensen_shannon` of the same head on two images ÷ log 2, averaged over queries and pairs. (N, h, n, n) → (h,).

    Each image is paired with the one after it, the last with the first: images in random order, not sorted by class.
    0 for a head whose pattern does not depend on the image. A single image is a ValueError.
    """
    rows = _attention(attention)
    _at_least_two(len(rows))
    return _divergence(np.stack([rows, np.roll(rows, -1, axis=0)]), 0).mean((0, 2)) / np.log(2)


def _attention(attention: ArrayLike) -> np.ndarray:
    """Attention in float64 with rows that sum to 1. (N, h, n, n)"""
    rows = _stochastic(attention, 4)
    if rows.shape[2] != rows.shape[3] or rows.shape[2] < 2:
        raise ValueError(f"attention of {rows.shape[2]} queries to {rows.shape[3]} keys is not of n ≥ 2 tokens to n")
    return rows


def _stochastic(values: ArrayLike, axes: int) -> np.ndarray:
    weights = finite("attention", values, (axes,))
    if weights.min() < 0:
        raise ValueError(f"a weight of {weights.min():.3g} is below 0: attention is taken after the softmax")
    if weights.sum(-1).max() > 1 + ROUNDING:
        raise ValueError(f"a row sums to {weights.sum(-1).max():.3g}, above 1: rows are queries, after the softmax")
    return _renormalised(weights)


def _renormalised(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(-1, keepdims=True)
    if not total.min() > 0:
        raise ValueError(
            f"{np.sum(total <= 0)} of {total.size} rows have no weight left and cannot be made to sum to 1"
        )
    return weights / total


def _divergence(rows: np.ndarray, axis: int) -> np.ndarray:
    _at_least_two(rows.shape[axis])
    return entr(rows.mean(axis)).sum(-1) - entr(rows).sum(-1).mean(axis)


def _at_least_two(count: int) -> int:
    if count < 2:
        raise ValueError(f"a divergence needs two distributions, not {count}")
    return count


def _distances(grid: tuple[int, int]) -> np.ndarray:
    """Between the centres of all patches of a grid, in patches. → (n, n)"""
    if min(grid) < 1 or grid[0] * grid[1] < 2:
        raise ValueError(f"a grid of {grid[0]}×{grid[1]} has no two patches with a distance between them")
    place = np.stack(np.meshgrid(*map(np.arange, grid), indexing="ij"), -1).reshape(-1, 2)  # (n, 2)
    return np.linalg.norm(place[:, None] - place, axis=-1)
