"""Results that come with the lab, in `results/`: written by ``python -m tf_models ship``, never by hand."""

import gzip
import json
from functools import lru_cache
from pathlib import Path

from tf_models.runs.record import RunRecord

RESULTS = Path(__file__).parents[1] / "results"


@lru_cache(maxsize=1)
def _records(_stamp: tuple) -> dict[str, RunRecord]:
    records = {}
    for path in sorted(RESULTS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            for line in file:
                record = RunRecord.from_dict(json.loads(line))
                records[record.fingerprint] = record
    return records


def shipped_records() -> dict[str, RunRecord]:
    """Every shipped run record by its fingerprint; empty where `results/` is."""
    return _records(tuple((path.name, path.stat().st_mtime_ns) for path in sorted(RESULTS.glob("*.jsonl.gz"))))


def find_shipped(fingerprint: str) -> RunRecord | None:
    """The shipped run with this fingerprint, if there is one."""
    return shipped_records().get(fingerprint)


def write_shipped(name: str, records: list[RunRecord]) -> Path:
    """Write the records as ``results/NAME.jsonl.gz``, one a line, in the order of their fingerprints."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.jsonl.gz"
    lines = [json.dumps(r.to_dict(), sort_keys=True) for r in sorted(records, key=lambda r: r.fingerprint)]
    # no time stamp inside, so that the same records give the same file
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write("\n".join(lines).encode() + b"\n")
    return path
