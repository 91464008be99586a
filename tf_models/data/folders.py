"""A .zip of class folders: which folder is a class, which a ready-made split, and which is none of it."""

import re
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np

from tf_models.data.archives import opened, places
from tf_models.data.images import SUFFIXES, read_image, square
from tf_models.data.raw import MOST_CLASSES, NAMED, LeftOut, Raw
from tf_models.errors import LabError

LARGEST_FILE = 80_000_000  # bytes of one image, unpacked
SIDE = 32  # images are cut square and brought to this side
FEWEST = 10  # images of a class
TOOLS = {"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "thumbs.db", "desktop.ini"}
SPLITS = {
    **dict.fromkeys(("train", "training", "training_set", "train_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set", "eval"), "test"),
}
Report = Callable[[int, int], None]  # is told how many images of how many are read
Member = tuple[str, str, PurePosixPath, zipfile.ZipInfo]  # part, class, place, entry


def read_folders(path: Path, report: Report = lambda done, total: None) -> Raw:
    """Images of class folders, ``CLASS/…/photo.jpg``, or of ready-made parts, ``test/CLASS/photo.jpg``.

    What cannot be used is named in `left_out`, and the rest is used; the images of a folder ``valid`` count as training
    images, from which every seed draws its own validation set. The `hash` is left to `files`.

    Raises `LabError` where fewer than two classes are left, and for an archive that cannot be read.
    """
    left: dict[str, list[str]] = {}
    with opened(path) as archive:
        members = _members(archive, left)
        images = _read(archive, members, left, report)
    train = [row for row in images if row[0] != "test"] or images
    counts = Counter({label: 0 for part, label, *_ in members if part != "test"})  # of some, nothing can be read
    counts.update(label for _, label, _ in train)
    few = {label for label, count in counts.items() if count < FEWEST}
    if few:
        left["few"] = [f"{label} ({counts[label]})" for label in sorted(few)]
    classes = sorted(counts.keys() - few)
    if not 2 <= len(classes) <= MOST_CLASSES:
        found = ", ".join(f"{label} ({counts[label]})" for label in sorted(counts)[:NAMED]) or "–"
        problems = [name for reason in ("unreadable", "large") for name in left.get(reason, ())]
        code = "file_folders_bad" if problems else "file_folders"
        told = {"found": found, "fewest": FEWEST, "bad": len(problems), "first": "; ".join(problems[:3])}
        raise LabError(code, name=path.name, **told)
    test = [row for row in images if row[0] == "test"] if len(train) < len(images) else []
    if unknown := sorted({label for _, label, _ in test} - counts.keys()):
        left["unknown"] = unknown
    x, y = _stacked(train, classes)
    x_test, y_test = _stacked(test, classes) if any(row[1] in classes for row in test) else (None, None)
    told = tuple(LeftOut(reason, len(names), tuple(names[:NAMED])) for reason, names in left.items() if names)
    return Raw("local file", tuple(classes), x, y, x_test, y_test, "", told)


def _stacked(images: list[tuple[str, str, np.ndarray]], classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    of_class = {label: number for number, label in enumerate(classes)}
    chosen = [(pixels, of_class[label]) for _, label, pixels in images if label in of_class]
    return np.stack([pixels for pixels, _ in chosen]), np.array([label for _, label in chosen], np.int64)


def _read(
    archive: zipfile.ZipFile, members: list[Member], left: dict[str, list[str]], report: Report
) -> list[tuple[str, str, np.ndarray]]:
    """(part, class, pixels) of every picture that can be read."""

    def read(content: bytes, place: PurePosixPath) -> np.ndarray | LabError:
        try:
            return square(read_image(content, str(place), 4 * SIDE), SIDE)
        except LabError as error:
            return error

    found = []
    with ThreadPoolExecutor(2) as pool:  # one unpacks and decodes while another does; no more are in memory
        for start in range(0, len(members), 2):
            asked = []
            for part, label, place, entry in members[start : start + 2]:
                try:
                    if entry.file_size > LARGEST_FILE:
                        raise LabError("file_large", name=archive.filename, entry=place, limit=LARGEST_FILE // 10**6)
                    asked.append((part, label, place, pool.submit(read, archive.read(entry), place)))
                except LabError:
                    left.setdefault("large", []).append(str(place))
                except Exception:  # of a damaged archive, the other members can be read
                    left.setdefault("unreadable", []).append(str(place))
            for part, label, place, future in asked:
                if isinstance(outcome := future.result(), LabError):
                    reason = "large" if outcome.code == "image_too_large" else "unreadable"
                    left.setdefault(reason, []).append(str(place))
                else:
                    found.append((part, label, outcome))
            report(min(start + 2, len(members)), len(members))
    return found


def _parts(folders: set[str]) -> dict[str, str]:
    """Folder → part for those that are named after one, such as ``Train`` or ``seg_test``, all in the same way."""
    found: dict[str, tuple[str, str]] = {}  # part, and what else is in the name
    for folder in folders:
        words = re.split(r"[\W_]+", folder.casefold())
        parts = {SPLITS[word] for word in words if word in SPLITS}
        if folder.casefold() in SPLITS:
            found[folder] = SPLITS[folder.casefold()], ""
        elif len(parts) == 1:
            found[folder] = parts.pop(), " ".join(word for word in words if word not in SPLITS)
    alike = Counter(rest for _, rest in found.values()).most_common(1)
    return {folder: part for folder, (part, rest) in found.items() if rest == alike[0][0]}


def _below(own: tuple[str, ...]) -> tuple[str, ...]:
    """The folders below that of a part; some archives have it twice, ``seg_train/seg_train/sea/1.jpg``."""
    return own[2:] if len(own) > 3 and own[1] == own[0] else own[1:]


def _members(archive: zipfile.ZipFile, left: dict[str, list[str]]) -> list[Member]:
    """The pictures, with part (train, validation, test) and class."""
    pictures = []
    for place, entry in places(archive):
        if any(part.startswith(".") or part.casefold() in TOOLS for part in place.parts):
            continue  # what systems and tools leave behind
        if place.suffix.lower() in SUFFIXES:
            pictures.append((place.parts, place, entry))
        else:
            left.setdefault("other", []).append(str(place))
    found = []
    while not found:
        inside = [row for row in pictures if len(row[0]) > 1]
        left.setdefault("loose", []).extend(str(place) for own, place, _ in pictures if len(own) == 1)
        tops, deeper = {own[0] for own, _, _ in inside}, any(len(own) > 2 for own, _, _ in inside)
        parts = _parts(tops)
        if deeper and "train" in parts.values() and len(set(parts.values())) > 1:
            left["loose"] += [str(place) for own, place, _ in inside if own[0] not in parts]  # such as ``seg_pred``
            found = [(parts[own[0]], (_below(own), *row)) for own, *row in inside if own[0] in parts]
        elif len(tops) != 1 or not deeper:
            found = [("train", row) for row in inside]
            break
        pictures = [(own[1:], place, entry) for own, place, entry in inside]  # a folder around it all
    seconds = {own[1].casefold() for _, (own, *_) in found if len(own) > 2}
    if (
        {part for part, _ in found} == {"train"}
        and all(len(own) > 2 for _, (own, *_) in found)
        and (seconds <= SPLITS.keys() and {SPLITS[second] for second in seconds} >= {"train", "test"})
    ):  # ``cat/train/…``, ``cat/test/…``
        found = [(SPLITS[own[1].casefold()], (own, *row)) for _, (own, *row) in found]
    left["loose"] += [str(place) for _, (own, place, _) in found if len(own) == 1]
    named = [(part, own[0].strip(), place, entry) for part, (own, place, entry) in found if len(own) > 1]
    there = {label for part, label, *_ in named if part == "train"}
    usual = {label.casefold(): label for label in there}  # Windows tells no case apart
    only = {part for part, *_ in named} == {"train", "validation"}  # a test set under another name
    return [
        (
            "test" if only and part == "validation" else part,
            label if label in there else usual.get(label.casefold(), label),
            place,
            entry,
        )
        for part, label, place, entry in named
    ]
