"""A training in a few pictures: what flowed through the network for the same images after some of its epochs.

An ``.npz`` beside the weights of a run, `LARGEST` bytes at most. Of every layer it holds `CHANNELS` channels on at most
`SIDE` × `SIDE` positions, in 64 steps; of every attention what each position gets on average over those that look; and
the predictions. What it leaves out, the weights of the last epoch still give.
"""

import io
import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tf_models.errors import LabError
from tf_models.runs import shipped

LARGEST = 300_000  # bytes of a file
CHANNELS = 4  # of every layer
SIDE = 16  # positions along a side
STEPS = 63  # of brightness, which compress to less than 255 would


@dataclass(frozen=True)
class TimeLapse:
    """E epochs of a run, the first of them 0, its start, and N images, which the run was not trained on.

    `maps` by tap (E, N, H, W, channels); `attention` by tap (E, N, g·h, n): what each of the n positions of each of g
    grids gets from those of its grid on average, for every head. Both are as exact as a file keeps them.
    """

    epochs: tuple[int, ...]
    images: np.ndarray  # (N, H, W, channels) uint8
    labels: tuple[int, ...]  # -1 for a photograph
    names: tuple[str, ...]
    probabilities: np.ndarray  # (E, N, classes)
    maps: dict[str, np.ndarray]
    attention: dict[str, np.ndarray]

    def at(self, epoch: int) -> int:
        """The place among `epochs` of the last one that is not after `epoch`, or of the first."""
        return max(0, sum(kept <= epoch for kept in self.epochs) - 1)

    def of_images(self, numbers: list[int]) -> "TimeLapse":
        """The same of these images alone."""
        return replace(
            self,
            images=self.images[numbers],
            labels=tuple(self.labels[n] for n in numbers),
            names=tuple(self.names[n] for n in numbers),
            probabilities=self.probabilities[:, numbers],
            maps={tap: found[:, numbers] for tap, found in self.maps.items()},
            attention={tap: found[:, numbers] for tap, found in self.attention.items()},
        )

    def of_epochs(self, places: list[int]) -> "TimeLapse":
        """The same after some of the epochs alone."""
        return replace(
            self,
            epochs=tuple(self.epochs[place] for place in places),
            probabilities=self.probabilities[places],
            maps={tap: found[places] for tap, found in self.maps.items()},
            attention={tap: found[places] for tap, found in self.attention.items()},
        )


def kept_epochs(epochs: int) -> tuple[int, ...]:
    """After which epochs of so many a run is looked into: the start, 1, 2, 4, 8 and so on, and the last."""
    return (0, *(1 << power for power in range(epochs.bit_length()) if 1 << power < epochs), epochs)


def pack(found: TimeLapse) -> bytes:
    """The bytes of the file; where they would be too many, of fewer epochs, and then of fewer images."""
    content = _packed(found)
    while len(content) > LARGEST and (len(found.epochs) > 2 or len(found.images) > 1):
        last = len(found.epochs) - 1
        if last > 1:
            found = found.of_epochs([*range(0, last, 2), last])
        else:
            found = found.of_images([*range(len(found.images) - 1)])
        content = _packed(found)
    return content


def _packed(found: TimeLapse) -> bytes:
    about = {"epochs": found.epochs, "labels": found.labels, "names": found.names}
    arrays = {"about": np.array(json.dumps(about)), "images": found.images}
    arrays["probabilities"] = found.probabilities.astype(np.float16)
    for kind, axes in (("maps", (2, 3)), ("attention", (3,))):
        for tap, values in getattr(found, kind).items():
            low, high = (end(values, axis=axes, keepdims=True).astype(np.float32) for end in (np.min, np.max))
            steps = np.round((values - low) / np.where(high > low, high - low, 1) * STEPS)
            arrays[f"{kind}/{tap}"] = steps.astype(np.uint8)
            arrays[f"{kind}-ends/{tap}"] = np.stack([low, high])
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def unpack(content: bytes, name: str) -> TimeLapse:
    """The inverse of `pack`; raises `LabError`, with the `name` of the run, for what is no such file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            kinds: dict[str, dict[str, np.ndarray]] = {"maps": {}, "attention": {}}
            for path in file.files:
                kind, _, tap = path.partition("/")
                if kind in kinds:
                    low, high = file[f"{kind}-ends/{tap}"]
                    kinds[kind][tap] = low + file[path].astype(np.float32) / STEPS * (high - low)
            epochs, labels, names = (tuple(about[key]) for key in ("epochs", "labels", "names"))
            return TimeLapse(epochs, file["images"], labels, names, file["probabilities"].astype(float), **kinds)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise LabError("timelapse_unreadable", value=name) from error


def shipped_path(name: str) -> Path:
    """Where the time-lapse of a network of `runs.showcase` lies; it may not be there."""
    return shipped.RESULTS / "timelapse" / f"{name}.npz"
