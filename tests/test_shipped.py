"""The results that come with the lab: there, fitting the code, and the only source of what is shown."""

import dataclasses
import json
import math

import pytest

from tf_models import zoo
from tf_models.data.registry import BUILT_IN
from tf_models.jobs.showcase import load_showcase, showcases
from tf_models.runs import shipped
from tf_models.runs.shipped import find_shipped, shipped_records
from tf_models.study.analysis import analyse
from tf_models.study.experiments.base import index
from tf_models.study.experiments.ffn_gap import FfnGap

MEGABYTES = 25
DIGITS = FfnGap("digits", seeds=5, backend="tensorflow")


@pytest.fixture(scope="module")
def records():
    return list(shipped_records().values())


def test_results_are_shipped(records):
    assert len(records) > 50
    assert {"digits", "token_product"} <= {record.spec.dataset for record in records}
    assert {"cnn-digits", "vit-digits"} <= set(showcases())


def test_every_shipped_result_fits_the_code(records):
    """Where the code has changed so that results would, they have to be made anew."""
    assert records
    for record in [*records, *(load_showcase(name).record for name in showcases())]:
        spec = record.spec
        assert record.fingerprint == spec.fingerprint(record.dataset_hash), spec.name
        assert BUILT_IN[spec.dataset].hash in (None, record.dataset_hash)
        assert record.parameters == zoo.parameters(spec.model) and record.macs == zoo.macs(spec.model)


def test_a_change_of_the_code_would_be_noticed(records, monkeypatch):
    """The planted fault: the check above compares with the version of the training code."""
    monkeypatch.setattr("tf_models.runs.spec.TRAINING_VERSION", -1)
    assert records and all(r.fingerprint != r.spec.fingerprint(r.dataset_hash) for r in records)


def test_every_shipped_number_can_be_traced(records):
    assert records
    for record in records:
        assert record.run_id and record.git and record.device and record.finished and "keras" in record.versions
        assert record.test_accuracy == pytest.approx(record.correctness().mean())
        assert len(record.history) == record.spec.recipe.epochs
        assert json.dumps(record.to_dict(), allow_nan=False)
        assert math.isfinite(record.test_loss)
    assert len({record.run_id for record in records}) == len(records)


def test_the_shipped_files_are_small():
    files = [path for path in shipped.RESULTS.rglob("*") if path.is_file()]
    assert files and sum(path.stat().st_size for path in files) <= MEGABYTES * 1e6


def test_the_headline_experiment_is_complete(records):
    result = analyse(DIGITS, index(records))
    for row in result.contrasts.values():
        assert row.measure is not None and row.measure.seeds == 5 and row.verdict != "untested"
        assert row.measure.low <= row.measure.value <= row.measure.high
    assert all(control.passed is not None for control in result.controls) and not result.left_out
    assert all(len(arm.runs) == 5 for arm in result.arms.values())


def test_deleting_the_results_empties_every_measured_figure(tmp_path, monkeypatch):
    (tmp_path / "results").mkdir()
    for folder in (tmp_path / "results", tmp_path / "gone"):
        monkeypatch.setattr(shipped, "RESULTS", folder)
        assert shipped_records() == {} and showcases() == () and find_shipped("x") is None
        for dataset in BUILT_IN:
            plan = dataclasses.replace(DIGITS, dataset=dataset, depths=(1, 4))
            result = analyse(plan, index(shipped_records().values()))
            assert {row.verdict for row in result.contrasts.values()} == {"untested"}
            assert all(arm.test_accuracy is None for arm in result.arms.values()) and result.runs == []
