"""What decides, on *Overview* and *FFN*, from records that nobody trained: planted gaps, missing lengths, nothing."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from synthetic import fill, indexed
from visits import open_page, text_of

from pages.ui import cache
from pages.ui.charts import curves, depths, heat, intervals
from pages.ui.parts.ffn import capacity, depth, length, necessity, rates, worth
from tf_models.data import STUDIED
from tf_models.locale import LANGUAGES, say
from tf_models.runs.record import RunRecord
from tf_models.study.experiments.training_length import CHANNELS
from tf_models.study.plans import is_planned, plan

pytestmark = pytest.mark.usefixtures("fresh_server")
LARGEST = STUDIED[-1]
UPDATES = {1: 750, 2: 1500, 5: 3750, 10: 7500, 20: 15_000, 40: 30_000}  # of 48,000 images in batches of 64
GAPS = {1: -0.02, 2: 0.0, 5: 0.02, 10: 0.04, 20: 0.06, 40: 0.1}  # planted: what the FFN is worth after so many epochs


def trained(lengths: dict[int, float], again: float = 0.0) -> list[RunRecord]:
    """Records of ``training-length`` with these gaps at these lengths; at equal parameters half of each."""
    wanted = plan("training-length", LARGEST)

    def accuracy(arm: str) -> float:
        channel, epochs = arm.split(".")
        lost = {"on": 0.0, "off": 1.0, "off_wider": 0.5, "activation": 0.5}[channel]
        return 0.6 - lost * lengths[int(epochs)]

    missing = [f"{channel}.{epochs}" for channel in CHANNELS for epochs in wanted.lengths if epochs not in lengths]
    records = fill(wanted, accuracy, skip=[*missing, "again"] if 5 not in lengths else missing, fixed_test=True)
    return [change_updates(record) for record in records]


def change_updates(record: RunRecord) -> RunRecord:
    return replace(record, updates=UPDATES.get(record.spec.recipe.epochs, 300))


@pytest.fixture
def show(only_records) -> Callable[..., None]:
    """Makes the pages know these records and no others."""
    return lambda *records: only_records(indexed([record for found in records for record in found]))


def capacity_records() -> list[RunRecord]:
    wanted = plan("capacity", LARGEST)
    return fill(
        wanted,
        {"on": 0.98, "off": 0.6, "off_wider": 0.7, "cnn": 0.99}
        | dict.fromkeys(("activation", "linear", "off_deeper"), 0.8),
    )


def necessity_records() -> list[RunRecord]:
    """Without an FFN everything but the product of four pixels without LayerNorm is solved."""
    return fill(plan("necessity", LARGEST), lambda arm: 0.5 if arm == "product_4 none off" else 0.98)


def test_the_headline_shows_the_planted_gap_at_every_length(show):
    show(trained(GAPS))
    analysis = cache.analysis("training-length", LARGEST)
    for panel, factor in (("accuracy", 100), ("loss", 0.5)):  # the invented loss falls by half of the accuracy
        data = length.length_rows(analysis, panel)
        for words, share in (("length.equal_depth", 1), ("length.equal_parameters", 0.5)):
            rows = data[data["series"] == say("en", words)]
            assert rows["at"].tolist() == list(UPDATES.values())
            wanted = [factor * share * gap for gap in GAPS.values()]
            assert rows["value"].tolist() == pytest.approx(wanted, abs=0.002 * factor)
            assert (rows["low"] <= rows["value"]).all() and (rows["value"] <= rows["high"]).all()
    found = length.length_words(analysis)
    assert "30,000 updates" in found and "10.00 more images in a hundred" in found
    assert "After only 750 updates the difference is −2.00" in length.first_words(analysis)


@pytest.mark.parametrize(("gap", "key"), [(0.1, "more"), (-0.1, "fewer"), (0.0, "open")])
def test_the_sentence_follows_the_interval(show, gap, key):
    show(trained({1: gap}))
    found = length.length_words(cache.analysis("training-length", LARGEST))
    marks = {"more": "more images in a hundred", "fewer": "fewer images in a hundred", "open": "no difference is shown"}
    assert {name for name, words in marks.items() if words in found} == {key}
    assert "750 updates" in found and "−" not in found.partition("(")[0].replace("no difference", "")


def test_a_missing_length_leaves_a_gap(show):
    show(trained({epochs: gap for epochs, gap in GAPS.items() if epochs not in (5, 40)}))
    analysis = cache.analysis("training-length", LARGEST)
    data = length.length_rows(analysis, "accuracy")
    assert sorted(set(data["at"])) == [750, 1500, 7500, 15_000]
    assert "15,000 updates" in length.length_words(analysis)
    show(trained({1: 0.01}))
    analysis = cache.analysis("training-length", LARGEST)
    assert len(length.length_rows(analysis, "accuracy")) == 2
    assert length.first_words(analysis) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_opens_with_what_is_measured(show, language):
    def opened(*records: list[RunRecord]):
        show(*records)
        app = open_page("overview", language)
        assert not app.exception
        return len(app.get("vega_lite_chart")), text_of(app)

    charts, shown = opened([])
    assert charts == 0 and say(language, "overview.no_finding") in shown
    charts, shown = opened(trained({1: 0.1, 2: 0.1}))
    assert charts == 2 and say(language, "overview.no_finding") not in shown
    called = {"en": "Photos (CIFAR-10, JPEG)", "zh": "照片（CIFAR-10，JPEG）"}[language]
    assert say(language, "length.hint", dataset=called, images="48,000", seeds=3) in shown
    charts, shown = opened(trained({1: 0.1}), necessity_records(), capacity_records())
    assert charts == 4
    found = say(language, "capacity.found_wider", images="2,000", on="98.0", off="60.0", off_wider="70.0")
    assert found in shown
    assert say(language, "necessity.found.none", tasks=3, off=2, on=3) in shown
    charts, _ = opened(trained({1: 0.1}), fill(plan("mixers", LARGEST), lambda arm: 0.9 if " on" in arm else 0.7))
    assert charts == 3, "what it is worth after every token mixer"
    charts, shown = opened(capacity_records())
    assert charts == 1 and say(language, "overview.no_finding") in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ffn_page_has_a_section_for_everything_that_decides(show, language):
    names = ("depth", "mixers", "sequence")
    more = [
        fill(plan(name, LARGEST), lambda arm: 0.9 if " on" in arm or arm.startswith("on") else 0.7) for name in names
    ]
    show(trained(GAPS), necessity_records(), capacity_records(), *more)
    opened = ("necessity", "capacity", "depth", "collapse")
    asked = ("explored", *opened)
    closed = open_page("ffn", language, data=LARGEST)
    app = open_page("ffn", language, data=LARGEST, open=",".join(asked))
    assert not app.exception
    for page in (closed, app):
        assert say(language, "worth.title") in text_of(page)
        assert {f"**{say(language, f'{part}.title')}**" for part in opened} <= {row.label for row in page.expander}
    charts = len(closed.get("vega_lite_chart"))
    assert charts == 3 + 1 + 1, "length and its rate curve, mixers and theirs; nothing of what is closed"
    charts += 1 + 2 + 1 + 1 + 4 + 2  # own pair; matrices, curves, depths; four rate curves; tokens, collapse
    assert len(app.get("vega_lite_chart")) == charts
    experiments = (*names, "training-length", "necessity", "capacity")
    assert not [code.value for code in app.code if any(f"run {name}" in code.value for name in experiments)]


@pytest.mark.parametrize(
    ("attention", "convolution", "key"),
    [(0.1, 0.3, "both"), (-0.05, 0.3, "less"), (0.3, 0.1, "more"), (0.2, 0.2, "open")],
)
def test_the_answer_follows_what_was_measured(show, attention, convolution, key):
    gains = {"attention": attention, "convolution": convolution}

    def accuracy(arm: str) -> float:
        mixer, _, channel = arm.partition(" ")
        return 0.95 if arm == "cnn" else 0.9 if channel == "on" else 0.9 - gains.get(mixer, 0)

    show(fill(plan("mixers", LARGEST), accuracy))
    found = worth.answer_words(cache.analysis("mixers", LARGEST))
    assert say("en", f"worth.answer.{key}").strip() in found
    because = say("en", "worth.because", linear=f"{90 - 100 * attention:.1f}")
    assert (because in found) == (attention > 0), "where it harms there is nothing to explain"
    assert say("en", "worth.plain", cnn="95.0") in found
    for gain in (attention, convolution):
        assert f"90.0 instead of {90 - 100 * gain:.1f} %" in found


def test_where_the_ffn_is_as_good_without_its_activation_nothing_is_said_of_that(show):
    show(fill(plan("mixers", LARGEST), lambda arm: 0.9 if " on" in arm or "linear" in arm else 0.7))
    found = worth.answer_words(cache.analysis("mixers", LARGEST))
    assert found and say("en", "worth.because", linear="90.0") not in found
    assert "plain CNN" not in found, "it is not better than attention with its FFN"


def test_a_withheld_difference_is_no_answer(show):
    show(fill(plan("mixers", LARGEST), lambda arm: 0.9 if " on" in arm else 0.7))
    analysis = cache.analysis("mixers", LARGEST)
    row = analysis.contrasts["interaction.equal_depth"]
    assert row.measure is not None and worth.answer_words(analysis)
    unfit = replace(row, measure=replace(row.measure, withheld="unfit"))
    contrasts = analysis.contrasts | {"interaction.equal_depth": unfit}
    assert worth.answer_words(replace(analysis, contrasts=contrasts)) == ""


def test_the_token_mixers_are_sorted_by_what_the_ffn_is_worth(show):
    wanted = plan("mixers", LARGEST)
    worth_of = {"attention": 0.1, "convolution": 0.02, "window": 0.2, "depthwise": 0.05, "token_mlp": 0.15}

    def accuracy(arm: str) -> float:
        mixer, _, channel = arm.partition(" ")
        return 0.8 if channel == "on" else 0.8 - worth_of.get(mixer, 0.3)

    show(fill(wanted, accuracy))
    names = [name for name in worth.worth_names(cache.analysis("mixers", LARGEST)) if not name.endswith(".wider")]
    assert names == [f"gain.{mixer}" for mixer in ("window", "token_mlp", "attention", "depthwise", "convolution")]


def test_rate_curves_mark_the_chosen_rate(show):
    show(fill(plan("depth", LARGEST), lambda arm: 0.5, best_rate=2e-3))
    found = rates.curve_rows(cache.analysis("depth", LARGEST))
    assert set(found) == {"2 blocks", "4 blocks", "8 blocks", "8 blocks · without skip connections"}
    for data in found.values():
        chosen = data[data["chosen"]]
        assert chosen["arm"].tolist() == list(dict.fromkeys(data["arm"])) and set(chosen["rate"]) == {2e-3}
        assert data.loc[data.groupby("arm")["loss"].idxmin()]["chosen"].all()


def test_what_a_linear_model_solves_is_no_sign_that_attention_is_none(show):
    """The sign of one pixel is linear: to solve that alone says nothing. Nor does a task count of which one of the two
    networks is missing, or was not trained well enough.
    """
    none, one = "attention alone solves none of 6 made-up tasks", "it solves 1 of 6 made-up tasks"
    for solved, told in ((("product_1",), none), (("product_1", "product_2"), one)):
        show(fill(plan("necessity", LARGEST), lambda arm, solved=solved: 1.0 if arm.startswith(solved) else 0.5))
        data = necessity.task_rows(cache.analysis("necessity", LARGEST))
        found = necessity.necessity_words(data)
        assert told in found and ("no linear model," in found) == (told == one)
    alone = (data["task"] == "lookup_16") & (data["channel"] == "off")
    assert "1 of 5 made-up tasks" in necessity.necessity_words(data.assign(withheld=alone))
    assert "1 of 5 made-up tasks" in necessity.necessity_words(data[~alone])


def test_the_labels_are_learned_along_the_epochs_of_every_seed(show):
    course = ({"epoch": 1, "accuracy": 0.5}, {"epoch": 2, "accuracy": 0.7})
    show([replace(record, history=course) for record in capacity_records()])
    analysis = cache.analysis("capacity", LARGEST)
    rows = capacity.course_rows(analysis, capacity.PAIR)
    for name, runs in rows.groupby("network"):
        assert set(runs[["epoch", "accuracy"]].itertuples(index=False, name=None)) == {(1, 50.0), (2, 70.0)}, name
        assert runs["seed"].nunique() == 3
    assert rows["network"].nunique() == len(capacity.PAIR)
    looks = {name: ("red", [1, 0]) for name in dict.fromkeys(rows["network"])}
    words = dict.fromkeys(("network", "accuracy", "epoch", "seed"), "w")
    drawn = curves.seed_curves(rows, 2, "t", words, looks).to_dict()
    assert drawn["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 100]


@pytest.mark.parametrize(("wider", "key"), [(0.0, "wider_open"), (0.2, "wider"), (-0.2, "wider")])
def test_a_gain_that_may_be_chance_says_so(show, wider, key):
    show(trained({1: 0.1}))
    analysis = cache.analysis("training-length", LARGEST)
    name = "gain.wider.1"
    row = analysis.contrasts[name]
    assert row.measure is not None
    changed = replace(row.measure, value=wider, low=wider - 0.1, high=wider + 0.1)
    told = length.length_words(replace(analysis, contrasts=analysis.contrasts | {name: replace(row, measure=changed)}))
    assert told.endswith(say("en", f"length.{key}", **length._fields(changed)))


def test_a_value_beyond_its_axis_has_an_arrow_and_one_that_is_rounded_has_none():
    row = {"series": "a", "seed": 0, "depth": 0.5, "level": "l"}
    for value, arrows in ((1.0000001, 0), (1.2, 1)):
        drawn = depths.by_depth(
            pd.DataFrame([row | {"value": value}]),
            "t",
            "y",
            dict.fromkeys(("series", "level", "depth"), "w"),
            (0, 1),
            {"a": "red"},
        ).to_dict()
        assert sum(layer["mark"].get("shape") == "triangle-up" for layer in drawn["layer"]) == arrows


def test_an_effect_that_is_nothing_everywhere_has_an_axis():
    columns = dict.fromkeys(("series", "value", "low", "high", "seeds"), "w")
    row = {"series": "a", "at": 750, "value": 0.0, "low": 0.0, "high": 0.0, "seeds": 3}
    drawn = intervals.along(pd.DataFrame([row]), "t", "x", "y", columns, {"a": "red"}).to_dict()
    (scale,) = [layer["encoding"]["y"]["scale"] for layer in drawn["layer"] if "scale" in layer["encoding"]["y"]]
    assert scale["domain"][0] < 0 < scale["domain"][1]
    assert drawn["config"]["axis"]["labelFlush"] is False, "its numbers stand at their places"


def test_a_solved_cell_is_marked_and_no_other(show):
    show(necessity_records())
    data = necessity.task_rows(cache.analysis("necessity", LARGEST))
    failed = data[~data["solved"].astype(bool)]
    assert failed[["task", "norm", "channel"]].values.tolist() == [["product_4", "none", "off"]]
    assert failed["text"].tolist() == ["50.0"] and data[data["solved"].astype(bool)]["text"].str.startswith("✓").all()


def test_exploratory_results_are_labelled_where_they_stand():
    shown = text_of(open_page("ffn", data=LARGEST, open="explored,grid,factorial,shape"))
    assert not is_planned("depth", STUDIED[0])
    assert shown.count(f":gray-badge[:material/explore: {say('en', 'tier.exploratory')}]") >= 3


def test_the_new_charts_draw_what_they_are_given():
    columns = dict.fromkeys(
        ("series", "row", "column", "label", "arm", "value", "low", "high", "seeds", "accuracy"), "w"
    )
    row = {"series": "a", "at": 750, "value": 1.0, "low": 0.5, "high": 1.5, "seeds": 3}
    drawn = intervals.along(pd.DataFrame([row, row | {"at": 1500}]), "t", "x", "y", columns, {"a": "red"}).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rule", "line", "rule", "point"]
    x = drawn["layer"][1]["encoding"]["x"]
    assert x["scale"]["type"] == "log" and x["axis"]["values"] == [750, 1500]
    cell = {"row": "r", "column": "c", "text": "✓ 99.0", "accuracy": 99.0, "low": 98.0, "high": 100.0, "seeds": 5}
    drawn = heat.matrix(pd.DataFrame([cell]), "t", columns).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rect", "text"]
    rate = {"arm": "a", "rate": 1e-3, "loss": 0.2, "chosen": True}
    drawn = curves.rate_curves(pd.DataFrame([rate, rate | {"rate": 2e-3, "chosen": False}]), "t", "x", "y", columns)
    assert drawn.to_dict()["layer"][2]["transform"] == [{"filter": "datum.chosen"}]
    assert capacity.PAIR[0] == "on" and depth.DEPTHS
