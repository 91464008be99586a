"""Data sets: where they come from, how they are split, and what is refused.

Images are uint8, (N, H, W, channels) with 1 or 3 channels; labels are int64 from 0. A seed draws its own stratified
training/validation split and, where the data set brings no test set (`digits`), its own test set too. The three parts
are disjoint.
"""

import hashlib
import io
import os
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tf_models.errors import LabError

ARRAYS = ("x_train", "y_train", "x_test", "y_test")  # of a .npz
EMBEDDED = ("digits", "token_product")  # always the lab's own, whatever LAB_DATA_DIR holds
MEGAPIXELS = 25  # the largest photo that is read
Image.MAX_IMAGE_PIXELS = None  # `read_image` checks the header against MEGAPIXELS, which is stricter
LARGEST_FILE = 80_000_000  # bytes of one image in a .zip, unpacked
ZIP_SIDE = 32  # images of a folder upload are cut square and brought to this side
DIGITS = tuple(str(digit) for digit in range(10))
CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Raw:
    """A data set before it is split. `hash` is of the bytes of images and labels; `x_test` may be None."""

    name: str
    source: str  # embedded, generated, download or local file
    classes: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    hash: str


@dataclass(frozen=True)
class Dataset:
    """One seed's disjoint split of a data set."""

    name: str
    source: str
    classes: tuple[str, ...]
    hash: str
    fixed_test: bool  # the test set is the same for every seed
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.x_train.shape[1:]  # pyright: ignore[reportReturnType]


def load(name: str, seed: int = 0, train_size: int | None = None) -> Dataset:
    """The data set `name`, split for `seed`.

    Validation takes 10 % of the training images, at most 2,000; the test set is the data set's own, or 20 %. With
    `train_size`, a class-balanced subset of the training images is kept; a smaller one is part of a larger one.
    """
    raw = load_raw(name)
    rng = np.random.default_rng([seed, 20])
    if raw.x_test is None or raw.y_test is None:
        rest, test = _stratified(raw.y, np.arange(len(raw.y)), round(0.2 * len(raw.y)), rng)
        x_test, y_test = raw.x[test], raw.y[test]
    else:
        rest, x_test, y_test = np.arange(len(raw.y)), raw.x_test, raw.y_test
    held_out = min(2000, round(0.1 * len(raw.y)))
    train, validation = _stratified(raw.y, rest, held_out, rng)
    if train_size is not None:
        train = _balanced(raw, train, train_size)
    return Dataset(
        name=raw.name,
        source=raw.source,
        classes=raw.classes,
        hash=raw.hash,
        fixed_test=raw.x_test is not None,
        x_train=raw.x[train],
        y_train=raw.y[train],
        x_validation=raw.x[validation],
        y_validation=raw.y[validation],
        x_test=x_test,
        y_test=y_test,
    )


def _stratified(y: np.ndarray, index: np.ndarray, count: int, rng: np.random.Generator):
    """`index` in random order, cut in two: the second part has `count` entries, every class with its share of them."""
    index = rng.permutation(index)
    position = np.empty(len(index))
    for label in np.unique(y[index]):
        members = np.flatnonzero(y[index] == label)
        position[members] = (np.arange(len(members)) + rng.random()) / len(members)
    order = np.argsort(position, kind="stable")  # any prefix holds each class in proportion
    return index[order[count:]], index[order[:count]]


def _balanced(raw: Raw, train: np.ndarray, size: int) -> np.ndarray:
    """`size` of the indices `train`, as many of each class as there are, or one more."""
    if not len(raw.classes) <= size <= len(train):
        raise LabError("train_size", value=size, dataset=raw.name, available=len(train), classes=len(raw.classes))
    rank = np.empty(len(train))
    for label in range(len(raw.classes)):
        members = np.flatnonzero(raw.y[train] == label)
        rank[members] = np.arange(len(members)) + label / len(raw.classes)
    return train[np.argsort(rank, kind="stable")[:size]]


# Where data sets come from


def names() -> tuple[str, ...]:
    """Every data set that `load` takes here: the built-in ones and those in LAB_DATA_DIR."""
    return tuple(dict.fromkeys([*BUILT_IN, *(path.stem for path in _local_files())]))


def load_raw(name: str) -> Raw:
    """The whole data set. A file in LAB_DATA_DIR goes before a download."""
    path = _local_file(name)
    if path is None and name not in BUILT_IN:
        raise LabError("unknown_dataset", value=name, choices=", ".join(names()))
    return _load_raw(name, path, path.stat().st_mtime_ns if path else 0)


@lru_cache(maxsize=2)  # two: the experiment's data set and its control task
def _load_raw(name: str, path: Path | None, _modified: int) -> Raw:
    return read_file(path) if path is not None else BUILT_IN[name](name)


def _local_files() -> list[Path]:
    folder = os.environ.get("LAB_DATA_DIR")
    if not folder or not Path(folder).is_dir():
        return []
    return sorted(path for path in Path(folder).iterdir() if path.suffix in (".npz", ".zip"))


def _local_file(name: str) -> Path | None:
    """The file in LAB_DATA_DIR that is the data set `name`; a .npz goes before a .zip."""
    return next((path for path in _local_files() if path.stem == name and name not in EMBEDDED), None)


def content_hash(name: str) -> str | None:
    """What `load_raw(name).hash` will be, in little memory; None where only a download could tell."""
    path = _local_file(name)
    if path is not None:
        return _file_hash(path, path.stat().st_mtime_ns)
    return load_raw(name).hash if name in EMBEDDED else None


# What reading a damaged, encrypted or foreign archive can raise.
UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of a .npy file, whose data come next."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


@lru_cache(maxsize=32)
def _file_hash(path: Path, _modified: int) -> str:
    """Of the arrays in a .npz, whichever way they are compressed, read in pieces; of the bytes of a .zip."""
    digest = hashlib.sha256()
    if path.suffix == ".zip":
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    try:
        with zipfile.ZipFile(path) as archive:
            for key in ARRAYS:
                with archive.open(f"{key}.npy") as file:
                    shape, dtype = _read_header(file)
                    digest.update(f"{key} {shape} {dtype.str}".encode())
                    while piece := file.read(1 << 20):
                        digest.update(piece)
    except UNREADABLE as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest()[:16]


def _array_hash(*arrays: np.ndarray | None) -> str:
    digest = hashlib.sha256()
    for key, array in zip(ARRAYS, arrays, strict=False):
        if array is not None:
            digest.update(f"{key} {array.shape} {array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def _unreadable(path: Path, error: Exception) -> LabError:
    # NumPy refuses arrays of Python objects with a ValueError: unpickling them could run anything.
    return LabError("file_unreadable", name=path.name, reason=str(error).splitlines()[0][:120] if str(error) else "")


def _digits(name: str) -> Raw:
    """1,797 scanned digits, 8×8 (UCI optdigits test set), as scikit-learn embeds them; 0 to 16 becomes 0 to 255."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = np.round(np.asarray(images) * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    y = np.asarray(labels, np.int64)
    return Raw(name, "embedded", DIGITS, x, y, None, None, _array_hash(x, y))


def _token_product(name: str) -> Raw:
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
    return Raw(name, "generated", ("unequal", "equal"), x, y, None, None, _array_hash(x, y))


def _download(name: str) -> Raw:
    """MNIST, Fashion-MNIST, CIFAR-10 or CIFAR-100 through `keras.datasets`, which keeps them in ~/.keras/datasets."""
    import keras  # only here, in a worker: the server never loads Keras

    try:
        (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # urllib's, ssl's and the hash check's errors share no class
        raise LabError("dataset_offline", name=name, reason=str(error)) from error
    classes = {"cifar10": OBJECTS, "fashion_mnist": CLOTHES, "mnist": DIGITS}.get(name)
    return _checked(name, "download", (x, y, x_test, y_test), classes, _array_hash(x, y, x_test, y_test), name)


BUILT_IN: dict[str, Callable[[str], Raw]] = {
    "digits": _digits,
    "mnist": _download,
    "fashion_mnist": _download,
    "cifar10": _download,
    "cifar100": _download,
    "token_product": _token_product,
}


@dataclass(frozen=True)
class Peek:
    """What a page must know of a data set before a run: `train_images` is the largest `train_size` of `load`."""

    input_shape: tuple[int, int, int]
    classes: int
    train_images: int


# What the lab has shipped results for, or can fetch, is known without the data.
KNOWN = {
    "digits": Peek((8, 8, 1), 10, 1258),
    "token_product": Peek((8, 8, 1), 2, 2100),
    "mnist": Peek((28, 28, 1), 10, 58_000),
    "fashion_mnist": Peek((28, 28, 1), 10, 58_000),
    "cifar10": Peek((32, 32, 3), 10, 48_000),
    "cifar10-jpeg": Peek((32, 32, 3), 10, 48_000),
    "cifar100": Peek((32, 32, 3), 100, 48_000),
}


def peek(name: str) -> Peek:
    """Shape and size of a data set without reading its images."""
    path = _local_file(name)
    if path is None:
        if name not in KNOWN:
            raise LabError("unknown_dataset", value=name, choices=", ".join(names()))
        return KNOWN[name]
    return _peek_file(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _peek_file(path: Path, _modified: int) -> Peek:
    if path.suffix == ".zip":
        raw = _read_folders(path)
        return Peek((ZIP_SIDE, ZIP_SIDE, 3), len(raw.classes), _train_images(len(raw.y), has_test=False))
    try:
        with zipfile.ZipFile(path) as archive, archive.open("x_train.npy") as file:
            shape, _ = _read_header(file)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            classes = int(arrays["y_train"].max()) + 1
    except UNREADABLE as error:
        raise _unreadable(path, error) from error
    height, width, channels = (*shape[1:], 1)[:3] if len(shape) in (3, 4) else (0, 0, 0)
    return Peek((height, width, channels), classes, _train_images(shape[0], has_test=True))


def _train_images(images: int, has_test: bool) -> int:
    rest = images if has_test else images - round(0.2 * images)
    return rest - min(2000, round(0.1 * images))


def read_file(path: Path) -> Raw:
    """``NAME.npz`` with x_train, y_train, x_test, y_test, or ``NAME.zip`` of class folders with images."""
    if path.suffix == ".zip":
        return _read_folders(path)
    try:
        # opened here: where the archive is damaged, NumPy would leave its own file open
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = [file[key] for key in ARRAYS]
    except UNREADABLE as error:
        raise _unreadable(path, error) from error
    classes = OBJECTS if path.stem in ("cifar10", "cifar10-jpeg") else None
    return _checked(path.stem, "local file", arrays, classes, _file_hash(path, path.stat().st_mtime_ns), path.name)


def _checked(
    name: str, source: str, arrays: Iterable[np.ndarray], classes: Iterable[str] | None, content: str, file: str
) -> Raw:
    """uint8 images and int64 labels, or a `LabError` that names what is wrong."""
    x, y, x_test, y_test = arrays

    def images(array: np.ndarray, key: str) -> np.ndarray:
        if array.ndim == 3:
            array = array[..., None]
        if array.ndim != 4 or array.shape[-1] not in (1, 3):
            raise LabError("file_images", name=file, key=key, shape=array.shape)
        if array.dtype != np.uint8:
            raise LabError("file_pixels", name=file, key=key, dtype=array.dtype)
        return array

    def labels(array: np.ndarray, key: str, count: int) -> np.ndarray:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.shape != (count,) or array.dtype.kind not in "iu":
            raise LabError("file_labels", name=file, key=key, shape=array.shape, dtype=array.dtype, count=count)
        return array.astype(np.int64)

    x, x_test = images(x, "x_train"), images(x_test, "x_test")
    if x.shape[1:] != x_test.shape[1:] or not len(x) or not len(x_test):
        raise LabError("file_sizes", name=file, train=x.shape, test=x_test.shape)
    y, y_test = labels(y, "y_train", len(x)), labels(y_test, "y_test", len(x_test))
    count = int(y.max()) + 1
    if y.min() < 0 or not 2 <= count <= 1000 or len(np.unique(y)) != count:
        raise LabError("file_gap", name=file, low=y.min(), high=y.max())
    if y_test.min() < 0 or y_test.max() >= count:
        value = y_test.max() if y_test.max() >= count else y_test.min()
        raise LabError("file_unknown_label", name=file, value=value, high=count - 1)
    classes = tuple(classes) if classes is not None else tuple(str(label) for label in range(count))
    return Raw(name, source, classes[:count], x, y, x_test, y_test, content)


def _read_folders(path: Path) -> Raw:
    """A .zip of folders, one a class, with images in them: CLASS/photo.jpg."""
    images, labels, folders = [], [], []
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [
                entry
                for entry in archive.infolist()
                if not entry.is_dir()
                and not entry.filename.startswith("__MACOSX")
                and "/" in entry.filename
                and Path(entry.filename).suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")
            ]
            for entry in entries:
                if entry.file_size > LARGEST_FILE:
                    raise LabError("file_large", name=path.name, entry=entry.filename, limit=LARGEST_FILE // 10**6)
            members = sorted(entry.filename for entry in entries)
            folders = sorted({name.split("/")[-2] for name in members})
            for name in members:
                image = read_image(archive.read(name), name)
                images.append(square(image, ZIP_SIDE))
                labels.append(folders.index(name.split("/")[-2]))
    except LabError:
        raise
    except UNREADABLE as error:
        raise LabError("file_archive", name=path.name, reason=error) from error
    if len(folders) < 2 or np.bincount(labels).min() < 10:
        raise LabError("file_folders", name=path.name)
    x, y = np.stack(images), np.array(labels, np.int64)
    return Raw(path.stem, "local file", tuple(folders), x, y, None, None, _file_hash(path, path.stat().st_mtime_ns))


# Images that a visitor sends


def read_image(content: bytes, name: str) -> np.ndarray:
    """An upload as upright RGB pixels, (H, W, 3) uint8.

    The size is read from the header and checked before a pixel is decoded: a PNG of a few kB can hold 50 megapixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; what cannot be read raises
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP"))
            megapixels = image.width * image.height / 1e6
            if megapixels > MEGAPIXELS:
                raise LabError("image_too_large", name=name, megapixels=megapixels, limit=MEGAPIXELS)
            image.draft("RGB", (1024, 1024))  # JPEG: decode a smaller picture right away
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to white
                image = Image.fromarray((np.asarray(image) / 257).astype(np.uint8))
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, LabError):
            raise
        raise LabError("not_an_image", name=name) from error


def square(image: np.ndarray, side: int) -> np.ndarray:
    """The middle square of an (H, W, 3) image, resized to (side, side, 3)."""
    picture = ImageOps.fit(Image.fromarray(image), (side, side), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def fit_image(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """An upload as the model takes it: middle crop of the model's proportions, its size, grey for 1 channel."""
    height, width, channels = shape
    picture = Image.fromarray(image)
    if channels == 1:
        picture = picture.convert("L")
    picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(shape)
