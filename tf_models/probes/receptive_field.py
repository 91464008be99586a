"""Who depends on whom: support of a Jacobian over positions, and the size of a receptive field.

A Jacobian here is (n_out, n_in): the size of the response of every output position to every input position, not
negative (`training.gradients.token_jacobian`).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from tf_models.probes.checks import finite

ZERO = 1e-6  # of the largest response: what is smaller counts as none
ROUNDING = 1e-9  # of a sum of responses


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


def radius(gradient: ArrayLike, centre: tuple[float, float]) -> float:
    """Root mean square distance from `centre`, in positions, weighted by |gradient| (H, W).

    A Gaussian of standard deviation σ gives √2·σ; k layers whose kernels add independent steps give a constant times √k
    (Luo 2016, "Understanding the effective receptive field"). A gradient of zeros is a ValueError.
    """
    weight, distance = _weight_and_distance(gradient, centre)
    return float(np.sqrt((weight * distance).sum() / weight.sum()))


def radius_of_share(gradient: ArrayLike, centre: tuple[float, float], share: float) -> float:
    """r50 (`share` 0.5) or r90 (0.9): the smallest disc around `centre` that holds this share of Σ|gradient| (H, W).

    In positions, centre and radius alike. Unlike the root mean square it does not follow far, faint tails. A field of
    one position gives 0. A share not between 0 and 1 and a gradient of zeros, as that of a dead unit, are a ValueError.
    """
    weight, distance = _weight_and_distance(gradient, centre)
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} is not between 0 and 1")
    order = np.argsort(distance, axis=None)
    held = np.cumsum(weight.ravel()[order])
    last = np.searchsorted(held, (share - ROUNDING) * held[-1])
    return float(np.sqrt(distance.ravel()[order[last]]))


def excess_radius(gradient: ArrayLike, centre: tuple[float, float], share: float) -> float:
    """`radius_of_share` less that of a uniform gradient (H, W), in positions: below 0 for what prefers the centre."""
    uniform = np.ones(np.shape(gradient))
    return radius_of_share(gradient, centre, share) - radius_of_share(uniform, centre, share)


def central_units(grid: tuple[int, int]) -> list[tuple[int, int]]:
    """(row, column) of the units in the middle: one, two where one side is even, four where both are."""
    if min(grid) < 1:
        raise ValueError(f"a grid of {grid[0]}×{grid[1]} has no middle")
    rows, columns = (sorted({(side - 1) // 2, side // 2}) for side in grid)
    return [(row, column) for row in rows for column in columns]


def unit_centre(unit: tuple[int, int], reduction: int) -> tuple[float, float]:
    """Where a unit lies in the coordinates of the input, `reduction` positions of which make one of its grid's."""
    if reduction < 1:
        raise ValueError(f"a reduction of {reduction} is below 1")
    row, column = (index * reduction + (reduction - 1) / 2 for index in unit)
    return row, column


def central_radius(gradients: ArrayLike, grid: tuple[int, int], share: float, excess: bool = False) -> float:
    """Mean `radius_of_share`, or `excess_radius`, over the units in the middle of a grid, each around its own centre.

    `gradients` (units, H, W) are those of `central_units(grid)`, in their order. Around the common middle the radius of
    an even grid would be half a position too large in every direction. H and W that are not the same multiple of the
    grid, and a unit whose gradient is zero, are a ValueError.
    """
    gradients = finite("gradients", gradients, (3,))
    units, reduction = central_units(grid), gradients.shape[-1] // grid[1]
    if gradients.shape != (len(units), grid[0] * reduction, grid[1] * reduction):
        raise ValueError(
            f"gradients of shape {gradients.shape} are not those of {len(units)} units of a grid of {grid}"
        )
    of = excess_radius if excess else radius_of_share
    pairs = zip(gradients, units, strict=True)
    return float(np.mean([of(gradient, unit_centre(unit, reduction), share) for gradient, unit in pairs]))


def _weight_and_distance(gradient: ArrayLike, centre: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """|gradient| and the squared distance from `centre`, (H, W) both."""
    weight = np.abs(finite("gradient", gradient, (2,)))
    if not weight.any():
        raise ValueError("a gradient of zeros, as that of a dead unit, has no field")
    row, column = np.meshgrid(*(np.arange(n) for n in weight.shape), indexing="ij")
    return weight, (row - centre[0]) ** 2 + (column - centre[1]) ** 2
