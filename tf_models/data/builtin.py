"""The data sets that need no file: scikit-learn's digits, a generated control task, and Keras's downloads."""

import numpy as np

from tf_models.data.files import Raw, array_hash, checked, numbered
from tf_models.errors import LabError


def scanned_digits(_name: str) -> Raw:
    """1,797 scanned digits, 8×8 (UCI optdigits test set), as scikit-learn embeds them; 0 to 16 becomes 0 to 255."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = np.round(np.asarray(images) * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    y = np.asarray(labels, np.int64)
    return Raw("embedded", numbered(10), x, y, None, None, array_hash(x, y))


def products_of_pixels(_name: str) -> Raw:
    """The control task: 3,000 images of 8×8 pixels whose label needs a nonlinear function of each 2×2 patch alone.

    In every patch the two upper pixels a and b, taken from mid-grey, have a product whose sign is the label; the two
    lower ones are noise. Each pixel by itself is independent of the label, so every linear model, and every model that
    is linear in each token, stays at chance; averaging a·b over the tokens solves it.
    """
    rng = np.random.default_rng(20)
    y = np.arange(3000) % 2
    sign = rng.choice([-1, 1], (3000, 4, 4))
    a = sign * rng.uniform(0.3, 1, sign.shape)
    b = sign * (2 * y - 1)[:, None, None] * rng.uniform(0.3, 1, sign.shape)
    x = rng.uniform(-1, 1, (3000, 8, 8, 1))
    x[:, ::2, ::2, 0], x[:, ::2, 1::2, 0] = a, b
    x = np.round(127.5 * (x + 1)).astype(np.uint8)
    return Raw("generated", ("unequal", "equal"), x, y, None, None, array_hash(x, y))


def download(name: str) -> Raw:
    """One of `keras.datasets`, which keeps it in ~/.keras/datasets."""
    import keras  # only here, in a worker: the server never loads Keras

    try:
        (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # urllib's, ssl's and the hash check's errors share no class
        raise LabError("dataset_offline", name=name, reason=str(error)) from error
    return checked("download", (x, y, x_test, y_test), array_hash(x, y, x_test, y_test), name)
