"""A network with the weights of a run, or those it started from, that answers what probes ask."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

import keras
import numpy as np

from tf_models.data import load
from tf_models.errors import LabError
from tf_models.runs.spec import RunSpec
from tf_models.training.build import Network, build
from tf_models.training.initialize import start
from tf_models.training.taps import MOST_TOKENS, dense_attention
from tf_models.training.weights import put_weights
from tf_models.zoo import ModelSpec
from tf_models.zoo.counts import Layer
from tf_models.zoo.plan import block_layers, levels, plan

BATCH = 256  # images at a time
Item = TypeVar("Item")


@lru_cache(maxsize=8)
def _built(spec: ModelSpec, copy: int) -> Network:
    return build(spec)


class Reader:
    """The network of `spec` with the bytes of a weights file, or, where these are None, as it started.

    Readers of one architecture share its layers: two that are used in turn need different numbers `copy`. `tell` gets
    the share of the layers, or of the moves, that a probe has done.
    """

    def __init__(
        self,
        spec: RunSpec,
        weights: bytes | None,
        copy: int = 0,
        tell: Callable[[float], None] = lambda share: None,
    ):
        self._tell = tell
        self.run, self.spec, self.model = spec, spec.model, _built(spec.model, copy)
        self.trained = weights is not None
        self.rows = {layer.path: layer for layer in plan(self.spec)}
        start(self.model, spec.seed)
        if weights is not None:
            put_weights(self.model, weights)

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """These items, telling after each how many of them are done."""
        known = list(items)
        for number, item in enumerate(known, 1):
            yield item
            self._tell(number / len(known))

    @property
    def levels(self) -> dict[str, Layer]:
        """See `zoo.plan.levels`."""
        return levels(self.spec)

    def block_rows(self, *names: str) -> list[Layer]:
        """The rows of the blocks with these names, such as ``mixer``, that work on the image's own grid."""
        return [
            layer
            for block in block_layers(self.spec)
            for layer in block
            if layer.path.rsplit(".", 1)[-1] in names and not layer.unfolded
        ]

    def read(self, images: np.ndarray, paths: Iterable[str]) -> dict[str, np.ndarray]:
        """What leaves the rows `paths` for images (N, H, W, channels) uint8: path → (N, …) float32."""
        return self._outputs(images, {path: self.model.flows[path] for path in paths})

    def head(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, classes), and the features (N, C) that they are computed from, float32."""
        found = self._outputs(images, {name: self.model.taps[name] for name in ("logits", "features")})
        return found["logits"], found["features"]

    def attention(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Every map of attention of at most 1,024 positions, by the path of its mixer: (N, h, n, n) float32.

        Inside a ``mobilevit`` block, N counts the four grids of every image.
        """
        rows = {layer.attention: layer for layer in self.rows.values() if layer.attention}
        small = [tap for tap, layer in rows.items() if layer.grid[0] * layer.grid[1] <= MOST_TOKENS]
        found = self._outputs(images, {tap: self.model.taps[tap] for tap in small})
        maps = {}
        for tap, weights in found.items():
            dense = dense_attention(self.model, tap, weights, rows[tap].grid)  # (N, grids · h, n, n)
            block = rows[tap].block
            assert block is not None
            maps[rows[tap].path] = dense.reshape(-1, block.heads, *dense.shape[2:])
        return maps

    def part(self, before: str, after: str) -> keras.Model:
        """The function from what leaves the row `before` to what leaves the row `after`."""
        return keras.Model(self.model.flows[before], self.model.flows[after])

    def source(self, layer: Layer) -> str:
        """The row from which a block's branch takes what it works on: before its norm, where it has one."""
        before = self.rows[layer.inputs[0]]
        return before.inputs[0] if before.op == "norm" else before.path

    def _outputs(self, images: np.ndarray, tensors: dict) -> dict[str, np.ndarray]:
        if not tensors:
            return {}
        model = keras.Model(self.model.input, tensors)
        parts = [model(images[first : first + BATCH]) for first in range(0, len(images), BATCH)]
        return {name: np.concatenate([np.asarray(part[name], np.float32) for part in parts]) for name in tensors}


def held_out(*runs: RunSpec, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Images that none of these networks was trained on, test images first, and their labels; `most` at most.

    Raises `LabError` for networks that were trained on different data sets.
    """
    first, *others = runs
    if any(run.dataset != first.dataset for run in others):
        raise LabError("probe_datasets", value=" and ".join(dict.fromkeys(run.dataset for run in runs)))
    images, labels = _held_out(first)
    for run in others:
        kept = {image.tobytes() for image in _held_out(run)[0]}
        shared = np.array([image.tobytes() in kept for image in images], bool)
        images, labels = images[shared], labels[shared]
    return images[:most], labels[:most]


def _held_out(run: RunSpec) -> tuple[np.ndarray, np.ndarray]:
    data = load(run.dataset, run.seed, run.train_size)
    return np.concatenate([data.x_test, data.x_validation]), np.concatenate([data.y_test, data.y_validation])
