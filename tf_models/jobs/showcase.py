"""Trained default models that come with the lab: weights, and what flows through them for a few images.

``results/VARIANT-DATASET.weights.h5`` holds the weights in float16, ``results/VARIANT-DATASET.npz`` the arrays for the
images of `showcase_images` and the run's record. Written by ``python -m tf_models train VARIANT --ship``.
"""

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tf_models.data import fit_image, load, peek
from tf_models.jobs.queue import Jobs
from tf_models.jobs.worker import taps
from tf_models.runs import shipped
from tf_models.runs.reading import read_record
from tf_models.runs.record import RunRecord


@dataclass(frozen=True)
class Showcase:
    """One shipped model. `labels` are class numbers, -1 for a photograph; `taps` as in `training.taps`, float16."""

    record: RunRecord
    images: np.ndarray  # (N, H, W, channels) uint8
    labels: tuple[int, ...]
    image_names: tuple[str, ...]
    classes: tuple[str, ...]
    taps: dict[str, np.ndarray]


def showcase_images(dataset: str, seed: int) -> tuple[np.ndarray, tuple[int, ...], tuple[str, ...]]:
    """Images, labels and names: the first test image of every class of what is embedded.

    The images of other data sets are not the lab's to pass on: there, scikit-learn's two photographs stand for them.
    """
    data = load(dataset, seed)
    if peek(dataset).embedded:
        index = [int(np.flatnonzero(data.y_test == label)[0]) for label in range(data.classes)]
        return data.x_test[index], tuple(int(data.y_test[i]) for i in index), tuple(f"test {i}" for i in index)
    from sklearn.datasets import load_sample_images

    photos = load_sample_images()
    images = np.stack([fit_image(np.asarray(image), data.input_shape) for image in photos.images])
    names = tuple(Path(name).stem for name in photos.filenames)
    return images, (-1,) * len(images), names


def ship(jobs: Jobs, record: RunRecord) -> Path:
    """Keep the weights and arrays of a finished run in `results/`; returns the arrays' file."""
    name = f"{record.spec.variant}-{record.spec.dataset}"
    weights = half_precision(jobs.store.weights(record.run_id).read_bytes())
    images, labels, image_names = showcase_images(record.spec.dataset, record.spec.seed)
    arrays = jobs.ask(taps, record.spec, weights, images)
    classes = load(record.spec.dataset, record.spec.seed).class_names
    shipped.RESULTS.mkdir(exist_ok=True)
    (shipped.RESULTS / f"{name}.weights.h5").write_bytes(weights)
    about = {"record": record.to_dict(), "labels": labels, "image_names": image_names, "classes": classes}
    path = shipped.RESULTS / f"{name}.npz"
    half = {f"taps/{tap}": array.astype(np.float16) for tap, array in arrays.items()}
    np.savez_compressed(path, about=np.array(json.dumps(about)), images=images, **half)
    return path


def half_precision(weights: bytes) -> bytes:
    """The same ``.weights.h5`` file with its float32 arrays in float16, and without the optimizer's."""
    import h5py

    target = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as source, h5py.File(target, "w") as copy:

        def visit(name: str, item: Any) -> None:
            if name.split("/")[0] == "optimizer":
                return
            if isinstance(item, h5py.Group):
                group = copy.require_group(name)
            else:
                data = item[()]
                group = copy.create_dataset(name, data=data.astype(np.float16) if data.dtype == np.float32 else data)
            group.attrs.update(item.attrs)

        copy.attrs.update(source.attrs)
        source.visititems(visit)
    return target.getvalue()


def showcases() -> tuple[str, ...]:
    """The names of what is shipped, VARIANT-DATASET."""
    return tuple(sorted(path.stem for path in shipped.RESULTS.glob("*.npz")))


def load_showcase(name: str) -> Showcase:
    """One of `showcases()`."""
    path = shipped.RESULTS / f"{name}.npz"
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)  # more than are shipped: Feature maps asks for all of them
def _load(path: Path, _modified: int) -> Showcase:
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        arrays = {key.removeprefix("taps/"): file[key] for key in file.files if key.startswith("taps/")}
        return Showcase(
            record=read_record(about["record"]),
            images=file["images"],
            labels=tuple(about["labels"]),
            image_names=tuple(about["image_names"]),
            classes=tuple(about["classes"]),
            taps=arrays,
        )


def showcase_weights(name: str) -> bytes:
    """The shipped weights, a ``.weights.h5`` file in float16."""
    return (shipped.RESULTS / f"{name}.weights.h5").read_bytes()
