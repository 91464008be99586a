"""What tests of networks share."""

from collections import Counter

import keras
import numpy as np


def error(found, expected) -> float:
    """Relative error, of the largest deviation against the largest value."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def random_images(shape, count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def taps(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """What flows inside."""
    return {name: np.asarray(value) for name, value in keras.Model(model.input, model.taps)(images).items()}


def counted(model: keras.Model) -> Counter[str]:
    """Trainable parameters by the name of their layer."""
    found: Counter[str] = Counter()
    for variable in model.trainable_variables:
        found[variable.path.split("/")[0]] += int(np.prod(variable.shape))
    return found
