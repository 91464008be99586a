"""Trained networks that come with the lab: weights, and what flows through them for a few images.

``results/VARIANT-DATASET.npz`` holds the record, the images, the taps for them and the weights, all in float16. Written
by ``python -m tf_models train VARIANT --ship``.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tf_models.runs import shipped
from tf_models.runs.reading import read_record
from tf_models.runs.record import RunRecord
from tf_models.runs.store import RunStore
from tf_models.runs.weights import Weights, half_precision, pack_weights

LATEST = 200  # own runs that are offered
EXAMPLES = 12  # images of a data set


@dataclass(frozen=True)
class Showcase:
    """One shipped network. `labels` are class numbers, -1 for a photograph; `taps` as in `training.taps`, float16, of
    all images or of the first.
    """

    record: RunRecord
    images: np.ndarray  # (N, H, W, channels) uint8
    labels: tuple[int, ...]
    image_names: tuple[str, ...]
    classes: tuple[str, ...]
    taps: dict[str, np.ndarray]


def showcases() -> tuple[str, ...]:
    """The names of what is shipped, VARIANT-DATASET."""
    return tuple(name.removesuffix(".npz") for name, _ in shipped.stamps(".npz"))


def load_showcase(name: str) -> Showcase:
    """One of `showcases()`."""
    path = shipped.RESULTS / f"{name}.npz"
    return _load(path, path.stat().st_mtime_ns)


def showcase_record(name: str) -> RunRecord:
    """The record of one of `showcases()`, without its arrays: pages ask for those of all of them."""
    path = shipped.RESULTS / f"{name}.npz"
    return _read_record(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)  # more than are shipped
def _read_record(path: Path, _modified: int) -> RunRecord:
    with np.load(path, allow_pickle=False) as file:
        return read_record(json.loads(str(file["about"]))["record"])


@lru_cache(maxsize=8)
def _load(path: Path, modified: int) -> Showcase:
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        return Showcase(
            record=_read_record(path, modified),
            images=file["images"],
            labels=tuple(about["labels"]),
            image_names=tuple(about["image_names"]),
            classes=tuple(about["classes"]),
            taps={key.removeprefix("taps/"): file[key] for key in file.files if key.startswith("taps/")},
        )


def showcase_weights(name: str) -> bytes:
    """The shipped weights of one of `showcases()`, in float16, as a file of their own."""
    with np.load(shipped.RESULTS / f"{name}.npz", allow_pickle=False) as file:
        return pack_weights({k.removeprefix("weights/"): file[k] for k in file.files if k.startswith("weights/")})


def write_showcase(shown: Showcase, weights: Weights) -> Path:
    """Keep a trained network in `results/`; the same values give the same file."""
    about = {
        "record": shown.record.to_dict(),
        "labels": shown.labels,
        "image_names": shown.image_names,
        "classes": shown.classes,
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), "images": shown.images}
    arrays |= {f"taps/{path}": array for path, array in half_precision(shown.taps).items()}
    arrays |= {f"weights/{path}": array for path, array in half_precision(weights).items()}
    shipped.RESULTS.mkdir(exist_ok=True)
    path = shipped.RESULTS / f"{shown.record.spec.variant}-{shown.record.spec.dataset}.npz"
    np.savez_compressed(path, **arrays)
    return path


def examples(labels: np.ndarray) -> list[int]:
    """Which images of a test set with these labels (N,) are shown: the first of every class, then the second of every
    class, and so on, until there are `EXAMPLES`.
    """
    of_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    rounds = range(max(map(len, of_class), default=0))
    order = [int(members[turn]) for turn in rounds for members in of_class if turn < len(members)]
    return order[:EXAMPLES]


def networks_with_weights(store: RunStore | None) -> dict[str, dict[str, RunRecord]]:
    """Data set → name → record of every network whose weights are here.

    The shipped ones come first, by their variant, then the latest own runs, by their id, newest first.
    """
    found: dict[str, dict[str, RunRecord]] = {}
    shipped_ones = [_read_record(shipped.RESULTS / file, time) for file, time in shipped.stamps(".npz")]
    for record in sorted(shipped_ones, key=lambda record: record.dataset_source != "embedded"):
        found.setdefault(record.spec.dataset, {})[record.spec.variant] = record
    for record in reversed(store.records()[-LATEST:] if store is not None else []):
        if store is not None and store.has_weights(record.run_id):
            found.setdefault(record.spec.dataset, {})[record.run_id] = record
    return found
