"""The page Weight sharing: what is moved and moved back, what is compared, and what is said of it."""

import numpy as np
import pandas as pd
import pytest
from visits import open_page, text_of

from pages.ui import cache, inside
from pages.ui.charts import bars
from pages.ui.charts.layout import ROW
from pages.ui.names import data_name
from pages.ui.parts.weight_sharing import figures, live
from pages.ui.parts.weight_sharing.live import Change, left_behind
from tf_models.data import STUDIED
from tf_models.locale import LANGUAGES, say
from tf_models.study.probed import Probed
from tf_models.zoo.plan import block_layers, levels

pytestmark = pytest.mark.usefixtures("fresh_server")
MOVES = [(1, 0), (0, -2), (-3, 1)]


def grids(image: np.ndarray, size: int = 1) -> np.ndarray:
    """Features that follow by construction: the mean of every `size` × `size` pixels, and its square."""
    rows, columns, channels = image.shape
    cells = image.reshape(rows // size, size, columns // size, size, channels).astype(float).mean(axis=(1, 3))
    return np.concatenate([cells, np.square(cells)], axis=2)


def images(count: int = 3, side: int = 8) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, side, side, 1), dtype=np.uint8))


def found(seen: float, circular: float, accuracy: float = 0.9, errors: tuple = (0.0, 0.5)) -> dict:
    """What the probe ``shift`` would say of one seed."""
    moves = [
        {"move": "circular", "pixels": 1, "consistency": circular},
        {"move": "circular", "pixels": 2, "consistency": 0.0},
        {"move": "seen", "pixels": 1, "consistency": seen},
    ]
    layers = [{"layer": f"stage1.block{n}.out", "pixels": 2, "error": e} for n, e in enumerate(errors, 1)]
    return {"accuracy": accuracy, "moves": moves, "layers": layers}


@pytest.fixture
def measured(monkeypatch):
    """Two networks of two seeds each on the first data set, and nothing on others."""
    values = {"cnn": (0.9, 0.6), "vit": (0.5, 0.7)}
    networks = {
        (arm, seed, True): {"shift": found(seen - 0.1 * seed, circular)}
        for arm, (seen, circular) in values.items()
        for seed in (0, 1)
    }
    known = {STUDIED[0]: Probed(STUDIED[0], networks=networks)}
    monkeypatch.setattr(inside, "read_probed", lambda dataset: known.get(dataset, Probed(dataset)))
    monkeypatch.setattr(cache, "stamp", lambda: __name__)


@pytest.mark.parametrize("shift", MOVES)
def test_features_that_follow_leave_nothing_and_the_wrong_direction_is_seen(shift):
    """Down taken for right, or moved on where it should go back, would make every network look as if it stood still."""
    image, *others = images()
    right = Change("circular", shift)
    still, after = right.images(image)
    where = right.compared((8, 8), 8)
    references = [grids(other) for other in others]

    def error(change: Change) -> float:
        return left_behind(grids(still), change.back(grids(after), 8), references, where)

    assert error(right) == 0
    assert error(Change("circular", shift[::-1])) > 0.1
    assert error(Change("circular", (-shift[0], -shift[1]))) > 0.1


@pytest.mark.parametrize("grid", [8, 4])
def test_shuffled_patches_are_put_back_and_a_coarser_grid_has_no_place_for_them(grid):
    image, *others = images()
    change = Change("shuffle", patches=4)
    still, after = change.images(image)
    size = 8 // grid
    returned = change.back(grids(after, size), 8)
    assert change.fits(grid, 8) and not change.fits(2, 8)
    assert not np.array_equal(after, still) and np.array_equal(np.sort(after, axis=None), np.sort(still, axis=None))
    np.testing.assert_allclose(returned, grids(still, size))
    forward = change._cut(grids(after, size), change._order)  # the planted fault: the same order again
    references = [grids(other, size) for other in others]
    where = change.compared((grid, grid), 8)
    assert left_behind(grids(still, size), forward, references, where) > 0.1


def test_what_came_over_an_edge_is_not_compared():
    where = Change("seen", (1, -2)).compared((8, 8), 8)
    rows, columns = (sorted(set(places.tolist())) for places in np.nonzero(where))
    assert rows == [1, 2, 3, 4, 5] and columns == [3, 4, 5, 6]
    two_pixels = Change("circular", (2, 0)).compared((4, 4), 8)  # a move by one of these positions
    assert two_pixels.sum() == 2 and two_pixels[1, 1:3].all()
    assert Change("circular", (2, 0)).compared((2, 2), 4).sum() == 2, "where all lies at an edge, the edge counts"
    assert not Change("circular", (4, 0)).compared((2, 2), 4).any()
    assert Change("seen", (2, 4)).fits(4, 8) and not Change("seen", (2, 1)).fits(4, 8)


def test_what_is_left_is_measured_in_what_other_images_would_give():
    before, other = np.zeros((2, 2, 1)), np.full((2, 2, 1), 2.0)
    returned = np.array([[[1.0], [9.0]], [[1.0], [9.0]]])
    where = np.array([[True, False], [True, False]])
    assert left_behind(before, returned, [other], where) == pytest.approx(2 / 8)
    assert left_behind(before, returned, [other, 2 * other], where) == pytest.approx(2 / 20)
    assert np.isnan(left_behind(before, returned, [before], where))


def test_tiles_are_dark_where_nothing_is_left():
    maps = np.random.default_rng(1).normal(size=(4, 4, 12))
    same = live.tiles(maps, np.roll(maps, 1, axis=0), maps.copy())
    far = live.tiles(maps, np.roll(maps, 1, axis=0), maps + 1)
    dark = [68, 1, 84, 255]  # the first colour of viridis
    third = slice(2 * len(same) // 3 + 4, None)
    assert (same[third] == dark).all(axis=2).sum() == (same[third][..., 3] > 0).sum()
    assert not (far[third] == dark).all(axis=2).any()
    assert len(live.tiles(maps, maps, maps)) < len(same) / 2, "an image that did not move has one row"


def test_networks_stand_by_the_move_whose_content_was_there():
    """Sorted by the other move, or with dots and rings exchanged, the worst network would stand first."""
    networks = {"a": [found(0.4, 0.9), found(0.6, 0.9)], "b": [found(0.8, 0.1)], "c": [found(0.7, None)]}
    rows = figures.consistency_rows(networks)
    assert rows["label"].tolist() == ["b", "b", "c", "a", "a"]
    a = rows[(rows["label"] == "a") & rows["first"]].iloc[0]
    assert a["value"] == pytest.approx(50) and a["low"] < 40 and a["high"] > 60 and a["seeds"] == 2
    assert rows[rows["label"] == "b"]["value"].tolist() == pytest.approx([80, 10])
    assert rows[rows["label"] == "b"][["low", "high"]].isna().all(axis=None), "one seed has no interval"
    told = figures.finding(rows)
    assert told.index("**b**") < told.index("80.0") < told.index("**a**") < told.index("50.0")


def test_bars_leave_room_for_the_words_above_them_and_begin_at_nothing():
    rows = [{"label": name, "value": value, "text": "", "colour": "#000"} for name, value in (("a", 0.0), ("b", 2.5))]
    columns = {"label": "label", "value": "value"}
    chart, one = (bars.amounts(pd.DataFrame(some), "", columns).to_dict() for some in (rows, rows[:1]))
    assert chart["height"] - one["height"] == ROW > bars.BAR + 2 * 12  # of words and figures
    assert chart["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, pytest.approx(2.5 / 0.75)]


def test_levels_stand_at_their_depth_and_what_has_no_error_is_left_out():
    rows = figures.level_rows({"cnn": [found(1, 1, errors=(0.1, None, 0.3))]})
    assert rows["depth"].tolist() == [0, 1] and rows["value"].tolist() == [0.1, 0.3]


def test_levels_are_the_stem_and_what_leaves_each_block():
    for choice in inside.plan("inside", STUDIED[0]).arms:
        model = inside.model_of(STUDIED[0], choice)
        found = levels(model)
        assert len(found) - len(block_layers(model)) in (0, 1)  # a CNN has no stem before its first block
        assert all(tap in layer.taps for tap, layer in found.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_was_found_and_shows_the_image_as_it_is(measured, language):
    app = open_page("weight_sharing", language)
    assert not app.exception and not app.error
    shown = text_of(app)
    assert "85.0" in shown and "45.0" in shown  # the means of seen, best and worst
    assert len(app.get("vega_lite_chart")) == 5  # all networks, two predictions, levels, layers
    assert not cache.started_jobs(), "no worker starts before the image moves"


def test_a_moved_image_is_computed_in_a_worker(measured):
    """The real engine: of a CNN, features of the first block follow a move that stays away from its borders."""
    app = open_page("weight_sharing", across="1", change="circular", layer="0")
    assert not app.exception and not app.error
    errors = [
        float(line.split("ε = ")[1].split("*")[0]) for line in text_of(app).splitlines() if line.startswith("**ε")
    ]
    assert len(errors) == 2 and errors[0] < 0.001 < errors[1]


def test_a_data_set_without_results_says_so_and_leads_to_one_that_has_them(measured):
    app = open_page("weight_sharing", data=STUDIED[-1])
    assert not app.exception
    assert say("en", "inside.empty", dataset=data_name(STUDIED[-1])) in [row.value for row in app.info]
    next(
        row for row in app.button if row.label == say("en", "inside.other", dataset=data_name(STUDIED[0]))
    ).click().run()
    assert not app.info and "85.0" in text_of(app)


def test_a_network_without_weights_is_replaced_by_its_variant_and_named(measured, monkeypatch):
    networks = {(arm, 0, True): {"shift": found(0.7, 1.0)} for arm in ("cnn", "vit none")}
    monkeypatch.setattr(inside, "read_probed", lambda dataset: Probed(dataset, networks=networks))
    monkeypatch.setattr(cache, "stamp", lambda: f"{__name__}: without weights")
    app = open_page("weight_sharing", right="vit none")
    assert not app.exception and not app.warning
    name, variant = say("en", "inside.arm.vit none"), say("en", "train.variant.vit")
    assert say("en", "weight_sharing.stand_in", name=name, variant=variant).replace("*", "") in text_of(app).replace(
        "*", ""
    )
