"""Files of pictures that are read while visitors look on: one at a time, each once, in a process of its own."""

import contextlib
import hashlib
import json
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tf_models import settings
from tf_models.data import is_own
from tf_models.errors import LabError
from tf_models.jobs import machine

ROOT = Path(__file__).parents[2]
_one_at_a_time = threading.Lock()
_known: dict[str, "Reading"] = {}
_lock = threading.Lock()


@dataclass
class Reading:
    """How far the reading of a file is; `name` is that of the data set once it is read, `error` why it is none."""

    path: Path
    own: bool
    done: int = 0
    total: int = 0
    name: str | None = None
    error: LabError | None = None
    visitors: set[str] = field(default_factory=set)  # who sent it
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="reading", daemon=True)
        self.thread.start()

    @property
    def ended(self) -> bool:
        return self.name is not None or self.error is not None

    def _run(self) -> None:
        with _one_at_a_time:
            try:
                self._read()
            except Exception as error:  # no process, no memory
                self.error = LabError("reading_broken", name=self.path.name, reason=str(error)[:120])
        if self.own:
            with contextlib.suppress(OSError):
                self.path.unlink()
                self.path.parent.rmdir()

    def _read(self) -> None:
        command = [sys.executable, "-m", "tf_models.data.importing", str(self.path), *(["--own"] if self.own else [])]
        with machine.every_core():
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                self.done, self.total = said.get("done", self.done), said.get("total", self.total)
                if "code" in said:
                    self.error = LabError(said["code"], **said["values"])
                elif "name" in said:
                    self.name = said["name"]
        if not self.ended:
            self.error = LabError("reading_broken", name=self.path.name, reason=f"exit status {process.returncode}")


def read_own(content: bytes, file_name: str, visitor: str = "") -> Reading:
    """What a visitor sends: the same bytes are read once, whoever sends them."""
    kind = Path(file_name).suffix.lower()
    digest = hashlib.sha256(content + kind.encode()).hexdigest()[:20]
    with _lock:
        known = _known.get(digest)
        if known is not None and known.error is None and (known.name is None or is_own(known.name)):
            known.visitors.add(visitor)
            return known
        folder = settings.home() / "pictures" / uuid.uuid4().hex  # the file goes once it is read
        path = folder / f"{Path(file_name.replace(chr(92), '/')).name[-60:]}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise LabError("home_not_writable", path=settings.home(), reason=error.strerror or str(error)) from error
        _known[digest] = Reading(path, own=True, visitors={visitor})
        return _known[digest]


def sent_by(visitor: str) -> list[Reading]:
    """What a visitor has sent since the server was started, and what is no data set left out."""
    with _lock:
        return [found for found in _known.values() if visitor in found.visitors and found.error is None]


def read_file(path: Path) -> Reading:
    """A file in LAB_DATA_DIR that has not been read yet."""
    with _lock:
        key = str(path)
        if key not in _known or _known[key].ended:
            _known[key] = Reading(path, own=False)
        return _known[key]
