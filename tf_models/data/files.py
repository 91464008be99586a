"""Data files: ``NAME.npz`` and ``NAME.zip`` in LAB_DATA_DIR, what is refused in them, and the hash of their content."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import IO, TypeVar

import numpy as np

from tf_models.data.images import read_image, square
from tf_models.errors import LabError
from tf_models.settings import data_folder

ARRAYS = ("x_train", "y_train", "x_test", "y_test")  # of a .npz
LARGEST_FILE = 80_000_000  # bytes of one image in a .zip, unpacked
ZIP_SIDE = 32  # images of a folder upload are cut square and brought to this side
MOST_CLASSES = 1000
T = TypeVar("T")
# What reading a damaged, encrypted or foreign archive can raise.
UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Raw:
    """A data set before it is split. `hash` is of the bytes of images and labels; `x_test` may be None.

    Images are uint8, (N, H, W, channels) with 1 or 3 channels; labels are int64 from 0.
    """

    source: str  # embedded, generated, download or local file
    class_names: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    hash: str


@dataclass(frozen=True)
class Contents:
    """What is in a file, known without all of its images: `images` counts those that are not in a test set."""

    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    images: int
    fixed_test: bool


def local_files() -> list[Path]:
    """The data files in LAB_DATA_DIR, by name; a .npz comes before a .zip of the same name."""
    folder = data_folder()
    return sorted(path for path in folder.iterdir() if path.suffix in (".npz", ".zip")) if folder else []


def stamp(path: Path) -> tuple[int, ...]:
    """A value that changes whenever the file is written or replaced, also by a file of the same age."""
    found = path.stat()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def while_unchanged(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """Remember what `read` found in a file until the file changes."""

    @lru_cache(maxsize=32)
    def remembered(path: Path, _stamp: tuple[int, ...]) -> T:
        return read(path)

    return wraps(read)(lambda path: remembered(path, stamp(path)))


@while_unchanged
def file_hash(path: Path) -> str:
    """SHA-256, 16 digits, read in pieces: of the arrays in a .npz, packed or not, and of the bytes of a .zip."""
    if path.suffix == ".zip":
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    digest = hashlib.sha256()
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


def array_hash(*arrays: np.ndarray) -> str:
    """What `file_hash` gives for a .npz with these arrays, in the order of `ARRAYS`."""
    digest = hashlib.sha256()
    for key, array in zip(ARRAYS, arrays, strict=False):
        digest.update(f"{key} {array.shape} {array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


@while_unchanged
def contents(path: Path) -> Contents:
    """What a file holds; of a .npz only the header of the images and the labels are read."""
    if path.suffix == ".zip":
        raw = _read_folders(path)
        return Contents((ZIP_SIDE, ZIP_SIDE, 3), raw.class_names, len(raw.y), fixed_test=False)
    try:
        with zipfile.ZipFile(path) as archive, archive.open("x_train.npy") as file:
            shape, _ = _read_header(file)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            labels = arrays["y_train"]
    except UNREADABLE as error:
        raise _unreadable(path, error) from error
    if len(shape) not in (3, 4) or not shape[0]:
        raise LabError("file_images", name=path.name, key="x_train", shape=shape)
    classes = _count_classes(_labels(labels, "y_train", shape[0], path.name), path.name)
    height, width, channels = (*shape[1:], 1)[:3]
    return Contents((height, width, channels), numbered(classes), shape[0], fixed_test=True)


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
    return checked("local file", arrays, file_hash(path), path.name)


def numbered(classes: int) -> tuple[str, ...]:
    """The names of classes that have only numbers."""
    return tuple(str(label) for label in range(classes))


def checked(source: str, arrays: Iterable[np.ndarray], content: str, file: str) -> Raw:
    """uint8 images and int64 labels, or a `LabError` that names what is wrong in `file`."""
    x, y, x_test, y_test = arrays
    x, x_test = _images(x, "x_train", file), _images(x_test, "x_test", file)
    if x.shape[1:] != x_test.shape[1:] or not len(x) or not len(x_test):
        raise LabError("file_sizes", name=file, train=x.shape, test=x_test.shape)
    y, y_test = _labels(y, "y_train", len(x), file), _labels(y_test, "y_test", len(x_test), file)
    count = _count_classes(y, file)
    if y_test.min() < 0 or y_test.max() >= count:
        value = y_test.max() if y_test.max() >= count else y_test.min()
        raise LabError("file_unknown_label", name=file, value=value, high=count - 1)
    return Raw(source, numbered(count), x, y, x_test, y_test, content)


def _images(array: np.ndarray, key: str, file: str) -> np.ndarray:
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3):
        raise LabError("file_images", name=file, key=key, shape=array.shape)
    if array.dtype != np.uint8:
        raise LabError("file_pixels", name=file, key=key, dtype=array.dtype)
    return array


def _labels(array: np.ndarray, key: str, count: int, file: str) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise LabError("file_labels", name=file, key=key, shape=array.shape, dtype=array.dtype, count=count)
    return array.astype(np.int64)


def _count_classes(labels: np.ndarray, file: str) -> int:
    count = int(labels.max()) + 1
    if labels.min() < 0 or not 2 <= count <= MOST_CLASSES or len(np.unique(labels)) != count:
        raise LabError("file_gap", name=file, low=labels.min(), high=labels.max())
    return count


def _read_folders(path: Path) -> Raw:
    """A .zip of folders, one per class, with images in them: CLASS/photo.jpg."""
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
                images.append(square(read_image(archive.read(name), name), ZIP_SIDE))
                labels.append(folders.index(name.split("/")[-2]))
    except LabError:
        raise
    except UNREADABLE as error:
        raise LabError("file_archive", name=path.name, reason=error) from error
    if len(folders) < 2 or np.bincount(labels).min() < 10:
        raise LabError("file_folders", name=path.name)
    x, y = np.stack(images), np.array(labels, np.int64)
    return Raw("local file", tuple(folders), x, y, None, None, file_hash(path))


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of a .npy file, whose data come next."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _unreadable(path: Path, error: Exception) -> LabError:
    # NumPy refuses arrays of Python objects with a ValueError: unpickling them could run anything.
    return LabError("file_unreadable", name=path.name, reason=str(error).splitlines()[0][:120] if str(error) else "")
