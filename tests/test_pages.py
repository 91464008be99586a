"""Every page through `app.py`, in both languages, full and empty; charts; bad links."""

import dataclasses
import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from conftest import ROOT
from streamlit.testing.v1 import AppTest
from synthetic import correct_share, fill, indexed, make_record
from visits import open_page, text_of

from pages.ui import analyses, cache, frame, inside, replay, theme
from pages.ui.charts import curves, intervals, sheets
from pages.ui.names import NAMES, OWN, data_name, short_network_name
from pages.ui.parts import parameters
from pages.ui.parts.feature_maps import attention, names
from pages.ui.parts.ffn import gap, length
from pages.ui.parts.train import form
from tf_models import __main__ as command_line
from tf_models.data import STUDIED, content_hash
from tf_models.errors import LabError
from tf_models.locale import LANGUAGES, say
from tf_models.runs import known, shipped
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.study.answers import ffn_answers
from tf_models.study.experiments.ffn_gap import WITH_FFN
from tf_models.study.experiments.tuning import TUNING_SEEDS
from tf_models.study.plans import command, plan, plans
from tf_models.zoo import CLASSROOM, SWITCHES, configure
from tf_models.zoo.spec import MIXERS, WITH_HEADS, WITH_RELATIVE_POSITIONS

PAGES = list(frame.PAGES)
pytestmark = pytest.mark.usefixtures("fresh_server")
# Charts that are drawn from specifications or publications, not from records.
UNMEASURED = {"claims": 1, "anatomy": 5, "parameters": 1}


@pytest.fixture
def nothing_shipped(monkeypatch, tmp_path):
    """As after deleting `tf_models/results`."""
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")


def waits_for_probes(page: str) -> bool:
    """Whether all that a page draws was read off networks, and no such figures have come with the lab yet."""
    return page == "convergence" and not any(inside.probed(dataset).networks for dataset in STUDIED)


def charts_of(app: AppTest) -> list:
    return app.get("vega_lite_chart")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_full_at_first_sight(page, language):
    app = open_page(page, language)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == say(language, f"{page}.title")
    assert all(heading.proto.hide_anchor for heading in (*app.title, *app.header, *app.subheader))  # no stop for Tab
    assert charts_of(app) or waits_for_probes(page)
    told = [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert all(told) and not [text for text in told if "**" in text or "`" in text]  # marks would be read out


def layout(block) -> list:
    """What stands in what: kinds of elements by their places, without what they say."""
    return [
        [child.type, layout(child)] if hasattr(child, "children") else child.type for child in block.children.values()
    ]


@pytest.mark.parametrize(
    ("page", "query"),
    [
        *((page, {}) for page in PAGES),
        ("overview", {"open": "tables"}),
        ("ffn", {"data": "cifar10-jpeg", "open": "necessity,arms,controls,factorial,shape,collapse,published"}),
        ("ffn", {"open": "length,necessity,capacity,depth"}),
        *(("claims", {"claim": claim}) for claim in ("C01", "C18", "C37")),
    ],
)
def test_the_next_visitor_finds_everything_in_the_place_where_the_first_did(page, query):
    """Of two parts beside each other that are drawn once, the next visitor had one below the other, outside their
    columns: Streamlit forgets into what a part inside another one was drawn.
    """
    replay._drawn.clear()
    first, second = open_page(page, **query), open_page(page, **query)
    assert layout(first.main) == layout(second.main)


def test_a_part_is_drawn_once_for_all_visitors_of_a_language(only_records, monkeypatch):
    """Every visitor had every chart built and checked again: a third of a page's time, and fifty came at once."""
    drawn = []
    for name in ("spans", "effects"):
        made = getattr(intervals, name)
        monkeypatch.setattr(intervals, name, lambda *asked, made=made: drawn.append(asked) or made(*asked))
    wanted = plan("hybrids", "digits")
    only_records(indexed(fill(wanted, lambda arm: 0.8)))
    first, second = (open_page("hybrids", data="digits") for _ in range(2))
    assert len(drawn) == 2 and text_of(first) == text_of(second) and len(charts_of(second)) == len(charts_of(first))
    assert [chart.proto.spec for chart in charts_of(first)] == [chart.proto.spec for chart in charts_of(second)]
    open_page("hybrids", "zh", data="digits")
    assert len(drawn) == 4
    only_records(indexed(fill(wanted, lambda arm: 0.9)))
    open_page("hybrids", data="digits")
    assert len(drawn) == 6


def legends(spec: dict) -> list[tuple[str, bool]]:
    """For every field in colour, dash or shape, whether a legend names it; of every layer."""
    found = [pair for layer in spec.get("layer", []) for pair in legends(layer)]
    for channel in ("color", "strokeDash", "shape"):
        shown = spec.get("encoding", {}).get(channel, {})
        if "field" in shown and shown.get("scale", {}) is not None:
            found.append((shown["field"], shown.get("legend", {}) is not None))
    return found


@pytest.mark.parametrize(("page", "query"), [("ffn", {"open": "arms,grid,shape,collapse"}), ("train", {})])
def test_what_layers_share_has_one_legend_or_none(page, query):
    """Vega said of each chart on the browser's console that it had to decide."""
    charts = charts_of(open_page(page, **query))
    assert charts
    for chart in charts:
        found = legends(json.loads(chart.proto.spec))
        assert len(set(found)) == len({field for field, _ in found}), chart.proto.alt


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_deleting_the_results_empties_every_measured_figure(nothing_shipped, page, language):
    app = open_page(page, language)
    assert not app.exception
    assert app.title[0].value == say(language, f"{page}.title")
    assert len(charts_of(app)) == UNMEASURED.get(page, 0)
    if page == "ffn":
        assert not app.dataframe
    if page in ("overview", "claims"):  # what configurations decide needs no results; nothing trained is judged
        parts = [part for results in cache.claim_results().values() for row in results for part in row.parts]
        assert all(part.measure is None for part in parts if part.part.experiment != "inventory")
        assert say(language, "verdict.untested") in "\n".join(
            [text_of(app), *(table.value.to_string() for table in app.table)]
        )


def test_names_at_the_ends_of_curves_stand_apart_in_their_order():
    rows = [
        {"arm": arm, "epoch": epoch, "mean": 40 / epoch + place / 100, "low": 1.0, "high": 90.0}
        for place, arm in enumerate(theme.ARMS)
        for epoch in (1, 10)
    ]
    labels = {arm: say("en", f"arm.{arm}") for arm in theme.ARMS}
    drawn = curves.learning_curves(pd.DataFrame(rows), "title", "epoch", "error", labels, "arm").to_dict()
    named = [row for rows in drawn["datasets"].values() for row in rows if "words" in row]
    stand = sorted({(row["at"], row["words"].replace("\n", " ")) for row in named})
    assert [words for _, words in stand] == list(labels.values())
    pixels = [curves.LEARNING * math.log10(high / low) / math.log10(90) for (low, _), (high, _) in pairwise(stand)]
    assert min(pixels) > curves.NAME_LINE


def test_the_ffn_page_shows_the_intervals_that_the_command_line_prints(capsys):
    assert command_line.main(["run", "ffn-gap", "--dataset", "digits", "--seeds", "5", "--json"]) == 0
    printed, shown = json.loads(capsys.readouterr().out)["contrasts"], cache.analysis("ffn-gap", "digits")
    assert all(row["mean"] is not None for row in printed)
    rows = analyses.effect_rows(shown, {row["name"]: row["name"] for row in printed})
    means = rows[rows["seed"].isna()].set_index("label")["mean"]
    assert means.to_dict() == pytest.approx({row["name"]: 100 * row["mean"] for row in printed})
    assert means.is_monotonic_decreasing


def test_the_server_never_loads_tensorflow(tmp_path):
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60).run()
assert not app.exception
for page in {PAGES!r}:
    app.switch_page(f"pages/{{page}}.py").run()
    assert not app.exception, page
loaded = {{"tensorflow", "keras", "jax"}} & sys.modules.keys()
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("page", "key"),
    [("train", "variant"), ("train", "data"), ("train", "epochs"), ("ffn", "data"), ("ffn", "variant")],
)
def test_an_unknown_value_in_the_link_is_named_and_nothing_else_changes(page, key, language):
    app = open_page(page, language, **{key: "nonsense"})
    assert not app.exception
    assert any("nonsense" in warning.value and key in warning.value for warning in app.warning)
    assert app.title[0].value == say(language, f"{page}.title")


def test_an_unknown_language_in_the_link_is_named():
    app = open_page("overview", "tlh")
    assert any("tlh" in warning.value for warning in app.warning)
    assert app.title[0].value == say("en", "overview.title")


@pytest.mark.parametrize("page", PAGES)
def test_a_home_that_cannot_be_written_leaves_the_shipped_results(monkeypatch, tmp_path, page):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("LAB_HOME", str(blocker / "home"))
    monkeypatch.setattr(known, "_known", {})  # what the tests before it have found
    app = open_page(page)
    assert not app.exception
    assert (charts_of(app) or waits_for_probes(page)) and cache.all_records()


def test_training_without_a_writable_home_says_why(monkeypatch, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("LAB_HOME", str(blocker / "home"))
    app = open_page("train")
    next(button for button in app.button if button.label == say("en", "train.start")).click().run()
    assert not app.exception
    assert any(str(blocker) in error.value.replace("\\", "") for error in app.error)


def test_switches_that_do_not_fit_each_other_are_one_sentence():
    app = open_page("train", variant="longformer", heads="8", width="28")
    assert not app.exception
    assert any("Width 28 is not a multiple of 8 heads" in error.value for error in app.error)


def test_a_patch_that_does_not_fit_the_image_is_not_offered():
    app = open_page("train", patch="7")
    assert not app.exception
    assert any("“7”" in warning.value and "patch" in warning.value for warning in app.warning)


# All eleven networks


def test_networks_in_lists_have_plain_names_with_a_time_where_they_were_trained_here():
    """Such as “vit ffn=off · 97.2 % · b57735”, of whomever and whenever, as all names must differ."""
    now = datetime.now(UTC)
    spec, long_ago = RunSpec("vit", {"ffn": "off"}), "2026-01-02T03:04:05+00:00"
    runs = {"a1b2c3d4": 0, "b1b2c3d4": 1, "c1b2c3d4": 1}
    own = [make_record(replace(spec, seed=runs[run]), run_id=run, finished=now.isoformat()) for run in runs]
    old = make_record(RunSpec("vit", {"mixer": "window"}, labels="shuffled"), finished=long_ago)
    names = inside.run_names({"cnn": make_record(RunSpec("cnn")), **{record.run_id: record for record in (*own, old)}})
    first, again, same, other = (names[record.run_id] for record in (*own, old))
    today = f"ViT without FFN · 90.0 % · today {now:%H:%M}"
    assert names["cnn"] == "CNN · 90.0 %" and first == f"{today} · seed 0"
    assert (again, same) == (f"{today} · seed 1 · b1b2c3", f"{today} · seed 1 · c1b2c3")
    settings = "Token mixer: window attention, labels in a random order"
    assert other == f"ViT, {settings} · 90.0 % · 2026-01-02 03:04"
    unknown = RunSpec("vit")
    object.__setattr__(unknown, "switches", {"later": "on"})
    assert short_network_name(unknown) == "vit later=on", "of another version of the lab"


def test_every_variant_has_a_name_and_its_familys_colour():
    for language in LANGUAGES:
        names = [say(language, f"train.variant.{name}") for name in CLASSROOM]
        assert len(set(names)) == len(CLASSROOM)
    families = [spec.family for spec in CLASSROOM.values()]
    assert all(theme.FAMILIES[family] for family in families)
    assert list(dict.fromkeys(families)) == list(theme.FAMILIES), "the lists go from convolution to MLP"


MIXED = [{}, {"ffn": "off"}, {"ffn": "activation"}, {"stem": "convolution"}]
MIXED += [{"mixer": mixer} for mixer in ("attention", "window", "sliding", "pool")]


@pytest.mark.parametrize("variant", CLASSROOM)
@pytest.mark.parametrize("chosen", MIXED, ids=str)
def test_exactly_the_switches_that_mean_something_are_offered(variant, chosen):
    spec = CLASSROOM[variant]
    if any(SWITCHES[switch].refusal(spec) for switch in chosen):
        return
    model = configure(variant, chosen, spec.input_shape, spec.classes)
    block = next((b for b in model.blocks if b.kind == "mobilevit"), model.blocks[0])
    idle = {
        "heads": block.mixer not in WITH_HEADS,
        "shift": block.mixer != "window",
        "sliding": block.mixer != "sliding",
        "values": block.mixer != "attention",
        "ffn_ratio": chosen.get("ffn") in ("off", "activation"),
        "ffn_layers": chosen.get("ffn") in ("off", "activation"),
    }
    shown = {}
    for switch in SWITCHES:
        options, default = form.offered(variant, switch, chosen, spec.input_shape, spec.classes)
        assert default in options
        if set(options) != {default}:
            shown[switch] = options
    assert set(shown) == {name for name, row in SWITCHES.items() if not row.refusal(spec) and not idle.get(name)}
    assert ("relative" in shown.get("position", ())) <= (block.mixer in WITH_RELATIVE_POSITIONS)
    for switch, options in shown.items():
        assert len(options) > 1
        for option in options:
            if option != OWN:  # none gives an error by itself
                configure(variant, {**chosen, switch: option}, spec.input_shape, spec.classes)
            for language in LANGUAGES if isinstance(SWITCHES[switch].values, tuple) and option not in MIXERS else ():
                assert say(language, f"train.switch.{switch}.{option}")


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (64, 64, 3), (48, 40, 3)], ids=str)
def test_no_offered_value_is_an_error_for_other_images(shape):
    for variant in CLASSROOM:
        for switch in SWITCHES:
            options, default = form.offered(variant, switch, {}, shape, 10)
            for option in set(options) - {OWN, default}:
                configure(variant, {switch: option}, shape, 10)


@pytest.mark.parametrize("variant", CLASSROOM)
def test_every_variant_can_be_trained_from_the_page_beside_another(variant):
    app = open_page("train", variant=variant, compare="other")
    assert not app.exception
    assert not app.error
    assert not app.warning
    sizes = next(caption.value for caption in app.caption if "parameters" in caption.value)
    other = "vit" if CLASSROOM[variant].family == "convolution" else "cnn"
    if variant == "vit":
        other = "cnn"
    first, second = (say("en", f"train.variant.{name}") for name in (variant, other))
    assert sizes.startswith(f"{first}: ") and f"\n{second}: " in sizes.replace("  \n", "\n")


@pytest.mark.parametrize(
    ("variant", "language"), [*((variant, "en") for variant in CLASSROOM), ("swin", "zh"), ("resnet", "zh")]
)
def test_the_ffn_page_measures_every_ffn_and_says_who_has_none(variant, language):
    app = open_page("ffn", language, variant=variant)
    assert not app.exception
    assert not app.error
    shown = text_of(app)
    code = SWITCHES["ffn"].refusal(CLASSROOM[variant])
    if code:
        assert say(language, f"ffn.refusal.{code}", network=NAMES[variant]) in shown
    elif variant != "vit":  # not all that belongs to it is shipped
        dataset = STUDIED[0 if cache.analysis("ffn-gap", STUDIED[0], variant).measures else -1]  # what has more of it
        assert command(plan("ffn-gap", dataset, variant)) in [block.value for block in app.code]
    assert (code is None) == (variant in WITH_FFN)


def test_a_button_leads_to_the_nearest_comparison():
    app = open_page("ffn", variant="resnet")
    next(button for button in app.button if button.label == say("en", "ffn.nearest")).click().run()
    assert not app.exception
    assert app.query_params["variant"] in ("convnext", ["convnext"])
    assert app.selectbox(key="choice_variant").value == "convnext"


def test_the_command_of_an_experiment_makes_that_experiment():
    for wanted in (*plans(), *(plan("ffn-gap", dataset, variant) for dataset in STUDIED for variant in WITH_FFN)):
        options = command_line._parser().parse_args(command(wanted).removeprefix("python -m tf_models ").split())
        assert command_line._experiment(options) == wanted


@pytest.mark.parametrize("variant", ["mixer", "mobilevit"])
def test_a_measured_network_fills_the_ffn_page(only_records, variant):
    wanted = plan("ffn-gap", "digits", variant)
    only_records(indexed(fill(wanted, {arm: 0.9 if arm == "on" else 0.8 for arm in wanted.arms})))
    app = open_page("ffn", variant=variant, open="arms,controls,collapse,published")
    assert not app.exception
    assert len(charts_of(app)) >= 3  # the gap, how the arms learn, the collapse; more where it is shipped
    shown, name = text_of(app), say("en", f"train.variant.{variant}")
    assert f"{name} is **10.00 points** better with its FFN" in shown
    assert ("equal parameters. Compared" in shown) == (variant == "mixer")  # 8×8 images: its weights hardly grow
    assert ("Checked with the Vision Transformer" in shown) == (variant == "mobilevit")


@pytest.fixture(scope="module")
def opened_networks():
    """Variant → a run of it on digits, and what flows through it with the weights of a start."""
    from tf_models.training.build import build
    from tf_models.training.initialize import start
    from tf_models.training.taps import read_taps
    from tf_models.training.weights import weights_of

    found = {}
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1), np.uint8)
    for variant in CLASSROOM:
        run = RunSpec(variant, {}, "digits", backend="tensorflow")
        model = build(run.model)
        start(model, 0)
        taps = read_taps(run.model, weights_of(model), image)
        found[variant] = run, {tap: array[0] for tap, array in taps.items()}
    return found


@pytest.mark.parametrize("variant", CLASSROOM)
def test_every_layer_has_a_name(opened_networks, variant):
    run, taps = opened_networks[variant]
    named = names.layer_names(run, taps)
    assert len(set(named.values())) == len(named)
    grids = [tap for tap, array in taps.items() if array.ndim == 3 and not tap.endswith(".attention")]
    assert [tap for tap in grids if tap in named] == list(named), "in reading order"
    for tap in set(grids) - set(named):  # nothing is hidden: it is what another layer shows, or the image
        assert (tap == "stem" and run.model.stem.kind == "none") or any(
            np.array_equal(taps[tap], taps[other]) for other in named
        ), tap
    layers = attention.attention_layers(run.model, taps)
    assert set(layers) == {tap for tap in taps if tap.endswith(".attention")}
    for tap, layer in layers.items():
        weights, (rows, columns) = taps[tap], layer.grid
        assert weights.shape[1:] == (rows * columns, rows * columns)
        assert weights.sum(axis=-1).max() <= 1 + 1e-5


INSIDE = [(variant, "en") for variant in CLASSROOM] + [("mobilevit", "zh"), ("longformer", "zh")]


@pytest.mark.parametrize(("variant", "language"), INSIDE)
def test_the_inside_of_every_variant_can_be_seen(opened_networks, monkeypatch, variant, language):
    records = {name: make_record(run) for name, (run, _) in opened_networks.items()}
    monkeypatch.setattr(cache, "networks", lambda: {"digits": records})
    monkeypatch.setattr(cache, "taps_of", lambda choice, spec, image: opened_networks[choice][1])
    monkeypatch.setattr(cache, "timelapse_of", lambda choice, dataset: None)  # what came with the lab is of other runs
    run, taps = opened_networks[variant]
    query = {"left": variant, "left_layer": list(names.layer_names(run, taps))[-1], "data": "digits"}
    layers = attention.attention_layers(run.model, taps)
    if layers:  # the last patch of the last grid looks
        found = attention.read_attention(taps, list(layers.values())[-1])
        query["left_query"] = f"{found.rows}-{found.columns}"
    app = open_page("feature_maps", language, **query)
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert (say(language, "feature_maps.attention_unfolded") in text_of(app)) == (variant == "mobilevit")
    assert bool(layers) == any(box.key == "choice_left_query" for box in app.selectbox)


def test_a_chart_of_intervals_draws_means_spans_seeds_zero_and_delta():
    columns = analyses.column_names()
    data = pd.DataFrame(
        [
            {"label": "a", "mean": 3.0, "low": 2.0, "high": 4.0, "delta": 1.5, "mark": "✓", "colour": "#009E73"},
            {"label": "a", "mean": 2.5, "seed": 0},
        ]
    ).astype({"seed": "float"})
    data["verdict"] = "v"
    drawn = intervals.effects(data, "title", "axis", columns, ("worse", "better"), "small", "enough?").to_dict()
    marks = [layer["mark"]["type"] for layer in drawn["layer"]]
    assert marks[:5] == ["rect", "rule", "tick", "rule", "point"]  # ±delta, zero, seeds, span, mean
    values = drawn["datasets"]
    assert any(row.get("zero") == 0.0 for rows in values.values() for row in rows)
    assert any((row.get("under"), row.get("delta")) == (-1.5, 1.5) for rows in values.values() for row in rows)
    written = {word for rows in values.values() for row in rows for word in row.values() if isinstance(word, str)}
    assert {"a", "✓", "← worse", "better →", "small", "enough?"} <= written
    assert drawn["layer"][0]["encoding"]["x"]["scale"]["domain"][0] < -1.5  # the whole band is seen
    assert any(row.get("low") == 2.0 and row.get("high") == 4.0 for rows in values.values() for row in rows)


def test_networks_that_are_equal_within_what_matters_are_called_equal():
    """The question whether the CNN is better by δ made a defeat of every network that is as good."""
    marks = [parameters.comparison(low, high, 2.0) for low, high in ((2.1, 3), (-1, 1.9), (-5, -2.5), (1, 3), (-3, 1))]
    assert marks == ["more", "equal", "less", "open", "open"]
    assert parameters.comparison(math.nan, math.nan, math.nan) == ""


def test_lines_of_networks_have_their_names_beside_their_ends():
    networks, most = ["a", "b", "c"], 99.0
    rows = [
        {"network": name, "cost": cost, "accuracy": most, "low": 90.0, "high": most, "seeds": 5, "front": cost < 2}
        for name in networks
        for cost in (1, 2)
    ]
    columns = dict.fromkeys(("network", "accuracy", "low", "high", "seeds"), "words")
    marks = dict.fromkeys(networks, ("#000", "circle"))
    none = pd.DataFrame(columns=["cost", "accuracy"])
    drawn = curves.cost_and_accuracy(pd.DataFrame(rows), 95.0, "title", "x", columns, marks, none).to_dict()
    written = [rows for rows in drawn["datasets"].values() if "at" in rows[0]]
    places = sorted(row["at"] for row in written[0])
    apart = 9 * curves.NAME_LINE / curves.NAMED  # in percent, where the axis spans nine
    assert all(upper - lower >= 0.99 * apart for lower, upper in zip(places, places[1:], strict=False))
    assert places[-1] == most  # within the chart
    assert any(layer["mark"].get("interpolate") == "step-after" for layer in drawn["layer"])
    without = curves.cost_and_accuracy(pd.DataFrame(rows), None, "title", "x", columns, marks, none).to_dict()
    assert len(drawn["layer"]) == len(without["layer"]) + 1


def test_a_contact_sheet_keeps_every_channel_and_its_brightest_pixel():
    maps = np.zeros((4, 4, 6))
    maps[1, 2, :] = np.arange(6)  # channel c peaks with value c at row 1, column 2
    together = sheets.channel_sheet(maps, 0.0, 5.0, width=300)
    alone = sheets.channel_sheet(maps, maps.min(axis=(0, 1)), maps.max(axis=(0, 1)), width=300)
    bright, dark = theme.colours(np.array(1.0)), theme.colours(np.array(0.0))

    def share(sheet, colour):
        return (sheet == [*colour, 255]).all(axis=2).sum()

    assert share(together, bright) > 0
    assert share(alone, bright) == 5 * share(together, bright)  # every channel but the constant one reaches its end
    assert share(together, dark) > 0


# The link


def test_a_network_chosen_by_clicking_comes_with_its_own_settings():
    """Every variant is reached from the one before it, whose settings were changed: none of them carries over."""
    app = open_page("train", variant="vit", ffn="off", mixer="window", width="32", norm="batch")
    app.session_state["advanced"] = True
    for variant in [*CLASSROOM, "vit"]:
        app.selectbox(key="choice_variant").select(variant).run()
        assert not app.exception and not app.warning
        sizes = next(caption.value for caption in app.caption if "parameters" in caption.value)
        assert sizes.startswith(say("en", f"train.variant.{variant}") + ": ")
        assert set(app.query_params) <= {"variant", "lang"}, "what is trained beside it is no leftover either"
        for switch in ("depth", "norm"):  # something to leave behind
            boxes = [box for box in app.selectbox if box.key == f"choice_{switch}"]
            for box in boxes:
                box.select(next(option for option in box.options if option != box.value))
        app.run()


def test_a_link_names_a_network_and_its_settings_also_where_another_page_had_the_same_name_for_them():
    app = open_page("ffn", variant="swin")
    app.switch_page("pages/train.py")
    app.query_params["variant"] = "mixer"
    assert app.run().selectbox(key="choice_variant").value == "mixer"
    app.query_params.clear()
    assert app.switch_page("pages/ffn.py").run().selectbox(key="choice_variant").value == "swin", "as it was left"


def test_a_step_back_to_a_network_takes_no_setting_along():
    app = open_page("train", variant="swin")
    app.query_params.clear()
    app.query_params["ffn"] = "off"
    app.run()
    named = say("en", "train.without_ffn", name=say("en", "train.variant.vit"))
    assert any(caption.value.startswith(f"{named}: ") for caption in app.caption)


def test_a_setting_out_of_sight_is_a_chip_that_takes_it_back():
    app = open_page("train", depth="2", heads="99", mixed="on")
    assert "“99”" in "".join(warning.value for warning in app.warning), "in view, though its box is not"
    sizes = [caption.value for caption in app.caption if "parameters" in caption.value]
    assert f"{say('en', 'train.switch.depth')}: 2" in sizes[0] and "heads" not in app.query_params
    app.session_state["advanced"] = True
    assert app.run().selectbox(key="choice_depth").value == "2", "its box begins with what the link says"
    app.session_state["advanced"] = False
    app.run()
    for key in ("reset_depth", "reset_mixed"):
        app.button(key=key).click().run()
    assert not app.exception and set(app.query_params) <= {"lang"}
    assert not [button for button in app.button if button.key and button.key.startswith("reset_")]


def test_a_setting_that_a_network_does_not_have_is_named():
    app = open_page("train", variant="cnn", ffn="off")
    assert not app.exception
    assert any("CNN cannot honour ffn=off" in warning.value for warning in app.warning)
    assert "ffn" not in app.query_params


@pytest.mark.parametrize(
    ("page", "old", "new", "widget"),
    [
        ("ffn", {"dataset": "digits"}, {"data": "digits"}, "choice_data"),
        ("feature_maps", {"trained_on": "digits"}, {"data": "digits"}, "choice_data"),
        ("feature_maps", {"left": "swin-digits"}, {"left": "swin"}, "choice_left"),
    ],
)
def test_a_link_from_before_the_names_were_one_opens_the_same_view(page, old, new, widget):
    app = open_page(page, **old)
    assert not app.exception and not app.warning
    ((name, value),) = new.items()
    assert app.query_params[name] in (value, [value])
    assert app.session_state[widget] == value


def test_a_link_that_only_one_data_set_can_show_opens_on_it_and_leaves_the_other_pages_alone():
    app = open_page("ffn", variant="mobilevit")
    assert app.session_state["choice_data"] == "digits" and not app.warning
    for name in ("variant", "data"):
        app.query_params.pop(name, None)  # as the sidebar's link leaves them
    app.switch_page("pages/hybrids.py").run()
    assert app.session_state["choice_data"] == STUDIED[-1]


def test_a_link_with_the_command_lines_name_of_a_setting_opens_its_view():
    app = open_page("train", train_size="300")
    assert not app.exception and not app.warning and "train_size" not in app.query_params
    assert app.query_params["images"] in ("300", ["300"])
    assert app.button(key="reset_images").label.endswith("300")
    assert open_page("claims", id="C46").query_params["claim"] in ("C46", ["C46"])


@pytest.mark.parametrize("page", ["runs", "train", "feature_maps", "claims"])
def test_a_row_of_another_version_of_the_lab_is_named_and_takes_no_page_down(page, change_row):
    ids = [cache.store().add(RunSpec("vit", {}, "digits", seed=seed), None) for seed in range(2)]
    for run_id in ids:
        cache.store().finish(dataclasses.replace(make_record(RunSpec("vit")), run_id=run_id))
    with cache.store()._engine.begin() as connection:
        connection.execute(sa.text("UPDATE runs SET record = '{\"schema\": 99}' WHERE id = :id"), {"id": ids[0]})
    app = open_page(page, **({"origin": "own", "run": ids[0]} if page == "runs" else {}))
    assert not app.exception
    if page == "runs":
        assert dict(app.dataframe[0].value[["run", "state"]].values) == {ids[0]: "cannot be read", ids[1]: "finished"}
        assert "newer version of the lab" in app.error[0].value
        change_row(vit=dataclasses.replace(CLASSROOM["vit"], layer_epsilon=1e-5))
        app = open_page("runs", origin="own", run=ids[1])
        assert not app.exception and say("en", "runs.outdated") in text_of(app)


def test_a_single_training_has_one_default_rate():
    """The same command and page once gave 94.2 % and 97.2 %."""
    typed = command_line._parser().parse_args(["train", "vit"]).learning_rate
    app = open_page("train")
    app.session_state["advanced"] = True
    shown = next(box.value for box in app.run().selectbox if box.label == say("en", "train.rate"))
    assert typed == float(shown) == Recipe().learning_rate


def test_a_link_to_a_run_keeps_the_run_and_its_data_set():
    record = next(record for record in shipped.shipped_records().values() if record.spec.dataset == STUDIED[-1])
    said = open_page("runs", run=record.run_id).query_params
    assert said["run"] == record.run_id and said["data"] == STUDIED[-1]


def test_a_failed_run_stays_in_the_list_with_its_reason(lab_home):
    """Also where the reason has a field that is called as a parameter of `say`."""
    run_id = cache.store().add(RunSpec("vit", {}, "digits"), None)
    reason = LabError("file_images", name="mine.npz", key="x_train", shape=(3,), dtype="uint8")  # it has a field `key`
    cache.store().set_status(run_id, "failed", reason)
    for page in ("train", "runs"):
        app = open_page(page)
        app.session_state["watched"] = [run_id]
        assert not app.run().exception


def finish(record: RunRecord) -> None:
    """As if it had been trained here."""
    run_id = cache.store().add(record.spec, record.fingerprint)
    cache.store().finish(replace(record, run_id=run_id, fingerprint=record.spec.fingerprint(record.dataset_hash)))


def test_another_version_of_a_data_file_is_seen_at_once(nothing_shipped, small_images):
    """The figures of the version before do not stay on the pages of a server that runs."""
    images = small_images("mine")
    wanted = plan("hybrids", "mine")
    for record in fill(wanted, dict.fromkeys(wanted.arms, 0.9), dataset_hash=content_hash("mine")):
        finish(record)
    before = cache.analysis("hybrids", "mine")
    assert before.runs and cache.analysis("hybrids", "mine") is before
    small_images("mine", x_test=255 - images["x_test"])
    after = cache.analysis("hybrids", "mine")
    assert after.dataset_hash != before.dataset_hash and after.runs == []


def test_what_is_shown_follows_from_all_runs_that_have_finished(nothing_shipped):
    """Also when the last one finishes while a page is open: a verdict of the runs before it would stay for ever."""
    wanted = plan("hybrids", "digits")
    *before, last = fill(wanted, dict.fromkeys(wanted.arms, 0.9) | {"convolution first": 0.95})

    def pairs() -> int:
        controls = {control.name: control for control in cache.analysis("hybrids", "digits").controls}
        return controls["same_arm_twice"].measure.seeds

    for record in before:
        finish(record)
    assert pairs() == wanted.seeds - 1
    finish(last)
    assert pairs() == wanted.seeds
    assert cache.all_records() is cache.all_records(), "shared, not copied"


def test_only_runs_of_one_version_of_the_data_one_device_and_this_code_are_compared(lab_home):
    """Two versions of a file have different test images, of which there may be another number."""

    def train(share: float, images: int, variant: str = "vit", device: str = "CPU", content: str = "old") -> None:
        spec = RunSpec(variant, {}, "digits", backend="tensorflow")
        record = make_record(spec, correct_share(share, images), dataset_hash=content, device=device)
        run_id = cache.store().add(spec, None)
        cache.store().finish(replace(record, run_id=run_id, fingerprint=spec.fingerprint(content)))
        app.session_state["watched"] = [run_id, *watched]
        watched.insert(0, run_id)

    app, watched = open_page("train"), []
    train(0.5, 360)
    train(0.9, 100, "cnn", content="new")
    train(0.7, 360, "swin", device="GPU")
    assert not app.run().exception and "Yours" not in text_of(app)
    train(0.6, 100, content="new")
    app.run()
    shown = text_of(app)
    assert "Yours: −30.00 points" in shown and "Came with the lab: −" in shown, "the same way round"
    assert say("en", "topic.source", device="CPU", version="new", dataset="handwritten digits") in shown
    assert say("en", "train.not_compared", runs=2) in shown


def test_what_was_trained_here_stands_beside_what_came_with_the_lab(lab_home):
    """Of the network, the data set and the number of images that a chart shows, and of nothing else."""
    recipe = Recipe(epochs=3, learning_rate=3e-3)
    for variant, switches, images, share in (
        ("vit", {}, None, 0.9),
        ("vit", {"ffn": "off"}, None, 0.85),
        ("vit", {"depth": 2}, None, 0.8),
        ("vit", {"ffn": "off"}, 300, 0.1),
        ("swin", {}, None, 0.7),
    ):
        spec = RunSpec(variant, switches, "digits", images, 0, recipe, "tensorflow")
        finish(make_record(spec, correct_share(share), train_images=images or 1258))
    for left_out in (dict(labels="shuffled"), dict(seed=TUNING_SEEDS[0])):
        for switches in ({}, {"ffn": "off"}):
            spec = replace(RunSpec("vit", switches, "digits", recipe=recipe, backend="tensorflow"), **left_out)
            finish(make_record(spec, correct_share(0.2)))
    rows = gap.own_rows("vit", "digits", 0.02)
    assert rows["mean"].round(2).tolist() == [5.0, 5.0] and rows["low"].isna().all()
    assert rows["label"].unique().tolist() == ["without FFN, trained on this server (3 epochs, 1,258 images, seeds: 1)"]
    assert gap.own_rows("swin", "digits", 0.02).empty and gap.own_rows("vit", STUDIED[-1], 0.02).empty
    points = parameters.own_rows("digits", "parameters", 1258)
    assert sorted(points["accuracy"].round()) == [70, 80, 85, 90] and set(points["epochs"]) == {3}
    assert len(parameters.own_rows("digits", "train_images", 1258)) == 5
    assert say("en", "parameters.own", runs=4) in text_of(open_page("parameters", data="digits"))
    assert any("trained on this server" in table.value.to_csv() for table in open_page("ffn", data="digits").dataframe)


@pytest.mark.parametrize(
    ("needed", "told"), [(300, "needs only **300 images**"), (None, "with 1,258 images, the CNN minus")]
)
def test_the_curve_of_images_says_with_how_few_the_cnn_does_as_well(only_records, needed, told):
    """The least number with which it is no worse by more than δ; where none is enough, the gap with all images."""
    wanted = plan("data-curve", "digits")

    def accuracy(arm: str) -> float:
        variant, _, images = arm.partition(" ")
        return 0.9 if variant == "cnn" and needed and int(images or 1258) >= needed else 0.9 if images == "" else 0.6

    only_records(indexed(fill(wanted, accuracy)))
    app = open_page("parameters", data="digits", cost="train_images")
    assert not app.exception and told in text_of(app)
    rows = parameters.data_rows(cache.analysis("data-curve", "digits"))
    assert set(rows["cost"]) == {150, 300, 600, 1258} and len(rows) == 4 * 4
    shown = rows[(rows["network"] == "CNN") & (rows["cost"] == 600)]["accuracy"].item()
    assert shown == pytest.approx(100 * accuracy("cnn 600"), abs=0.2)


def test_what_the_ffn_is_worth_has_one_answer_per_data_set_and_scale_on_every_page():
    overview = text_of(open_page("overview"))
    decided = length.is_measured(cache.analysis("training-length", STUDIED[-1]))  # then nothing exploratory leads
    for dataset in STUDIED:
        shown = text_of(open_page("ffn", data=dataset, open="explored"))
        answers = [line for line in shown.splitlines() if line.startswith(f"On **{data_name(dataset)}**, ")]
        scales = [line.split(" seeds, ")[0] for line in answers]
        assert answers and len(set(scales)) == len(scales)
        assert all(line in overview for line in answers if not (decided and say("en", "tier.exploratory") in line))
        measured = {row.analysis.scale.epochs: row for row in ffn_answers(dataset, "vit", cache.analysis)}
        assert len(answers) == len(measured)
        for epochs, answer in measured.items():
            (told,) = (line for line in answers if f" {epochs} epochs" in line)
            low, high = (f"{100 * getattr(answer.contrast.measure, end):+.2f}" for end in ("low", "high"))
            assert f"{low} to {high}".replace("-", "−") in told
    # the gap, measured with rates chosen by three seeds, goes before what the other experiment found at its rates
    assert [row.analysis.experiment.name for row in ffn_answers(STUDIED[0], "vit", cache.analysis)] == ["ffn-gap"]
