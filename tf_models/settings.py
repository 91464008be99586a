"""The lab's settings, all from the environment and all read here: one that cannot be read is an error that names it.

Nothing is kept, so that a changed variable counts at once. An empty variable counts as one that is not set.
"""

import os
import re
from pathlib import Path

from tf_models.errors import LabError

LIMITS = {  # with their defaults
    "LAB_MAX_EPOCHS": 200,
    "LAB_MAX_QUEUE": 500,
    "LAB_MAX_QUEUE_PER_VISITOR": 60,
    "LAB_MAX_SECONDS": 3600,
    "LAB_MAX_UPLOAD_MB": 300,
}
BACKENDS = ("tensorflow", "jax", "torch")
ORIGIN = re.compile(r"https?://(\*\.)?[\w.-]+(:\d+)?", re.ASCII)


def limit(name: str) -> int:
    """One of `LIMITS`."""
    return _whole_number(name) or LIMITS[name]


def workers() -> int | None:
    """LAB_WORKERS: how many workers a local cluster has; None for as many as the machine suits."""
    return _whole_number("LAB_WORKERS")


def home() -> Path:
    """LAB_HOME, or ~/.cnn-transformer-lab: run store and weights."""
    return Path(_text("LAB_HOME") or Path.home() / ".cnn-transformer-lab")


def data_folder() -> Path | None:
    """LAB_DATA_DIR: a folder of data sets."""
    text = _text("LAB_DATA_DIR")
    if text and not Path(text).is_dir():
        raise LabError("setting_folder", name="LAB_DATA_DIR", value=text)
    return Path(text) if text else None


def database_url() -> str | None:
    """LAB_DATABASE_URL: where the run store is; None for a file in LAB_HOME."""
    return _text("LAB_DATABASE_URL")


def scheduler_address() -> str | None:
    """DASK_SCHEDULER_ADDRESS: an existing cluster; None for one of the lab's own."""
    address = _text("DASK_SCHEDULER_ADDRESS")
    if address and not address.rpartition(":")[2].isdigit():
        raise LabError("setting_address", name="DASK_SCHEDULER_ADDRESS", value=address)
    return address


def backend() -> str:
    """KERAS_BACKEND, or TensorFlow."""
    name = _text("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        raise LabError("unknown_backend", value=name, choices=", ".join(BACKENDS))
    return name


def is_backend_given() -> bool:
    """Whether KERAS_BACKEND names one."""
    return _text("KERAS_BACKEND") is not None


def frame_sites() -> list[str]:
    """LAB_FRAME_SITES: origins, as ``https://moodle.example.org``, whose pages may show the lab in a frame."""
    sites = (_text("LAB_FRAME_SITES") or "").split()
    for site in sites:
        if not ORIGIN.fullmatch(site):
            raise LabError("setting_origin", name="LAB_FRAME_SITES", value=site)
    return sites


def check() -> None:
    """Read every setting; raises the `LabError` of the first that cannot be read."""
    for name in LIMITS:
        limit(name)
    for read in (workers, data_folder, scheduler_address, backend, frame_sites):
        read()


def _text(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _whole_number(name: str) -> int | None:
    text = _text(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise LabError("setting_number", name=name, value=text)
    return int(text)
