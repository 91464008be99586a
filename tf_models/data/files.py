"""Data files: ``NAME.npz`` and ``NAME.zip`` in LAB_DATA_DIR and those that visitors sent, and what is in them.

A .npz of the lab's own form is read as it stands. Anything else is read once: what came of it is kept in LAB_HOME.
"""

import contextlib
import hashlib
import json
import os
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tf_models import settings
from tf_models.data.archives import header, opened, read_array, read_header, unreadable
from tf_models.data.arrays import read_arrays
from tf_models.data.folders import Report, read_folders
from tf_models.data.raw import ARRAYS, MOST_CLASSES, LeftOut, Raw, array_hash, numbered
from tf_models.errors import LabError

READER = 2  # raise it whenever the same file would give other images
OWN = re.compile(r"own-[0-9a-f]{12}")  # what a visitor's data set is called
SAMPLES, SHOWN = 3, 12  # images of each of the first classes that can be seen without reading all
T = TypeVar("T")


@dataclass(frozen=True)
class Contents:
    """What is in a file, known without all of its images: `images` counts those that are not in a test set, `counts`
    those of each class.
    """

    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    images: int
    fixed_test: bool
    counts: tuple[int, ...]
    left_out: tuple[LeftOut, ...] = ()


def local_files() -> list[Path]:
    """The data files in LAB_DATA_DIR, by name."""
    folder = settings.data_folder()
    found = sorted(folder.iterdir(), key=lambda path: (path.stem, path.suffix.lower())) if folder else []
    return [
        path
        for path in found
        if path.suffix.lower() in (".npz", ".zip") and not path.name.startswith(".") and not path.is_dir()
    ]


def unpacked() -> list[str]:
    """Folders in LAB_DATA_DIR, which are not read: a folder of class folders must be packed."""
    folder = settings.data_folder()
    found = sorted(folder.iterdir()) if folder else []
    return [path.name for path in found if path.is_dir() and not path.name.startswith(".")]


def own_file(name: str) -> Path | None:
    """The data set of this name that a visitor sent."""
    if not OWN.fullmatch(name):
        return None
    path = settings.home() / "pictures" / f"{name}.npz"
    return path if path.is_file() else None


def stamp(path: Path) -> tuple[int, ...]:
    """A value that changes whenever the file is written or replaced, also by a file of the same age."""
    try:
        found = path.stat()
    except OSError as error:  # it is gone, or a link to nowhere
        raise unreadable(path, error) from error
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def stamps() -> tuple[tuple[Path, tuple[int, ...]], ...]:
    """Every file in LAB_DATA_DIR with its `stamp`, an empty one where it cannot be read."""
    found = []
    for path in local_files():
        with contextlib.suppress(LabError):
            found.append((path, stamp(path)))
    return tuple(found)


def while_unchanged(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """Remember what `read` found in a file until the file changes."""

    @lru_cache(maxsize=32)
    def remembered(path: Path, _stamp: tuple[int, ...]) -> T:
        return read(path)

    return wraps(read)(lambda path: remembered(path, stamp(path)))


@while_unchanged
def is_plain(path: Path) -> bool:
    """Whether a .npz has the lab's own form, which is read as it stands: see `ARRAYS`, uint8 and labels from 0."""
    if path.suffix.lower() == ".zip":
        return False
    with opened(path) as archive:
        if not {f"{key}.npy" for key in ARRAYS} <= set(archive.namelist()):
            return False
        heads = {key: header(archive, key) for key in ARRAYS}
        for key in ("x_train", "x_test"):
            shape = heads[key].shape
            if heads[key].dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)):
                return False
        for key in ("y_train", "y_test"):
            if heads[key].dtype.kind not in "iu" or len(heads[key].shape) > 2:
                return False
        labels = _flat(read_array(archive, "y_train"))
    return labels.ndim == 1 and len(labels) > 0 and labels.min() == 0 and len(np.unique(labels)) == labels.max() + 1


@while_unchanged
def file_hash(path: Path) -> str:
    """SHA-256, 16 digits, of what is read from a file, however it is packed: arrays and the names of classes."""
    if not is_plain(path):
        return _about(path)["hash"]
    digest = hashlib.sha256()
    with opened(path) as archive:
        for key in ARRAYS:
            with archive.open(f"{key}.npy") as file:
                head = read_header(file, archive.getinfo(f"{key}.npy").file_size)
                digest.update(f"{key} {head.shape} {head.dtype.str}".encode())
                digest.update(b" by columns" if head.by_columns else b"")
                while piece := file.read(1 << 20):
                    digest.update(piece)
    return digest.hexdigest()[:16]


@while_unchanged
def contents(path: Path) -> Contents:
    """What a file holds; of a plain .npz only the header of the images and the labels are read."""
    if not is_plain(path):
        about = _about(path)
        height, width, channels = about["shape"]
        counts, names = tuple(about["counts"]), tuple(about["class_names"])
        return Contents((height, width, channels), names, sum(counts), about["fixed_test"], counts, _left_out(about))
    with opened(path) as archive:
        images, labels = header(archive, "x_train"), read_array(archive, "y_train")
    count, height, width, channels = (*images.shape, 1) if len(images.shape) == 3 else images.shape
    y = _labels(labels, "y_train", count, path.name)
    counts = tuple(np.bincount(y).tolist())
    _check_count(len(counts), path.name)
    return Contents((height, width, channels), numbered(len(counts)), count, fixed_test=True, counts=counts)


def read_file(path: Path) -> Raw:
    """The data set in a file, its images as uint8 and its labels from 0; raises `LabError` for one that is none."""
    if not is_plain(path):
        return _read(imported(path))
    with opened(path) as archive:
        arrays = [read_array(archive, key) for key in ARRAYS]
    return checked("local file", arrays, file_hash(path), path.name)


def checked(source: str, arrays: Iterable[np.ndarray], content: str, file: str) -> Raw:
    """uint8 images and int64 labels, or a `LabError` that names what is wrong in `file`."""
    x, y, x_test, y_test = arrays
    x, x_test = (array[..., None] if array.ndim == 3 else array for array in (x, x_test))
    if x.shape[1:] != x_test.shape[1:] or not len(x) or not len(x_test):
        raise LabError("file_sizes", name=file, train=x.shape, test=x_test.shape)
    y, y_test = _labels(y, "y_train", len(x), file), _labels(y_test, "y_test", len(x_test), file)
    count = int(y.max()) + 1
    _check_count(count, file)
    if y_test.min() < 0 or y_test.max() >= count:
        value = y_test.max() if y_test.max() >= count else y_test.min()
        raise LabError("file_unknown_label", name=file, value=value, known=f"0–{count - 1}")
    return Raw(source, numbered(count), x, y, x_test, y_test, content)


def _check_count(classes: int, file: str) -> None:
    if not 2 <= classes <= MOST_CLASSES:
        raise LabError("file_classes", name=file, value=classes, most=MOST_CLASSES)


def _flat(labels: np.ndarray) -> np.ndarray:
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _labels(array: np.ndarray, key: str, count: int, file: str) -> np.ndarray:
    array = _flat(array)
    if array.shape != (count,):
        raise LabError("file_labels", name=file, key=key, shape=array.shape, dtype=array.dtype, count=count)
    return array.astype(np.int64)


# Files that are read once


def imported(path: Path, report: Report = lambda done, total: None) -> Path:
    """The file in LAB_HOME that holds what was read from this one, made if it is not there.

    A visitor's data set is such a file. `report` is told how many images of how many are read.
    """
    if path.parent == settings.home() / "pictures" and OWN.fullmatch(path.stem):
        return path
    kept = _kept(path)
    if not kept.exists():
        raw = read_any(path, report)
        try:
            write(raw, kept)
        except OSError as error:
            raise LabError("home_not_writable", path=kept.parent, reason=error.strerror or str(error)) from error
    return kept


def is_read(path: Path) -> bool:
    """Whether a file answers at once: it is plain, or has been read before."""
    return is_plain(path) or own_file(path.stem) == path or _kept(path).exists()


def _kept(path: Path) -> Path:
    return settings.home() / "read" / f"{_byte_hash(path)}-{READER}.npz"


@while_unchanged
def _byte_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:20]
    except OSError as error:
        raise unreadable(path, error) from error


def read_any(path: Path, report: Report = lambda done, total: None) -> Raw:
    """What is in a .zip of class folders, or in a .npz under whatever names, with its `hash`."""
    raw = read_folders(path, report) if path.suffix.lower() == ".zip" else read_arrays(path)
    test = () if raw.x_test is None or raw.y_test is None else (raw.x_test, raw.y_test)
    names = "" if raw.class_names == numbered(len(raw.class_names)) else json.dumps(raw.class_names)
    content = array_hash(raw.x, raw.y, *test)
    return replace(raw, hash=hashlib.sha256(f"{content}{names}".encode()).hexdigest()[:16] if names else content)


def write(raw: Raw, path: Path) -> None:
    """Keep a data set as one file, whole or not at all; raises `OSError` where it cannot be written."""
    about = {
        "hash": raw.hash,
        "shape": raw.x.shape[1:],
        "class_names": raw.class_names,
        "counts": np.bincount(raw.y, minlength=len(raw.class_names)).tolist(),
        "fixed_test": raw.x_test is not None,
        "left_out": [asdict(row) for row in raw.left_out],
    }
    arrays = dict(zip(ARRAYS, (raw.x, raw.y, raw.x_test, raw.y_test), strict=True))
    samples = [np.flatnonzero(raw.y == label)[:SAMPLES] for label in range(min(len(raw.class_names), SHOWN))]
    chosen = np.concatenate(samples)
    words = {"about": np.array(json.dumps(about)), "class_names": np.array(raw.class_names)}
    words |= {"samples": raw.x[chosen], "sampled": raw.y[chosen]}
    found: dict[str, Any] = {key: array for key, array in arrays.items() if array is not None} | words
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}.npz")
    try:
        np.savez(part, **found)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _about(path: Path) -> dict[str, Any]:
    return _about_in(imported(path))


@while_unchanged
def _about_in(kept: Path) -> dict[str, Any]:
    try:
        with np.load(kept, allow_pickle=False) as file:
            return json.loads(str(file["about"]))
    except Exception as error:  # somebody has changed it
        raise unreadable(kept, error) from error


def samples(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A few images of the first classes, (N, H, W, channels), and their labels; none of a plain file."""
    if is_plain(path):
        return np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64)
    with np.load(imported(path), allow_pickle=False) as file:
        return file["samples"], file["sampled"]


def _read(kept: Path) -> Raw:
    about = _about_in(kept)
    try:
        with np.load(kept, allow_pickle=False) as file:
            x, y, x_test, y_test = (file.get(key) for key in ARRAYS)
    except Exception as error:
        raise unreadable(kept, error) from error
    assert x is not None and y is not None
    return Raw("local file", tuple(about["class_names"]), x, y, x_test, y_test, about["hash"], _left_out(about))


def _left_out(about: dict[str, Any]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(row["reason"], row["count"], tuple(row["names"])) for row in about["left_out"])
