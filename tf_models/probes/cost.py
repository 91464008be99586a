"""How a cost grows with the number of tokens."""

import numpy as np
from numpy.typing import ArrayLike


def slope(sizes: ArrayLike, costs: ArrayLike) -> np.ndarray:
    """Exponent of growth: the least-squares slope of log cost over log size. Costs (..., sizes) → (...).

    What grows as n gives 1, as n² gives 2. Sizes and costs are above 0 (ValueError).
    """
    x, y = np.asarray(sizes, np.float64), np.asarray(costs, np.float64)
    if x.size < 2 or not (np.all(x > 0) and np.all(y > 0)):
        raise ValueError("a slope needs two sizes, and sizes and costs above 0")
    x = np.log(x) - np.log(x).mean()
    return np.log(y) @ x / (x @ x)


def crossover(sizes: ArrayLike, rising: ArrayLike, other: ArrayLike) -> float | None:
    """The size at which `rising` passes `other` for good, straight lines in logarithms between the sizes.

    None where `rising` is below at the largest size, or above at all sizes.
    """
    x = np.log(np.asarray(sizes, np.float64))
    gap = np.log(np.asarray(rising, np.float64)) - np.log(np.asarray(other, np.float64))
    below = np.flatnonzero(gap < 0)
    if not below.size or below[-1] == len(x) - 1:
        return None
    i = below[-1]
    return float(np.exp(x[i] + (x[i + 1] - x[i]) * -gap[i] / (gap[i + 1] - gap[i])))
