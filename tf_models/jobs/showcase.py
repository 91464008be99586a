"""Shipping a trained network: see `runs.showcase`."""

from pathlib import Path

import numpy as np

from tf_models.data import fit_image, load, peek
from tf_models.jobs.queue import Jobs
from tf_models.jobs.worker import taps
from tf_models.runs.record import RunRecord
from tf_models.runs.showcase import Showcase, examples, write_showcase
from tf_models.runs.weights import half_precision, pack_weights, unpack_weights

Pictures = tuple[np.ndarray, tuple[int, ...], tuple[str, ...]]  # images (N, H, W, channels) uint8, labels, names


def ship(jobs: Jobs, record: RunRecord) -> Path:
    """Keep the weights and arrays of a finished run in `results/`; returns the file."""
    weights = half_precision(unpack_weights(jobs.store.read_weights(record.run_id), record.run_id))
    images, labels, names = showcase_images(record.spec.dataset, record.spec.seed)
    arrays = jobs.ask(taps, record.spec, pack_weights(weights), images)
    classes = load(record.spec.dataset, record.spec.seed).class_names
    return write_showcase(Showcase(record, images, labels, names, classes, arrays), weights)


def showcase_images(dataset: str, seed: int) -> Pictures:
    """`test_images` of what is embedded; the images of other data sets are not the lab's to pass on."""
    return test_images(dataset, seed) if peek(dataset).embedded else photographs(peek(dataset).input_shape)


def test_images(dataset: str, seed: int) -> Pictures:
    """Images of the test set, chosen by `runs.showcase.examples`, with their labels and their names in the set."""
    data = load(dataset, seed)
    index = examples(data.y_test)
    return data.x_test[index], tuple(int(data.y_test[i]) for i in index), tuple(f"test {i}" for i in index)


def photographs(shape: tuple[int, int, int]) -> Pictures:
    """scikit-learn's two photographs, cut to `shape`; they show none of the classes: their labels are -1."""
    from sklearn.datasets import load_sample_images

    photos = load_sample_images()
    images = np.stack([fit_image(np.asarray(image), shape) for image in photos.images])
    names = tuple(Path(name).stem for name in photos.filenames)
    return images, (-1,) * len(images), names
