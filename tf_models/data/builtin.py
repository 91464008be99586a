"""The data sets that need no file: scikit-learn's digits and Keras's downloads. The generated ones are in `tasks`."""

import os
from pathlib import Path

import numpy as np

from tf_models.data.files import checked
from tf_models.data.raw import Raw, array_hash, numbered
from tf_models.errors import LabError


def scanned_digits(_name: str) -> Raw:
    """1,797 scanned digits, 8×8 (UCI optdigits test set), as scikit-learn embeds them; 0 to 16 becomes 0 to 255."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = np.round(np.asarray(images) * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    y = np.asarray(labels, np.int64)
    return Raw("embedded", numbered(10), x, y, None, None, array_hash(x, y))


def is_downloaded(kept: str) -> bool:
    """Whether Keras has `kept` a file of this name on this machine; asked of the disk, as Keras stays in workers."""
    home = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")
    return (Path(os.environ.get("KERAS_HOME", home / ".keras")) / "datasets" / kept).exists()


def download(name: str) -> Raw:
    """One of `keras.datasets`, which keeps it in ~/.keras/datasets."""
    import keras  # only here, in a worker: the server never loads Keras

    try:
        (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # urllib's, ssl's and the hash check's errors share no class
        raise LabError("dataset_offline", name=name, reason=str(error)) from error
    return checked("download", (x, y, x_test, y_test), array_hash(x, y, x_test, y_test), name)
