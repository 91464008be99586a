"""Rules with a date: kept before the runs that they judge can be read, and shipped beside them."""

import dataclasses
import json

import pytest
from synthetic import fill, indexed

from tf_models import __main__ as command_line
from tf_models.__main__ import main
from tf_models.runs import shipped
from tf_models.study import judging, rules
from tf_models.study.claims import CLAIMS, find
from tf_models.study.claims.base import DELTA, part
from tf_models.study.judging import PartResult, load_results
from tf_models.study.plans import plan

NAME, DATASET, RULE = "ffn-shape", "digits", "C40.deeper"


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """An empty `results/`."""
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(judging, "exact_measures", lambda: {})


def deeper(records) -> PartResult:
    found = load_results(indexed(records))["C40"]
    return next(result for result in found if result.dataset == DATASET).parts[0]


def test_the_hash_of_a_rule_changes_with_the_rule_and_with_nothing_else():
    rule = part("gain", "factorial: gain.attention", difference=DELTA)
    for change in (
        {"experiment": "ffn-gap"},
        {"measure": "gain"},
        {"test": "above"},
        {"threshold": 0.02},
        {"denominator": "gap"},
        {"decides": False},
    ):
        assert dataclasses.replace(rule, **change).rule_hash != rule.rule_hash
    for change in ({"key": "other"}, {"words": "claim.C01.part.gain"}, {"kind": "definition"}):
        assert dataclasses.replace(rule, **change).rule_hash == rule.rule_hash
    every = [row.rule_hash for claim in CLAIMS for row in claim.parts]
    assert len(set(every)) > 150 and {len(value) for value in every} == {12}


def test_a_rule_that_was_kept_before_the_runs_has_a_date_and_another_one_is_said_to_be_changed(monkeypatch):
    records = fill(plan(NAME, DATASET), lambda arm: 0.8)
    never = deeper(records)
    assert (never.rule_date, never.rule_changed) == ("", False)  # shipped before rules were kept
    rules.keep_rules(NAME, DATASET, measured=())
    kept = deeper(records)
    assert len(kept.rule_date) == 10 and not kept.rule_changed
    changed = dataclasses.replace(find("C40").parts[0], threshold=0.01)
    claim = dataclasses.replace(find("C40"), parts=(changed, *find("C40").parts[1:]))
    monkeypatch.setattr(judging.judge_all, "__defaults__", ((claim,),))
    found = deeper(records)
    assert found.rule_changed and found.rule_date == kept.rule_date


def test_a_rule_on_what_is_measured_already_is_not_kept_and_an_unchanged_one_keeps_its_date(lab_home):
    rules.keep_rules(NAME, DATASET, measured=("deeper_closes_half",))
    kept = rules.known_rules(NAME, DATASET)
    assert RULE not in kept and "C40.wider" in kept and not rules.known_rules(NAME, "cifar10-jpeg")
    path = lab_home / rules.FILE
    path.write_text(path.read_text().replace(kept["C40.wider"]["date"], "2020-01-01"))
    rules.keep_rules(NAME, DATASET, measured=())
    kept = rules.known_rules(NAME, DATASET)
    assert kept["C40.wider"]["date"] == "2020-01-01" < kept[RULE]["date"]


def test_a_damaged_file_dates_nothing(lab_home):
    lab_home.mkdir(exist_ok=True)
    for text in ("", "[]", "{", "{}"):
        (lab_home / rules.FILE).write_text(text)
        assert not rules.known_rules(NAME, DATASET)
    rules.keep_rules(NAME, DATASET, measured=())
    assert RULE in rules.known_rules(NAME, DATASET)


def test_what_is_shipped_ships_the_rules_that_stood_before_it(tmp_path):
    rules.ship_rules(NAME, DATASET)  # nothing was kept
    assert not (tmp_path / "results" / rules.FILE).exists()
    rules.keep_rules(NAME, DATASET, measured=())
    rules.ship_rules(NAME, DATASET)
    written = json.loads((tmp_path / "results" / rules.FILE).read_text())
    assert written[NAME][DATASET][RULE] == rules.known_rules(NAME, DATASET)[RULE]
    assert written[NAME][DATASET][RULE]["hash"] == find("C40").parts[0].rule_hash


@pytest.mark.parametrize(
    ("options", "known", "kept"),
    [
        (["--seeds", "5"], False, True),
        (["--seeds", "5"], True, False),  # the fault: a date for rules that may have been chosen to fit
        (["--seeds", "5", "--train-size", "300"], False, False),  # not what the claims are judged by
    ],
)
def test_an_experiment_that_begins_keeps_its_rules_where_nothing_is_measured(monkeypatch, options, known, kept):
    records = indexed(fill(plan(NAME, DATASET), lambda arm: 0.8)) if known else {}
    monkeypatch.setattr(command_line, "known_records", lambda store: records)

    def stop(*arguments):
        raise KeyboardInterrupt  # here the training would begin

    monkeypatch.setattr(command_line, "_conducted", stop)
    usual = [] if not plan(NAME, DATASET).exploratory else ["--exploratory"]
    tuning = plan(NAME, DATASET).tuning_size
    usual += ["--tuning-size", str(tuning)] if tuning else []
    assert main(["run", NAME, "--dataset", DATASET, *usual, *options]) == 130
    assert (RULE in rules.known_rules(NAME, DATASET)) == kept
