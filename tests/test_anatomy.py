"""The page *Anatomy*: drawings, shares and the sentences that a configuration settles, each with a planted fault."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import anatomy, theme
from pages.ui.charts import networks
from tf_models.locale import LANGUAGES, say
from tf_models.zoo import CLASSROOM, PUBLISHED, macs, parameters
from tf_models.zoo.spec import map_blocks

ROOT = Path(__file__).parents[1]


def heights(name: str) -> list[int]:
    """Rows of the grid at every block."""
    return [part.grid[0] for part in anatomy.parts(PUBLISHED[name]) if part.place]


def planted(name: str, **changes):
    """A published configuration with these fields changed in every block."""
    spec = PUBLISHED[name]
    return replace(spec, stages=map_blocks(spec.stages, **changes))


def said(spec) -> str:
    return "\n".join(anatomy.finding_words(spec.name, finding) for finding in anatomy.settled(spec).values())


def open_page(language: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60)
    app.query_params["lang"] = language
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page("pages/anatomy.py").run()


def text_of(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (app.markdown, app.caption) for element in kind)


def test_every_system_has_a_name_and_can_be_chosen():
    assert set(anatomy.NAMES) == set(CLASSROOM) | set(PUBLISHED)
    assert len(anatomy.SYSTEMS) == len(set(anatomy.SYSTEMS)) == len(CLASSROOM) + len(PUBLISHED)
    assert anatomy.spec_of("classroom-mobilenet_v1") != anatomy.spec_of("published-mobilenet_v1")


def test_a_vit_is_drawn_with_equal_heights_and_a_swin_with_halved_ones():
    assert heights("vit_b16") == [14] * 12
    steps = [side for side, after in pairwise([*heights("swin_tiny"), 0]) if side != after]
    assert steps == [56, 28, 14, 7]


@pytest.mark.parametrize("system", anatomy.SYSTEMS)
def test_every_system_is_drawn_counted_and_settles_something(system):
    for size in anatomy.SIZES if system.startswith("classroom") else anatomy.SIZES[:1]:
        spec = anatomy.spec_of(system, size)
        parts = anatomy.parts(spec)
        assert sum(part.parameters for part in parts) == parameters(spec)
        assert sum(part.macs for part in parts) == macs(spec)
        assert [part.place for part in parts if part.place] == list(spec.places)
        rows = anatomy.drawing_rows(spec)
        assert (rows["right"] > rows["left"]).all()
        assert (rows["left"].iloc[1:].to_numpy() > rows["right"].iloc[:-1].to_numpy()).all()
        table = anatomy.stage_table(spec)
        assert table["parameters"].sum() == parameters(spec)
        assert anatomy.settled(spec)
        assert said(spec)
        shares = anatomy.role_shares(spec).groupby("measure")["share"].sum()
        assert shares.tolist() == pytest.approx([100, 100])


def test_steps_run_through_a_block():
    def widths(name: str, stage: int = -1) -> list[int]:
        return [step.channels for step in anatomy.steps(anatomy.typical(PUBLISHED[name])[stage])]

    assert widths("vit_b16") == [768, 768, 3072, 768]
    assert widths("resnet50", 0) == [256, 64, 64, 256]
    assert widths("mobilenet_v2", 1) == [24, 144, 144, 24]
    assert widths("mobilenet_v1", 0) == [32, 32, 64]
    assert widths("convnext_tiny", 0) == [96, 96, 384, 96]
    assert widths("vgg16", 0) == [64, 64]
    assert widths("mobilevit_s") == [160, 160, 240, 240, 480, 240, 160, 160]
    ways = {name: anatomy.direction(anatomy.typical(PUBLISHED[name])[-1]) for name in PUBLISHED}
    assert {name for name, way in ways.items() if way == "narrows"} == {"resnet50"}
    assert {name for name, way in ways.items() if way == "neither"} == {"vgg16", "mobilenet_v1"}


# System, sentence, verdict, figures it must show; a planted fault and what it makes of the same sentence.
CASES = [
    ("vit_b16", "one_grid", "no", ("14×14", "196", "12"), None, None, None),
    (
        "swin_tiny",
        "merging",
        "partly",
        ("3 times", "56×56 → 28×28 → 14×14 → 7×7", "7×7."),
        {"window": 4},
        "partly",
        "4×4.",
    ),
    ("convnext_tiny", "convnext", "no", ("0 attention", "18", "7×7"), {"mixer": "attention"}, "yes", "18 attention"),
    ("convnext_tiny", "ffn_unique", "no", ("18 FFNs", "90.6 %"), {"channel": "off"}, "no", "0 FFNs"),
    ("vit_b16", "ffn_unique", "no", ("12 FFNs", "65.5 %"), {"ffn_ratio": 1.0}, "no", "32.2 %"),
    ("swin_tiny", "ffn_unique", "no", ("12 FFNs", "61.1 %"), {"ffn_ratio": 2.0}, "no", "44.0 %"),
    (
        "mobilenet_v2",
        "depthwise",
        "yes",
        ("16 of the 17", "24 → 144 → 144 → 24"),
        {"ffn_ratio": 1.0},
        "no",
        "0 of the 17",
    ),
    (
        "mobilenet_v1",
        "depthwise",
        "no",
        ("0 of the 13", "512 → 512 → 1,024"),
        {"kind": "inverted"},
        "yes",
        "13 of the 13",
    ),
    (
        "resnet50",
        "bottleneck",
        "no",
        ("15 of the 16", "256 → 64 → 64 → 256"),
        {"ffn_ratio": 4.0},
        "yes",
        "16 widen first",
    ),
    ("vgg16", "dense_head", "partly", ("89.4 %", "138,357,544", "25,088", "7×7"), None, None, None),
    (
        "vgg16",
        "pyramid",
        "yes",
        ("224×224 → 112×112", "64 → 128 → 256 → 512"),
        {"width": 64},
        "partly",
        "channels go 64.",
    ),
    (
        "mixer_b16",
        "token_mlp",
        "partly",
        ("3.0 %", "94.6 %", "196 → 384 → 196"),
        {"token_ratio": 1.0},
        "partly",
        "5.9 %",
    ),
    (
        "mobilevit_s",
        "keeps_ffn",
        "yes",
        ("9 Transformer", "2 times", "144 → 288 → 144"),
        {"channel": "off"},
        "no",
        "0 keep",
    ),
]


@pytest.mark.parametrize(("name", "sentence", "fits", "figures", "fault", "then", "figure"), CASES)
def test_a_sentence_holds_its_figures_and_a_wrong_configuration_makes_it_wrong(
    name, sentence, fits, figures, fault, then, figure
):
    finding = anatomy.settled(PUBLISHED[name])[sentence]
    assert finding.fits == fits
    text = anatomy.finding_words(name, finding)
    for value in figures:
        assert value in text
    if fault is not None:
        faulty = anatomy.settled(planted(name, **fault))[sentence]
        assert faulty.fits == then
        assert figure in anatomy.finding_words(name, faulty)
        assert figure not in text


def test_a_vit_that_merged_patches_would_be_told_so():
    stage = PUBLISHED["vit_b16"].stages[0]
    stages = (replace(stage, blocks=stage.blocks[:6]), replace(stage, blocks=stage.blocks[6:], downsample="merge"))
    finding = anatomy.settled(replace(PUBLISHED["vit_b16"], stages=stages))["one_grid"]
    assert finding.fits == "yes"
    assert "14×14 → 7×7" in anatomy.finding_words("ViT", finding)


def test_a_vgg_with_a_pooled_head_would_be_told_so():
    spec = PUBLISHED["vgg16"]
    text = said(replace(spec, head=replace(spec.head, pool="mean")))
    assert "89.4 %" not in text
    assert "reads 1×1 positions at once (512 numbers)" in text


def test_longformer_computes_fewer_pairs_than_there_are():
    finding = anatomy.settled(CLASSROOM["longformer"])["sparse"]
    values = finding.values
    assert finding.fits == "yes"
    assert values["kept"] <= values["executed"] < values["full"] == 64**2
    full = replace(CLASSROOM["longformer"], stages=map_blocks(CLASSROOM["longformer"].stages, mixer="attention"))
    assert anatomy.settled(full)["sparse"].fits == "no"


def test_activations_and_linear_maps_of_the_published_networks():
    counts = {name: anatomy.linear_and_active(spec) for name, spec in PUBLISHED.items()}
    assert counts["vgg16"] == (16, 15)
    assert counts["resnet50"] == (54, 49)
    assert counts["vit_b16"][1] == 12


def test_multiply_adds_are_written_short():
    assert [anatomy.count(n) for n in (17_563_828_224, 14_877_312, 768_000, 0)] == ["17.56 G", "14.9 M", "768.0 k", "0"]


def test_the_drawing_has_a_box_for_every_part_on_the_given_scales():
    spec = PUBLISHED["swin_tiny"]
    data = anatomy.drawing_words(spec)
    colours = {"attention": "#D55E00", "nothing": "#909090"}
    drawn = networks.network(data, "title", "axis", "legend", {"grid": "grid"}, colours, (300.0, 256)).to_dict()
    boxes, grids, numbers = drawn["layer"]
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rect", "text", "text"]
    assert boxes["encoding"]["x"]["scale"]["domain"] == [0, 300.0]
    assert boxes["encoding"]["y"]["scale"]["type"] == "sqrt"
    assert boxes["encoding"]["color"]["scale"]["range"] == list(colours.values())
    assert set(data["mixes"]) == set(colours)
    rows = drawn["datasets"][boxes["data"]["name"]]
    assert len(rows) == len(anatomy.parts(spec)) == 18  # image, stem, 12 blocks, 3 merges, head
    assert all(row["high"] - row["low"] == row["rows"] for row in rows)
    assert [row["shape"] for row in drawn["datasets"][grids["data"]["name"]]] == ["224", "56", "28", "14", "7", "1"]
    assert [row["number"] for row in drawn["datasets"][numbers["data"]["name"]]] == ["1", "2", "3", "4"]


def test_bars_of_shares_end_at_100_percent():
    data = anatomy.role_shares(PUBLISHED["vit_b16"]).assign(label=lambda rows: rows["measure"])
    drawn = networks.shares(data, "title", "axis", "legend", {"value": "n"}, theme.ROLES).to_dict()
    rows = drawn["datasets"][drawn["layer"][0]["data"]["name"]]
    assert [round(row["end"], 6) for row in rows if row["role"] == "head"] == [100, 100]
    assert all(row["start"] <= row["end"] for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"left": "published-convnext_tiny", "right": "published-resnet50"},
        {"left": "classroom-mobilenet_v1", "right": "published-mobilenet_v2"},
        {"left": "classroom-mobilevit", "left_size": "8x8x1", "right": "classroom-longformer", "right_size": "48x40x3"},
        {"left": "classroom-vit", "left_size": "8x8x1", "right": "classroom-vit", "right_size": "64x64x3"},
        {"left": "classroom-vgg", "right": "classroom-vgg"},
    ],
)
def test_the_page_shows_any_two(language, query):
    app = open_page(language, **query)
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert app.title[0].value == say(language, "anatomy.title")
    assert len(app.get("vega_lite_chart")) == 3
    assert app.selectbox[0].value == query.get("left", "published-vit_b16")


def test_the_page_opens_with_the_texts_first_mistake():
    text = text_of(open_page())
    assert "196 patch tokens at every one of its 12 blocks" in text
    assert "56×56 → 28×28 → 14×14 → 7×7" in text
    assert "90.6 %" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("query", [{"left": "alexnet"}, {"right": "classroom-vit", "right_size": "9x9x9"}])
def test_an_unknown_value_in_the_link_is_named(language, query):
    key, value = list(query.items())[-1]
    app = open_page(language, **query)
    assert not app.exception
    assert [key in warning.value and value in warning.value for warning in app.warning] == [True]
    assert len(app.get("vega_lite_chart")) == 3
