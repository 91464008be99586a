"""Runs as a file to take along: a .zip of ``runs.csv``, to look at, and ``runs.json``, which an import reads."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable

from tf_models.errors import LabError
from tf_models.runs.reading import read_record
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import Recipe, RunSpec

MOST_RUNS = 5000
MOST_BYTES = 200_000_000  # of runs.json, unpacked
LIGHT = ("history", "correct", "confusion", "versions", "class_names")  # not in the table
OPTIONS = ("epochs", "learning_rate", "schedule", "augment", "xla", "mixed_precision")  # that the command line has


def pack(records: Iterable[RunRecord]) -> bytes:
    """The bytes of the file; weights are not in it."""
    rows = [record.to_dict() for record in records]
    table = io.StringIO(newline="")
    lines = [{name: value for name, value in row.items() if name not in LIGHT} for row in rows]
    writer = csv.DictWriter(table, list(lines[0]) if lines else ["run_id"])
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in line.items()} for line in lines)
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("runs.csv", table.getvalue())
        archive.writestr("runs.json", json.dumps(rows, ensure_ascii=False))
    return file.getvalue()


def _harmless(value: object) -> object:
    """A spreadsheet would take text that begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def unpack(content: bytes) -> list[RunRecord]:
    """The runs of such a file, each as valid as one of this lab's; raises `LabError` for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo("runs.json").file_size > MOST_BYTES:
                raise ValueError(f"runs.json unpacks to more than {MOST_BYTES // 10**6} MB")
            rows = json.loads(archive.read("runs.json"))
        if not isinstance(rows, list) or len(rows) > MOST_RUNS:
            raise ValueError(f"runs.json is no list of up to {MOST_RUNS} runs")
    except Exception as error:  # bytes from outside: modules raise what they happen to raise
        raise LabError("exchange_unreadable", reason=str(error)[:120] or type(error).__name__) from error
    records = [read_record(row) for row in rows]
    for record in records:
        if not (record.run_id.isalnum() and record.run_id.isascii() and len(record.run_id) <= 12):
            raise LabError("exchange_unreadable", reason=f"run_id: {record.run_id[:40]}")
    return records


def repeat_command(spec: RunSpec) -> str | None:
    """The command that trains the same again; None where the command line cannot say it."""
    usual, words = Recipe(), [f"python -m tf_models train {spec.variant} --dataset {spec.dataset} --seed {spec.seed}"]
    if spec.labels != "true" or any(
        getattr(spec.recipe, name) != getattr(usual, name) for name in ("batch_size", "weight_decay", "dropout")
    ):
        return None
    for name in OPTIONS:
        value, option = getattr(spec.recipe, name), f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value != getattr(usual, name):
            words.append(f"{option} {value:g}" if isinstance(value, float) else f"{option} {value}")
    if spec.train_size is not None:
        words.append(f"--train-size {spec.train_size}")
    return " ".join([*words, *(f"--set {key}={value}" for key, value in spec.switches.items())])
