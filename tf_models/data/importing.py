"""Reading a file of pictures in a process of its own: ``python -m tf_models.data.importing FILE [--own]``.

Decoders meet bytes from outside: what they break, and the memory that they take, is this process's alone. It prints a
line of JSON as it gets on, ``{"done": …, "total": …}``, and at the end ``{"name": …}`` or the code and
values of a `LabError`. With ``--own`` the file becomes a visitor's data set, named by its content.
"""

import json
import sys
import time
from pathlib import Path

from tf_models import settings
from tf_models.data import files
from tf_models.errors import LabError

EVERY = 0.2  # seconds between two lines


def read(path: Path, own: bool) -> str:
    """Read the file, tell how far it is, and return the name of the data set."""
    told = 0.0

    def report(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > EVERY or done == total:
            told = time.monotonic()
            print(json.dumps({"done": done, "total": total}), flush=True)

    if not own:
        files.imported(path, report)
        return path.stem
    raw = files.read_any(path, report)
    check(raw.x.shape[1:])
    return keep(raw)


def check(shape: tuple[int, ...]) -> None:
    """Refuse images that no network takes."""
    height, width, channels = shape
    if not all(8 <= side <= 256 for side in (height, width)):
        raise LabError("image_shape", height=height, width=width, channels=channels)


def keep(raw: files.Raw) -> str:
    """Keep a visitor's data set under the name of its content, within LAB_MAX_UPLOAD_MB for all of them."""
    folder, name = settings.home() / "pictures", f"own-{raw.hash[:12]}"
    size = sum(array.nbytes for array in (raw.x, raw.x_test) if array is not None)
    kept = sum(path.stat().st_size for path in folder.glob("own-*.npz")) if folder.is_dir() else 0
    if files.own_file(name) is None:
        if kept + size > (most := settings.limit("LAB_MAX_UPLOAD_MB")) * 10**6:
            raise LabError("own_full", value=size / 1e6, kept=kept / 1e6, most=most)
        files.write(raw, folder / f"{name}.npz")
    return name


def main() -> None:
    try:
        said = {"name": read(Path(sys.argv[1]), "--own" in sys.argv[2:])}
    except LabError as error:
        said = {"code": error.code, "values": error.values}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
