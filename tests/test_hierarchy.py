"""The page *Hierarchy*: its rows by hand, and the page in both languages."""

import pytest
from read_off import read_off
from visits import open_page, text_of

from pages.ui.charts import intervals
from pages.ui.names import data_name
from pages.ui.parts import hierarchy
from tf_models.locale import LANGUAGES, say
from tf_models.study.plans import plan
from tf_models.zoo import parameters

pytestmark = pytest.mark.usefixtures("fresh_server")


def read_of(found, arm: str) -> dict:
    return {
        trained: [found.networks[arm, seed, trained]["probing"] for seed in found.seeds(arm, trained)]
        for trained in (True, False)
    }


def test_what_is_read_keeps_sides_states_and_layers_apart():
    """The untrained network's curve in the place of the trained one's, and the reverse, look alike: half everywhere."""
    found = read_off(arms=("cnn", "pyramid"))
    data = hierarchy.readout_rows({"left": read_of(found, "cnn"), "right": read_of(found, "pyramid")})
    first = data[(data["seed"] == 0) & data["trained"]]
    assert first[first["network"] == "left"]["value"].tolist() == pytest.approx([50, 55, 60, 65, 70, 75, 80])
    assert first[first["network"] == "right"]["value"].iloc[-1] == pytest.approx(95)
    assert set(data[~data["trained"]]["value"]) == {50.0}
    assert first.groupby("network")["depth"].agg(["min", "max"]).to_numpy().tolist() == [[0, 1], [0, 1]]
    told = hierarchy.marked_row(data[data["network"] == "left"], "left", 1.0)
    assert told["level"] == say("en", "hierarchy.features")
    assert (told["trained"], told["untrained"]) == ("81.0 %", "50.0 %")
    assert hierarchy.chance({"left": read_of(found, "cnn")}) == pytest.approx(10)


def test_a_curve_that_falls_does_not_rise_at_every_step():
    """The planted fault: one step of one seed that falls by more than half of δ."""
    found = read_off(arms=("cnn",))
    read = {"CNN": read_of(found, "cnn")}
    rising = hierarchy.finding(hierarchy.readout_rows(read), ["CNN"], 2.0)
    assert say("en", "hierarchy.all", seeds=2, rising=2) in rising and "**51.0 %**" in rising and "**81.0 %**" in rising
    layer = read["CNN"][True][1]["layers"][3]
    layer["accuracy"] = read["CNN"][True][1]["layers"][2]["accuracy"] - 0.011
    told = hierarchy.finding(hierarchy.readout_rows(read), ["CNN"], 2.0)
    assert say("en", "hierarchy.some", seeds=2, rising=1) in told
    layer["accuracy"] += 0.002  # a fall by 0.9 of 1 point
    assert say("en", "hierarchy.all", seeds=2, rising=2) in hierarchy.finding(
        hierarchy.readout_rows(read), ["CNN"], 2.0
    )


def test_of_one_seed_no_number_of_seeds_is_said():
    read = {"CNN": read_of(read_off(arms=("cnn",), seeds=1), "cnn")}
    told = hierarchy.finding(hierarchy.readout_rows(read), ["CNN"], 2.0)
    assert say("en", "hierarchy.one") in told and "seed" not in told
    read["CNN"][True][0]["layers"][3]["accuracy"] = 0.0
    told = hierarchy.finding(hierarchy.readout_rows(read), ["CNN"], 2.0)
    assert say("en", "hierarchy.none") in told and "seed" not in told


def test_a_layer_that_cannot_be_read_leaves_a_gap():
    found = read_off(arms=("vit",))
    read = read_of(found, "vit")
    read[True][0]["layers"][0]["accuracy"] = None
    data = hierarchy.readout_rows({"ViT": read})
    assert len(data) == sum(len(one["layers"]) for states in read.values() for one in states) - 1
    assert hierarchy.finding(data, ["ViT"], 2.0)


def test_sizes_are_those_of_the_plan():
    experiment = plan("inside", "digits")
    specs = {arm: experiment.model(experiment.arms[arm]) for arm in ("cnn", "vit")}
    data = hierarchy.size_rows(specs)
    sides = {arm: rows["side"].tolist() for arm, rows in data.groupby("series")}
    channels = {arm: rows["channels"].tolist() for arm, rows in data.groupby("series")}
    assert sides == {"cnn": [8, 8, 4, 4, 2, 2], "vit": [4] * 5}
    assert channels == {"cnn": [32, 32, 64, 64, 96, 96], "vit": [64] * 5}


def test_stages_less_one_grid_and_not_the_reverse():
    found = read_off()
    data = hierarchy.pyramid_rows(found)
    read = {row["arm"]: row["value"] for row in data.to_dict("records") if row["measure"] == "test"}
    assert read == pytest.approx({"vit": 91.0, "pyramid": 96.0})
    words = hierarchy.pyramid_finding(found)
    assert "+5.00 points [+5.00, +5.00]" in words
    ends = {arm: found.networks[arm, 0, True]["probing"]["layers"][-1]["accuracy"] for arm in ("vit", "pyramid")}
    assert f"{100 * (ends['pyramid'] - ends['vit']):+.2f} points" in words
    assert hierarchy.pyramid_finding(read_off(seeds=1)) == "", "one seed decides nothing"
    experiment = plan("inside", "digits")
    sizes = [parameters(experiment.model(experiment.arms[arm])) for arm in hierarchy.COMPARED]
    assert abs(sizes[1] / sizes[0] - 1) < 0.05, "at equal parameters"


def test_what_attention_adds_is_not_what_the_ffn_adds():
    found = read_off(arms=("vit",))
    data = hierarchy.far_rows(read_of(found, "vit"), "#D55E00")
    values = {(row["place"], row["colour"]): row["value"] for row in data.to_dict("records")}
    assert [values[place, "#D55E00"] for place in hierarchy.PLACES] == pytest.approx([10, 31, 36])
    assert values["mixer", hierarchy.GREY] == pytest.approx(20)
    columns = dict.fromkeys(("label", "state", "value", "low", "high", "seeds"), "words")
    low, high = hierarchy.far_reach(data)
    assert (data["value"] >= low).all() and (data["value"] <= high).all()
    wide = data.assign(low=data["low"].where(data["colour"] != hierarchy.GREY, -388.0))  # as random weights differ
    assert hierarchy.far_reach(wide) == (low, high)
    drawn = intervals.spans(wide, "title", "axis", columns, reach=(low, high)).to_dict()
    assert [layer["mark"]["shape"] for layer in drawn["layer"] if "transform" in layer] == ["triangle-left"]
    words = hierarchy.far_finding(read_of(found, "vit"), "ViT")
    assert "**+21.0 [" in words and "the FFN +5.0 [+5.0, +5.0]" in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_what_was_found_and_says_so(results, language):
    app = open_page("hierarchy", language)
    assert not app.exception and not app.error and not app.warning
    assert len(app.get("vega_lite_chart")) == 5  # what is read, sides, channels, the pyramid, the far patch
    assert say(language, "hierarchy.all", seeds=2, rising=2) in text_of(app)
    assert all(chart.proto.alt for chart in app.get("vega_lite_chart"))


def test_sides_and_the_marked_layer_come_from_the_link(results):
    app = open_page("hierarchy", left="pyramid", right="cnn", layer="0")
    assert not app.exception and not app.warning
    table = app.table[0].value
    assert table.index.tolist() == [say("en", "inside.arm.pyramid"), "CNN"]
    assert table.iloc[:, 0].tolist() == [say("en", "layer.stem"), say("en", "layer.place", stage=1, block=1)]
    shown = text_of(app)
    assert "ViT" in shown and say("en", "hierarchy.far_hint").split(".")[0] in shown, "neither has one grid"


def test_without_results_the_page_says_so(results):
    app = open_page("hierarchy", data="cifar10-jpeg")
    assert not app.exception and not app.get("vega_lite_chart")
    assert app.info[0].value == say("en", "inside.empty", dataset=data_name("cifar10-jpeg"))
