"""A .npz as people have it: arrays under other names, channels first, floats, labels as words, from 1 or one-hot."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tf_models.data.archives import header, opened, read_array
from tf_models.data.raw import MOST_CLASSES, LeftOut, Raw, numbered
from tf_models.errors import LabError

PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("val", "valid", "validation", "dev"), "validation"
)
KINDS = {
    **dict.fromkeys(("x", "image", "images", "img", "imgs", "data", "input", "inputs", "pictures", "features"), "x"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets", "class", "classes", "t"), "y"),
}
NAMES = ("class_names", "classnames", "label_names", "labelnames", "names", "categories")
WHITE = 255
Arrays = dict[tuple[str, str], np.ndarray]  # by part and kind


def read_arrays(path: Path) -> Raw:
    """Images and labels of a .npz under whatever names; the `hash` is left to `files`.

    Raises `LabError` where it cannot be told which array is what, and for pixels and labels that are none.
    """
    with opened(path) as archive:
        keys = [entry.filename[:-4] for entry in archive.infolist() if entry.filename.endswith(".npy")]
        chosen, names = _chosen(archive, keys, path.name)
        arrays = {role: read_array(archive, key) for role, key in chosen.items()}
        words = read_array(archive, names) if names else None
    parts = [part for part in ("train", "validation", "test") if (part, "x") in arrays]
    raw_x = {part: _shaped(arrays[part, "x"], chosen[part, "x"], path.name) for part in parts}
    if len({x.shape[1:] for x in raw_x.values()}) > 1 or not all(map(len, raw_x.values())):
        shapes = [raw_x[part].shape for part in ("train", "test") if part in raw_x]
        raise LabError("file_sizes", name=path.name, train=shapes[0], test=shapes[-1])
    scale = _scale([raw_x[part] for part in parts], chosen["train", "x"], path.name)
    x = {part: _pixels(scale(raw_x[part])) for part in parts}
    values = {part: _values(arrays[part, "y"], chosen[part, "y"], len(x[part]), path.name) for part in parts}
    y, class_names = _numbered(values, path.name)
    if words is not None and words.ndim == 1 and words.dtype.kind == "U" and len(words) >= len(class_names):
        numbers = [int(name) for name in class_names if name.isdecimal() and int(name) < len(words)]
        if len(numbers) == len(class_names):
            class_names = tuple(str(words[number]) for number in numbers)
    if "validation" in parts:  # every seed draws its own of all of them
        x["train"] = np.concatenate([x["train"], x["validation"]])
        y["train"] = np.concatenate([y["train"], y["validation"]])
    other = sorted(set(keys) - set(chosen.values()) - {names})
    left = (LeftOut("arrays", len(other), tuple(other[:10])),) if other else ()
    return Raw("local file", class_names, x["train"], y["train"], x.get("test"), y.get("test"), "", left)


def _role(key: str) -> tuple[str, str] | None:
    """(part, kind) of an array by its name, such as ``X_train``, ``trainLabels`` or ``images``."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", re.sub(r"([xXyY])(?=(?i:train|test|val))", r"\1_", key))
    words = [word.lower() for word in words]
    parts = {PARTS[word] for word in words if word in PARTS}
    kinds = {KINDS[word] for word in words if word in KINDS}
    rest = [word for word in words if word not in PARTS and word not in KINDS and word not in ("set", "arr")]
    if len(kinds) != 1 or len(parts) > 1 or rest:
        return None
    return next(iter(parts), "train"), kinds.pop()


def _chosen(archive: zipfile.ZipFile, keys: list[str], file: str) -> tuple[Mapping[tuple[str, str], str], str | None]:
    """(part, kind) → key, and the key of the classes' names."""
    found: dict[tuple[str, str], str] = {}
    for key in keys:
        if key.lower() not in NAMES and (role := _role(key)) is not None:
            found.setdefault(role, key)
    if not found and all(re.fullmatch(r"arr_\d+", key) for key in keys):
        found = _by_position(archive, sorted(keys, key=lambda key: int(key[4:])))
    pairs = {part for part, _ in found if (part, "x") in found and (part, "y") in found}
    if "train" not in pairs:
        raise LabError("file_keys", name=file, found=", ".join(sorted(keys)[:12]) or "–")
    if missing := {part for part, _ in found} - pairs:
        raise LabError("file_pair", name=file, part=", ".join(sorted(missing)), found=", ".join(sorted(keys)[:12]))
    free = [key for key in keys if key not in found.values()]
    return found, next((key for key in free if key.lower() in (*NAMES, "classes")), None)


def _by_position(archive: zipfile.ZipFile, keys: list[str]) -> dict[tuple[str, str], str]:
    """Arrays without names: images have 3 or 4 axes; each has the labels of its length, the first are to train."""
    shapes = {key: header(archive, key).shape for key in keys}
    images = [key for key in keys if len(shapes[key]) >= 3]
    labels = [key for key in keys if key not in images and shapes[key]]
    found: dict[tuple[str, str], str] = {}
    order = ("train", "test") if len(images) <= 2 else ("train", "validation", "test")
    for part, key in zip(order, images, strict=False):
        if own := next((label for label in labels if shapes[label][0] == shapes[key][0]), None):
            labels.remove(own)
            found |= {(part, "x"): key, (part, "y"): own}
    return found


def _shaped(array: np.ndarray, key: str, file: str) -> np.ndarray:
    """(N, H, W, channels) with 1 to 4 channels, whatever their order."""
    if array.ndim == 2 and (side := round(array.shape[1] ** 0.5)) ** 2 == array.shape[1] and side >= 8:
        array = array.reshape(-1, side, side)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim == 4 and array.shape[3] > 4 and array.shape[1] <= 4:
        array = np.moveaxis(array, 1, -1)
    if array.ndim != 4 or not 1 <= array.shape[3] <= 4 or array.dtype.kind not in "biuf":
        raise LabError("file_images", name=file, key=key, shape=array.shape, dtype=array.dtype)
    return array


def _scale(arrays: list[np.ndarray], key: str, file: str):
    """What brings pixels of this type and range to uint8: the same for all parts."""
    kind = arrays[0].dtype
    if kind == np.uint8:
        return lambda x: x.astype(np.uint8, copy=False)
    if kind.kind == "b":
        return lambda x: x.astype(np.uint8) * 255
    low, high = float(min(x.min() for x in arrays)), float(max(x.max() for x in arrays))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise LabError("file_pixels", name=file, key=key, dtype=kind, low=low, high=high)
    if low >= 0 and high <= 1:
        offset, factor = 0.0, 255.0
    elif low >= 0 and high <= 255:
        offset, factor = 0.0, 1.0
    elif -1 <= low < 0 and high <= 1:
        offset, factor = 1.0, 127.5
    elif low >= 0 and kind.kind in "iu" and high < 2**16:
        offset, factor = 0.0, 255 / (2 ** int(high).bit_length() - 1)  # cameras write 10, 12 or 14 bits into 16
    else:
        raise LabError("file_pixels", name=file, key=key, dtype=kind, low=low, high=high)

    def scaled(x: np.ndarray) -> np.ndarray:
        result = np.empty(x.shape, np.uint8)
        for start in range(0, len(x), 256):  # a copy of the whole in floats would take eight times the room
            result[start : start + 256] = np.round((x[start : start + 256].astype(np.float64) + offset) * factor)
        return result

    return scaled


def _pixels(x: np.ndarray) -> np.ndarray:
    """1 or 3 channels: what is transparent lies on white."""
    if x.shape[3] in (1, 3):
        return np.ascontiguousarray(x)
    colour, alpha = x[..., :-1].astype(np.float32), x[..., -1:].astype(np.float32) / 255
    return np.round(colour * alpha + WHITE * (1 - alpha)).astype(np.uint8)


def _values(array: np.ndarray, key: str, count: int, file: str) -> np.ndarray:
    """(N,) whole numbers or words: labels as they are called."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    numbers = array.dtype.kind in "biuf"
    if array.ndim == 2 and numbers and np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all():
        array = array.argmax(axis=1)  # one-hot
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    whole = array.dtype.kind == "U" or (numbers and np.isfinite(array).all() and (array == np.floor(array)).all())
    if array.shape != (count,) or not whole:
        raise LabError("file_labels", name=file, key=key, shape=array.shape, dtype=array.dtype, count=count)
    return array if array.dtype.kind in "U" else array.astype(np.int64)


def _numbered(values: Mapping[str, np.ndarray], file: str) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Labels from 0 without a gap, and what each class was called in the file."""
    known = np.unique(np.concatenate([found for part, found in values.items() if part != "test"]))
    if not 2 <= len(known) <= MOST_CLASSES:
        raise LabError("file_classes", name=file, value=len(known), most=MOST_CLASSES)
    if "test" in values and len(other := np.setdiff1d(values["test"], known)):
        raise LabError("file_unknown_label", name=file, value=other[0], known=", ".join(map(str, known[:10])))
    numbers = {part: np.searchsorted(known, found).astype(np.int64) for part, found in values.items()}
    names = tuple(str(name) for name in known)
    return numbers, numbered(len(known)) if names == numbered(len(known)) else names
