"""The check that probes begin with."""

import numpy as np
from numpy.typing import ArrayLike


def finite(values: ArrayLike, axes: str) -> np.ndarray:
    """`values` in float64, not copied where they already are.

    `axes` has one letter per axis, as in "NHWC". Another number of axes, an empty array, and a value that is NaN or
    infinite are a ValueError.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != len(axes) or not array.size:
        raise ValueError(f"an array of shape {array.shape} does not hold the axes ({', '.join(axes)})")
    if not np.isfinite(array).all():
        raise ValueError(f"{np.sum(~np.isfinite(array))} of {array.size} values are not finite numbers")
    return array
