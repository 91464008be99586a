"""Looking into a network while it is trained: see `runs.timelapse`."""

import math

import keras
import numpy as np

from tf_models.runs.timelapse import CHANNELS, SIDE, TimeLapse, kept_epochs
from tf_models.training.build import Network
from tf_models.training.taps import MOST_TOKENS, dense_attention, mixing_grids, softmax
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import ModelSpec


class Recorder:
    """Reads what flows through a network for `images` (N, H, W, channels) uint8 when told that an epoch is over.

    It computes predictions, as anybody could who had the weights of that moment, and changes nothing: what is trained
    stays the same to the last bit.
    """

    def __init__(self, spec: ModelSpec, epochs: int, images: np.ndarray, labels: tuple[int, ...], names: tuple):
        self._spec, self._wanted = spec, {*kept_epochs(epochs)}
        self._images, self._labels, self._names = images, labels, names
        self._found: dict[int, dict[str, np.ndarray]] = {}

    def look(self, epoch: int, model: Network) -> None:
        """Keep what flows through `model` after so many epochs, if that is one of those that are kept."""
        if epoch in self._wanted and epoch not in self._found:
            self._found[epoch] = _seen(model, self._spec, self._images)

    def developed(self) -> TimeLapse:
        """What has been seen; of every layer the channels that vary most over the positions after the last epoch."""
        epochs = sorted(self._found)
        first, last = (self._found[epoch] for epoch in (epochs[0], epochs[-1]))
        grids = [tap for tap in first if tap in grid_taps(self._spec)]
        maps = {}
        for tap in grids:
            variance = last[tap].astype(float).var(axis=(1, 2)).mean(axis=0)
            chosen = np.argsort(-variance, kind="stable")[:CHANNELS]
            maps[tap] = np.stack([self._found[epoch][tap][..., chosen] for epoch in epochs]).astype(np.float32)
        attention = {
            tap: np.stack([self._found[epoch][tap] for epoch in epochs]) for tap in first if tap.endswith(".attention")
        }
        probabilities = np.stack([softmax(self._found[epoch]["logits"]) for epoch in epochs])
        return TimeLapse(tuple(epochs), self._images, self._labels, self._names, probabilities, maps, attention)


def grid_taps(spec: ModelSpec) -> dict[str, str]:
    """The tap of every layer of the plan that is a grid of channels: its last name → its path."""
    return {
        layer.taps[-1]: layer.path
        for layer in plan(spec)
        if layer.taps and layer.taps[-1] not in ("logits", "features")
    }


def _seen(model: Network, spec: ModelSpec, images: np.ndarray) -> dict[str, np.ndarray]:
    attended = {tap: grid for tap, grid in mixing_grids(spec).items() if math.prod(grid) <= MOST_TOKENS}
    names = [*grid_taps(spec), *attended, "logits"]
    if getattr(model, "recording", None) is None:  # traced once, and kept with the model for its next run
        model.recording = keras.Model(model.input, {name: model.taps[name] for name in names})
    found = {name: np.asarray(value, np.float32) for name, value in model.recording.predict_on_batch(images).items()}
    for tap, grid in attended.items():
        dense = dense_attention(model, tap, found[tap], grid)  # (N, g·h, n, n)
        found[tap] = dense.mean(axis=2)
    return {name: coarser(value) if value.ndim == 4 else value for name, value in found.items()}


def coarser(maps: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Means over squares of positions, so that no side has more than `side`: (N, H, W, C) → (N, h, w, C) float32."""
    step = -(-max(maps.shape[1:3]) // side)
    for axis in (1, 2):
        starts = np.arange(0, maps.shape[axis], step)
        sizes = np.diff([*starts, maps.shape[axis]])
        shape = [-1 if dimension == axis else 1 for dimension in range(maps.ndim)]
        maps = np.add.reduceat(maps, starts, axis=axis) / sizes.reshape(shape)
    return maps.astype(np.float32)
