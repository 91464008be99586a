"""What every probe asks of the arrays that it is given."""

import numpy as np
from numpy.typing import ArrayLike


def finite(name: str, x: ArrayLike, axes: tuple[int, ...] = ()) -> np.ndarray:
    """`x` in float64, unchanged where it already is.

    Nothing in it, NaN or infinity in it, and a number of axes that is not among `axes` (where given) are a ValueError.
    """
    x = np.asarray(x, np.float64)
    if axes and x.ndim not in axes:
        raise ValueError(f"the shape {x.shape} of {name} has not {' or '.join(map(str, axes))} axes")
    if not x.size:
        raise ValueError(f"the shape {x.shape} of {name} holds nothing")
    if not np.isfinite(x).all():
        raise ValueError(f"of {x.size} values of {name}, {np.count_nonzero(~np.isfinite(x))} are NaN or infinite")
    return x
