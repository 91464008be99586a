"""What flows through a trained network: the arrays behind *Feature maps*."""

import tempfile
from pathlib import Path

import keras
import numpy as np

from tf_models.training.build import Network, build
from tf_models.zoo import ModelSpec

_readers: dict[ModelSpec, tuple[Network, keras.Model]] = {}


def read_taps(spec: ModelSpec, weights: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    """Every tap of `spec` with `weights` (the bytes of a ``.weights.h5`` file that the lab wrote) for `images`.

    Args:
        images: (N, H, W, channels) uint8 of the spec's input shape.

    Returns:
        tap name → (N, …) float32, see `training.build.Network`; ``probabilities`` (N, classes) besides.
    """
    if spec not in _readers:
        if len(_readers) >= 4:
            _readers.clear()
        model = build(spec)
        _readers[spec] = model, keras.Model(model.input, model.taps)
    model, reader = _readers[spec]
    load_weights(model, weights)
    arrays = {name: np.asarray(value, np.float32) for name, value in reader.predict_on_batch(images).items()}
    exponentials = np.exp(arrays["logits"] - arrays["logits"].max(axis=1, keepdims=True))
    return arrays | {"probabilities": exponentials / exponentials.sum(axis=1, keepdims=True)}


def load_weights(model: keras.Model, weights: bytes) -> None:
    """Put the bytes of a ``.weights.h5`` file into `model`; Keras reads files only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.weights.h5"
        path.write_bytes(weights)
        model.load_weights(path)
