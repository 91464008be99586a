"""The only trainer: `RunSpec` → `RunRecord`, through `keras.Model.fit`."""

import gc
import math
import os
import platform
import subprocess
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from keras import ops

from tf_models import zoo
from tf_models.data import Dataset, load
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord, pack_correct
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.training.build import build
from tf_models.training.initialize import reset_optimizer, start
from tf_models.zoo import ModelSpec

BATCHES_PER_CALL = 8  # batches between two callbacks: fewer costs speed, more makes a stop wait
CHECK_SECONDS = 0.5  # how often a training asks whether it should stop
KEPT_MODELS = 4  # compiled models that a worker keeps
EVALUATION_BATCH = 500


class Stopped(Exception):
    """Somebody asked for the run to end."""


def train(
    spec: RunSpec,
    run_id: str = "",
    report: Callable[[dict[str, float]], None] = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    weights: Path | None = None,
) -> RunRecord:
    """Train `spec` and read the test set once, at the end.

    Args:
        spec: what to train. Its backend must be the one that Keras runs on here.
        run_id: the id that the record carries.
        report: called after every epoch with epoch (from 1), epochs, loss, accuracy, validation_loss,
            validation_accuracy, images_per_second and seconds_left.
        should_stop: asked about twice a second.
        weights: where to keep the final weights, a ``.weights.h5`` file.

    Raises:
        Stopped: `should_stop` said so.
        LabError: the spec is invalid, or the loss is no longer finite.
    """
    if spec.backend != keras.backend.backend():
        raise LabError("unknown_backend", value=spec.backend, choices=f"{keras.backend.backend()} in this process")
    dataset = load(spec.dataset, spec.seed, spec.train_size)
    model = _fresh_model(spec.model, spec.recipe, len(dataset.x_train), spec.seed)
    progress = _Progress(spec.recipe.epochs, len(dataset.x_train), report, should_stop)
    began = time.perf_counter()
    model.fit(
        Batches(dataset, spec.recipe.batch_size, spec.seed),
        epochs=spec.recipe.epochs,
        validation_data=(dataset.x_validation, dataset.y_validation),
        validation_batch_size=EVALUATION_BATCH,
        shuffle=False,  # `Batches` has shuffled already; Keras would shuffle the batches with Python's global generator
        callbacks=[progress],
        verbose=0,
    )
    seconds = time.perf_counter() - began
    if progress.failure is not None:
        raise progress.failure
    correct, test_loss = evaluate(model, dataset)
    if not math.isfinite(test_loss):
        raise LabError("not_finite", value=test_loss, epoch=spec.recipe.epochs)
    if weights is not None:
        model.save_weights(weights)
    last = progress.history[-1]
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
        validation_accuracy=last["validation_accuracy"],
        validation_loss=last["validation_loss"],
        test_accuracy=float(correct.mean()),
        test_loss=test_loss,
        correct=pack_correct(correct),
        history=tuple(progress.history),
        train_seconds=seconds,
        images_per_second=float(np.median([row["images_per_second"] for row in progress.history])),
        device=device(),
        versions={name: version(name) for name in ("keras", spec.backend, "numpy")}
        | {"python": platform.python_version()},
        git=git_revision(),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def evaluate(model: keras.Model, dataset: Dataset) -> tuple[np.ndarray, float]:
    """Which test images are classified correctly, (N,) bool, and the mean negative log-likelihood in nats."""
    logits = np.asarray(model.predict(dataset.x_test, batch_size=EVALUATION_BATCH, verbose=0), np.float64)
    peak = logits.max(axis=1, keepdims=True)
    log_total = peak[:, 0] + np.log(np.exp(logits - peak).sum(axis=1))
    loss = log_total - logits[np.arange(len(logits)), dataset.y_test]
    return logits.argmax(axis=1) == dataset.y_test, float(loss.mean())


class Batches(keras.utils.PyDataset):
    """The training images in an order that seed and epoch alone decide, whatever the arm: arms are paired."""

    def __init__(self, dataset: Dataset, size: int, seed: int):
        super().__init__()
        self._dataset, self._size, self._seed, self._epoch = dataset, size, seed, -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._dataset.x_train) / self._size)

    def __getitem__(self, index: int):
        chosen = self._order[index * self._size : (index + 1) * self._size]
        return self._dataset.x_train[chosen], self._dataset.y_train[chosen]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        rng = np.random.default_rng([self._seed, self._epoch, 21])
        self._order = rng.permutation(len(self._dataset.x_train))


_models: OrderedDict[tuple, tuple[keras.Model, "Schedule"]] = OrderedDict()


def is_warm(key: tuple) -> bool:
    """Whether this process keeps a compiled model for `key` (see `warm_key`)."""
    return key in _models


def warm_key(spec: ModelSpec, recipe: Recipe) -> tuple:
    """What two runs must share for the second to reuse the first's compiled model.

    Seed, data, learning rate and length may differ.
    """
    return spec, replace(recipe, learning_rate=Recipe.learning_rate, epochs=Recipe.epochs)


def _fresh_model(spec: ModelSpec, recipe: Recipe, train_images: int, seed: int) -> keras.Model:
    """A compiled model as good as new: kept from an earlier run where there is one, since tracing takes seconds.

    Weights, optimizer and random-generator states all start from `seed`.
    """
    key = warm_key(spec, recipe)
    if key in _models:
        _models.move_to_end(key)
    else:
        while len(_models) >= KEPT_MODELS:
            _models.popitem(last=False)
        gc.collect()
        _models[key] = _compiled(spec, recipe)
    model, schedule = _models[key]
    schedule.set(recipe.learning_rate, recipe.epochs * math.ceil(train_images / recipe.batch_size))
    # No global seed: nothing here draws from one, and setting TensorFlow's makes it prepare every graph again (2 s).
    start(model, seed)
    reset_optimizer(model.optimizer)
    return model


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up over a tenth of the steps, then a cosine to zero; the same traced step serves every peak and
    length, since they are variables.
    """

    def __init__(self):
        self.peak, self.steps, self.warm_up = (
            keras.Variable(1.0, trainable=False, dtype="float32", name=name) for name in ("peak", "steps", "warm_up")
        )

    def set(self, peak: float, steps: int) -> None:
        """For the next training: the highest learning rate, and the number of batches."""
        warm_up = max(1, steps // 10)
        self.peak.assign(peak)
        self.steps.assign(max(1, steps - warm_up))
        self.warm_up.assign(warm_up)

    def __call__(self, step):
        step = ops.minimum(ops.cast(step, "float32"), self.steps + self.warm_up)
        cosine = 0.5 * (1.0 + ops.cos(math.pi * ((step - self.warm_up) / self.steps)))
        return ops.where(step < self.warm_up, self.peak * (step / self.warm_up), self.peak * cosine)

    def get_config(self):
        return {}


def _compiled(spec: ModelSpec, recipe: Recipe) -> tuple[keras.Model, Schedule]:
    policy = keras.config.dtype_policy()
    # bfloat16 keeps float32's range, so no loss scaling is needed.
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.mixed_precision else "float32")
    try:
        model = build(spec)
    finally:
        keras.config.set_dtype_policy(policy)
    schedule = Schedule()
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "table", "token", "layer_scale"])
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=BATCHES_PER_CALL,
        jit_compile=recipe.xla or keras.backend.backend() == "jax",  # without it, JAX would run op by op
    )
    return model, schedule


class _Progress(keras.callbacks.Callback):
    """Reports every epoch, and ends the training when asked to or when the loss is not finite."""

    def __init__(
        self,
        epochs: int,
        train_images: int,
        report: Callable[[dict[str, float]], None],
        should_stop: Callable[[], bool],
    ):
        super().__init__()
        self.history: list[dict[str, float]] = []
        self.failure: Exception | None = None
        self._epochs, self._train_images, self._report, self._should_stop = epochs, train_images, report, should_stop
        self._checked = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self._training_seconds = None

    def on_train_batch_end(self, batch, logs=None):
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            self._end(LabError("not_finite", value=loss, epoch=len(self.history) + 1))
        self._check()

    def on_test_begin(self, logs=None):
        if self._training_seconds is None:
            self._training_seconds = time.perf_counter() - self._began

    def on_test_batch_end(self, batch, logs=None):
        self._check()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if self.failure is not None:
            return
        seconds = time.perf_counter() - self._began
        row = {
            "epoch": epoch + 1,
            "epochs": self._epochs,
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "validation_loss": float(logs["val_loss"]),
            "validation_accuracy": float(logs["val_accuracy"]),
            "images_per_second": self._train_images / (self._training_seconds or seconds),
            "seconds_left": seconds * (self._epochs - epoch - 1),
        }
        worst = max(row["loss"], row["validation_loss"], key=lambda loss: (not math.isfinite(loss), loss))
        if not math.isfinite(worst):
            self._end(LabError("not_finite", value=worst, epoch=epoch + 1))
            return
        self.history.append(row)
        self._report(row)

    def _check(self) -> None:
        if time.perf_counter() - self._checked > CHECK_SECONDS:
            self._checked = time.perf_counter()
            if self._should_stop():
                self._end(Stopped())

    def _end(self, failure: Exception) -> None:
        self.failure = self.failure or failure
        self.model.stop_training = True


@lru_cache
def device() -> str:
    """Such as ``GPU NVIDIA H100`` or ``CPU AMD EPYC (2 cores)``."""
    if keras.backend.backend() == "jax":
        import jax

        gpus = [d.device_kind for d in jax.devices() if d.platform == "gpu"]
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = [
            tf.config.experimental.get_device_details(gpu).get("device_name", "")
            for gpu in tf.config.list_physical_devices("GPU")
        ]
    else:
        gpus = []
    if gpus:
        return f"GPU {gpus[0]}"
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"CPU {name} ({os.cpu_count()} cores)"


@lru_cache
def git_revision() -> str:
    """The revision of the lab's own checkout, with ``+`` where files differ from it; empty outside a checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        run = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
        return subprocess.run(run, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
