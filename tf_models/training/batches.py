"""The training images in batches, in an order that seed and epoch alone decide."""

import math

import keras
import numpy as np

from tf_models.data import Dataset
from tf_models.runs.spec import Recipe
from tf_models.training import augment


class Batches(keras.utils.PyDataset):
    """The training images in an order that is the same for every arm: arms are paired.

    So are the flips and moves of `Recipe.augment`. `epoch` is the one to begin with, from 0.
    """

    def __init__(self, dataset: Dataset, recipe: Recipe, seed: int, epoch: int = 0):
        super().__init__()
        self._dataset, self._size, self._augment = dataset, recipe.batch_size, recipe.augment
        self._seed, self._epoch = seed, epoch - 1
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._dataset.x_train) / self._size)

    def __getitem__(self, index: int):
        chosen, moves = self.indices(index), self.moves(index)
        images = self._dataset.x_train[chosen]
        return augment.moved(images, *moves) if moves else images, self._dataset.y_train[chosen]

    def indices(self, index: int) -> np.ndarray:
        """Which training images the batch holds."""
        return self._order[index * self._size : (index + 1) * self._size]

    def moves(self, index: int) -> augment.Moves | tuple[()]:
        """How they are mirrored and moved; empty where they are not."""
        rng = np.random.default_rng([self._seed, self._epoch, index, 22])
        return augment.draw(rng, len(self.indices(index))) if self._augment else ()

    def on_epoch_end(self) -> None:
        self._epoch += 1
        rng = np.random.default_rng([self._seed, self._epoch, 21])
        self._order = rng.permutation(len(self._dataset.x_train))
