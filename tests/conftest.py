"""What every test shares: a home of its own, a quiet TensorFlow on one thread, and synthetic run records."""

import gc
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before anything can import Keras or NumPy. One thread: tests compare numbers, and several may share two cores, where
# BLAS spends more time waiting for its threads than a second one saves.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
os.environ["TF_NUM_INTEROP_THREADS"] = "1"
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

ROOT = Path(__file__).parents[1]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "tests")) if path not in sys.path]

import numpy as np  # noqa: E402
import pytest  # noqa: E402

pytest_plugins = ["browsing"]


def until(condition: Callable[[], Any], seconds: float = 120, told: Callable[[], Any] = lambda: "") -> Any:
    """The first true value of `condition`; where none comes, the test fails with what is `told`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"it did not happen in time: {told()}"
        time.sleep(0.02)
    return value


LAB_VARIABLES = (
    "LAB_DATA_DIR",
    "LAB_DATABASE_URL",
    "LAB_WORKERS",
    "LAB_MAX_EPOCHS",
    "LAB_MAX_QUEUE",
    "LAB_MAX_QUEUE_PER_VISITOR",
    "LAB_MAX_SECONDS",
    "LAB_MAX_UPLOAD_MB",
    "LAB_FRAME_SITES",
    "DASK_SCHEDULER_ADDRESS",
)


@pytest.fixture(autouse=True)
def lab_home(tmp_path, monkeypatch) -> Path:
    """An empty LAB_HOME, and no other setting of the lab from outside."""
    for name in LAB_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("LAB_HOME", str(home))
    return home


@pytest.fixture
def results(monkeypatch, tmp_path) -> Any:
    """The lab as it would be if it shipped the figures of `read_off` and nothing else."""
    from read_off import read_off

    from tf_models.runs import shipped
    from tf_models.study.probed import write_probed

    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    found = read_off()
    write_probed(found)
    return found


@pytest.fixture(autouse=True, scope="module")
def spare_the_collector():
    """What lives when a file begins stays: TensorFlow's million objects were looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def change_row():
    """Puts another row into `CLASSROOM`, as an edit of the code would."""
    from tf_models import zoo

    usual = dict(zoo.CLASSROOM)

    def change(**rows) -> None:
        zoo.CLASSROOM.update(rows)
        zoo.defaults.cache_clear()
        zoo._configured.cache_clear()

    yield change
    change(**usual)


@pytest.fixture
def fresh_server(monkeypatch):
    """The pages leave no queue and no store open, and start no workers before something is trained.

    What they draw is kept under a stamp, for the tests that follow too: who changes what pages know sets another.
    """
    from streamlit.runtime.scriptrunner import script_runner

    from pages.ui import cache

    monkeypatch.setattr(cache, "prepare", lambda spec: None)
    # After every page it would clear the session of Keras, if other tests have loaded that: most of a page's time.
    monkeypatch.setattr(script_runner, "_clean_problem_modules", lambda: None, raising=False)
    yield
    for opened in ("jobs", "store"):
        if opened in cache._opened:
            cache._opened.pop(opened).close()
    cache._retry_at = 0.0


@pytest.fixture
def data_dir(tmp_path, monkeypatch) -> Path:
    """An empty LAB_DATA_DIR."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LAB_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def small_images(data_dir):
    """Writes ``NAME.npz`` into LAB_DATA_DIR: 200 training and 40 test images, all different, three classes."""

    def write(name: str = "mine", compressed: bool = False, **changes) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(7)
        arrays = {
            "x_train": rng.integers(0, 256, (200, 12, 10, 3), dtype=np.uint8),
            "y_train": np.arange(200) % 3,
            "x_test": rng.integers(0, 256, (40, 12, 10, 3), dtype=np.uint8),
            "y_test": np.arange(40) % 3,
        } | changes
        save = np.savez_compressed if compressed else np.savez
        save(data_dir / f"{name}.npz", **{key: value for key, value in arrays.items() if value is not None})
        return arrays

    return write


@pytest.fixture
def only_records(monkeypatch):
    """Makes the pages know these run records and no others."""
    from pages.ui import cache

    def show(records) -> None:
        monkeypatch.setattr(cache, "known_records", lambda store: records)
        stamp = uuid.uuid4().int
        monkeypatch.setattr(cache, "stamp", lambda: stamp)

    return show


@pytest.fixture
def forget_models():
    """Keras remembers every model that a process builds, until it is told not to."""
    import keras

    yield
    keras.backend.clear_session(free_memory=False)
