"""Data files: ``NAME.npz`` and ``NAME.zip`` in LAB_DATA_DIR, what is refused in them, and the hash of their content."""

import hashlib
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

import numpy as np

from tf_models.data.images import read_image, square
from tf_models.errors import LabError
from tf_models.settings import data_folder

ARRAYS = ("x_train", "y_train", "x_test", "y_test")  # of a .npz
LARGEST_FILE = 80_000_000  # bytes of one image in a .zip, unpacked
ZIP_SIDE = 32  # images of a folder upload are cut square and brought to this side
MOST_CLASSES = 1000
MOST_MEMBERS = 200_000
# GB that a file may unpack to: arrays are in memory as a whole, photographs one at a time.
UNPACKED = {".npz": 2, ".zip": 20}
T = TypeVar("T")


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
    try:
        found = path.stat()
    except OSError as error:  # it is gone, or a link to nowhere
        raise _unreadable(path, error) from error
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
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()[:16]
        except OSError as error:
            raise _unreadable(path, error) from error
    digest = hashlib.sha256()
    with _opened(path) as archive:
        for key in ARRAYS:
            with archive.open(f"{key}.npy") as file:
                header = _read_header(file, archive.getinfo(f"{key}.npy").file_size)
                digest.update(f"{key} {header.shape} {header.dtype.str}".encode())
                digest.update(b" by columns" if header.by_columns else b"")
                while piece := file.read(1 << 20):
                    digest.update(piece)
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
    with _opened(path) as archive:
        images, labels = _header(archive, "x_train"), _read_array(archive, "y_train")
    count, height, width, channels = _image_shape(images.shape, images.dtype, "x_train", path.name)
    if not count:
        raise LabError("file_images", name=path.name, key="x_train", shape=images.shape)
    classes = _count_classes(_labels(labels, "y_train", count, path.name), path.name)
    return Contents((height, width, channels), numbered(classes), count, fixed_test=True)


def read_file(path: Path) -> Raw:
    """``NAME.npz`` with x_train, y_train, x_test, y_test, or ``NAME.zip`` of class folders with images."""
    if path.suffix == ".zip":
        return _read_folders(path)
    with _opened(path) as archive:
        arrays = [_read_array(archive, key) for key in ARRAYS]
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
    return array.reshape(_image_shape(array.shape, array.dtype, key, file))


def _image_shape(shape: tuple[int, ...], dtype: np.dtype, key: str, file: str) -> tuple[int, int, int, int]:
    """(N, H, W, channels) of images, or the `LabError` of what these are instead."""
    full = (*shape, 1) if len(shape) == 3 else shape
    if len(full) != 4 or full[-1] not in (1, 3):
        raise LabError("file_images", name=file, key=key, shape=shape)
    if dtype != np.uint8:
        raise LabError("file_pixels", name=file, key=key, dtype=dtype)
    count, height, width, channels = full
    return count, height, width, channels


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
    with _opened(path) as archive:
        members = [(place, entry) for entry in archive.infolist() if _is_image(place := _place(entry))]
        members.sort(key=lambda member: str(member[0]))
        for place, entry in members:
            if entry.file_size > LARGEST_FILE:
                raise LabError("file_large", name=path.name, entry=place, limit=LARGEST_FILE // 10**6)
        folders = sorted({place.parent.name for place, _ in members})
        for place, entry in members:
            images.append(square(read_image(archive.read(entry), str(place)), ZIP_SIDE))
            labels.append(folders.index(place.parent.name))
    if not 2 <= len(folders) <= MOST_CLASSES or np.bincount(labels).min() < 10:
        raise LabError("file_folders", name=path.name)
    x, y = np.stack(images), np.array(labels, np.int64)
    return Raw("local file", tuple(folders), x, y, None, None, file_hash(path))


def _place(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))  # some tools of Windows write back-slashes


def _is_image(place: PurePosixPath) -> bool:
    in_a_folder = place.parent.name not in ("", "..") and place.parts[0] != "__MACOSX"
    return in_a_folder and place.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive that the lab can read, be it a .zip or a .npz. Whatever is wrong with it is a `LabError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries, limit = archive.infolist(), UNPACKED[path.suffix]
            if len(entries) > MOST_MEMBERS:
                raise LabError("file_members", name=path.name, value=len(entries), limit=MOST_MEMBERS)
            if (size := sum(entry.file_size for entry in entries)) > limit * 10**9:
                raise LabError("file_huge", name=path.name, size=size / 1e9, limit=limit)
            for entry in entries:
                if entry.flag_bits & 1:
                    raise LabError("file_encrypted", name=path.name, entry=entry.filename)
            yield archive
    except LabError:
        raise
    except Exception as error:  # archives are bytes from outside: modules raise what they happen to raise
        raise _unreadable(path, error) from error


@dataclass(frozen=True)
class Header:
    """What a .npy file says of its array, whose data come next."""

    shape: tuple[int, ...]
    by_columns: bool  # the first axis runs fastest
    dtype: np.dtype


def _read_header(file: IO[bytes], size: int) -> Header:
    """The header of a .npy file of so many bytes; a `ValueError` where they cannot hold the array that it promises."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(file)
    if dtype.hasobject:  # unpickling them could run anything
        raise ValueError("an array of Python objects")
    if not all(0 <= length < 2**31 for length in shape) or not dtype.itemsize:
        raise ValueError(f"an array of {len(shape)} axes and impossible size")
    if math.prod(shape) * dtype.itemsize > size - file.tell():
        raise ValueError(f"its header promises {shape} {dtype}, more than follows")
    return Header(shape, by_columns and len(shape) > 1, dtype)


def _header(archive: zipfile.ZipFile, key: str) -> Header:
    with archive.open(f"{key}.npy") as file:
        return _read_header(file, archive.getinfo(f"{key}.npy").file_size)


def _read_array(archive: zipfile.ZipFile, key: str) -> np.ndarray:
    """An array, once its header is known to tell the truth: NumPy makes room for what it promises."""
    _header(archive, key)
    with archive.open(f"{key}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _unreadable(path: Path, error: Exception) -> LabError:
    code = "file_archive" if path.suffix == ".zip" else "file_unreadable"
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return LabError(code, name=path.name, reason=reason)
