"""Claims, Cost and Hybrids through `app.py`: score, filters, cards, missing results; their charts."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special
from streamlit.testing.v1 import AppTest
from synthetic import fill, indexed
from visits import open_page, text_of

from pages.ui import cache, tables
from pages.ui.charts import bars, curves, growth, heat, intervals
from pages.ui.charts.layout import lines
from pages.ui.names import data_title, variant_name
from pages.ui.parts import cost, hybrids
from pages.ui.parts.claims import card, firmness, listing, places, power, verdicts
from pages.ui.parts.claims import repeat as live
from pages.ui.parts.ffn import capacity, collapse, mixers
from tf_models.data import STUDIED, peek
from tf_models.locale import LANGUAGES, catalogue, say
from tf_models.runs import shipped
from tf_models.statistics.effects import Measure, effect_of_seeds
from tf_models.statistics.power import Power, shipped_power
from tf_models.statistics.rule import VERDICTS
from tf_models.study import probed
from tf_models.study.analysis import Scale, analyse
from tf_models.study.claims import CLAIMS
from tf_models.study.exact import exact_measures, exact_provenance, exact_series
from tf_models.study.judging import EXACT, Found, PartResult, Result, headline, judge_all, key_of
from tf_models.study.plans import plan

pytestmark = pytest.mark.usefixtures("fresh_server")
CELLS = (("off", 80.0, ""), ("on", 90.0, "+10.00"))  # of a heat map


def measure(low: float, high: float, runs: tuple[str, ...] = ()) -> Measure:
    error = (high - low) / 2 / special.stdtrit(4, 0.975)
    return Measure((low + high) / 2, low, high, "accuracy", 5, 5, error, 4, runs=runs)


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[Result, ...]]:
    """Every claim judged from measures that nobody measured: all trained effects 3 to 5 points, exact ones 1."""
    analyses: dict[tuple[str, str], dict[str, Measure]] = {}
    exact: dict[str, dict[str, Measure]] = {}
    for claim in CLAIMS:
        for part in claim.parts:
            if part.experiment in EXACT:
                exact.setdefault(part.experiment, {})[part.measure] = Measure(1, 1, 1, "ratio", source="exact")
                continue
            for dataset, low in (("digits", 0.03), ("cifar10-jpeg", -0.01)):
                found = analyses.setdefault(key_of(part.experiment, dataset), {})
                found[part.measure] = measure(low, low + 0.02, ("aaa", "bbb"))
                if part.denominator:
                    found[part.denominator] = measure(0.04, 0.06)
    return judge_all(Found(analyses, exact))


@pytest.fixture
def judge(monkeypatch):
    """Makes the pages know these verdicts and no others, and keep what they draw of them under this stamp."""

    def show(judged: dict[str, tuple[Result, ...]], stamp: str) -> None:
        monkeypatch.setattr(cache, "claim_results", lambda: judged)
        monkeypatch.setattr(cache, "stamp", lambda: f"{__name__}: {stamp}")

    return show


@pytest.fixture
def judged_all(judge, results):
    judge(results, "all")
    return results


@pytest.fixture
def nothing_measured(judge, monkeypatch, tmp_path):
    """As after deleting `tf_models/results`: what configurations alone decide is left."""
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    judge(judge_all(Found()), "none")


def opening(app: AppTest) -> list[str]:
    """The claims that the list offers."""
    return [button.key.removeprefix("open_") for button in app.button if str(button.key).startswith("open_")]


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_with_the_score_and_with_what_is_wrong(judged_all, language):
    app = open_page("claims", language=language, open="partly,refuted,tables")
    assert len(app.get("vega_lite_chart")) == 1
    shown, decided = text_of(app), listing.decided(judged_all)
    counts = {verdict: sum(result.verdict == verdict for result in decided.values()) for verdict in VERDICTS}
    assert say(language, "claims.score", count=50, **counts) in shown
    wrong = {
        claim
        for claim, result in decided.items()
        if result.verdict in ("not_supported", "partly") or listing.refuted_in_part(result)
    }
    offered = [str(button.key).removeprefix("wrong_") for button in app.button if str(button.key).startswith("wrong_")]
    assert set(offered) == wrong and len(offered) == len(wrong)
    for claim in wrong:  # each with its reason
        words = decided[claim].claim.words("wrong")
        assert not words or say(language, words)[:20] in shown
    for row in (claim for claim in CLAIMS if any(place.startswith("table") for place in claim.sections)):
        assert f"- **{row.id}** " in shown  # in a row of the text's tables


def test_the_list_is_drawn_on_demand(judged_all):
    app = open_page("claims")
    assert opening(app) == []
    app.session_state["list_open"] = True
    assert opening(app.run()) == [claim.id for claim in CLAIMS]


def test_filters_are_in_the_link(judged_all):
    app = open_page("claims", section="2.3", verdict="supported", data="digits")
    chosen = opening(app)
    for claim in CLAIMS:
        on_digits = [result.verdict for result in judged_all[claim.id] if result.dataset == "digits"]
        headings = [places.heading(place) for place in claim.sections]
        assert (claim.id in chosen) == (on_digits == ["supported"] and "2.3" in headings)
    app.selectbox(key="choice_verdict").select("all").run()
    assert "verdict" not in app.query_params
    assert set(opening(app)) > set(chosen) or not chosen
    app.selectbox(key="choice_system").select("Longformer").run()
    assert say("en", "claims.list_none") in text_of(app)


def test_verdicts_on_a_third_data_set_can_be_asked_for(judged_all, judge):
    judged = {id: (*rows, replace(rows[0], dataset="pets")) if id == "C40" else rows for id, rows in judged_all.items()}
    judge(judged, "pets")
    app = open_page("claims", data="pets")
    assert opening(app) == ["C40"] and not app.warning


@pytest.mark.parametrize("key", ["claim", "section", "system", "verdict", "data"])
def test_an_unknown_value_in_the_link_is_named_and_the_list_is_shown(judged_all, key):
    app = open_page("claims", **{key: "C99"})
    assert any("C99" in warning.value and key in warning.value for warning in app.warning)
    assert len(opening(app)) == 50
    if key == "claim":
        assert any("C01 … C50" in warning.value for warning in app.warning)


def test_a_claim_may_be_written_small_in_the_link(judged_all):
    app = open_page("claims", claim="c24")
    assert not app.warning and app.header[0].value.startswith("C24 ")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("claim", ["C24", "C37", "C40", "C18"])
def test_a_claim_has_its_own_link(judged_all, claim, language):
    app = open_page("claims", language=language, claim=claim, open="figures,published,repeat")
    row, shown = listing.BY_ID[claim], text_of(app)
    for words in (
        *filter(None, map(row.words, ("statement", "question", "refuted_by", "right", "wrong", "before"))),
        *(part.words for part in row.parts),
    ):
        assert say(language, words) in shown
    for evidence in row.published:
        assert evidence.link in shown
    for result in judged_all[claim]:
        assert say(language, f"verdict.{result.verdict}") in shown
        named = catalogue(language).get(f"data.name.{result.dataset}", result.dataset)
        assert result.dataset == "exact" or named.lower() in shown.lower()
    assert bool(app.get("vega_lite_chart")) == any(
        part.decides and part.measure and part.measure.seeds for result in judged_all[claim] for part in result.parts
    )


def test_previous_and_next_go_through_the_filtered_claims(judged_all):
    app = open_page("claims", claim="C24", section="2.1")
    order = opening(app)
    assert "C24" in order and len(order) < 50
    app.button(key="claim_next").click().run()
    assert app.query_params["claim"] in (
        order[(order.index("C24") + 1) % len(order)],
        [order[(order.index("C24") + 1) % len(order)]],
    )
    app.button(key="claim_back").click().run()
    assert "claim" not in app.query_params
    app.button(key=f"open_{order[0]}").click().run()
    assert app.query_params["claim"] in (order[0], [order[0]])


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_measurements_everything_is_untested(nothing_measured, language):
    app = open_page("claims", language=language)
    counts = dict.fromkeys(VERDICTS, 0) | {"untested": 50}
    assert say(language, "claims.score", count=50, **counts) in text_of(app)
    assert say(language, "claims.score_untested", untested=50) in text_of(app)
    assert say(language, "claims.wrong_none") in text_of(app)
    app = open_page("claims", language=language, claim="C37", open="figures,repeat")
    assert not app.get("vega_lite_chart")
    assert say(language, "verdict.untested") in text_of(app)
    assert "python -m tf_models run mixers" in text_of(app)
    for page in ("cost", "hybrids", "ffn"):
        open_page(page, language)


def test_two_data_sets_may_disagree_and_both_are_shown(judged_all):
    claim = next(
        claim for claim, rows in judged_all.items() if {row.verdict for row in rows} == {"supported", "not_supported"}
    )
    shown = text_of(open_page("claims", claim=claim))
    for row in judged_all[claim]:
        assert f"{say('en', f'verdict.{row.verdict}')}] {data_title(row.dataset)}" in shown


# Verdicts in words


def part_of(test: str, threshold, found: Measure | None, reason: str = "delta_open") -> PartResult:
    part = replace(CLAIMS[0].parts[0], test=test, threshold=threshold)
    return PartResult(part, found, 0.02, "inconclusive", reason)


@pytest.mark.parametrize(
    ("test", "threshold", "zone"),
    [
        ("difference", None, (0.02, math.inf)),
        ("no_difference", None, (-0.02, 0.02)),
        ("not_worse", 0.01, (-0.01, math.inf)),
        ("above", 0.0, (0.0, math.inf)),
        ("below", None, (-math.inf, 0.02)),
        ("between", (0.1, 0.2), (0.1, 0.2)),
        ("equals", 4.0, (4.0, 4.0)),
    ],
)
def test_the_zone_of_a_rule(test, threshold, zone):
    assert verdicts.zone_of(part_of(test, threshold, None)) == zone


@pytest.mark.parametrize(
    ("power", "words"),
    [
        (Power(0.02), ""),
        (Power(0.02, 8), "about 8 seeds"),
        (Power(0.02, 20), "more than the 10 allowed"),
        (Power(0.02, 1000), "more seeds alone do not"),
        (Power(0.02, images=True), "more test images"),
    ],
)
def test_an_open_part_says_what_would_settle_it(power, words):
    said = verdicts.what_settles(power, 10)
    assert words in said and bool(said) == bool(words)


def test_the_table_of_parts_says_how_firm_each_is(results):
    result = next(row for row in results["C37"] if row.dataset == "cifar10-jpeg")
    part = next(row for row in result.parts if row.measure and row.part.experiment not in EXACT)
    shown = {"power": Power(0.02, 8), "survives_swap": False, "rule_date": "2026-01-02", "rule_changed": False}

    def row(**changes) -> dict[str, str]:
        (found,) = firmness.part_table([(result, replace(part, **{**shown, **changes}))]).to_dict("records")
        return found

    found = row()
    assert (
        found["found in 80 %"] == "+2.00 points"
        and found["would settle it"] == "about 8 seeds, more than the 5 allowed"
    )
    assert found["survives A/A swap"] == "no" and found["rule since"] == "2026-01-02"
    assert row(rule_changed=True)["rule since"] == "rule changed after the runs"
    assert row(rule_date="")["rule since"] == "not recorded before the runs"
    assert row(power=None, survives_swap=None)["survives A/A swap"] == firmness.NOTHING
    explores = Scale(10_000, 5, 3, exploratory=True)
    assert "(exploratory)" in row(scale=explores)["experiment"] and "(" not in row(scale=None)["experiment"]
    assert firmness.part_table([(result, replace(part, measure=None))]).empty
    share = replace(part, measure=Measure(0.9, 0.8, 1.2, "share", 5))
    for smallest, said in ((0.483, "48.3 %"), (1.2, firmness.NOTHING)):  # nobody can find 120 %
        (found,) = firmness.part_table([(result, replace(share, power=Power(smallest)))]).to_dict("records")
        assert found["found in 80 %"] == said


def test_the_list_can_be_filtered_by_what_decides(judged_all):
    for kind, found in (("definition", "definition"), ("measurement", "measured")):
        chosen = opening(open_page("claims", kind=kind, verdict="supported", data="digits"))
        for claim in CLAIMS:
            verdicts_there = [getattr(row, found) for row in judged_all[claim.id] if row.dataset == "digits"]
            assert (claim.id in chosen) == (verdicts_there == ["supported"])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "accuracy", "+1.23"),
        (0.906, "share", "90.6 %"),
        (3072, "count", "3,072"),
        (3.2e-7, "error", "3.2·10⁻⁷"),
        (1.904, "slope", "1.9"),
        (-0.25, "ratio", "−0.25"),
        (0, "error", "0"),
        (-0.000001, "accuracy", "+0.00"),
        (1e-14, "ratio", "10⁻¹⁴"),
        (-0.0221, "doubling", "−2.21"),
    ],
)
def test_a_figure_is_written_in_its_unit(value, unit, text):
    assert tables.figure(value, unit).startswith(text)


def test_a_part_says_how_much_of_its_gap_is_closed_unless_the_gap_is_in_doubt():
    def half(low: float, high: float) -> PartResult:
        found = part_of("above", 0.0, measure(low, high))
        return replace(found, part=replace(found.part, measure="a_closes_half"), gap=measure(0.05, 0.07))

    assert "closes 0 % of a gap of +6.00" in verdicts.figures(half(-0.04, -0.02))  # −3 against half of 6
    assert "closes 75 %" in verdicts.figures(half(0.005, 0.025))
    assert "closes" not in verdicts.figures(replace(half(0.005, 0.025), reason="denominator"))


@pytest.mark.parametrize("explores", [True, False])
def test_a_figure_of_an_experiment_that_only_explores_says_so(results, explores):
    scale = Scale(10_000, 5, updates=785, exploratory=explores)
    part = replace(part_of("difference", None, measure(0.01, 0.05)), scale=scale)
    line = verdicts.part_line(results["C37"][-1], part)
    assert ("*Exploratory:* 10,000 images, 785 updates" in line) == explores


def test_what_is_known_of_an_open_statement_is_said_with_the_rest(results):
    one = results["C19"][0]
    holds, still = (
        replace(part, verdict=verdict) for part, verdict in zip(one.parts, ("supported", "inconclusive"), strict=False)
    )
    words = [say("en", part.part.words) for part in (holds, still)]
    said = verdicts.known(replace(one, verdict="inconclusive", parts=(holds, still, *one.parts[2:]))).replace("\\", "")
    assert f"Known: {words[0]}" in said and f"Open: {words[1]} (measured" in said
    unfit = replace(still, measure=replace(still.measure, withheld="unfit"))
    said = verdicts.known(replace(one, verdict="inconclusive", parts=(holds, unfit, *one.parts[2:])))
    assert say("en", "reason.unfit") in said
    assert verdicts.known(replace(one, verdict="supported")) == ""


def test_an_untested_claim_says_how_far_it_was_tested(results):
    one = results["C46"][0]
    deciding = [part for part in one.parts if part.decides]
    assert len(deciding) == 5

    def name(*verdicts_of_measured: str, verdict: str = "untested") -> str:
        rest = [replace(part, measure=None) for part in deciding[len(verdicts_of_measured) :]]
        known = [
            replace(part, measure=measure(0, 1), verdict=found)
            for part, found in zip(deciding, verdicts_of_measured, strict=False)
        ]
        return verdicts.verdict_name(replace(one, verdict=verdict, parts=(*known, *rest)))

    assert name("not_supported", "not_supported") == "open: 2 of 5 parts measured, 2 refuted"
    assert name("supported") == "open: 1 of 5 parts measured"
    assert name() == "untested" and name("supported", verdict="partly") == "partly supported"


def test_the_legend_of_the_score_names_what_is_there(judged_all):
    judged = {id: replace(rows[-1], verdict="partly") for id, rows in judged_all.items()}
    drawn = listing._score_chart.__wrapped__(0, judged).to_dict()
    assert drawn["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["partly supported"]
    assert "untested" not in listing.score_words(judged)


def test_every_measured_part_has_its_row_and_its_unit():
    judged = cache.claim_results()
    rows = firmness.part_table(
        pair for id, row in listing.BY_ID.items() for part in row.parts for pair in card.outcomes(part, judged[id])
    )
    assert len(rows) > 50
    exact = next(part for part in judged["C01"][0].parts if part.part.measure == "erf.monotone")
    assert "(share of the seeds)" in verdicts.figures(exact)


def test_what_is_not_asked_of_a_data_set_is_not_missing_there():
    row, (few, many) = listing.BY_ID["C47"], judge_all(Found())["C47"]
    words = say("en", next(part for part in row.parts if part.experiment == "training-length").words)
    assert words in card.not_measured(row, [many]) and words not in card.not_measured(row, [few])
    assert f"{words} (" not in card.not_measured(row, [few, many])


@pytest.mark.parametrize("claim", ["C46", "C49"])  # of one digits decide, of the other photographs
def test_a_card_begins_with_what_decides_and_says_why_a_part_has_no_verdict(claim):
    app, results = open_page("claims", claim=claim), cache.claim_results()[claim]
    badges = [row.value for row in app.markdown if row.value.startswith(":") and "-badge[" in row.value]
    assert verdicts.scale(headline(results)) in badges[0] and len(results) > 1
    withheld = [part for row in results for part in row.parts if part.measure and part.measure.withheld]
    assert all(say("en", f"reason.{part.reason}") in text_of(app) for part in withheld)
    assert bool(withheld) == (claim == "C46")


def test_an_interval_of_a_share_ends_where_shares_do(results):
    whole, result = Measure(0.807, 0.573, 1.041, "share", 5, 5), results["C37"][0]
    share = replace(part_of("below", 0.8, whole), part=replace(CLAIMS[0].parts[0], measure="solved", test="below"))
    assert verdicts.figure(whole, "solved") == "80.7 % [57.3, 100]"
    assert "; 5 seeds. " in verdicts.part_line(result, share)  # a share is above zero anyway
    less = Measure(-0.01, -0.07, 0.054, "share", 5, 2)
    assert verdicts.figure(less, "other_patch.ffn") == "−1 % [−7, 5.4]"
    difference = replace(share, measure=less, part=replace(share.part, measure="other_patch.ffn"))
    assert "; 5 seeds, above zero in 2. " in verdicts.part_line(result, difference)


# Shares of which so few seeds were taken that Student's interval goes below nothing, where it is cut: see above.
WIDE = {"ratio.rises"}


def test_a_share_below_nothing_is_one_share_less_another(monkeypatch):
    found = [part for rows in cache.claim_results().values() for result in rows for part in result.parts]
    names = {part.part.measure: part.measure for part in found if part.measure and part.measure.unit == "share"}
    assert set(verdicts.OVER) <= names.keys()
    below = {name for name, share in names.items() if share.low < 0}
    assert below <= {*verdicts.OVER, *WIDE}
    seen = []
    monkeypatch.setattr(probed, "effect_of_seeds", lambda values: seen.append(values) or effect_of_seeds(values))
    for dataset in STUDIED:
        probed.measures(probed.read_probed(dataset))
    for name in WIDE:
        assert any(np.mean(values) == names[name].value and 0 <= min(values) <= max(values) <= 1 for values in seen)


def test_a_gap_that_is_only_presupposed_is_no_share():
    part = replace(part_of("not_worse", None, measure(-0.01, 0.01)), gap=measure(0.05, 0.07))
    assert "where +6.00" in verdicts.figures(part) and "%" not in verdicts.figures(part)


def test_the_sentence_of_the_cost_is_about_what_is_shown():
    words = {kind: cost.finding(kind) for kind in cost.KINDS}
    assert len(set(words.values())) == len(cost.KINDS)
    counted = cost.counted_crossing(exact_series()["cost"])
    assert f"{counted:,.0f}" in cost.findings("macs")[0] and f"{counted:,.0f}" not in cost.findings("seconds")[0]
    exponents = {kind: exact_measures()["cost"][f"slope.{cost.POWERS[kind]}.attention_core"] for kind in cost.KINDS}
    for kind, measured in exponents.items():
        assert f"n{f'{measured.value:.2f}'.translate(tables.RAISED)}" in words[kind]


def test_an_exact_figure_says_where_it_comes_from():
    where = exact_provenance()["rank-collapse"]
    assert where["git"] in verdicts.provenance("rank-collapse") and where["device"] in verdicts.provenance(
        "rank-collapse"
    )
    assert verdicts.provenance("inventory") == ""  # a closed formula


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_delta_is_is_said_as_the_data_sets_declare_it(language):
    for dataset in STUDIED:
        for most, share in peek(dataset).deltas:
            said = say(language, "unit.point" if share == 0.01 else "unit.points", value=f"{100 * share:g}")
            assert said in say(language, "claims.how_text")
            assert math.isinf(most) or f"{most:,}" in say(language, "claims.how_text")
    assert [tables.margin(share) for share in (0.01, 0.015, 0.005)] == ["1 point", "1.5 points", "0.5 points"]


def test_the_error_rates_that_are_shipped_are_quoted():
    rows = power.power_rows(shipped_power())
    assert len(rows) == 6
    assert all(cell.endswith("%") for cell in rows.iloc[:, 1:].to_numpy().ravel())
    assert power.power_rows([]).empty


# Charts


def test_the_score_has_a_square_for_every_claim():
    rows = [{"place": place, "claim": f"C{place}", "verdict": "no", "mark": "✗"} for place in range(26)]
    drawn = bars.squares(pd.DataFrame(rows), "title", {"claim": "claim"}, {"yes": "#000", "no": "#fff"}).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rect", "text", "rect"]
    places = [(row["line"], row["at"]) for row in next(iter(drawn["datasets"].values()))]
    assert len(set(places)) == 26 and places[-1] == (1, 0)


def test_parts_are_drawn_against_the_zone_in_which_they_hold(results):
    columns = dict.fromkeys(("dataset", "verdict", "value", "low", "high", "seeds"), "words")
    data = card.part_rows(listing.BY_ID["C37"], results["C37"])
    assert set(data["dataset"]) == {"digits", "photos"} and len(data) == 2 * data["label"].nunique()
    drawn = intervals.zones(data, "title", "axis", columns).to_dict()
    rows = next(rows for rows in drawn["datasets"].values() if "zone_low" in rows[0])
    low, high = intervals.extent(data)
    assert all(low <= row["zone_low"] <= row["zone_high"] <= high for row in rows)
    assert drawn["layer"][0]["encoding"]["x"]["scale"]["domain"] == [low, high]
    filled = [layer["mark"]["filled"] for layer in drawn["layer"] if layer["mark"]["type"] == "point"]
    assert sorted(filled) == [False, True]  # digits are hollow
    words = next(rows for rows in drawn["datasets"].values() if "words" in rows[0])
    assert len(words) == data["label"].nunique()  # once for both data sets
    assert all(word["at"] < row["top"] for word, row in zip(words, rows[::2], strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_part_take_three_lines_at_most(language):
    for claim in CLAIMS:
        for part in claim.parts:
            assert len(lines(say(language, part.words), intervals.LANE_LETTERS)) <= 3, part.words


def test_a_card_draws_no_part_that_does_not_decide():
    judged = cache.claim_results()
    assert {key for key in ("C01", "C16") if not card.part_rows(listing.BY_ID[key], judged[key]).empty} == set()
    for key, rows in judged.items():
        decide = {say("en", part.part.words) for result in rows for part in result.parts if part.decides}
        drawn = card.part_rows(listing.BY_ID[key], rows)
        assert drawn.empty or set(drawn["label"]) <= decide


def test_the_axis_of_a_number_starts_at_zero():
    row = {"low": 900.0, "high": 1000.0, "zone_low": 950.0, "zone_high": math.inf}
    data = pd.DataFrame([row])
    assert intervals.extent(data)[0] > 800
    assert intervals.extent(data, from_zero=True)[0] == 0


def test_the_named_measures_with_an_axis_of_their_own_are_in_use():
    assert verdicts.UNITS.keys() <= {part.measure for claim in CLAIMS for part in claim.parts}


def test_the_cost_of_every_case_is_drawn():
    series = {
        "sizes": [64, 128],
        "memory_sizes": [64],
        "seconds": {"attention_core": [[0.1, 0.4], [0.2, 0.5]], "convolution": [[0.1, 0.2], [0.1, 0.2]]},
        "macs": {"attention_core": [10, 40]},
        "memory_mib": {"attention_core": [[0.0], [1.0]]},
    }
    data = cost.rows_of(series, "seconds")
    assert data["value"].tolist() == pytest.approx([150, 450, 100, 200])
    assert len(cost.rows_of(series, "macs")) == 2
    assert cost.rows_of(series, "memory").empty  # nothing measurable has no place on a log scale
    columns = dict.fromkeys(("case", "value", "low", "high"), "words")
    marks = {name: ("#000", [1, 0]) for name in set(data["case"])}
    legs = cost.last_step(data, "seconds")
    assert [words.count("×3") + 2 * words.count("×2") for words in legs["words"]] == [3, 4]  # ×2 tokens: ×3, and ×2
    drawn = growth.growth(data, "title", "n", "ms", columns, marks, "~g", None, legs).to_dict()
    assert drawn["layer"][1]["encoding"]["y"]["scale"]["type"] == "log"
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == [
        "area",
        "line",
        "point",
        *2 * ["rule", "rule", "text"],
    ]


def test_the_number_of_tokens_is_in_the_link_and_one_that_was_measured():
    app = open_page("cost", tokens="4096")
    assert app.select_slider[0].value == "4096" and f"{1024:,}×{1024:,}" in text_of(app)
    app.select_slider[0].set_value("128").run()
    assert app.query_params["tokens"] in ("128", ["128"])
    app.button_group(key="choice_what").set_value("memory").run()  # measured for three sizes alone
    assert app.select_slider[0].value == "256" and not app.warning and not app.exception


def test_the_counted_crossing_is_where_both_need_equally_many():
    series = {"sizes": [64, 128], "macs": {"attention_core": [10, 40], "ffn": [30, 60]}}  # n² against n: equal at 192
    assert cost.counted_crossing(series) == 192
    assert cost.counted_crossing({"sizes": [64], "macs": {"ffn": [30]}}) is None


def test_the_collapse_is_bold_up_to_the_chosen_layer():
    series = {"layers": [0, 1, 2], "arms": {arm: [[1, 0.1, 0.01], [1, 0.2, 0.02]] for arm in collapse.COLLAPSE}}
    data = collapse.collapse_rows(series, "skip")
    assert len(data) == 12 and data["chosen"].sum() == 3
    colours = dict.fromkeys(set(data["name"]), "#000")
    drawn = curves.collapse(data, 1, "title", "layer", "r", (1e-14, "rounding"), colours).to_dict()
    assert [len(drawn["datasets"][layer["data"]["name"]]) for layer in drawn["layer"]] == [1, 1, 12, 2, 2, 1]


def test_the_heat_map_shows_accuracy_and_gain_in_every_cell():
    rows = [
        {"mixer": "m", "channel": c, "accuracy": a, "low": a, "high": a, "seeds": 5, "gain": g, "points": a - 80}
        for c, a, g in CELLS
    ]
    rows.append(rows[1] | {"mixer": "n", "points": math.nan, "gain": ""})  # nothing to compare with
    columns = dict.fromkeys(("mixer", "channel", "accuracy", "low", "high", "gain", "seeds"), "words")
    drawn = heat.heat_map(pd.DataFrame(rows), "title", "gain", columns).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]][:5] == ["rect", "rect", "text", "text", "text"]
    assert drawn["layer"][1]["encoding"]["color"]["scale"]["domain"] == [-10, 0, 10]
    (untrained,) = drawn["datasets"][drawn["layer"][4]["data"]["name"]]
    assert (untrained["mixer"], untrained["channel"]) == ("n", "off")


# Topic pages with records that nobody trained


def planned(name: str) -> dict:
    """Records of every run that an experiment plans on digits: with the FFN 90 % is right, without 70 %."""
    experiment = plan(name, "digits")
    ffn = {arm: row.switches.get("ffn", "on") for arm, row in experiment.arms.items()}
    return indexed(fill(experiment, lambda arm: 0.9 if ffn[arm] == "on" else 0.7))


def test_the_stripes_of_alike_tokens_have_one_colour():
    series = {"channels": {"san": [[[100, -100], [0, 50], [-100, 100]], [[100, 100], [0, 0], [-20, -20]]]}}
    data = collapse.stripe_rows(series, "san", 1)
    assert data["colour"].tolist() == ["#ff8000", "#00bfff", "#ff8066", "#ff8066"]
    assert set(collapse.stripe_rows(series, "san", 0)["row"]) == {0}
    assert heat.stripes(data, "title", "layer").to_dict()["mark"]["type"] == "rect"
    shipped_tokens = exact_series()["rank-collapse"]
    different = {
        arm: len(set(collapse.stripe_rows(shipped_tokens, arm, 24)["colour"][64:])) for arm in collapse.COLLAPSE
    }
    assert max(different["san"], different["mlp"]) <= 2 < min(different["skip"], different["both"])


def test_the_collapse_says_that_the_ffn_does_not_slow_it_only_where_it_does_not():
    arms = {"mlp": [[1.0, 0.5, 1e-3], [1.0, 0.5, 3e-3]], "san": [[1.0, 0.4, 5e-3], [1.0, 0.4, 7e-3]]}
    words = collapse.mlp_words({"compared": 2, "arms": arms})
    assert "0.002 with it" in words and "0.006 without" in words
    assert collapse.mlp_words({"compared": 1, "arms": arms}) == ""


def test_the_collapse_plays_from_the_first_layer(judged_all):
    app = open_page("ffn", open="collapse")
    assert app.slider(key="choice_layer").value == 0
    app.button(key="collapse_play").click().run()
    first = app.slider(key="choice_layer").value
    app.run()  # as the timer does
    assert app.slider(key="choice_layer").value == first + 1
    app.button(key="collapse_play").click().run()
    held = app.slider(key="choice_layer").value
    assert app.run().slider(key="choice_layer").value == held
    assert app.query_params["layer"] in (str(held), [str(held)])
    assert open_page("ffn", layer="5").slider(key="choice_layer").value == 5  # a link to a layer opens its section
    last = app.slider(key="choice_layer").max
    app = open_page("ffn", layer=str(last))
    app.button(key="collapse_play").click().run()
    assert app.slider(key="choice_layer").value < last  # played again


def test_a_section_is_drawn_when_it_is_opened_and_the_link_says_so(judged_all, monkeypatch):
    drawn, show = [], capacity.show_section
    monkeypatch.setattr(capacity, "show_section", lambda analysis: drawn.append(analysis) or show(analysis))
    closed = open_page("ffn")
    assert not drawn and not closed.slider
    opened = open_page("ffn", open="capacity,collapse")
    assert len(drawn) == 1
    assert len(opened.get("vega_lite_chart")) > len(closed.get("vega_lite_chart"))
    assert opened.query_params["open"] in ("capacity,collapse", ["capacity,collapse"])
    unknown = open_page("ffn", open="nonsense")
    assert any("nonsense" in warning.value for warning in unknown.warning)


def test_what_only_another_data_set_can_answer_is_shown_of_that_one(only_records):
    only_records(planned("capacity"))
    app = open_page("ffn", data=STUDIED[-1], open="capacity")
    assert cache.nearest_analysis("capacity", STUDIED[-1]).experiment.dataset == STUDIED[0]
    hint = {"dataset": data_title(STUDIED[0]), "epochs": 60, "seeds": 5}
    assert say("en", "capacity.hint", **hint) in text_of(app)


def test_what_no_data_set_can_answer_is_not_offered(judged_all):
    """A section that opens on a command alone disappoints a class."""
    app = open_page("ffn", data=STUDIED[-1], open="explored,capacity,depth")
    titles = {row.label for row in app.expander}
    assert f"**{say('en', 'capacity.title')}**" in titles and f"**{say('en', 'depth.title')}**" not in titles
    assert any("run depth" in code.value for code in app.code)
    shown = text_of(app)
    assert shown.index("After 7,500 updates") < shown.index(say("en", "tier.exploratory"))  # what decides goes first


def test_a_network_of_which_nothing_is_measured_says_so_in_the_list(judged_all):
    box = open_page("ffn").selectbox(key="choice_variant")
    assert box.options[0] == variant_name("vit") and box.options[-1].endswith("(not measured)")
    assert "CNN" in box.options  # nothing is missing of it: it has no FFN


@pytest.mark.parametrize(("page", "experiment"), [("ffn", "factorial"), ("ffn", "ffn-shape"), ("hybrids", "hybrids")])
def test_a_measured_experiment_fills_its_page(only_records, monkeypatch, page, experiment, results):
    records = planned(experiment)
    only_records(records)
    monkeypatch.setattr(cache, "claim_results", lambda: results)
    opened = {"open": "factorial,shape,collapse,necessity"} if page == "ffn" else {}
    app = open_page(page, "zh", data="digits", **opened)
    assert len(app.get("vega_lite_chart")) >= {"factorial": 3, "ffn-shape": 3, "hybrids": 2}[experiment]
    asked = [block.value for block in app.code]
    assert not any(f"run {experiment} " in command for command in asked)
    result = cache.analysis(experiment, "digits")
    if experiment == "factorial":
        data = mixers.factorial_rows(result)
        gains = data[data["channel"] == say("en", "channel.on")]["gain"]
        assert len(gains) and all(gain.startswith("+2") or gain.startswith("+1") for gain in gains)
    if experiment == "hybrids":
        assert len(hybrids.arm_rows(result)) == 5


def test_a_figure_can_be_traced_to_the_accuracies_of_its_arms(only_records, results):
    records = planned("hybrids")
    only_records(records)
    found = cache.analysis("hybrids", "digits").measures["order"]
    result = next(row for row in results["C22"] if row.dataset == "digits")
    part = replace(result.parts[0], part=replace(result.parts[0].part, experiment="hybrids", measure="order"))
    runs = replace(measure(0.0, 0.1, found.runs), value=found.value)
    result = replace(result, parts=(replace(part, measure=runs),))
    rows = card.arm_rows([result])
    weights = rows["weight"].str.replace("−", "-").astype(float)
    accuracies = rows["test accuracy (%)"].str.partition(" ")[0].astype(float)
    assert len(rows) == 2 and (weights * accuracies).sum() == pytest.approx(100 * found.value, abs=0.02)
    assert card.arm_rows([replace(result, parts=(replace(part, measure=measure(0, 1, ("aaa",))),))]).empty


def test_the_cheapest_cell_is_two_arms_on_the_smallest_training_set(only_records):
    records = planned("data-curve")
    only_records(records)
    slope = analyse(plan("data-curve", "digits"), records).measures["gap_slope"]
    part = part_of("below", 0.0, measure(-0.02, -0.01, slope.runs))
    cell = live.cheapest_cell(part)
    assert 2 <= len(cell.arms) <= live.MOST_ARMS
    assert all(spec.seed == 0 and len(found) == 5 for spec, found in cell.arms.items())
    smallest = min(record.train_images for rows in records.values() for record in rows)
    assert {rows[0].train_images for rows in cell.arms.values()} == {smallest}
    assert np.isfinite(cell.seconds)
