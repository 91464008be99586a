"""Run records that come with the lab, in `results/`: written by ``python -m tf_models run NAME --ship``, never by hand.

A line of ``results/NAME.jsonl.gz`` is a record's JSON object, with its history as a text that holds JSON columns: most
readers never ask for it, and unread text costs a tenth of what parsed numbers do.
"""

import gzip
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tf_models.errors import LabError
from tf_models.runs.reading import read_record
from tf_models.runs.record import RunRecord

DIGITS = 9  # of a number in a history: single precision, in which it was computed, has no more

RESULTS = Path(__file__).parents[1] / "results"


class History(Sequence[dict[str, float]]):
    """The rows of a record's history, read from JSON columns at the first question."""

    def __init__(self, text: str):
        self._text = text

    @cached_property
    def _rows(self) -> tuple[dict[str, float], ...]:
        columns = json.loads(self._text)
        return tuple(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._rows == tuple(other)


def shipped_stamp() -> tuple[tuple[str, int], ...]:
    """What changes whenever a shipped file of records does."""
    return stamps(".jsonl.gz")


def stamps(ending: str) -> tuple[tuple[str, int], ...]:
    """Every file in `results/` that ends so, by name, with its time: a page asks several times, and `glob` is slow."""
    if not RESULTS.is_dir():
        return ()
    with os.scandir(RESULTS) as found:
        return tuple(sorted((file.name, file.stat().st_mtime_ns) for file in found if file.name.endswith(ending)))


def shipped_records() -> Mapping[str, RunRecord]:
    """Every shipped run record by its fingerprint, read once per process; empty where `results/` is."""
    return _read(RESULTS, shipped_stamp())[0]


def shipped_problems() -> tuple[LabError, ...]:
    """The lines of the shipped files that cannot be read."""
    return _read(RESULTS, shipped_stamp())[1]


def find_shipped(fingerprint: str) -> RunRecord | None:
    """The shipped run with this fingerprint, if there is one."""
    return shipped_records().get(fingerprint)


def write_shipped(name: str, records: list[RunRecord]) -> Path:
    """Write the records as ``results/NAME.jsonl.gz``, one per line, in the order of their fingerprints."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.jsonl.gz"
    lines = [_line(record) for record in sorted(records, key=lambda record: record.fingerprint)]
    # no time stamp inside, so that the same records give the same file
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write("\n".join(lines).encode() + b"\n")
    return path


def _line(record: RunRecord) -> str:
    rows = record.history
    columns = {name: [_short(row[name]) for row in rows] for name in sorted(rows[0])}
    return json.dumps(record.to_dict() | {"history": json.dumps(columns, separators=(",", ":"))}, sort_keys=True)


def _short(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def read_lines(path: Path, known: dict[str, RunRecord] | None = None) -> tuple[list[RunRecord], list[LabError]]:
    """The records of one shipped file, and what is wrong with the lines that cannot be read.

    `known` holds the records of lines that were read before, since experiments share runs; it is added to.
    """
    records, problems, known = [], [], {} if known is None else known
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        return [], [LabError("shipped_unreadable", name=path.name, line=1, problem=str(error))]
    for number, line in enumerate(lines, 1):
        try:
            if line not in known:
                values = json.loads(line)
                known[line] = read_record({**values, "history": History(values["history"])})
            records.append(known[line])
        except (ValueError, TypeError, KeyError) as error:  # a LabError is a ValueError
            problems.append(LabError("shipped_unreadable", name=path.name, line=number, problem=str(error)))
    return records, problems


@lru_cache(maxsize=1)
def _read(folder: Path, stamp: tuple) -> tuple[Mapping[str, RunRecord], tuple[LabError, ...]]:
    known: dict[str, RunRecord] = {}
    found = [read_lines(folder / name, known) for name, _ in stamp]
    records = {record.fingerprint: record for kept, _ in found for record in kept}
    return MappingProxyType(records), tuple(problem for _, problems in found for problem in problems)
