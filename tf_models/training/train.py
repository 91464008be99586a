"""The only trainer: `RunSpec` → `RunRecord`, through `keras.Model.fit`."""

import math
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from tf_models import zoo
from tf_models.data import Dataset, load
from tf_models.errors import LabError
from tf_models.runs.record import MOST, RunRecord, pack_correct
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.training import trunk
from tf_models.training.batches import Batches
from tf_models.training.device import provenance
from tf_models.training.model_cache import fresh_model, learning_rates
from tf_models.training.progress import Look, Progress, unseen
from tf_models.training.weights import weights_of

EVALUATION_BATCH = 500
FIT_IMAGES = 2000  # training images on which the final network's fit is measured


def train(
    spec: RunSpec,
    run_id: str = "",
    report: Callable[[dict[str, float]], None] = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    keep: Callable[[bytes], None] = lambda weights: None,
    during: Callable[[float], None] = lambda share: None,
    look: Look = unseen,
) -> RunRecord:
    """Train `spec` and read the test set once, at the end.

    Args:
        spec: what to train. Its backend must be the one that Keras runs on here.
        run_id: the id that the record carries.
        report: called after every epoch with epoch (from 1), epochs, loss, accuracy, validation_loss,
            validation_accuracy and images_per_second; from the second epoch on also seconds_left.
        should_stop: asked about twice a second.
        during: called about twice a second with the share of the epoch that is done.
        keep: called once with the final weights, as the bytes of a file: see `runs.weights`.
        look: called with 0 and the network as it starts, then with every epoch (from 1) and the network after it; of
            epochs before a kept trunk, with the last alone. The seconds that it takes do not count.

    Raises:
        progress.Stopped: `should_stop` said so.
        LabError: the spec is invalid, or the loss is no longer finite.
    """
    if spec.backend != keras.backend.backend():
        raise LabError("unknown_backend", value=spec.backend, choices=f"{keras.backend.backend()} in this process")
    dataset = _dataset(spec)
    model = fresh_model(spec.model, spec.recipe, len(dataset.x_train), spec.seed)
    look(0, model)
    before = trunk.resume(spec, dataset.hash, model) if trunk.fork(spec) else trunk.Trunk(0, [], 0.0)
    look(before.epoch, model)
    progress = Progress(spec, dataset, before, report, should_stop, during, look)
    _fit(model, Batches(dataset, spec.recipe, spec.seed, before.epoch), dataset, spec.recipe, progress)
    if progress.failure is not None:
        raise progress.failure
    record = _record(spec, run_id, dataset, model, progress.history, progress.seconds)
    keep(weights_of(model))
    return record


def _dataset(spec: RunSpec) -> Dataset:
    """The split of the spec's seed, its training labels in a random order where it asks for that."""
    dataset = load(spec.dataset, spec.seed, spec.train_size)
    if spec.labels == "true":
        return dataset
    return replace(dataset, y_train=np.random.default_rng([spec.seed, 23]).permutation(dataset.y_train))


def _fit(model: keras.Model, batches: Batches, dataset: Dataset, recipe: Recipe, progress: Progress) -> None:
    first = len(progress.history)
    if keras.backend.backend() == "jax":
        from tf_models.training import on_device

        rates = learning_rates(recipe, recipe.epochs * len(batches))
        on_device.fit(model, batches, dataset, rates, range(first, recipe.epochs), progress)
        return
    model.fit(
        batches,
        epochs=recipe.epochs,
        initial_epoch=first,
        validation_data=(dataset.x_validation, dataset.y_validation),
        validation_batch_size=EVALUATION_BATCH,
        shuffle=False,  # `Batches` has shuffled already; Keras would shuffle the batches with Python's global generator
        callbacks=[progress],
        verbose=0,
    )


def _record(
    spec: RunSpec, run_id: str, dataset: Dataset, model: keras.Model, history: list[dict[str, float]], seconds: float
) -> RunRecord:
    taken, test_loss = evaluate(model, dataset.x_test, dataset.y_test)
    correct = taken == dataset.y_test
    fitted, fit_loss = evaluate(model, dataset.x_train[:FIT_IMAGES], dataset.y_train[:FIT_IMAGES])
    for loss in (test_loss, fit_loss):
        if not math.isfinite(loss):
            raise LabError("not_finite", value=loss, epoch=spec.recipe.epochs)
    return RunRecord(
        run_id=run_id,
        spec=spec,
        fingerprint=spec.fingerprint(dataset.hash),
        parameters=zoo.parameters(spec.model),
        macs=zoo.macs(spec.model),
        dataset_hash=dataset.hash,
        dataset_source=dataset.source,
        fixed_test=dataset.fixed_test,
        train_images=len(dataset.x_train),
        test_images=len(dataset.x_test),
        validation_accuracy=history[-1]["validation_accuracy"],
        validation_loss=history[-1]["validation_loss"],
        test_accuracy=float(correct.mean()),
        test_loss=test_loss,
        correct=pack_correct(correct),
        history=tuple(history),
        train_seconds=seconds,
        images_per_second=float(np.median([row["images_per_second"] for row in history])),
        updates=int(model.optimizer.iterations),
        fit_loss=fit_loss,
        fit_accuracy=float((fitted == dataset.y_train[:FIT_IMAGES]).mean()),
        confusion=_confusion(dataset.y_test, taken, dataset.classes),
        class_names=dataset.class_names,
        **provenance(spec.backend),
    )


def evaluate(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """What the images are taken for, (N,) int, and the mean negative log-likelihood in nats."""
    logits = np.asarray(model.predict(images, batch_size=EVALUATION_BATCH, verbose=0), np.float64)
    peak = logits.max(axis=1, keepdims=True)
    log_total = peak[:, 0] + np.log(np.exp(logits - peak).sum(axis=1))
    loss = log_total - logits[np.arange(len(logits)), labels]
    return logits.argmax(axis=1), float(loss.mean())


def _confusion(labels: np.ndarray, taken: np.ndarray, classes: int) -> tuple[tuple[int, ...], ...] | None:
    """Test images by their class, then by what they are taken for: see `RunRecord`."""
    if classes > MOST:
        return None
    counts = np.bincount(labels * classes + taken, minlength=classes**2).reshape(classes, classes)
    return tuple(tuple(row) for row in counts.tolist())
