"""What every layer of a network would already predict: a linear classifier of each, in a small ``.npz``."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tf_models.errors import LabError
from tf_models.probes.readout import Classifier
from tf_models.runs import shipped


@dataclass(frozen=True)
class Readouts:
    """Level (`zoo.plan.levels`) → the classifier of its features, averaged over positions, fitted on `images` images
    that the network was not trained on.
    """

    images: int
    levels: Mapping[str, Classifier]

    def predict(self, taps: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Level → probabilities (classes,) for one image, from what flows through the network for it (H, W, C)."""
        return {
            level: found.probabilities(taps[level].astype(float).mean(axis=(0, 1)))
            for level, found in self.levels.items()
            if level in taps
        }


def pack(found: Readouts) -> bytes:
    """The bytes of the file."""
    about = {"images": found.images, "accuracies": {level: one.accuracy for level, one in found.levels.items()}}
    arrays = {f"{level}/weights": one.weights.astype(np.float32) for level, one in found.levels.items()}
    arrays |= {f"{level}/bias": one.bias.astype(np.float32) for level, one in found.levels.items()}
    file = io.BytesIO()
    np.savez_compressed(file, about=np.array(json.dumps(about)), **arrays)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def unpack(content: bytes, name: str) -> Readouts:
    """The inverse of `pack`; raises `LabError`, with the `name` of the network, for what is no such file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            levels = {
                level: Classifier(file[f"{level}/weights"], file[f"{level}/bias"], accuracy)
                for level, accuracy in about["accuracies"].items()
            }
            return Readouts(about["images"], levels)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise LabError("readouts_unreadable", value=name) from error


def shipped_path(name: str) -> Path:
    """Where those of a network of `runs.showcase` lie; they may not be there."""
    return shipped.RESULTS / "readouts" / f"{name}.npz"
