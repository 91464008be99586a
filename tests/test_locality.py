"""The page *Locality*: its rows by hand, its pictures, and the page in both languages."""

import json

import numpy as np
import pytest
from read_off import ARMS, read_off
from visits import open_page, text_of

from pages.ui.charts import depths
from pages.ui.names import data_name
from pages.ui.parts import locality
from tf_models.locale import LANGUAGES, say
from tf_models.study.plans import plan
from tf_models.zoo import CLASSROOM
from tf_models.zoo.plan import levels
from tf_models.zoo.reach import reached

pytestmark = pytest.mark.usefixtures("fresh_server")


def fields_of(found, arm: str) -> list:
    return [found.networks[arm, seed, True]["receptive-field"] for seed in found.seeds(arm)]


def heads_of(found, arm: str, trained: bool) -> list:
    return [found.networks[arm, seed, trained]["heads"] for seed in found.seeds(arm, trained)]


# Rows


def test_the_radius_of_a_marked_layer_is_that_of_its_network_its_depth_and_all_seeds():
    """Two networks, two radii: the CNN's r50 0.5 pixels after the stem and 0.1 more at each level, the ViT's 2.5."""
    found = read_off(arms=("cnn", "vit"))
    data = locality.field_rows({"left": fields_of(found, "cnn"), "right": fields_of(found, "vit")})
    counts = {
        arm: len(levels(plan("inside", "digits").model(plan("inside", "digits").arms[arm]))) for arm in ("cnn", "vit")
    }
    assert counts["cnn"] != counts["vit"], "relative depths of the two are others"
    for network, arm, start in (("left", "cnn", 0.5), ("right", "vit", 2.5)):
        last = start + 0.1 * (counts[arm] - 1) + 0.01
        assert locality.mean_radius(data, network, "r50", 0.0)[1] == pytest.approx(start + 0.01)
        assert locality.mean_radius(data, network, "r50", 1.0)[1] == pytest.approx(last)
        assert locality.mean_radius(data, network, "r90", 1.0)[1] == pytest.approx(2 * last)
    words = locality.finding(data, ["left", "right"])
    assert "*left* from **0.5**" in words and "*right* from **2.5**" in words
    swapped = locality.field_rows({"right": fields_of(found, "cnn"), "left": fields_of(found, "vit")})
    assert locality.finding(swapped, ["left", "right"]) != words


def test_a_level_without_a_radius_leaves_a_gap_and_no_error():
    """A dead unit has no field: its row is None."""
    found = read_off(arms=("vit",), seeds=1)
    layers = fields_of(found, "vit")[0]["layers"]
    layers[1]["r50"] = None
    data = locality.field_rows({"vit": fields_of(found, "vit")})
    assert len(data[data["kind"] == "r50"]) == len(layers) - 1
    assert locality.finding(data, ["vit"])


def test_heads_stand_at_the_depth_of_their_block_and_inner_blocks_between():
    """An attention of block 2 was once counted as a level of its own."""
    found, experiment = read_off(arms=("vit",)), plan("inside", "digits")
    states = {"trained": heads_of(found, "vit", True), "untrained": heads_of(found, "vit", False)}
    data = locality.head_rows(states, list(levels(experiment.model(experiment.arms["vit"]))))
    assert len(data) == 2 * 2 * 4 * 4  # states, seeds, layers, heads
    assert sorted(set(data["depth"])) == [0.25, 0.5, 0.75, 1.0]  # the stem, at 0, has none
    first = data[(data["state"] == "trained") & (data["depth"] == 0.25) & (data["seed"] == 0)]
    assert first.sort_values("head")["value"].tolist() == pytest.approx([0.3, 0.5, 0.7, 0.9])
    assert set(data[data["state"] == "untrained"]["value"]) == {1.0}
    inner = [{"layer": f"stage2.block2.inner{n}.mixer", "ratio": [1.0], "entropy": [1.0]} for n in (1, 2)]
    taps = ["stem", "stage1.block1.out", "stage2.block1.out", "stage2.block2.out"]
    assert locality.head_rows({"trained": [{"layers": inner}]}, taps)["depth"].tolist() == pytest.approx([5 / 6, 1.0])


def test_positions_are_judged_by_the_first_layer_and_grey_is_untrained():
    data = locality.position_rows(read_off())
    assert list(dict.fromkeys(data["arm"])) == ["vit", "vit sincos", "vit permuted_sincos", "vit none"]
    values = {(row["arm"], row["colour"]): row for row in data.to_dict("records")}
    for arm, near in (("vit", 0.6), ("vit sincos", 0.7), ("vit permuted_sincos", 1.0), ("vit none", 0.9)):
        trained = values[arm, locality.FAMILIES["attention"]]
        assert trained["value"] == pytest.approx(near + 0.01) and trained["low"] < trained["value"] < trained["high"]
        assert values[arm, locality.GREY]["value"] == 1.0
    alone = locality.position_rows(read_off(seeds=1))
    assert (alone["low"] == alone["high"]).all(), "one seed has no interval"


# Who may look where


@pytest.mark.parametrize(
    ("name", "position", "seen"),
    [
        ("convolution", (0, 0), {(0, 0), (0, 1), (1, 0), (1, 1)}),
        ("window", (3, 4), {(row, column) for row in range(4) for column in range(4, 8)}),
        ("shifted", (3, 4), {(row, column) for row in range(2, 6) for column in range(2, 6)}),
        ("shifted", (0, 7), {(row, column) for row in (0, 1) for column in (6, 7)}),
        ("raster", (1, 0), {(0, column) for column in range(8)} | {(1, column) for column in range(8)} | {(2, 0)}),
        ("grid", (7, 3), {(row, column) for row in (5, 6, 7) for column in range(1, 6)}),
        ("attention", (5, 5), {(row, column) for row in range(8) for column in range(8)}),
    ],
)
def test_who_may_look_where_by_hand(name, position, seen):
    """Rows taken for columns, a shift in the wrong direction, a window that goes on over the edge."""
    block, shifted, _ = locality.PATTERNS[name]
    found = reached(block, locality.GRID, position, shifted)
    assert set(zip(*(axis.tolist() for axis in np.nonzero(found)), strict=True)) == seen


def test_the_picture_of_a_pattern_shows_who_looks_and_at_what():
    seen = reached(CLASSROOM["cnn"].blocks[0], (8, 8), (0, 0))
    picture = locality.pattern_picture(seen, (0, 0), "#0072B2")
    solid = picture[picture[..., 3] > 0][:, :3]
    kinds, counts = np.unique(solid, axis=0, return_counts=True)
    share = {tuple(kind): count / counts.sum() for kind, count in zip(kinds.tolist(), counts, strict=True)}
    assert share == pytest.approx({(0, 0, 0): 1 / 64, (0, 0x72, 0xB2): 3 / 64, (200, 200, 200): 60 / 64})


def test_a_frame_does_not_cover_the_field():
    field = np.zeros((8, 8))
    field[0, 0] = 1.0
    picture = locality.framed(field, "#D55E00")
    assert picture[0, 0].tolist() == [0xD5, 0x5E, 0x00]
    assert picture[locality.FRAME, locality.FRAME].tolist() == [253, 231, 37]  # the brightest of viridis


# Charts


def test_a_chart_by_depth_keeps_networks_radii_and_seeds_apart():
    """Means over what belongs together alone, thin lines of every seed, colours not exchanged, and the line."""
    found = read_off(arms=("cnn", "vit"))
    data = locality.field_rows({"CNN": fields_of(found, "cnn"), "ViT": fields_of(found, "vit")})
    colours = {"CNN · r50": "#0072B2", "CNN · r90": "#0072B2", "ViT · r50": "#D55E00", "ViT · r90": "#D55E00"}
    columns = {name: name for name in ("series", "level", "depth")}
    drawn = depths.by_depth(data, "t", "y", columns, (0, 6), colours, 0.5, rules=[(4, "half")]).to_dict()
    sets = list(drawn["datasets"].values())
    means = next(rows for rows in sets if "series" in rows[0] and "seed" not in rows[0])
    stem = {row["series"]: row["value"] for row in means if row["depth"] == 0}
    wanted = {"CNN · r50": 0.51, "CNN · r90": 1.02, "ViT · r50": 2.51, "ViT · r90": 5.02}
    assert stem == pytest.approx(wanted)
    assert any(rows == [{"value": 4, "words": "half"}] for rows in sets) and [{"depth": 0.5}] in sets
    bold = next(layer for layer in drawn["layer"] if "strokeDash" in layer["encoding"])
    assert bold["encoding"]["color"]["scale"] == {"domain": list(colours), "range": list(colours.values())}
    dashes = bold["encoding"]["strokeDash"]["scale"]["range"]
    assert dashes[0] == dashes[2] != dashes[1] == dashes[3], "r50 and r90 of one network look different"


def test_dots_of_two_states_stand_beside_each_other_at_their_depth():
    found, experiment = read_off(arms=("vit",)), plan("inside", "digits")
    states = {"trained": heads_of(found, "vit", True), "untrained": heads_of(found, "vit", False)}
    data = locality.head_rows(states, list(levels(experiment.model(experiment.arms["vit"]))))
    columns = {name: name for name in ("state", "level", "head", "seed", "entropy", "depth")}
    colours = {"trained": "#D55E00", "untrained": "#888888"}
    drawn = depths.dots(data, "t", "y", columns, (0, 1.3), colours).to_dict()
    (shown,) = drawn["datasets"].values()
    places = {(row["state"], round(row["depth"], 3)) for row in shown if row["level"].endswith("block 4")}
    assert places == {("trained", 0.987), ("untrained", 1.013)}


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_what_was_found_and_says_so(results, language):
    app = open_page("locality", language)
    assert not app.exception and not app.error and not app.warning
    assert len(app.get("vega_lite_chart")) == 3  # fields, heads of the ViT, positions
    shown = text_of(app)
    grown = say(language, "locality.grows", network="CNN", first="0.5", last="1.0")
    assert grown in shown and say(language, "locality.no_attention", network="CNN") in shown
    pictures = app.image
    assert len(pictures) == 2 + len(locality.PATTERNS)
    assert all(chart.proto.alt for chart in app.get("vega_lite_chart"))


def test_sides_and_the_marked_layer_come_from_the_link(results):
    app = open_page("locality", left="vit", right="cnn", layer="100", row="1", column="1")
    assert not app.exception and not app.warning
    spec = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    scale = next(layer["encoding"]["color"]["scale"] for layer in spec["layer"] if "strokeDash" in layer["encoding"])
    assert scale["domain"] == ["ViT · r50", "ViT · r90", "CNN · r50", "CNN · r90"]
    assert scale["range"] == ["#D55E00", "#D55E00", "#0072B2", "#0072B2"]
    table = app.table[0].value
    assert table.index.tolist() == ["ViT", "CNN"] and table.iloc[0, 1] == "2.91" and table.iloc[1, 1] == "1.01"
    assert say("en", "locality.looks", count=4, all=64) in text_of(app)


def test_one_network_on_both_sides_is_shown_once(results):
    app = open_page("locality", left="vit", right="vit")
    assert not app.exception and len(app.table[0].value) == 1


def test_without_results_the_page_says_so_and_still_shows_who_may_look_where(results):
    app = open_page("locality", data="cifar10-jpeg")
    assert not app.exception
    assert app.info[0].value == say("en", "inside.empty", dataset=data_name("cifar10-jpeg"))
    assert not app.get("vega_lite_chart") and len(app.image) == len(locality.PATTERNS)
    next(button for button in app.button if "digits" in button.label).click().run()
    assert app.get("vega_lite_chart")


def test_all_the_networks_of_the_results_can_be_chosen(results):
    app = open_page("locality")
    assert len(app.selectbox(key="choice_left").options) == len(ARMS)


def test_a_page_without_results_on_the_data_set_of_the_page_before_says_what_it_shows_instead(results):
    app = open_page("hybrids", data="cifar10-jpeg")
    app.switch_page("pages/locality.py").run()
    assert not app.exception and not app.info and app.get("vega_lite_chart")
    names = {"chosen": data_name("cifar10-jpeg"), "shown": data_name("digits")}
    assert say("en", "data.other", **names) in text_of(app)
