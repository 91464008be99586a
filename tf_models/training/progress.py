"""What a training tells while it runs, and how it ends before its time."""

import math
import time
from collections.abc import Callable

import keras

from tf_models.data import Dataset
from tf_models.errors import LabError
from tf_models.runs.spec import RunSpec
from tf_models.training import trunk

CHECK_SECONDS = 0.5  # how often a training asks whether it should stop


Look = Callable[[int, keras.Model], None]  # at a network after so many epochs


def unseen(epoch: int, model: keras.Model) -> None:
    """The `Look` that looks at nothing."""


class Stopped(Exception):
    """Somebody asked for the run to end."""


class Progress(keras.callbacks.Callback):
    """Reports every epoch, keeps the state where a longer training goes on, and ends the training when asked to or
    when the loss is not finite.
    """

    def __init__(
        self,
        spec: RunSpec,
        dataset: Dataset,
        before: trunk.Trunk,
        report: Callable[[dict[str, float]], None],
        should_stop: Callable[[], bool],
        during: Callable[[float], None] = lambda share: None,
        look: Look = unseen,
    ):
        super().__init__()
        self.history = list(before.history)
        self.failure: Exception | None = None
        self._epoch_seconds: list[float] = []
        self._spec, self._dataset, self._report = spec, dataset, report
        self._should_stop, self._during, self._look = should_stop, during, look
        self._epochs, self._train_images = spec.recipe.epochs, len(dataset.x_train)
        self._before, self._started, self._checked = before.seconds, time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        """Of the whole training, those of a kept trunk included."""
        return self._before + time.perf_counter() - self._started

    def on_train_begin(self, logs=None):
        for row in self.history:  # of a kept trunk
            self._report(row)

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self._training_seconds = None

    def on_train_batch_end(self, batch, logs=None):
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            self._end(LabError("not_finite", value=loss, epoch=len(self.history) + 1))
        if self._check():
            self._during(min(1.0, (batch + 1) * self._spec.recipe.batch_size / self._train_images))

    def on_test_begin(self, logs=None):
        if self._training_seconds is None:
            self._training_seconds = time.perf_counter() - self._began

    def on_test_batch_end(self, batch, logs=None):
        self._check()

    def on_epoch_end(self, epoch, logs):
        if self.failure is not None:
            return
        seconds = time.perf_counter() - self._began
        self._epoch_seconds.append(seconds)
        row = {
            "epoch": epoch + 1,
            "epochs": self._epochs,
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "validation_loss": float(logs["val_loss"]),
            "validation_accuracy": float(logs["val_accuracy"]),
            "images_per_second": self._train_images / (self._training_seconds or seconds),
        }
        if steady := self._epoch_seconds[1:]:  # the first epoch holds the tracing, which takes longer than all others
            row["seconds_left"] = (self._epochs - epoch - 1) * sum(steady) / len(steady)
        if not math.isfinite(both := row["loss"] + row["validation_loss"]):
            self._end(LabError("not_finite", value=both, epoch=epoch + 1))
            return
        self.history.append(row)
        self._report(row)
        if row["epoch"] == trunk.fork(self._spec):
            reached = trunk.Trunk(epoch + 1, self.history, self.seconds)
            trunk.save(self._spec, self._dataset.hash, self.model, reached)
        began = time.perf_counter()
        self._look(row["epoch"], self.model)
        self._started += time.perf_counter() - began

    def _check(self) -> bool:
        """Ask whether to stop; returns whether it was time to."""
        due = time.perf_counter() - self._checked > CHECK_SECONDS
        if due:
            self._checked = time.perf_counter()
            if self._should_stop():
                self._end(Stopped())
        return due

    def _end(self, failure: Exception) -> None:
        self.failure = self.failure or failure
        self.model.stop_training = True
