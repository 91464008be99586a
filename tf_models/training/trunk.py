"""The common part of trainings that differ in length alone: with the ``decay`` schedule, the longer one goes on where
the shorter one's learning rate starts to fall.

The state at that point is kept in ``LAB_HOME/trunks``: a longer training of the same specification starts from it, and
one that was interrupted does not begin anew. What comes out is what a training from the beginning gives.
"""

import contextlib
import io
import json
import logging
import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from tf_models import settings
from tf_models.runs.spec import DECAY, RunSpec

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trunk:
    """A training up to a whole epoch: what its epochs reported, and the seconds that they took."""

    epoch: int
    history: list[dict[str, float]]
    seconds: float


def fork(spec: RunSpec) -> int:
    """The epoch after which the learning rate of `spec` falls; 0 where that is inside an epoch, or never constant."""
    epochs = spec.recipe.epochs * (1 - DECAY)
    return round(epochs) if spec.recipe.schedule == "decay" and abs(epochs - round(epochs)) < 1e-9 else 0


def save(spec: RunSpec, dataset_hash: str, model: keras.Model, trunk: Trunk) -> None:
    """Keep the state of `model` and its optimizer after the epoch of `trunk`; a failure does not end the training."""
    path = _path(spec, dataset_hash, trunk.epoch)
    content = io.BytesIO()
    told = np.array(json.dumps({"history": trunk.history, "seconds": trunk.seconds}))
    np.savez(content, told=told, **{f"{i:05}": np.asarray(variable) for i, variable in enumerate(_variables(model))})
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content.getvalue())
        unfinished.replace(path)
    except OSError as error:
        log.warning("%s cannot be written (%s): a longer training will begin anew", path, error)
        with contextlib.suppress(OSError):
            unfinished.unlink()


def resume(spec: RunSpec, dataset_hash: str, model: keras.Model) -> Trunk:
    """Put the latest kept state that `spec` passes through into `model`; one that cannot be read is passed over."""
    for epoch in sorted(_kept(spec, dataset_hash), reverse=True):
        path, variables = _path(spec, dataset_hash, epoch), _variables(model)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                told = json.loads(str(kept["told"]))
                found = Trunk(epoch, told["history"], told["seconds"])
                values = [kept[f"{i:05}"] for i in range(len(variables))]
            if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
                raise ValueError("the shapes of another network")
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
            log.warning("%s cannot be read (%s): this part is trained again", path, error)
            continue
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return found
    return Trunk(0, [], 0.0)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


def _kept(spec: RunSpec, dataset_hash: str) -> list[int]:
    folder, last = _path(spec, dataset_hash, 0).parent, fork(spec)
    epochs = [int(path.stem) for path in folder.glob("*.npz") if path.stem.isdigit()]
    return [epoch for epoch in epochs if epoch <= last]


def _path(spec: RunSpec, dataset_hash: str, epoch: int) -> Path:
    trunk = replace(spec, recipe=replace(spec.recipe, epochs=1))
    return settings.home() / "trunks" / trunk.fingerprint(dataset_hash) / f"{epoch}.npz"
