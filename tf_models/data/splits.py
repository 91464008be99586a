"""A data set as one seed sees it: disjoint training, validation and test images."""

from dataclasses import dataclass

import numpy as np

from tf_models.data.raw import Raw
from tf_models.data.registry import load_raw, part_sizes
from tf_models.errors import LabError


@dataclass(frozen=True)
class Dataset:
    """One seed's disjoint split of a data set: uint8 images (N, H, W, channels) and int64 labels from 0."""

    name: str
    source: str
    class_names: tuple[str, ...]
    hash: str
    fixed_test: bool  # the test set is the same for every seed
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def classes(self) -> int:
        return len(self.class_names)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.x_train.shape[1:]  # pyright: ignore[reportReturnType]


def load(name: str, seed: int = 0, train_size: int | None = None) -> Dataset:
    """The data set `name`, split for `seed`.

    A seed draws its own stratified validation set and, where the data set brings no test set, its own test set too
    (`part_sizes`). With `train_size`, a class-balanced subset of the training images is kept; a smaller one is part of
    a larger one.
    """
    raw = load_raw(name)
    rng = np.random.default_rng([seed, 20])
    _, held_out, drawn = part_sizes(len(raw.y), fixed_test=raw.x_test is not None)
    rest, x_test, y_test = np.arange(len(raw.y)), raw.x_test, raw.y_test
    if x_test is None or y_test is None:
        rest, test = _stratified(raw.y, rest, drawn, rng)
        x_test, y_test = raw.x[test], raw.y[test]
    train, validation = _stratified(raw.y, rest, held_out, rng)
    if train_size is not None:
        train = _balanced(name, raw, train, train_size)
    return Dataset(
        name=name,
        source=raw.source,
        class_names=raw.class_names,
        hash=raw.hash,
        fixed_test=raw.x_test is not None,
        x_train=raw.x[train],
        y_train=raw.y[train],
        x_validation=raw.x[validation],
        y_validation=raw.y[validation],
        x_test=x_test,
        y_test=y_test,
    )


def _stratified(y: np.ndarray, index: np.ndarray, count: int, rng: np.random.Generator):
    """`index` in random order, cut in two: the second part has `count` entries, every class with its share of them."""
    index = rng.permutation(index)
    position = np.empty(len(index))
    for label in np.unique(y[index]):
        members = np.flatnonzero(y[index] == label)
        position[members] = (np.arange(len(members)) + rng.random()) / len(members)
    order = np.argsort(position, kind="stable")  # any prefix holds each class in proportion
    return index[order[count:]], index[order[:count]]


def _balanced(name: str, raw: Raw, train: np.ndarray, size: int) -> np.ndarray:
    """`size` of the indices `train`, as many of each class as there are, or one more."""
    classes = len(raw.class_names)
    if not classes <= size <= len(train):
        raise LabError("train_size", value=size, dataset=name, available=len(train), classes=classes)
    rank = np.empty(len(train))
    for label in range(classes):
        members = np.flatnonzero(raw.y[train] == label)
        rank[members] = np.arange(len(members)) + label / classes
    return train[np.argsort(rank, kind="stable")[:size]]
