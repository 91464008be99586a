"""Who depends on whom: support of a Jacobian over positions, and the size of a receptive field.

A Jacobian here is (n_out, n_in): the size of the response of every output position to every input position, not
negative (`training.gradients.token_jacobian`).
"""

from collections.abc import Iterable

import numpy as np

ZERO = 1e-6  # of the largest response: what is smaller counts as none


def share_of_pairs(jacobian: np.ndarray, zero: float = ZERO) -> float:
    """Share of (output, input) pairs of positions with a response above `zero` times the largest."""
    return float(np.mean(jacobian > zero * jacobian.max()))


def off_diagonal(jacobian: np.ndarray) -> float:
    """The largest response to another position over the largest to the same one: 0 for what is position-wise."""
    if jacobian.shape[0] != jacobian.shape[1]:
        raise ValueError(f"a Jacobian of {jacobian.shape} has no diagonal")
    own = np.eye(len(jacobian), dtype=bool)
    return float(jacobian[~own].max() / jacobian[own].max())


def asymmetry(jacobian: np.ndarray, grid: tuple[int, int], side: int, zero: float = ZERO) -> float:
    """How far the centre of what a position reaches lies from it, over `side`: the largest over positions.

    Positions nearer than `side` to the border are left out, so that what is found is not the border's. 0 for anything
    that reaches as far to every side.
    """
    rows, columns = grid
    place = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), -1).reshape(-1, 2)
    inside = np.all((place >= side) & (place < np.array(grid) - side), axis=1)
    if not inside.any():
        raise ValueError(f"no position of a {rows}×{columns} grid is {side} away from the border")
    reached = (jacobian > zero * jacobian.max())[inside]  # (positions, n)
    centre = reached @ place / reached.sum(1, keepdims=True)
    return float(np.linalg.norm(centre - place[inside], axis=1).max() / side)


def field(first: int, last: int, layers: Iterable[tuple[int, int, int]]) -> tuple[int, int]:
    """The theoretical field along one axis: what the outputs `first` to `last` can depend on, ends included.

    `layers` are (kernel, stride, padding before), from the last one back to the first. The ends may lie beyond the
    image.
    """
    for kernel, stride, before in layers:
        first, last = first * stride - before, last * stride - before + kernel - 1
    return first, last


def radius(gradient: np.ndarray, centre: tuple[float, float]) -> float:
    """Root mean square distance from `centre`, in positions, weighted by |gradient| (H, W).

    A Gaussian of standard deviation σ gives √2·σ; k layers whose kernels add independent steps give a constant times √k
    (Luo 2016, "Understanding the effective receptive field").
    """
    weight = np.abs(np.asarray(gradient, np.float64))
    row, column = np.meshgrid(*(np.arange(n) for n in weight.shape), indexing="ij")
    distance = (row - centre[0]) ** 2 + (column - centre[1]) ** 2
    return float(np.sqrt((weight * distance).sum() / weight.sum()))
