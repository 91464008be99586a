"""A network's weights as the bytes of a file: see `runs.weights`."""

import keras
import numpy as np

from tf_models.errors import LabError
from tf_models.runs.weights import pack_weights, unpack_weights


def weights_of(model: keras.Model) -> bytes:
    """Every weight and moving statistic of `model`, in its own precision."""
    return pack_weights({variable.path: np.asarray(variable) for variable in model.weights})


def put_weights(model: keras.Model, content: bytes) -> None:
    """Put what `weights_of` gave into `model`, whole or in half precision.

    Raises `LabError` for the weights of another architecture, such as one that an older lab had under the same name.
    """
    weights, variables = unpack_weights(content, model.name), {variable.path: variable for variable in model.weights}
    if {path: array.shape for path, array in weights.items()} != {p: tuple(v.shape) for p, v in variables.items()}:
        raise LabError("weights_older", value=model.name)
    for path, variable in variables.items():
        variable.assign(weights[path])
