"""Data sets: where they come from, how they are split, and what is refused."""

from tf_models.data.drawings import centred, extent, is_bright_around
from tf_models.data.files import unpacked
from tf_models.data.images import fit_image, read_image, square
from tf_models.data.registry import (
    BUILT_IN,
    CONTROL_TASK,
    GENERATED,
    STUDIED,
    DatasetInfo,
    class_names,
    content_hash,
    is_here,
    is_own,
    must_be_downloaded,
    names,
    own_number,
    peek,
    samples,
    unknown_dataset,
    unread_file,
)
from tf_models.data.splits import Dataset, load

__all__ = [
    "BUILT_IN",
    "CONTROL_TASK",
    "GENERATED",
    "STUDIED",
    "Dataset",
    "DatasetInfo",
    "centred",
    "class_names",
    "content_hash",
    "extent",
    "fit_image",
    "is_bright_around",
    "is_here",
    "is_own",
    "load",
    "must_be_downloaded",
    "names",
    "own_number",
    "peek",
    "read_image",
    "samples",
    "square",
    "unknown_dataset",
    "unpacked",
    "unread_file",
]
