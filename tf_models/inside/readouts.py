"""A linear classifier of every level of a network: see `runs.readouts`."""

import numpy as np

from tf_models.errors import LabError
from tf_models.inside.measure import READ_COMPONENTS
from tf_models.inside.reader import Reader
from tf_models.probes.readout import Classifier, classifier
from tf_models.probes.ridge import split_images
from tf_models.runs.readouts import Readouts


def readouts(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Readouts:
    """Fitted and scored on images (N, H, W, channels) uint8 that the network was not trained on, as `probing` is.

    The split and the number of components are those of the probe. Raises `LabError` where the images are of one class.
    """
    split, classes = split_images(len(images), reader.run.seed), reader.spec.classes
    maps = reader.read(images, [layer.path for layer in reader.levels.values()])
    pooled = {tap: maps[layer.path].mean(axis=(1, 2)) for tap, layer in reader.levels.items()}
    width = min(READ_COMPONENTS, len(split.fit) - 1, *(found.shape[1] for found in pooled.values()))
    levels: dict[str, Classifier] = {}
    for tap, found in reader.each(pooled.items()):
        try:
            levels[tap] = classifier(found, labels, split, classes, width)
        except ValueError as error:  # of one class, or of equal features
            if len(np.unique(labels[split.fit])) < 2:
                raise LabError("probe_one_class", value=reader.run.dataset) from error
    return Readouts(len(images), levels)
