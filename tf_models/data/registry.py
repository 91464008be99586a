"""The data sets, one row each: everything that the lab must know of a data set besides its images.

A file in LAB_DATA_DIR needs no row: what it holds gives its row (`peek`). Nothing outside this file decides anything
by a data set's name.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from tf_models.data import builtin, files, tasks
from tf_models.data.raw import LeftOut, Raw, numbered
from tf_models.errors import LabError

CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FINE_LABELS = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
"""  # of CIFAR-100, in their order
FINE_OBJECTS = tuple(name.replace("_", " ") for name in _FINE_LABELS.split())

# δ, the smallest difference in accuracy that matters, up to so many training images.
Deltas = tuple[tuple[float, float], ...]
TINY_IMAGES: Deltas = ((math.inf, 0.02),)  # up to 8×8 pixels
LARGER_IMAGES: Deltas = ((10_000, 0.015), (math.inf, 0.01))


@dataclass(frozen=True)
class Usual:
    """How an experiment trains on a data set where nothing else is said."""

    train_size: int | None  # None: all training images
    epochs: int
    tuning_size: int | None  # training images that choose the learning rates; None: as many as `train_size`
    small: int  # training images that count as little data


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What is known of a data set without reading its images."""

    name: str
    source: str  # embedded, generated, download or local file
    input_shape: tuple[int, int, int]  # (H, W, channels)
    class_names: tuple[str, ...]
    train_images: int  # the largest `train_size` of `load`
    fixed_test: bool  # it comes with a test set, the same for every seed; else every seed draws its own
    deltas: Deltas
    studied: bool = False  # the lab ships results of every experiment on it
    read: Callable[[str], Raw] | None = None  # None: from a file only
    hash: str | None = None  # of the content, where it never changes
    kept: str = ""  # what Keras keeps of a download, in its folder ``datasets``
    counts: tuple[int, ...] = ()  # images of each class that are not in a fixed test set; of a file alone
    left_out: tuple[LeftOut, ...] = ()  # what a file holds besides

    @property
    def largest_share(self) -> float:
        """What whoever always names the most frequent class gets right; 0 where nothing is known of the classes."""
        return max(self.counts) / sum(self.counts) if self.counts else 0.0

    @property
    def classes(self) -> int:
        return len(self.class_names)

    @property
    def generated(self) -> bool:
        """A task that is made for an experiment or its control, not one to choose."""
        return self.source == "generated"

    @property
    def embedded(self) -> bool:
        """Always the lab's own, whatever LAB_DATA_DIR holds, and free to pass on."""
        return self.hash is not None

    @property
    def seeds(self) -> int:
        """How many seeds an experiment declares: 5 where every seed has its own test set, else 3."""
        return 3 if self.fixed_test else 5

    def delta(self, train_images: int) -> float:
        """δ with so many training images, as a share."""
        return next(delta for most, delta in self.deltas if train_images <= most)

    @property
    def few_images(self) -> bool:
        """Whether a run takes seconds rather than minutes."""
        return self.train_images <= 2500

    @property
    def usual(self) -> Usual:
        """All images and 15 epochs where they are few, else 10,000 images and 5 epochs."""
        if self.few_images:
            return Usual(train_size=None, epochs=15, tuning_size=None, small=300)
        return Usual(10_000 if self.train_images > 10_000 else None, epochs=5, tuning_size=2500, small=1000)


def part_sizes(images: int, fixed_test: bool) -> tuple[int, int, int]:
    """(training, validation, test) images of a split; `images` counts those that are not in a fixed test set.

    Validation takes 10 %, at most 2,000; the test set of a seed takes 20 %.
    """
    validation, test = min(2000, round(0.1 * images)), 0 if fixed_test else round(0.2 * images)
    return images - test - validation, validation, test


_MNIST = DatasetInfo(
    name="mnist",
    source="download",
    input_shape=(28, 28, 1),
    class_names=numbered(10),
    train_images=58_000,
    fixed_test=True,
    deltas=LARGER_IMAGES,
    read=builtin.download,
    kept="mnist.npz",
)
_CIFAR10 = replace(
    _MNIST,
    name="cifar10",
    input_shape=(32, 32, 3),
    class_names=OBJECTS,
    train_images=48_000,
    kept="cifar-10-batches-py-target",
)
SIGNS = ("negative", "positive")
_CONTROL = DatasetInfo(
    name="token_product",
    source="generated",
    input_shape=(8, 8, 1),
    class_names=("unequal", "equal"),
    train_images=2100,
    fixed_test=False,
    deltas=TINY_IMAGES,
    read=tasks.products_of_pixels,
    hash="c5066bcaed24f5d0",
)
_SEQUENCE = replace(_CONTROL, train_images=part_sizes(tasks.SEQUENCES, fixed_test=False)[0])
_ROWS = (
    DatasetInfo(
        name="digits",
        source="embedded",
        input_shape=(8, 8, 1),
        class_names=numbered(10),
        train_images=1258,
        fixed_test=False,
        deltas=TINY_IMAGES,
        studied=True,
        read=builtin.scanned_digits,
        hash="e2d2b5ec918ee264",
    ),
    _MNIST,
    replace(_MNIST, name="fashion_mnist", class_names=CLOTHES, kept="fashion-mnist"),
    _CIFAR10,
    replace(_CIFAR10, name="cifar100", class_names=FINE_OBJECTS, kept="cifar-100-python-target"),
    # the photographs of CIFAR-10 as JPEG files: small enough to be passed on beside the lab
    replace(_CIFAR10, name="cifar10-jpeg", source="local file", studied=True, read=None, kept=""),
    _CONTROL,
    *(
        replace(_CONTROL, name=f"product_{order}", class_names=SIGNS, read=partial(tasks.product, order), hash=content)
        for order, content in ((1, "d00333612155d959"), (2, "fda21ae51bd9dd17"), (4, "65f99c97f53b55c7"))
    ),
    replace(_CONTROL, name="product_apart", class_names=SIGNS, read=tasks.product_apart, hash="9861832241ecfd88"),
    *(
        replace(
            _CONTROL,
            name=f"lookup_{levels**tasks.PIXELS}",
            class_names=SIGNS,
            read=partial(tasks.lookup, levels),
            hash=content,
        )
        for levels, content in ((2, "34f97aa34bf6d094"), (3, "72d7e8e500a95948"), (4, "67beafddabc233b8"))
    ),
    replace(
        _SEQUENCE,
        name="brackets",
        input_shape=(8, 12, 1),
        class_names=("invalid", "valid"),
        read=tasks.brackets,
        hash="5a6d2759c2458654",
    ),
    replace(
        _SEQUENCE,
        name="recall",
        input_shape=(8, 8, 3),
        class_names=numbered(tasks.VALUES),
        read=tasks.recall,
        hash="c7ab5d252652106c",
    ),
)
BUILT_IN = {row.name: row for row in _ROWS}
# In the order of their size: the first trains in seconds, the last one gives a claim its headline.
STUDIED = tuple(row.name for row in sorted(_ROWS, key=lambda row: row.train_images) if row.studied)
GENERATED = frozenset(row.name for row in _ROWS if row.generated)
CONTROL_TASK = _CONTROL.name  # what only an FFN can solve


def names(generated: bool = True) -> tuple[str, ...]:
    """Every data set that `load` takes here, rows before files in LAB_DATA_DIR; with or without the generated tasks."""
    known = dict.fromkeys(row.name for row in _ROWS if row.read is not None)
    known |= dict.fromkeys(path.stem for path in files.local_files())
    return tuple(name for name in known if generated or name not in GENERATED)


def peek(name: str) -> DatasetInfo:
    """The row of a data set; where it is a file, as that file is.

    Raises `LabError` for a name that is neither, and for a file that cannot be read.
    """
    row, path = BUILT_IN.get(name), _local_file(name)
    if path is None:
        if row is None:
            raise unknown_dataset(name)
        return row
    found = files.contents(path)
    return DatasetInfo(
        name=name,
        source="local file",
        input_shape=found.input_shape,
        class_names=_class_names(name, found.class_names),
        train_images=part_sizes(found.images, found.fixed_test)[0],
        fixed_test=found.fixed_test,
        deltas=TINY_IMAGES if max(found.input_shape[:2]) <= 8 else LARGER_IMAGES,
        studied=row is not None and row.studied,
        counts=found.counts,
        left_out=found.left_out,
    )


def class_names(name: str, count: int) -> tuple[str, ...]:
    """The names of a network's `count` outputs: numbers where the data set is gone or has other classes by now."""
    try:
        found = peek(name).class_names
    except LabError:
        found = ()
    return found if len(found) == count else numbered(count)


def content_hash(name: str) -> str | None:
    """What `load_raw(name).hash` will be, in little memory; None where only a download could tell."""
    path = _local_file(name)
    if path is not None:
        return files.file_hash(path)
    return BUILT_IN[name].hash if name in BUILT_IN else None


def load_raw(name: str) -> Raw:
    """The whole data set. A file in LAB_DATA_DIR goes before a download."""
    path = _local_file(name)
    return _load_raw(name, path, files.stamp(path) if path else ())


@lru_cache(maxsize=2)  # two: the experiment's data set and its control task
def _load_raw(name: str, path: Path | None, _stamp: tuple[int, ...]) -> Raw:
    if path is not None:
        raw = files.read_file(path)
    elif (read := BUILT_IN[name].read if name in BUILT_IN else None) is not None:
        raw = read(name)
    else:
        raise unknown_dataset(name)
    return replace(raw, class_names=_class_names(name, raw.class_names))


def _local_file(name: str) -> Path | None:
    """The file that is the data set `name`: in LAB_DATA_DIR, or sent by a visitor; a `LabError` where two are."""
    if name in BUILT_IN and BUILT_IN[name].embedded:
        return None
    found = [path for path in files.local_files() if path.stem == name]
    if len(found) > 1:
        raise LabError("file_twice", value=name, files=", ".join(path.name for path in found))
    return found[0] if found else files.own_file(name)


def samples(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A few images of a file, and their labels: see `files.samples`."""
    path = _local_file(name)
    return files.samples(path) if path is not None else (np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64))


def is_own(name: str) -> bool:
    """Whether this is a data set that a visitor sent, and that is here."""
    return files.own_file(name) is not None


def own_number(name: str) -> str:
    """What tells a visitor's data sets apart, whether they are still here or not; empty for any other."""
    return name[4:8] if files.OWN.fullmatch(name) else ""


def is_here(name: str) -> bool:
    """Whether `load` takes it: one of `names`, or what a visitor sent."""
    return name in names() or is_own(name)


def unread_file(name: str) -> Path | None:
    """The file of a data set that must be read first, which takes a while: see `files.imported`."""
    path = _local_file(name)
    return path if path is not None and not files.is_read(path) else None


def _class_names(name: str, found: tuple[str, ...]) -> tuple[str, ...]:
    """The names in the row, for a file that numbers as many classes; else those that were `found`."""
    row = BUILT_IN.get(name)
    return row.class_names if row is not None and found == numbered(row.classes) else found


def must_be_downloaded(name: str) -> bool:
    """Whether a training on it begins with a download, which needs the internet."""
    row = BUILT_IN.get(name)
    if row is None or row.source != "download" or any(path.stem == name for path in files.local_files()):
        return False
    return not builtin.is_downloaded(row.kept)


def unknown_dataset(name: str) -> LabError:
    """Why this is no data set."""
    if name in files.unpacked():
        return LabError("dataset_unpacked", value=name)
    return LabError("unknown_dataset", value=name, choices=", ".join(names()))
