"""What flows through a trained network: the arrays that *Feature maps* shows."""

import math
import threading
from collections.abc import Callable

import keras
import numpy as np

from tf_models.training.build import Network, build
from tf_models.training.gradients import vjp
from tf_models.training.weights import put_weights
from tf_models.zoo import ModelSpec
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import UNFOLDED

MOST_TOKENS = 1024  # a dense map of attention has the square of it

_readers: dict[ModelSpec, tuple[Network, keras.Model, keras.Model | None]] = {}
_one_at_a_time = threading.Lock()  # into a network that is kept, everybody puts weights of their own


def read_taps(spec: ModelSpec, weights: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    """Every tap of `spec` with `weights` (the bytes of a file: see `runs.weights`) for `images`.

    Args:
        images: (N, H, W, channels) uint8 of the spec's input shape.

    Returns:
        tap name → (N, …) float32, see `training.build.Network`; ``probabilities`` (N, classes) besides, and what
        `grad_cam` finds for the most probable class, where the prediction is made from the last grid. All attention has
        one form, whatever the mixer: see `dense_attention`. It is left out where more than 1,024 tokens attend.
    """
    with _one_at_a_time:
        return _read_taps(spec, weights, images)


def _read_taps(spec: ModelSpec, weights: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    if spec not in _readers:
        if len(_readers) >= 4:
            _readers.clear()
        model = build(spec)
        grids = mixing_grids(spec)
        shown = {tap: out for tap, out in model.taps.items() if math.prod(grids.get(tap, ())) <= MOST_TOKENS}
        grid = last_grid(spec)
        head = keras.Model(model.taps[grid], model.output) if grid else None
        _readers[spec] = model, keras.Model(model.input, shown), head
    model, reader, head = _readers[spec]
    put_weights(model, weights)
    arrays = {name: np.asarray(value, np.float32) for name, value in reader.predict_on_batch(images).items()}
    for tap, grid in mixing_grids(spec).items():
        if tap in arrays:
            arrays[tap] = dense_attention(model, tap, arrays[tap], grid)
    if head is not None:
        arrays["grad_cam"] = grad_cam(head, arrays[last_grid(spec)], arrays["logits"].argmax(axis=1))
    return arrays | {"probabilities": softmax(arrays["logits"])}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def last_grid(spec: ModelSpec) -> str:
    """The tap of the last grid of several positions before the prediction; "" where that is made from a class token."""
    if spec.head.pool == "token":
        return ""
    rows = [row for row in plan(spec) if row.part != "head" and row.taps]
    return [row for row in rows if math.prod(row.grid) > 1 or row is rows[0]][-1].taps[-1]


def grad_cam(head: Callable, grid: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where the last grid speaks for a class: Grad-CAM (Selvaraju 2017, equations 1 and 2), (N, H, W), not negative.

    A channel weighs as much as the class's logit grows with it, on average over the positions; of the weighted sum of
    the channels only what is positive is kept.

    Args:
        head: from grids to logits, (N, H, W, C) → (N, classes).
        grid: (N, H, W, C).
        labels: (N,) the class of each.
    """
    chosen = np.eye(np.asarray(head(grid)).shape[-1], dtype=grid.dtype)[labels]
    weights = vjp(head, grid, chosen).mean(axis=(1, 2), keepdims=True)  # (N, 1, 1, C)
    return np.maximum((weights * grid).sum(axis=-1), 0)


def mixing_grids(spec: ModelSpec) -> dict[str, tuple[int, int]]:
    """Rows and columns of the positions that attend to each other, by the name of the tap that holds it."""
    return {layer.attention: layer.grid for layer in plan(spec) if layer.attention}


def dense_attention(model: Network, tap: str, weights: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """The weights of one tap as (N, h, n, n): what each of the n positions takes from each, 0 where it may not look.

    What goes to extra tokens is left out, so that a row sums to 1 at most. Inside a ``mobilevit`` block h holds the
    heads of its first unfolded grid, then those of the second, and so on.
    """
    layer, n = model.get_layer(f"{tap.removesuffix('.attention')}.mixer"), math.prod(grid)
    if not hasattr(layer, "dense_weights"):
        return weights[:, :, -n:, -n:]  # extra tokens come first
    count = len(weights)
    if ".inner" in tap:  # the unfolded grids are images of their own
        weights = weights.reshape(count * UNFOLDED**2, -1, *weights.shape[2:])
    return layer.dense_weights(weights, grid).reshape(count, -1, n, n)
