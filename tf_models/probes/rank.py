"""How far a set of tokens is from being one token repeated (Dong 2021, "Attention is not all you need", section 2)."""

import numpy as np


def composite_norm(x: np.ndarray) -> np.ndarray:
    """√(‖X‖₁ · ‖X‖∞): the largest column sum and the largest row sum of |X|. (..., n, d) → (...)."""
    size = np.abs(np.asarray(x, np.float64))
    return np.sqrt(size.sum(-2).max(-1) * size.sum(-1).max(-1))


def residual_share(x: np.ndarray) -> np.ndarray:
    """r(X) = ‖X − 1x̄ᵀ‖ / ‖X‖ with x̄ the mean token: 0 where all tokens are equal, about 1 for independent ones.

    The mean token, as in the authors' code, stands for the nearest repeated one. Tokens (..., n, d) → (...). A matrix
    of zeros has no such share and is a ValueError.
    """
    x = np.asarray(x, np.float64)
    whole = composite_norm(x)
    if not np.all(whole > 0):
        raise ValueError("the residual of a matrix of zeros is not defined")
    return composite_norm(x - x.mean(-2, keepdims=True)) / whole
