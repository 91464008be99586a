"""What a linear map reads off a layer's features (Alain & Bengio 2017, "Understanding intermediate layers using linear
classifier probes").

Features are (N, p), one row per image, of images that the network was not trained on. A split is `ridge.split_images`.
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tf_models.probes.checks import finite
from tf_models.probes.ridge import PENALTIES, Split, checked, principal, ridge, rows, unexplained, varying

COMPONENTS = 128  # the same at every layer: a wider layer would be read better for its width alone
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # inverse strengths of the L2 penalty, strongest penalty first
ROUNDING = 1e-12
IMPOSSIBLE = -1e4  # logit of a class that no image shows


class Readout(NamedTuple):
    """Share of images whose class is read correctly, and the penalty that was chosen for it."""

    accuracy: float  # test images
    validation: float  # the images that the penalty was chosen by
    strength: float  # its inverse


class Classifier(NamedTuple):
    """What `classifier` has fitted: features (..., p) ↦ logits (..., classes)."""

    weights: np.ndarray  # (p, classes)
    bias: np.ndarray  # (classes,)
    accuracy: float  # on the images `test`

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(..., p) → (..., classes), which sum to 1."""
        logits = features @ self.weights + self.bias
        exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return exponentials / exponentials.sum(axis=-1, keepdims=True)


def standardised(features: ArrayLike, fit: np.ndarray, components: int = COMPONENTS) -> np.ndarray:
    """The first principal components, of mean 0 and variance 1 over the images `fit`: (N, p) → (N, components).

    A component without variance stays 0. Features that do not have so many components are a ValueError: take the
    narrowest layer's number for all.
    """
    reduced = principal(finite("features", features, (2,)), fit, components)
    scale = reduced[fit].std(axis=0)
    return reduced / np.where(scale > 0, scale, 1)


def readout(
    features: ArrayLike,
    labels: ArrayLike,
    split: Split,
    components: int = COMPONENTS,
    strengths: Sequence[float] = STRENGTHS,
) -> Readout:
    """Test accuracy of a logistic regression of labels (N,) on standardised components of features (N, p).

    PCA, scale and weights come from the images `fit`, the penalty from the images `choose`; of equally good penalties
    the first is kept. Fewer than two classes among the images `fit` are a ValueError.
    """
    split, shown, models, scores = _fitted(features, labels, split, components, strengths)
    best = int(np.argmax(scores))
    accuracy = float(models[best].score(shown[split.test], np.asarray(labels)[split.test]))
    return Readout(accuracy, scores[best], float(strengths[best]))


def classifier(
    features: ArrayLike,
    labels: ArrayLike,
    split: Split,
    classes: int,
    components: int = COMPONENTS,
    strengths: Sequence[float] = STRENGTHS,
) -> Classifier:
    """The regression that `readout` scores, as one map from features to logits of all `classes`.

    A class that is not among the images `fit` has no probability.
    """
    x = finite("features", features, (2,))
    split, _, models, scores = _fitted(x, labels, split, components, strengths)
    best = models[int(np.argmax(scores))]
    # Centre, components and scale are one affine map of the features: their values at 0 and at every unit say which.
    basis = np.concatenate([x, np.zeros((1, x.shape[1])), np.eye(x.shape[1])])
    zero, *units = standardised(basis, split.fit, components)[len(x) :]
    slopes, offset = best.coef_, best.intercept_
    if len(best.classes_) == 2:  # one logit for both
        slopes, offset = np.concatenate([0 * slopes, slopes]), np.array([0, *offset])
    weights, bias = np.zeros((x.shape[1], classes)), np.full(classes, IMPOSSIBLE)
    weights[:, best.classes_] = (np.array(units) - zero) @ slopes.T
    bias[best.classes_] = zero @ slopes.T + offset
    right = (x[split.test] @ weights + bias).argmax(axis=1) == np.asarray(labels)[split.test]
    return Classifier(weights, bias, float(right.mean()))


def _fitted(
    features: ArrayLike, labels: ArrayLike, split: Split, components: int, strengths: Sequence[float]
) -> tuple[Split, np.ndarray, list, list[float]]:
    """The checked split, standardised components, a regression for each strength, and its score on `choose`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    labels = _labels(labels, len(np.asarray(features)))
    split = checked(split, len(labels))
    if len(np.unique(labels[split.fit])) < 2:
        raise ValueError(f"{len(split.fit)} images of one class teach no difference")
    # One thread: on a busy machine, threads that wait for each other take minutes over a second's work.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is one more penalty to choose from
        shown = standardised(features, split.fit, components)
        fits = [LogisticRegression(C=strength, max_iter=200) for strength in strengths]
        models = [model.fit(shown[split.fit], labels[split.fit]) for model in fits]
    return split, shown, models, [float(model.score(shown[split.choose], labels[split.choose])) for model in models]


def shuffled_readout(
    features: ArrayLike,
    labels: ArrayLike,
    split: Split,
    seed: int,
    components: int = COMPONENTS,
    strengths: Sequence[float] = STRENGTHS,
) -> Readout:
    """The control: `readout` of the same labels in a random order, which no features can tell (Hewitt & Liang 2019).

    About the share of the most frequent class; more says that the split leaks.
    """
    labels = _labels(labels, len(np.asarray(features)))
    return readout(features, np.random.default_rng(seed).permutation(labels), split, components, strengths)


def rises(accuracies: ArrayLike, delta: float) -> np.ndarray:
    """Whether a curve over depth rises: each step ≥ −δ/2, and last − first > δ. (..., layers) → (...), true or false.

    Accuracies and δ have one unit. Differences within rounding count as equal to their bound.
    """
    steps = np.diff(finite("accuracies", accuracies), axis=-1)
    if not steps.shape[-1] or not delta > 0:
        raise ValueError(f"a rise needs two layers, not {steps.shape[-1] + 1}, and a δ above 0, not {delta}")
    return np.all(steps >= -delta / 2 - ROUNDING, axis=-1) & (steps.sum(axis=-1) > delta + ROUNDING)


def held_out_r2(features: ArrayLike, target: ArrayLike, split: Split, penalties: Sequence[float] = PENALTIES) -> float:
    """R² on the test images of a ridge-affine map from features (N, p) to a target (N,) or (N, q): 1 at most.

    0 for features that say nothing about it; below 0 for a map that predicts worse than the mean does.
    """
    x, y = _regression(features, target)
    split = checked(split, len(x))
    return 1 - unexplained(y, ridge(x, y, split, penalties).predict(x[split.test]), split)


def partial_r2(
    own: ArrayLike, features: ArrayLike, target: ArrayLike, split: Split, penalties: Sequence[float] = PENALTIES
) -> float:
    """Share of the target's variance which `own` leaves unexplained that `features` explain, on the test images.

    What is linear in `own` (N, a), such as the pixels of a token's own patch, is taken out of the target (N,) or (N, q)
    and of the features (N, p), as fitted on the images `fit`; what is left of the target is regressed on `own` and what
    is left of the features (after Frisch & Waugh 1933, "Partial time regressions"). 0 for features that are linear in
    `own`, 1 for ones that complete it, below 0 for ones that mislead. A target that is linear in `own` leaves nothing
    to explain: a ValueError.
    """
    (given, y), (x, _) = _regression(own, target), _regression(features, target)
    split = checked(split, len(x))
    varying(rows(x, split.fit))
    fitted = ridge(given, y, split, penalties).predict(given)
    if unexplained(y, fitted[split.test], split) < ROUNDING:
        raise ValueError("a target that is linear in the part given leaves nothing to explain")
    left = y - fitted
    beyond = x - ridge(given, x, split, penalties).predict(given)
    if beyond[split.fit].var(axis=0).sum() < ROUNDING * x[split.fit].var(axis=0).sum():
        return 0.0
    # `own` once more: each ridge has its own penalty and leaves its own trace of it, which no two cancel.
    both = np.concatenate([block / np.sqrt(block[split.fit].var(axis=0).mean()) for block in (given, beyond)], axis=1)
    rest = left[split.test] - ridge(both, left, split, penalties).predict(both[split.test])
    return float(1 - np.square(rest).sum() / np.square(left[split.test]).sum())


def patches(images: ArrayLike, size: int) -> np.ndarray:
    """The pixels of every patch: (N, H, W, C) → (N, H/size, W/size, size²·C). Their mean is the patch's mean.

    A side that is not a multiple of `size` is a ValueError.
    """
    images = finite("images", images, (4,))
    n, height, width, channels = images.shape
    if size < 1 or height % size or width % size:
        raise ValueError(f"an image of {height}×{width} pixels is not tiled by patches of {size}")
    tiled = images.reshape(n, height // size, size, width // size, size, channels).swapaxes(2, 3)
    return tiled.reshape(n, height // size, width // size, -1)


def far_patch(grid: tuple[int, int], token: tuple[int, int], seed: int, distance: int = 3) -> tuple[int, int]:
    """One of the patches of a grid that are `distance` rows or columns away from `token`, or more, drawn from `seed`.

    (row, column), as `token` is. A ValueError where there are none.
    """
    place = np.stack(np.meshgrid(*map(np.arange, grid), indexing="ij"), -1).reshape(-1, 2)
    far = place[np.abs(place - token).max(axis=1) >= distance]
    if not len(far):
        raise ValueError(f"no patch of a grid of {grid[0]}×{grid[1]} is {distance} away from {token}")
    row, column = np.random.default_rng(seed).choice(far)
    return int(row), int(column)


def _labels(labels: ArrayLike, images: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (images,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels of shape {labels.shape} and type {labels.dtype} are not one class for {images} images"
        )
    return labels


def _regression(features: ArrayLike, target: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(N, p) and (N, q)."""
    x, y = finite("features", features, (2,)), finite("target", target, (1, 2))
    y = y.reshape(len(y), -1)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} rows of features and {len(y)} of the target are not the same images")
    return x, y
