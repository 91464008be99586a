"""Claims are rows without verdicts; verdicts follow from measures, and change with them."""

import dataclasses
import json
import re

import numpy as np
import pytest
from scipy import special, stats
from synthetic import correct_share, fill, indexed, make_record

from tf_models.__main__ import main
from tf_models.data import STUDIED, content_hash
from tf_models.errors import LabError
from tf_models.locale import catalogue
from tf_models.statistics.effects import UNITS, Measure
from tf_models.statistics.power import p_value
from tf_models.statistics.rule import TESTS, VERDICTS
from tf_models.study import judging
from tf_models.study.bibliography import SOURCES
from tf_models.study.claims import CLAIMS, Claim, Part, find
from tf_models.study.claims.base import DELTA, beside
from tf_models.study.claims.base import part as part_of
from tf_models.study.documents import claim_document
from tf_models.study.exact import exact_measures
from tf_models.study.experiments import where
from tf_models.study.experiments.base import AGAIN
from tf_models.study.judging import (
    EVERY_EXPERIMENT,
    EXACT,
    TRAINED,
    Found,
    Scale,
    headline,
    judge_all,
    judge_analyses,
    load_analyses,
    load_results,
    rule,
)
from tf_models.study.plans import plan
from tf_models.study.published import FFN_ABLATIONS, IMAGENET_ACCURACIES
from tf_models.zoo import PUBLISHED

SECTIONS = {
    *("1.1", "1.2", "1.3", "1.4", "why_alike", "summary", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"),
    *("3.0", "3.1", "3.2", "3.3", "3.4", "conclusion"),
}
ROWS = [f"table{table}.row{row}" for table, rows in ((1, 4), (2, 3), (3, 3)) for row in range(1, rows + 1)]
CELLS = {f"{row}.{column}": row for row in ROWS for column in ("cnn", "transformer")}


# The rows


def test_the_claims_are_numbered_in_order_and_each_stands_once():
    ids = [row.id for row in CLAIMS]
    assert ids == [f"C{number:02}" for number in range(1, len(CLAIMS) + 1)]


@pytest.mark.parametrize("row", CLAIMS, ids=lambda row: row.id)
def test_a_claim_has_places_rules_and_a_primary_part_that_decides(row):
    assert row.words("right") or row.words("wrong"), "there is something to say about the wording"
    assert row.sections and set(row.sections) <= {*SECTIONS, *ROWS, *CELLS} and row.systems
    assert len({part.key for part in row.parts}) == len(row.parts)
    assert next(part for part in row.parts if part.key == row.primary).decides
    for part in row.parts:
        assert part.experiment in EVERY_EXPERIMENT and part.measure and part.test in TESTS
        assert isinstance(part.threshold, tuple) == (part.test == "between")
        if part.experiment in EXACT:
            assert part.threshold is not None, f"{part.key}: an exact number has no δ"
        assert rule(part).startswith(part.experiment)


def test_a_part_asks_one_question():
    assert part_of("one", "factorial: gain", difference=DELTA).threshold is None
    assert beside("one", "factorial: gain", equals=0.0).test == "equals"
    with pytest.raises(ValueError):
        part_of("one", "factorial: gain")
    with pytest.raises(ValueError):
        part_of("one", "factorial: gain", above=0.0, below=1.0)


# What the words of a trained part say where its test is this one.
SAYS = {
    "difference": r"\b(better|worth more|raise|improves|helps|leads?|beats|less accurate|accuracy falls)\b"
    r"|\bloses? accuracy|\bloses more than δ",
    "no_difference": r"\b(as good|as well|nothing|level|no better)\b",
    "not_worse": r"\bloses less than δ|\bas good\b",
    "above": r"\b(more|closes at least|better|lower with|tells?)\b",
    "below": r"\b(less than|cannot)\b|^Nor\b",
}


def says_so(words: str, test: str) -> bool:
    """Whether the words ask what the test asks, and not that nothing differs where it asks for a difference."""
    denied = test == "difference" and re.search(SAYS["no_difference"], words)
    return bool(re.search(SAYS[test], words)) and not denied


@pytest.mark.parametrize(
    ("claim_id", "part"),
    [(row.id, part) for row in CLAIMS for part in row.parts if part.experiment in TRAINED],
    ids=lambda value: getattr(value, "key", value),
)
def test_the_words_of_a_part_ask_what_its_test_asks(claim_id, part):
    assert says_so(catalogue("en")[part.words], part.test), catalogue("en")[part.words]


def test_words_that_ask_for_the_opposite_are_found():
    assert says_so("With its FFN, attention is better", "difference")
    assert not says_so("Without its FFN, attention is as good", "difference")
    assert not says_so("With its FFN, attention is better", "no_difference")


def test_every_source_is_named_once_and_cited():
    assert len({source.link for source in SOURCES.values()}) == len(SOURCES)
    assert all(source.link.startswith("https://") and source.title for source in SOURCES.values())
    cited = [evidence for row in CLAIMS for evidence in row.published]
    assert {row.source for row in (*cited, *FFN_ABLATIONS, *IMAGENET_ACCURACIES)} - {""} == SOURCES.keys()
    assert all(row.source or row.read == "computed" for row in cited)
    assert {row.name for row in IMAGENET_ACCURACIES} <= PUBLISHED.keys()
    assert IMAGENET_ACCURACIES[-2].reference().startswith("[d’Ascoli et al. 2021, ConViT, table 2](https://arxiv.org/")


def test_every_measure_that_a_part_names_is_one_of_its_experiments():
    known = {name: set(plan(name, "digits").contrasts) for name in TRAINED}
    known |= {name: set(measures) for name, measures in exact_measures().items() if measures}
    named = {
        (part.experiment, name) for row in CLAIMS for part in row.parts for name in (part.measure, part.denominator)
    }
    assert not {pair for pair in named if pair[1] and pair[0] in known and pair[1] not in known[pair[0]]}


def test_a_part_about_a_loss_names_its_threshold():
    """δ is an accuracy."""
    of_losses = {
        (name, label)
        for name in TRAINED
        for label, contrast in plan(name, where(name, "digits")).contrasts.items()
        if UNITS[contrast.quantity] == "nats"
    }
    parts = [part for row in CLAIMS for part in row.parts if (part.experiment, part.measure) in of_losses]
    assert all(part.threshold is not None for part in parts)


def test_every_place_of_the_text_with_a_claim_is_covered():
    named = {section for row in CLAIMS for section in row.sections}
    assert named >= SECTIONS
    assert all({cell, row} & named for cell, row in CELLS.items()), "every cell of the tables is checked"


def test_no_row_holds_a_verdict():
    names = {field.name for kind in (Claim, Part) for field in dataclasses.fields(kind)}
    assert not {name for name in names if "verdict" in name}
    for row in CLAIMS:
        assert not set(VERDICTS) & {value for value in dataclasses.astuple(row) if isinstance(value, str)}


def test_an_unknown_claim_is_an_error_with_the_list():
    assert find("C24").id == "C24"
    with pytest.raises(LabError, match="Unknown claim “C99”: choose one of C01, C02"):
        find("C99")


# From measures to verdicts


def interval(low: float, high: float, **changes) -> Measure:
    error = (high - low) / 2 / special.stdtrit(4, 0.975)
    return Measure((low + high) / 2, low, high, "accuracy", 5, 5, error, 4, runs=("a", "b"), **changes)


def exact(value: float) -> Measure:
    return Measure(value, value, value, "ratio", source="exact")


def one(test: str = "difference", experiment: str = "factorial", **changes) -> Part:
    values = {"threshold": None, "key": "one", "measure": "gain"} | changes
    return Part(experiment=experiment, test=test, **values)


def row(*parts: Part, key: str = "C01") -> Claim:
    return Claim(key, ("1.1",), ("CNN",), parts, parts[0].key)


def judged(parts: list[Part], analyses=None, exact_numbers=None, scales=None):
    return judge_all(Found(analyses or {}, exact_numbers or {}, scales or {}), [row(*parts)])["C01"]


def on(dataset: str, results):
    return next(result for result in results if result.dataset == dataset)


def test_without_any_measure_every_claim_is_untested():
    results = judge_all(Found())
    assert list(results) == [row.id for row in CLAIMS]
    for found in results.values():
        assert found and {result.verdict for result in found} == {"untested"}
        assert headline(found).verdict == "untested" and headline(found).seeds == 0


def test_data_sets_may_disagree_and_photographs_decide():
    analyses = {
        ("factorial", "digits"): {"gain": interval(0.03, 0.05)},
        ("factorial", "cifar10-jpeg"): {"gain": interval(-0.05, -0.03)},
    }
    results = judged([one()], analyses, scales={("factorial", "digits"): Scale(1258, 15)})
    assert [(r.dataset, r.verdict, r.reason) for r in results] == [
        ("digits", "supported", "larger"),
        ("cifar10-jpeg", "not_supported", "opposite"),
    ]
    assert headline(results).dataset == "cifar10-jpeg"
    assert (on("digits", results).train_images, on("digits", results).epochs) == (1258, 15)
    del analyses["factorial", "cifar10-jpeg"]
    results = judged([one()], analyses)
    assert headline(results).dataset == "digits" and on("cifar10-jpeg", results).verdict == "untested"
    assert headline(judged([one()])).dataset == "cifar10-jpeg"  # tested nowhere yet


def test_photographs_do_not_stand_for_a_claim_while_what_decides_is_half_measured():
    """Three runs more on photographs took the verdict away that digits gave."""
    parts = [one(), one(key="two", measure="other")]
    whole = {"gain": interval(0.03, 0.05), "other": interval(0.03, 0.05)}
    analyses = {("factorial", "digits"): whole, ("factorial", "cifar10-jpeg"): {"gain": interval(0.03, 0.05)}}
    results = judged(parts, analyses)
    assert on("cifar10-jpeg", results).verdict == "untested" and headline(results).dataset == "digits"
    del analyses["factorial", "digits"]
    assert headline(judged(parts, analyses)).dataset == "cifar10-jpeg", "no verdict, and this was begun"


def test_the_smallest_effect_is_that_of_the_data_set():
    analyses = {("factorial", name): {"gain": interval(0.016, 0.019)} for name in STUDIED}
    results = judged([one()], analyses)
    assert [(r.verdict, r.parts[0].delta) for r in results] == [("partly", 0.02), ("supported", 0.015)]
    large = {("factorial", "cifar10"): {"gain": interval(0.011, 0.014)}}
    results = judged([one()], large, scales={("factorial", "cifar10"): Scale(48_000, 30)})
    assert on("cifar10", results).verdict == "supported" and on("cifar10", results).parts[0].delta == 0.01


def test_exact_claims_have_one_result_and_no_seeds():
    part = one("above", "inventory", threshold=0.0)
    results = judged([part], exact_numbers={"inventory": {"gain": exact(1.0)}})
    assert [(r.dataset, r.verdict, r.seeds, r.p) for r in results] == [("exact", "supported", 0, None)]
    assert results[0].parts[0].delta is None
    assert judged([part], exact_numbers={"inventory": {"gain": exact(0.0)}})[0].verdict == "not_supported"


def test_a_claim_with_several_parts_is_their_conjunction():
    parts = [
        one(),
        one("above", "inventory", key="two", threshold=0.0),
        one("above", "heads", key="three", threshold=0),
    ]
    analyses = {("factorial", "digits"): {"gain": interval(0.03, 0.05)}}
    numbers = {"inventory": {"gain": exact(0.0)}}
    found = on("digits", judged(parts, analyses, numbers))
    assert [p.verdict for p in found.parts] == ["supported", "not_supported", "untested"]
    assert (found.verdict, found.reason) == ("partly", "mixed")  # whatever the heads will show
    found = on("digits", judged(parts, analyses, {"inventory": {"gain": exact(1.0)}}))
    assert (found.verdict, found.reason) == ("untested", "part_missing")
    shown = dataclasses.replace(parts[2], decides=False)
    found = on("digits", judged([*parts[:2], shown], analyses, {"inventory": {"gain": exact(1.0)}}))
    assert (found.verdict, found.reason) == ("supported", "all_hold")


def test_a_failed_control_withholds_and_a_missing_gap_leaves_untested():
    withheld = {("factorial", "digits"): {"gain": interval(0.03, 0.05, withheld="control_failed")}}
    found = on("digits", judged([one()], withheld))
    assert (found.verdict, found.reason, found.p) == ("inconclusive", "control_failed", None)
    part = one("above", threshold=0.0, denominator="gap")
    analyses = {("factorial", "digits"): {"gain": interval(0.01, 0.03)}}
    assert on("digits", judged([part], analyses)).verdict == "untested"
    analyses["factorial", "digits"]["gap"] = interval(0.01, 0.03)
    assert on("digits", judged([part], analyses)).reason == "denominator"
    analyses["factorial", "digits"]["gap"] = interval(0.03, 0.05)
    assert on("digits", judged([part], analyses)).verdict == "supported"


def test_every_part_says_what_its_design_can_find():
    analyses = {("factorial", "digits"): {"gain": interval(0.01, 0.05)}}
    (part,) = on("digits", judged([one()], analyses)).parts
    assert part.reason == "delta_open" and part.power is not None
    assert part.power.smallest > 0.02 + 0.02 and part.power.seeds is not None and part.power.seeds > 5
    (part,) = on("digits", judged([one()], {("factorial", "digits"): {"gain": interval(0.03, 0.05)}})).parts
    assert part.power is not None and part.power.seeds is None
    exactly = judged([one("above", "inventory", threshold=0.0)], exact_numbers={"inventory": {"gain": exact(1.0)}})
    assert exactly[0].parts[0].power is None


def test_definition_and_measurement_are_two_verdicts():
    parts = [
        one(),
        one("above", "inventory", key="two", threshold=0.0, kind="definition"),
        one("above", "inventory", key="three", threshold=0.0, kind="definition", decides=False),
    ]
    analyses = {("factorial", "digits"): {"gain": interval(0.03, 0.05)}}
    found = on("digits", judged(parts, analyses, {"inventory": {"gain": exact(0.0)}}))
    assert (found.verdict, found.definition, found.measured) == ("partly", "not_supported", "supported")
    found = on("digits", judged([parts[0], parts[2]], analyses))
    assert (found.definition, found.measured) == ("", "supported")  # a part that does not decide has no say
    (found,) = judged([parts[1]], exact_numbers={"inventory": {"gain": exact(1.0)}})
    assert (found.definition, found.measured) == ("supported", "")


def test_what_is_counted_is_a_definition_and_what_is_trained_timed_or_drawn_a_measurement():
    def kind(measure: str) -> str:
        return part_of("key", measure, above=0.0).kind

    definitions = "inventory: activations.vgg16", "identities: permutation.ffn", "receptive-field: support.ffn"
    definitions += "equivariance: swin.one_token", "cost: slope.macs.banded"
    measurements = "factorial: gain.attention", "rank-collapse: skip_over_mlp", "receptive-field: erf.slope"
    assert {kind(name) for name in definitions} == {"definition"}
    assert {kind(name) for name in (*measurements, "cost: slope.time.banded", "heads: ratio.first")} == {"measurement"}
    assert part_of("key", definitions[0], above=0.0, kind="measurement").kind == "measurement"
    for row in CLAIMS:
        for part in row.parts:
            assert part.kind == "measurement" or part.experiment in EXACT


SWAPS = [  # with the reference, with its twin in its place → verdict, reason, survives
    (interval(0.03, 0.05), interval(0.025, 0.05), ("supported", "larger", True)),
    (interval(0.03, 0.05), interval(0.01, 0.05), ("inconclusive", "unstable", False)),
    (interval(-0.05, -0.03), interval(0.03, 0.05), ("inconclusive", "unstable", False)),
    (interval(0.01, 0.05), interval(0.03, 0.05), ("inconclusive", "delta_open", False)),
    (interval(0.03, 0.05), None, ("supported", "larger", None)),
]


@pytest.mark.parametrize(("first", "twin", "expected"), SWAPS)
def test_no_verdict_rests_on_one_draw_of_the_reference(first, twin, expected):
    key = ("factorial", "digits")
    swapped = {key: {"gain": twin}} if twin else {}
    measured = Found({key: {"gain": first}}, swapped=swapped)
    found = on("digits", judge_all(measured, [row(one())])["C01"])
    (part,) = found.parts
    assert (part.verdict, part.reason, part.survives_swap) == expected
    assert (found.verdict, found.reason) == expected[:2] and part.measure is first


def test_the_gap_of_a_share_is_swapped_too():
    key, part = ("factorial", "digits"), one("above", threshold=0.0, denominator="gap")
    measures = {"gain": interval(0.01, 0.03), "gap": interval(0.03, 0.05)}
    measured = Found({key: measures}, swapped={key: {"gap": interval(0.01, 0.05)}})
    assert on("digits", judge_all(measured, [row(part)])["C01"]).reason == "unstable"


SHARES = [(row.id, part) for row in CLAIMS for part in row.parts if part.denominator and part.closes_half]


@pytest.mark.parametrize(("claim_id", "part"), SHARES, ids=lambda value: getattr(value, "key", value))
def test_half_of_a_gap_is_written_as_what_is_gained_minus_half_of_the_gap(claim_id, part):
    """What the card says of the share rests on it: measure + ½ gap is one network minus another."""
    contrasts = plan(part.experiment, "digits").contrasts
    gained = dict(contrasts[part.measure].weights)
    for arm, weight in contrasts[part.denominator].weights.items():
        gained[arm] = gained.get(arm, 0.0) + weight / 2
    assert sorted(weight for weight in gained.values() if weight) == [-1.0, 1.0]


def test_a_claim_whose_deciding_parts_are_exact_holds_for_no_data_set_alone():
    parts = [one("above", "inventory", threshold=0.0), one(key="beside", decides=False)]
    analyses = {("factorial", "digits"): {"gain": interval(0.03, 0.05)}}
    results = judged(parts, analyses, {"inventory": {"gain": exact(1.0)}})
    assert len(results) == 2 and all(result.exact for result in results)
    assert claim_document(results[0].claim, tuple(results))["dataset"] == "exact"
    assert not judged([one()], analyses)[0].exact


def test_a_part_has_no_say_where_its_experiment_needs_more_images():
    parts = [one(), one(experiment="depth", key="two", measure="gain.8")]
    few, many = judged(parts, {("factorial", name): {"gain": interval(0.03, 0.05)} for name in STUDIED})
    assert (few.dataset, few.verdict, few.parts[1].reason) == ("digits", "supported", "not_asked")
    assert (many.verdict, many.reason, many.parts[1].reason) == ("untested", "part_missing", "missing")
    depth = {("depth", "cifar10-jpeg"): {"gain.8": interval(-0.05, -0.03)}}
    few, many = judged(parts[1:], depth)
    assert (few.verdict, many.verdict) == ("untested", "not_supported")


def test_primaries_are_corrected_together_by_data_set():
    claims = [row(one(measure=name), key=f"C0{number}") for number, name in enumerate("abc", 1)]
    measures = {"a": interval(0.03, 0.05), "b": interval(0.025, 0.07), "c": interval(0.01, 0.05)}
    analyses = {("factorial", "digits"): measures, ("factorial", "cifar10-jpeg"): {"a": measures["a"]}}
    results = judge_all(Found(analyses), claims)
    found = [on("digits", results[f"C0{number}"]) for number in (1, 2, 3)]
    ps = [r.p for r in found]
    assert ps[0] < ps[1] < 0.025 < ps[2] and ps == [p_value(row, "difference", 0.02) for row in measures.values()]
    assert [r.p_adjusted for r in found] == pytest.approx(stats.false_discovery_control(ps).tolist())
    photographs = on("cifar10-jpeg", results["C01"])
    assert photographs.p_adjusted == photographs.p == p_value(measures["a"], "difference", 0.015)  # its own margin


def test_the_twin_of_the_reference_takes_its_place_in_every_verdict(monkeypatch):
    """C47: the twin as good as the reference, or worse in two of three seeds, which the A/A control lets pass."""
    experiment = plan("mixers", "cifar10-jpeg")
    monkeypatch.setattr(judging, "exact_measures", lambda: {})
    records = fill(experiment, lambda arm: 0.8 if arm == "attention on" else 0.7)

    def nonlinearity(*shares: float) -> judging.PartResult:
        drawn = {AGAIN + place: correct_share(share, 1000) for place, share in enumerate(shares)}
        known = [make_record(r.spec, drawn[r.spec.seed]) if r.spec.seed in drawn else r for r in records]
        return on("cifar10-jpeg", load_results(indexed(known))["C47"]).primary

    same, other = nonlinearity(0.8, 0.81, 0.79), nonlinearity(0.8, 0.7, 0.75)
    assert (same.verdict, same.survives_swap) == ("supported", True)
    assert (other.verdict, other.reason, other.survives_swap) == ("inconclusive", "unstable", False)
    assert same.measure == other.measure


def test_exchanging_the_arms_records_changes_the_verdict(monkeypatch):
    """C40, whose parts are all of one experiment: does a deeper or wider FFN close the gap to the CNN?"""
    experiment = plan("ffn-shape", "digits")
    monkeypatch.setattr(judging, "exact_measures", lambda: {})
    accuracy = {"cnn": 0.95, "vit": 0.75}

    def verdict(ffn: float, stem: float, **changes):
        means = accuracy | {"layers 3": ffn, "ratio 8": ffn, "stem": stem}
        found = load_results(indexed(fill(experiment, lambda arm: means.get(arm, 0.7), **changes)))["C40"]
        return on("digits", found)

    there, back = verdict(0.93, 0.8), verdict(0.8, 0.93)
    assert (there.verdict, back.verdict) == ("supported", "not_supported")
    assert (there.seeds, there.train_images, there.epochs) == (5, 1258, 15)
    assert there.primary.measure is not None and there.primary.measure.runs
    failed = verdict(0.93, 0.8, control=(0.6, 0.5))
    assert failed.verdict == "inconclusive"
    assert {part.reason for part in failed.parts if part.part.experiment == "ffn-shape"} == {"control_failed"}
    assert verdict(0.93, 0.8, skip=("layers 3",)).verdict == "untested"


def test_a_third_data_set_is_judged_like_the_labs_own_and_one_that_is_gone_hides_nothing(small_images, data_dir):
    tiny = {"x_train": np.zeros((200, 8, 8), np.uint8), "x_test": np.zeros((40, 8, 8), np.uint8)}
    records = []
    for name in ("tiny", "gone"):
        small_images(name, **tiny)
        experiment = plan("ffn-shape", name)
        means = {"cnn": 0.95, "vit": 0.75, "layers 3": 0.93, "ratio 8": 0.93, "stem": 0.8}
        records += fill(experiment, lambda arm, means=means: means.get(arm, 0.7), dataset_hash=content_hash(name))
    (data_dir / "gone.npz").unlink()
    results = load_results(indexed(records))
    found = on("tiny", results["C40"])
    assert (found.verdict, found.seeds, found.train_images, found.epochs) == ("supported", 3, 180, 15)
    assert found.parts[0].delta == 0.02 and headline(results["C40"]) is found
    assert {result.dataset for rows in results.values() for result in rows} == {*STUDIED, "exact", "tiny"}


# The command


def test_the_command_prints_every_claim_with_rule_and_figures(capsys, monkeypatch):
    monkeypatch.setattr(judging, "TRAINED", ())
    numbers = {"inventory": {"grids.vit": exact(1.0), "grids.swin": exact(0.02)}}
    monkeypatch.setattr(judging, "exact_measures", lambda: numbers)
    assert main(["claims", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == [row.id for row in CLAIMS]
    names = {"id", "section", "statement", "experiment", "rule", "measured", "published", "verdict", "seeds", "dataset"}
    for found in rows:
        assert names <= set(found) and found["rule"] and found["measured"] and found["experiment"] in EVERY_EXPERIMENT
        assert {part["rule"] for part in found["rule"]}
        for result in found["measured"]:
            assert len(result["parts"]) == len(found["rule"])
    ninth = rows[8]
    assert (ninth["verdict"], ninth["dataset"], ninth["reason"]) == ("partly", "exact", "mixed")
    assert [part["value"] for part in ninth["measured"][0]["parts"]] == [1.0, 0.02]

    assert main(["claims", "--id", "C09"]) == 0
    text = capsys.readouterr().out
    assert "inventory: grids.vit < 1: 1: not supported" in text and "inventory: grids.swin < 1: 0.02: supported" in text
    assert main(["claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CLAIMS) + 1 and lines[1].startswith("C01")


def test_the_command_refuses_an_unknown_claim_in_one_line(capsys):
    assert main(["claims", "--id", "C99", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Unknown claim “C99”" in err


def test_a_document_names_its_rule_and_is_one_json_object():
    results = judge_all(Found())
    for found in CLAIMS:
        written = claim_document(found, results[found.id])
        assert json.dumps(written, allow_nan=False)
        assert sum(part["primary"] for part in written["rule"]) == 1


def test_a_measured_part_is_printed_with_its_rule_its_training_and_what_speaks_against_it():
    experiment = plan("ffn-shape", "digits")
    means = {"cnn": 0.95, "vit": 0.75, "layers 3": lambda seed: 0.92 + 0.01 * seed, "ratio 8": 0.93, "stem": 0.8}
    records = fill(experiment, lambda arm: means.get(arm, 0.7))
    analyses = load_analyses(indexed(records))
    document = claim_document(find("C40"), judge_analyses(analyses)["C40"], analyses)
    assert json.dumps(document, allow_nan=False)
    assert (document["definition"], document["measurement"]) == ("", document["verdict"])
    result = on("digits", judge_analyses(analyses)["C40"])
    (part,) = (row for row in document["measured"][0]["parts"] if row["key"] == "deeper")
    judged_part = result.parts[0]
    assert part["rule"] == "ffn-shape: deeper_closes_half > 0, where gap > δ"
    assert part["rule_hash"] == judged_part.part.rule_hash and part["rule_date"] == ""
    assert part["p"] == judged_part.p < 0.025 and part["power"]["smallest"] > 0
    assert part["survives_swap"] is True  # the twin of `vit` is as good
    assert part["tier"] == ("exploratory" if experiment.exploratory else "deciding")
    arms = {arm["name"]: arm for arm in part["arms"]}
    weights = {name: arm["weight"] for name, arm in arms.items()}
    assert weights == experiment.contrasts["deeper_closes_half"].weights
    assert arms["layers 3"]["train_accuracy"] == pytest.approx(0.94) and arms["cnn"]["updates"] == 15 * 20
    losses = arms["cnn"]["rates"]
    assert losses["0.001"] == min(losses.values())
    assert 0 < arms["cnn"]["rate_margin"] == pytest.approx(sorted(losses.values())[1] - losses["0.001"])
