"""Shipping a trained network: see `runs.showcase`."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from tf_models import data
from tf_models.data import fit_image, load, peek, read_image
from tf_models.jobs.probing import ask_readouts, network
from tf_models.jobs.queue import Jobs
from tf_models.jobs.worker import taps
from tf_models.runs import readouts, timelapse
from tf_models.runs.record import RunRecord
from tf_models.runs.showcase import Showcase, examples, write_showcase
from tf_models.runs.weights import half_precision, pack_weights, unpack_weights

RECORDED = 3  # test images
# "Chelsea" by Stéfan van der Walt, from scikit-image, in the public domain (CC0): the face, at 160 × 160 pixels.
CAT = Path(data.__file__).with_name("cat.jpg")
Pictures = tuple[np.ndarray, tuple[int, ...], tuple[str, ...]]  # images (N, H, W, channels) uint8, labels, names


def ship(jobs: Jobs, record: RunRecord) -> Path:
    """Keep the weights and arrays of a finished run in `results/`; returns the file.

    In folders beside it: what its levels predict, and, of the images that it shows, how it was trained.
    """
    weights = half_precision(unpack_weights(jobs.store.read_weights(record.run_id), record.run_id))
    images, labels, names = showcase_images(record.spec.dataset, record.spec.seed)
    shown = images if peek(record.spec.dataset).embedded else images[:1]  # larger ones: of the others, a worker tells
    arrays = jobs.ask(taps, record.spec, pack_weights(weights), shown)
    classes = load(record.spec.dataset, record.spec.seed).class_names
    path = write_showcase(Showcase(record, images, labels, names, classes, arrays), weights)
    ship_readouts(jobs, path.stem)
    if (kept := jobs.store.timelapse(record.run_id)).exists():
        seen = timelapse.unpack(kept.read_bytes(), record.run_id)
        ours = seen.of_images([number for number, name in enumerate(seen.names) if name in names])
        _write(timelapse.shipped_path(path.stem), timelapse.pack(ours))
    return path


def ship_readouts(jobs: Jobs, name: str) -> None:
    """Keep what the levels of a shipped network predict: see `runs.readouts`."""
    record, weights = network(jobs.store, name)
    _write(readouts.shipped_path(name), readouts.pack(ask_readouts(jobs, record.spec, weights)))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def showcase_images(dataset: str, seed: int) -> Pictures:
    """`test_images` of what is embedded; the images of other data sets are not the lab's to pass on."""
    known = peek(dataset)
    return test_images(dataset, seed) if known.embedded else photographs(known.input_shape, known.class_names)


def test_images(dataset: str, seed: int) -> Pictures:
    """Images of the test set, chosen by `runs.showcase.examples`, with their labels and their names in the set."""
    split = load(dataset, seed)
    index = examples(split.y_test)
    return split.x_test[index], tuple(int(split.y_test[i]) for i in index), tuple(f"test {i}" for i in index)


@lru_cache(maxsize=4)
def recorded_images(dataset: str, _content: str | None) -> Pictures:
    """What every run on this data set is looked at with while it is trained: see `runs.timelapse`.

    The first three of the test images with seed 0 that *Feature maps* shows; and where these are not the lab's to pass
    on, the photographs besides, which a shipped network can show.
    """
    images, labels, names = test_images(dataset, 0)
    images, labels, names = images[:RECORDED], labels[:RECORDED], names[:RECORDED]
    if peek(dataset).embedded or peek(dataset).generated:
        return images, labels, names
    photos = photographs(images.shape[1:], peek(dataset).class_names)
    return np.concatenate([photos[0], images]), (*photos[1], *labels), (*photos[2], *names)


def photographs(shape: tuple[int, int, int], classes: Sequence[str] = ()) -> Pictures:
    """A cat and scikit-learn's two photographs, cut to `shape`; what shows none of the `classes` has the label -1."""
    from sklearn.datasets import load_sample_images

    photos = load_sample_images()
    cat = read_image(CAT.read_bytes(), CAT.name)
    images = np.stack([fit_image(np.asarray(image), shape) for image in (cat, *photos.images)])
    names = tuple(Path(name).stem for name in (CAT.name, *photos.filenames))
    return images, tuple(classes.index(name) if name in classes else -1 for name in names), names
