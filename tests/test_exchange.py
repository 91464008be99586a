"""Runs that are taken along: an empty lab shows the same figures, and a file that is none is refused in words."""

import io
import json
import shlex
import zipfile
from dataclasses import replace

import pytest
from synthetic import make_record
from visits import open_page

from tf_models.__main__ import _parser
from tf_models.errors import LabError
from tf_models.runs import RunRecord, RunSpec
from tf_models.runs.exchange import pack, repeat_command, unpack
from tf_models.runs.known import known_records
from tf_models.runs.spec import Recipe
from tf_models.runs.store import RunStore

KEPT = ("one", "two")


def record(run_id: str, **changes) -> RunRecord:
    made = replace(make_record(RunSpec("vit", {"ffn": "off"}, recipe=Recipe(epochs=3))), run_id=run_id, **changes)
    right = int(made.correctness.sum())
    wrong = made.test_images - right
    return replace(made, confusion=((right, wrong), (0, 0)), class_names=("cat", "=dog()"))


def test_an_empty_lab_shows_the_figures_of_another_and_counts_them_nowhere(lab_home, fresh_server):
    records = [record(name) for name in KEPT]
    store = RunStore()
    try:
        assert store.take(unpack(pack(records)), "anna") == 2 and store.take(records, "bela") == 0
        shown = {run.id: run.record for run in store.runs()}
        assert [shown[r.run_id] for r in records] == [replace(r, history=tuple(r.history)) for r in records]
        assert store.records() == [] and store.find(records[0].fingerprint) is None  # whoever wrote them, no verdict
        assert all(found[0].run_id not in KEPT for found in known_records(store).values())
        app = open_page("runs", origin="own", run="one", compare="one,two")
        assert not app.exception and not app.error
        assert any("--set ffn=off" in code.value for code in app.code)
        assert not store.remove("one", "bela") and store.remove("one", "anna")
        assert [run.id for run in store.runs()] == ["two"]
    finally:
        store.close()


def test_the_table_holds_no_formula_that_a_spreadsheet_would_compute():
    content = pack([record("one", device="=cmd()")])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "'=cmd()" in archive.read("runs.csv").decode() and "runs.json" in archive.namelist()


def changed(**values) -> bytes:
    rows = [record("one").to_dict() | values]
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("runs.json", json.dumps(rows))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"text", pack([])[:60]),
        *(changed(run_id="../x"), changed(test_accuracy="good"), changed(confusion=[[1]]), changed(correct="AA==")),
        *(changed(variant="nothing"), changed(schema=99), changed(history=[{}]), changed(confusion=3)),
    ],
    ids=range(11),  # an archive holds the time, and each of two test processes packs its own
)
def test_what_is_no_file_of_runs_is_refused_in_words(content):
    with pytest.raises(LabError):
        unpack(content)


def test_the_command_of_a_run_trains_the_same():
    recipe = Recipe(epochs=4, learning_rate=2e-3, augment=True, schedule="decay")
    spec = RunSpec("swin", {"ffn": "off", "heads": 4}, "digits", 300, 7, recipe)
    command = repeat_command(spec)
    assert command is not None
    options = _parser().parse_args(shlex.split(command)[3:])
    assert (options.variant, options.dataset, options.seed, options.train_size) == ("swin", "digits", 7, 300)
    assert (options.epochs, options.learning_rate, options.augment, options.schedule) == (4, 2e-3, True, "decay")
    assert sorted(options.set) == ["ffn=off", "heads=4"]
    assert repeat_command(replace(spec, labels="shuffled")) is None
