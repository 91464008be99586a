"""Weights in a file: an ``.npz`` of arrays by variable path, such as ``stage1.block2.mixer/query/kernel``."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from tf_models.errors import LabError

Weights = Mapping[str, np.ndarray]


def pack_weights(weights: Weights) -> bytes:
    """The bytes of the file."""
    file = io.BytesIO()
    np.savez(file, **weights)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def unpack_weights(content: bytes, name: str) -> dict[str, np.ndarray]:
    """The inverse of `pack_weights`; raises `LabError`, with the `name` of the run, for what is no such file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {path: file[path] for path in file.files}
    except (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise LabError("weights_older", value=name) from error


def half_precision(weights: Weights) -> dict[str, np.ndarray]:
    """The same arrays in float16."""
    return {path: array.astype(np.float16) for path, array in weights.items()}
