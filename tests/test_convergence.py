"""The page Convergence: which pair is compared, which side stands where, and what is said of it."""

import json
import time

import numpy as np
import pytest
from visits import open_page, text_of

from pages.ui import cache, inside
from pages.ui.charts import heat
from pages.ui.names import data_name
from pages.ui.parts import convergence
from tf_models.data import STUDIED
from tf_models.locale import LANGUAGES, say
from tf_models.study.probed import Probed
from tf_models.zoo.plan import levels

pytestmark = pytest.mark.usefixtures("fresh_server")
DATASET = STUDIED[0]
SEEDS = 3


def taps_of(arm: str) -> list[str]:
    return list(levels(inside.model_of(DATASET, arm)))


def similar(left: str, right: str, cka: float) -> dict:
    """What ``similarity`` would say: of level i on the left and j on the right, cka − i / 10 − j / 100."""
    sides = taps_of(left), taps_of(right)
    heat_map = [[cka - i / 10 - j / 100 for j in range(len(sides[1]))] for i in range(len(sides[0]))]
    matched = [
        {"depth": depth, "cka": cka, "within_classes": cka - 0.1, "neighbours": None if depth == 1.0 else cka - 0.2}
        for depth in (0.0, 0.5, 1.0)
    ]
    return {"left": sides[0], "right": sides[1], "heat": heat_map, "matched": matched, "cka": cka}


def spectrum(arm: str, seed: int) -> dict:
    """The last level has half the high frequencies of the first."""
    layers = []
    for place, (tap, layer) in enumerate(levels(inside.model_of(DATASET, arm)).items()):
        side, share = layer.grid[0], 0.6 if place == 0 else 0.3
        curve = [-float(k) for k in range(side // 2 + 1)]
        known = {"grid": list(layer.grid), "log_amplitude": curve, "high_share": share, "variance": share + 0.1 * seed}
        layers.append({"layer": tap, "place": "stream", **known})
        if tap != "stem":
            path = f"{tap.rsplit('.', 1)[0]}.mixer"
            layers.append({"layer": path, "place": "mixer", **known, "high_share": 0.2})
    return {"layers": layers}


def known() -> Probed:
    """A CNN and a ViT: 0.8 alike, 0.2 untrained, 0.9 and 1.0 between two seeds of each."""
    arms = ("cnn", "vit")
    networks = {(arm, seed, True): {"spectrum": spectrum(arm, seed)} for arm in arms for seed in range(SEEDS)}
    values = {
        ("cnn", "vit", True): 0.8,
        ("cnn", "vit", False): 0.2,
        ("cnn", "cnn", True): 0.9,
        ("vit", "vit", True): 1.0,
    }
    pairs = {
        (left, right, seed, trained): similar(left, right, value + 0.01 * (seed - 1))
        for (left, right, trained), value in values.items()
        for seed in range(SEEDS)
    }
    return Probed(DATASET, networks=networks, pairs=pairs)


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.setattr(inside, "read_probed", lambda dataset: known() if dataset == DATASET else Probed(dataset))
    monkeypatch.setattr(cache, "stamp", lambda: __name__)


def test_the_left_network_stands_along_the_side_whichever_way_round_the_pair_was_measured(measured):
    """Sides exchanged, every cell but those of the diagonal would show another pair of levels."""
    cnn, vit = taps_of("cnn"), taps_of("vit")
    assert len(cnn) != len(vit), "or an exchange could not be seen"
    for left, right, row, column in (("cnn", "vit", 2, 1), ("vit", "cnn", 1, 2)):
        rows = convergence.level_rows(inside.similar(DATASET, left, right))
        assert rows["row"].max() + 1 == len(taps_of(left)) and rows["column"].max() + 1 == len(taps_of(right))
        cell = rows[(rows["row"] == row) & (rows["column"] == column)].iloc[0]
        assert cell["value"] == pytest.approx(0.8 - 0.2 - 0.01)
        assert cell["row_name"] == inside.level_name(taps_of(left)[row])
        drawn = heat.pairs(
            rows, "", ("side", "below"), dict.fromkeys(("row_name", "column_name", "value"), ""), (2, 1), True
        )
        first = drawn.to_dict()["layer"][0]["encoding"]
        assert (first["y"]["field"], first["y"]["title"]) == ("row", "side") and first["x"]["field"] == "column"


def test_two_seeds_of_a_network_are_those_of_that_network(measured):
    pairs = convergence.compared(DATASET, "vit", "cnn")
    assert [round(np.mean([one["cka"] for one in pairs[kind]]), 6) for kind in convergence.KINDS] == [
        0.8,
        0.2,
        1.0,
        0.9,
    ]
    both = convergence.compared(DATASET, "vit", "vit")
    assert len(both["pair"]) == SEEDS and both["right"] == [], "not twice the same"


def test_what_has_no_answer_is_left_out_and_levels_are_named(measured):
    pairs = convergence.compared(DATASET, "cnn", "vit")
    words = convergence.labels("A", "B", pairs)
    rows = convergence.matched_rows(pairs, words, "neighbours")
    assert sorted(set(rows["depth"])) == [0.0, 0.5] and len(rows) == 4 * 2 * SEEDS
    ends = rows[(rows["series"] == words["pair"]) & (rows["depth"] == 0.0)]["level"].unique()
    assert list(ends) == [f"{inside.level_name(taps_of('cnn')[0])} – {inside.level_name(taps_of('vit')[0])}"]
    assert convergence.level_rows([{**similar("cnn", "vit", 0.5), "heat": [[None, 0.5]]}])["value"].tolist() == [0.5]


def test_frequencies_are_in_pi_and_a_branch_stands_at_its_block():
    """Given in numbers of waves, 4×4 positions would end at 2 and 8×8 at 4."""
    taps = taps_of("cnn")
    found = [spectrum("cnn", seed) for seed in range(2)]
    rows = convergence.frequency_rows(found, {taps[0]: "first", taps[-1]: "last"})
    assert rows[rows["level"] == "first"]["frequency"].unique().tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert rows[rows["level"] == "last"]["frequency"].unique().tolist() == [0, 1]
    places = convergence.place_rows(found, taps, "variance")
    for series in (say("en", f"convergence.place.{place}") for place in ("stream", "mixer")):
        depth = places[places["series"] == series]["depth"].unique()
        np.testing.assert_allclose(depth, np.linspace(0, 1, len(taps)))
    shares = convergence.place_rows(found, taps, "high_share")
    fine = [tap for tap, layer in levels(inside.model_of(DATASET, "cnn")).items() if min(layer.grid) >= 4]
    assert shares["depth"].nunique() == len(fine) < len(taps), "on 2×2 positions nothing lies below half the resolution"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_how_alike_they_are_on_a_scale_from_untrained_to_two_seeds(measured, language):
    app = open_page("convergence", language)
    assert not app.exception and not app.error
    shown = text_of(app)
    index = (0.8 - 0.2) / (0.95 - 0.2)
    assert f"**{index:.2f}**" in shown and "**0.80**" in shown and "0.20" in shown
    assert len(app.get("vega_lite_chart")) == 4 + 3 + 2 * 2
    assert not cache.started_jobs(), "what came with the lab needs no worker"
    places = [
        say(language, "convergence.of", network=name, place=say(language, "convergence.place.stream"))
        for name in (say(language, "inside.arm.cnn"), say(language, "inside.arm.vit"))
    ]
    shares = [chart.proto.spec for chart in app.get("vega_lite_chart")][-2:]
    assert all(json.dumps(place)[1:-1] in spec or place in spec for spec in shares for place in places), "both in one"


def test_networks_of_which_nothing_is_known_are_compared_in_a_worker(measured, monkeypatch):
    """The real engine, with shipped weights: CKA of a level with itself is 1, and trained levels differ from others."""
    networks = {(arm, 0, True): {"spectrum": spectrum(arm, 0)} for arm in ("cnn", "mixer", "vit none")}
    monkeypatch.setattr(inside, "read_probed", lambda dataset: Probed(dataset, networks=networks))
    monkeypatch.setattr(cache, "stamp", lambda: f"{__name__}: in a worker")
    app = open_page("convergence", data="digits", left="mixer", right="mixer")
    for _ in range(120):
        if not app.get("progress"):
            break
        time.sleep(0.5)  # the bar moves until the worker answers
        app.run()
    assert not app.exception and not app.error
    assert "**1.00**" in text_of(app) and say("en", "convergence.no_index") in text_of(app)
    app = open_page("convergence", data="digits", left="mixer", right="vit none")
    names = {"left": say("en", "inside.arm.mixer"), "right": say("en", "inside.arm.vit none")}
    assert [row.value for row in app.info] == [say("en", "convergence.no_weights", **names)]
    assert app.get("vega_lite_chart"), "what needs no weights stays"


def test_a_data_set_without_results_says_so(measured):
    app = open_page("convergence", data=STUDIED[-1])
    assert not app.exception and not app.get("vega_lite_chart")
    assert say("en", "inside.empty", dataset=data_name(STUDIED[-1])) in [row.value for row in app.info]
