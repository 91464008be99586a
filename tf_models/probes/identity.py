"""How far two computations are apart that should be the same."""

import numpy as np


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """‖found − expected‖ / ‖expected‖ over all entries, in float64. Shapes that differ are a ValueError."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        raise ValueError(f"shapes {found.shape} and {expected.shape} cannot be compared")
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def affine_error(x: np.ndarray, y: np.ndarray) -> float:
    """What the best affine map from x (N, a) to y (N, b) leaves over on held-out rows: ‖y − ŷ‖ / ‖y − ȳ‖.

    The map is the least-squares fit on the first half of the rows; 0 where y is an affine function of x.
    """
    x = np.column_stack([np.asarray(x, np.float64), np.ones(len(x))])
    y, half = np.asarray(y, np.float64), len(x) // 2
    if half < x.shape[1]:
        raise ValueError(f"{half} rows cannot fit {x.shape[1]} coefficients")
    fitted = x[half:] @ np.linalg.lstsq(x[:half], y[:half], rcond=None)[0]
    return float(np.linalg.norm(y[half:] - fitted) / np.linalg.norm(y[half:] - y[:half].mean(0)))


def variation(matrices: np.ndarray) -> float:
    """Variance over inputs of a mixing matrix ÷ its mean square: 0 where it is the same for every input.

    Matrices (inputs, ...) of at least two inputs; variance and square are averaged over the entries.
    """
    matrices = np.asarray(matrices, np.float64)
    if len(matrices) < 2:
        raise ValueError("a variance over inputs needs two of them")
    return float(matrices.var(axis=0).mean() / np.square(matrices).mean())
