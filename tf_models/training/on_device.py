"""Whole epochs on the accelerator: under JAX the images lie in its memory, and one call makes hundreds of updates.

What is computed is what `keras.Model.fit` computes, in the same order; between two calls nothing waits for Python.
"""

from itertools import pairwise

import keras
import numpy as np

from tf_models.data import Dataset
from tf_models.training.augment import moved
from tf_models.training.batches import Batches

UPDATES_PER_CALL = 250  # between two looks at whether to stop
EVALUATION_BATCH = 1000


def fit(
    model: keras.Model,
    batches: Batches,
    dataset: Dataset,
    rates: np.ndarray,
    epochs: range,
    callback: keras.callbacks.Callback,
) -> None:
    """Train `model` for `epochs`, telling `callback` what `keras.Model.fit` tells one.

    Args:
        batches: what to train on; the epoch that it stands at is the first of `epochs`.
        dataset: whose validation images end every epoch.
        rates: the learning rate of every update of the whole training.
    """
    from jax import numpy as jnp

    images, labels, updates = jnp.asarray(dataset.x_train), jnp.asarray(dataset.y_train), _compiled(model)
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch in epochs:
        batches.on_epoch_end()  # Keras calls it before the first epoch, too
        callback.on_epoch_begin(epoch)
        told, sizes = [], []
        for first, rows, moves in _alike(batches):
            at = epoch * len(batches) + first
            state = tuple([jnp.array(variable.value) for variable in group] for group in _groups(model))
            drawn = [jnp.asarray(part) for part in moves]
            state, found = updates(state, images, labels, jnp.asarray(rows), drawn, rates[at : at + len(rows)])
            for group, values in zip(_groups(model), state, strict=True):
                for variable, value in zip(group, values, strict=True):
                    variable.assign(value)
            told.append(np.asarray(found))
            sizes += [rows.shape[1]] * len(rows)
            callback.on_train_batch_end(first + len(rows) - 1, {"loss": float(told[-1][-1, 0])})
            if model.stop_training:
                return
        loss, accuracy = np.average(np.concatenate(told), axis=0, weights=sizes)
        callback.on_test_begin()
        seen = model.evaluate(dataset.x_validation, dataset.y_validation, EVALUATION_BATCH, verbose=0)
        logs = {"loss": loss, "accuracy": accuracy, "val_loss": seen[0], "val_accuracy": seen[1]}
        callback.on_epoch_end(epoch, logs)
        if model.stop_training:
            return


def _groups(model: keras.Model) -> tuple[list[keras.Variable], ...]:
    """Weights, statistics with random-generator states, and what the optimizer keeps."""
    return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables


def _alike(batches: Batches):
    """Up to `UPDATES_PER_CALL` batches of one size: the first one's number, rows of indices (updates, batch), moves."""
    rows = [batches.indices(index) for index in range(len(batches))]
    whole = sum(len(row) == len(rows[0]) for row in rows)  # the last may be smaller
    starts = [*range(0, whole, UPDATES_PER_CALL), whole]
    for first, last in pairwise([*starts, len(rows)]):
        if first < last:
            moves = [move for index in range(first, last) if (move := batches.moves(index))]
            yield first, np.stack(rows[first:last]), [np.stack(part) for part in zip(*moves, strict=True)]


def _compiled(model: keras.Model):
    """The updates of `model`, compiled once: kept with it."""
    import jax

    if getattr(model, "updates_on_device", None) is None:
        model.updates_on_device = jax.jit(lambda *arguments: _updates(model, *arguments), donate_argnums=0)
    return model.updates_on_device


def _updates(model: keras.Model, state, images, labels, rows, moves, rates):
    """One update for each row of indices; the new state, and the loss and accuracy of each update, (updates, 2)."""
    import jax
    from jax import numpy as jnp

    rate = [variable is model.optimizer._learning_rate for variable in model.optimizer.variables].index(True)

    def loss(weights, statistics, x, y):
        logits, statistics = model.stateless_call(weights, statistics, x, training=True)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -jnp.mean(chosen), (statistics, jnp.mean(logits.argmax(1) == y))

    def update(state, row):
        (weights, statistics, moments), (chosen, move, now) = state, row
        x = moved(images[chosen], *move, jnp) if move else images[chosen]
        (value, (statistics, right)), slopes = jax.value_and_grad(loss, has_aux=True)(
            weights, statistics, x, labels[chosen]
        )
        moments = [now if place == rate else moment for place, moment in enumerate(moments)]
        weights, moments = model.optimizer.stateless_apply(moments, slopes, weights)
        return (weights, statistics, moments), jnp.stack([value, right])

    return jax.lax.scan(update, state, (rows, tuple(moves), rates))
