"""The results that come with the lab: there, fitting the code, and the only source of what is shown."""

import dataclasses
import gzip
import json
import math
import re
import sys
from itertools import combinations

import pytest

from tf_models import zoo
from tf_models.data import STUDIED, content_hash, is_here, peek
from tf_models.data.registry import BUILT_IN
from tf_models.runs import shipped
from tf_models.runs.known import index
from tf_models.runs.refingerprint import refingerprinted
from tf_models.runs.shipped import find_shipped, shipped_problems, shipped_records
from tf_models.runs.showcase import load_showcase, showcase_record, showcases
from tf_models.study.analysis import analyse
from tf_models.study.experiments import EXPERIMENTS
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.experiments.inside import FAMILIES
from tf_models.study.plans import plan, plan_with_runs, plans
from tf_models.study.probed import DRAWN, PROBED, SINGLE, read_probed
from tf_models.study.probed import measures as measures_of
from tf_models.study.rules import known_rules
from tf_models.zoo.plan import plan as layers_of
from tf_models.zoo.spec import map_blocks

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


def test_a_change_of_an_architecture_would_be_noticed(records, change_row):
    """The planted fault: GELU → ReLU changes neither parameters nor multiply-adds."""
    row = zoo.CLASSROOM["vit"]
    changed = dataclasses.replace(row, stages=map_blocks(row.stages, activation="relu"))
    assert zoo.parameters(changed) == zoo.parameters(row)
    change_row(vit=changed)
    of_vit = [record for record in records if record.spec.variant == "vit"]
    assert of_vit and all(r.fingerprint != r.spec.fingerprint(r.dataset_hash) for r in of_vit)


def test_a_shipped_line_that_cannot_be_read_is_named_and_hides_no_other(records, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RESULTS", tmp_path)
    path = shipped.write_shipped("mine-digits", records[:3])
    first, second, third = gzip.decompress(path.read_bytes()).decode().splitlines()
    lines = first, "{", second.replace('"variant": "', '"variant": "my'), "[]", third
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "torn.jsonl.gz").write_bytes(path.read_bytes()[:100])
    assert list(shipped_records()) == sorted(r.fingerprint for r in records[:3])[::2]
    problems = [str(problem) for problem in shipped_problems()]
    assert [problem.split(" cannot")[0] for problem in problems] == [
        *(f"Line {n} of the shipped file mine-digits.jsonl.gz" for n in (2, 3, 4)),
        "Line 1 of the shipped file torn.jsonl.gz",
    ]


def test_shipped_files_survive_being_written_again_and_are_read_once(records, tmp_path, monkeypatch):
    path = next(shipped.RESULTS.glob("*.jsonl.gz"))
    found, problems = shipped.read_lines(path)
    assert not problems and shipped_problems() == ()
    monkeypatch.setattr(shipped, "RESULTS", tmp_path)
    again = shipped.write_shipped(path.name.removesuffix(".jsonl.gz"), found)
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(path.read_bytes())
    assert shipped.read_lines(again)[0] == found and shipped_records() is shipped_records()
    assert [refingerprinted(record) for record in found] == found


def test_every_shipped_number_can_be_traced(records):
    assert records
    for record in records:
        assert record.run_id and record.git and record.device and record.finished and "keras" in record.versions
        assert record.test_accuracy == pytest.approx(record.correctness.mean())
        assert len(record.history) == record.spec.recipe.epochs
        assert json.dumps(record.to_dict(), allow_nan=False)
        assert math.isfinite(record.test_loss)
    assert len({record.run_id for record in records}) == len(records)


def test_a_shipped_history_has_the_digits_of_single_precision(records):
    """The others are noise, and were a quarter of what ships."""
    values = {value for record in records for row in record.history for value in row.values()}
    assert all(value == float(f"{value:.{shipped.DIGITS}g}") for value in values if isinstance(value, float))


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


QUOTED = re.compile(r"([+−]\d+\.\d+)(?: points)?(?: a doubling)?\s+\[([+−]\d+\.\d+), ([+−]\d+\.\d+)\]")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_figures_in_a_docstring_are_those_of_the_shipped_records(records, name):
    """A result is written down once, and measured again: the words stayed as they were."""
    words = sys.modules[EXPERIMENTS[name].__module__].__doc__ or ""
    quoted = QUOTED.findall(" ".join(words.split()))
    known = index(records)
    measures = [
        (100 * found.value, 100 * found.low, 100 * found.high)
        for experiment in plans()
        if experiment.name == name
        for found in analyse(plan_with_runs(name, experiment.dataset, known), known).measures.values()
    ]
    if name == "inside":  # what was read off its networks, as it is
        probed = [rows for dataset in STUDIED for rows in measures_of(read_probed(dataset)).values()]
        measures += [(found.value, found.low, found.high) for rows in probed for found in rows.values()]
    for triple in quoted:
        digits = len(triple[0].partition(".")[2])
        written = {tuple(f"{value:+.{digits}f}".replace("-", "−") for value in found) for found in measures}
        assert triple in written, triple
    assert quoted or "Result: none is shipped yet." in words or name == "permutation"


@pytest.mark.parametrize("dataset", [name for name in STUDIED if read_probed(name).networks])
def test_what_was_read_off_networks_rests_on_shipped_runs(dataset):
    """Every seed of the plan of each arm that was trained for it, of the other families the network that ships; every
    probe that has something to ask.
    """
    found, analysis = read_probed(dataset), analyse(plan("inside", dataset), index(shipped_records().values()))
    arms = analysis.experiment.arms
    whole = {arm for arm in arms if len(found.seeds(arm)) > 1}
    assert whole == {*arms} or not peek(dataset).few_images
    wanted = {(arm, row.spec.seed): row for arm in whole for row in analysis.arms[arm].records.values()}
    if whole != {*arms}:
        wanted |= {(arm, 0): showcase_record(f"{arm}-{dataset}") for arm in FAMILIES if arm not in whole}
        pairs = {frozenset((left, right)) for left, right, _, _ in found.pairs}
        assert pairs >= {frozenset(two) for two in combinations(FAMILIES, 2)}, "where data are missing, no visitor can"
    assert set(wanted) == set(found.runs)
    for (arm, seed), run in found.runs.items():
        assert run == wanted[arm, seed].run_id
        assert found.about["accuracies"][f"{arm} {seed}"] == pytest.approx(wanted[arm, seed].test_accuracy, abs=1e-5)
        attends = any(layer.attention for layer in layers_of(analysis.experiment.model(arms[arm])))
        probes = {*(SINGLE if arm in whole else DRAWN)} - ({"heads"} if not attends else set())
        assert {*found.networks[arm, seed, True]} == probes
        assert found.about["dataset_hash"] == wanted[arm, seed].dataset_hash
    assert not is_here(dataset) or found.about["dataset_hash"] == content_hash(dataset)
    for left, right, seed, _ in found.pairs:  # two that were asked at once once had the same weights
        trained, start = (found.pairs[left, right, seed, side]["heat"] for side in (True, False))
        assert all(a != b or a is None for rows in zip(trained, start, strict=True) for a, b in zip(*rows, strict=True))
    for rules in (known_rules(probe, dataset) for probe in PROBED if whole):  # of one seed nothing is judged
        assert all(row["date"] <= found.about["finished"][:10] for row in rules.values()) and rules
