"""The page *Anatomy*: drawings, shares and what is counted for a claim, each with a planted fault."""

import re
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest
from conftest import ROOT
from streamlit.testing.v1 import AppTest
from visits import open_page

from pages.ui import tables, theme
from pages.ui.charts import networks
from pages.ui.names import NAMES
from pages.ui.parts import anatomy
from tf_models.locale import LANGUAGES, say
from tf_models.study.claims import CLAIMS
from tf_models.zoo import CLASSROOM, PUBLISHED, macs, parameters
from tf_models.zoo.anatomy import blocks, direction, parts, steps, typical
from tf_models.zoo.spec import map_blocks

pytestmark = pytest.mark.usefixtures("fresh_server")


def counted(spec) -> dict[str, str]:
    """Claim → what *Anatomy* says is counted for it in this network alone."""
    system = anatomy.System(spec.name, "", spec)
    return {claim: "\n".join(lines) for claim, lines in anatomy.counted_words([system]).items()}


def test_every_system_has_a_name_and_one_in_the_text():
    assert set(NAMES) == set(CLASSROOM) | set(PUBLISHED)
    assert len(anatomy.SYSTEMS) == len(set(anatomy.SYSTEMS)) == len(CLASSROOM) + len(PUBLISHED)
    assert anatomy.spec_of("classroom-mobilenet_v1") != anatomy.spec_of("published-mobilenet_v1")
    named = {system for claim in CLAIMS for system in claim.systems}
    assert {anatomy.in_the_text(spec) for spec in (*CLASSROOM.values(), *PUBLISHED.values())} == named - {"Transformer"}
    for claim, _, names in anatomy.COUNTED:
        assert {*names} & {*next(row.systems for row in CLAIMS if row.id == claim)} or claim == "C24"


def test_a_vit_is_drawn_with_equal_heights_and_a_swin_with_halved_ones():
    heights = {name: [block.grid[0] for block in blocks(PUBLISHED[name])] for name in ("vit_b16", "swin_tiny")}
    assert heights["vit_b16"] == [14] * 12
    assert [side for side, after in pairwise([*heights["swin_tiny"], 0]) if side != after] == [56, 28, 14, 7]


@pytest.mark.parametrize("system", anatomy.SYSTEMS)
def test_every_system_is_drawn_and_counted(system):
    for size in anatomy.SIZES if system.startswith("classroom") else anatomy.SIZES[:1]:
        spec = anatomy.spec_of(system, size)
        assert sum(part.parameters for part in parts(spec)) == parameters(spec)
        assert sum(part.macs for part in parts(spec)) == macs(spec)
        assert [part.block for part in blocks(spec)] == list(spec.blocks)
        rows = anatomy.drawing_rows(spec)
        assert (rows["right"] > rows["left"]).all()
        assert (rows["left"].iloc[1:].to_numpy() > rows["right"].iloc[:-1].to_numpy()).all()
        assert anatomy.stage_table(spec)["parameters"].sum() == parameters(spec)
        assert counted(spec)
        shares = anatomy.role_shares(spec).groupby("measure")["share"].sum()
        assert shares.tolist() == pytest.approx([100, 100])


def test_steps_run_through_a_block():
    def widths(name: str, stage: int = -1) -> list[int]:
        return [step.channels for step in steps(typical(PUBLISHED[name])[stage])]

    assert widths("vit_b16") == [768, 768, 3072, 768]
    assert widths("resnet50", 0) == [256, 64, 64, 256]
    assert widths("mobilenet_v2", 1) == [24, 144, 144, 24]
    assert widths("mobilenet_v1", 0) == [32, 32, 64]
    assert widths("convnext_tiny", 0) == [96, 96, 384, 96]
    assert widths("vgg16", 0) == [64, 64]
    assert widths("mobilevit_s") == [160, 160, 240, 240, 480, 240, 160, 160]
    ways = {name: direction(typical(PUBLISHED[name])[-1]) for name in PUBLISHED}
    assert {name for name, way in ways.items() if way == "narrows"} == {"resnet50"}
    assert {name for name, way in ways.items() if way == "neither"} == {"vgg16", "mobilenet_v1"}


# Network, claim, figures that are counted for it; a planted fault, and a figure that it makes of the same sentence.
CASES = [
    ("swin_tiny", "C09", ("3 times", "56×56 → 28×28 → 14×14 → 7×7", "7×7."), {"window": 4}, "4×4."),
    ("convnext_tiny", "C20", ("0 attention", "18", "7×7"), {"mixer": "attention"}, "18 attention"),
    ("convnext_tiny", "C24", ("18 FFNs", "90.6 %"), {"channel": "off"}, "0 FFNs"),
    ("vit_b16", "C24", ("12 FFNs", "65.5 %"), {"ffn_ratio": 1.0}, "32.2 %"),
    ("swin_tiny", "C24", ("12 FFNs", "61.1 %"), {"ffn_ratio": 2.0}, "44.0 %"),
    ("mobilenet_v2", "C35", ("16 of the 17", "24 → 144 → 144 → 24"), {"ffn_ratio": 1.0}, "0 of the 17"),
    ("mobilenet_v1", "C35", ("0 of the 13", "512 → 512 → 1,024"), {"kind": "inverted"}, "13 of the 13"),
    ("resnet50", "C32", ("15 of the 16", "256 → 64 → 64 → 256"), {"ffn_ratio": 4.0}, "16 first widen"),
    ("vgg16", "C34", ("89.4 %", "138,357,544", "25,088", "7×7"), {"width": 64}, "3,136"),
    ("vgg16", "C07", ("224×224 → 112×112", "64 → 128 → 256 → 512"), {"width": 64}, "channels go 64."),
    ("mixer_b16", "C38", ("3.0 %", "94.6 %", "196 → 384 → 196"), {"token_ratio": 1.0}, "5.9 %"),
    ("mobilevit_s", "C22", ("9 Transformer", "2 times", "144 → 288 → 144"), {"channel": "off"}, "0 keep"),
]


@pytest.mark.parametrize(("name", "claim", "figures", "fault", "figure"), CASES)
def test_a_claim_has_the_figures_of_the_configuration_and_a_wrong_one_gives_others(name, claim, figures, fault, figure):
    spec = PUBLISHED[name]
    text, faulty = counted(spec)[claim], counted(replace(spec, stages=map_blocks(spec.stages, **fault)))[claim]
    assert all(value in text for value in figures)
    assert figure in faulty and figure not in text


def test_a_vit_that_merged_patches_would_be_drawn_and_counted_so():
    spec = PUBLISHED["vit_b16"]
    assert all(figure in counted(spec)["C09"] for figure in ("keeps one grid, 14×14", "196", "12"))
    (stage,) = spec.stages
    later = replace(stage, blocks=stage.blocks[6:], downsample="merge")
    assert "14×14 → 7×7" in counted(replace(spec, stages=(replace(stage, blocks=stage.blocks[:6]), later)))["C09"]


def test_longformer_computes_fewer_pairs_than_there_are():
    _, values = anatomy.anatomy.sparse(CLASSROOM["longformer"])
    assert values["kept"] <= values["executed"] < values["full"] == 64**2


def test_multiply_adds_are_written_short():
    assert [tables.large(n) for n in (17_563_828_224, 14_877_312, 768_000, 0)] == ["17.56 G", "14.9 M", "768.0 k", "0"]


def test_the_drawing_has_a_box_for_every_part_on_the_given_scales():
    spec = PUBLISHED["swin_tiny"]
    data = anatomy.drawing_words(spec)
    colours = {"attention": "#D55E00", say("en", "anatomy.mixes.nothing"): "#909090"}
    drawn = networks.network(data, "title", "axis", "legend", "FFN", {"grid": "grid"}, colours, (300.0, 256)).to_dict()
    boxes, skips, grids, numbers = drawn["layer"]
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rect", "rule", "text", "text"]
    assert boxes["encoding"]["x"]["scale"]["domain"] == [0, 300.0]
    assert boxes["encoding"]["y"]["scale"]["type"] == "sqrt"
    assert boxes["encoding"]["color"]["scale"]["range"] == list(colours.values())
    assert set(data["mixes"]) == set(colours)
    rows = drawn["datasets"][boxes["data"]["name"]]
    ffns = [row for row in rows if row["mixes"] == "FFN"]
    assert len(rows) - len(ffns) == len(parts(spec)) == 18  # image, stem, 12 blocks, 3 merges, head
    assert len(ffns) == len(drawn["datasets"][skips["data"]["name"]]) == 12
    boxed = {row["middle"]: row for row in rows if row["mixes"] == "attention"}
    for ffn in ffns:  # as wide as its share of the parameters
        whole = ffn["right"] - boxed[ffn["middle"]]["left"]
        assert 0.6 < (ffn["right"] - ffn["left"]) / whole < 0.7 and boxed[ffn["middle"]]["right"] == ffn["left"]
    assert all(row["high"] - row["low"] == row["rows"] for row in rows)
    assert [row["shape"] for row in drawn["datasets"][grids["data"]["name"]]] == ["224", "56", "28", "14", "7", "1"]
    assert [row["number"] for row in drawn["datasets"][numbers["data"]["name"]]] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("name", "skips", "of"), [("resnet50", 16, 16), ("mobilenet_v2", 10, 17), ("mobilenet_v1", 0, 13), ("vgg16", 0, 13)]
)
def test_a_skip_connection_is_drawn_where_the_network_has_one(name, skips, of):
    """MobileNetV2 has none where a block changes the grid or the channels."""
    inside = anatomy.drawing_rows(PUBLISHED[name]).query("stage > 0")
    assert inside["skip"].sum() == skips and len([part for part in parts(PUBLISHED[name]) if part.block]) == of


def test_a_block_from_inside_is_an_hourglass_of_its_channels():
    data = anatomy.inside_rows(PUBLISHED["resnet50"])
    assert len(data) == 4 * 3 and data["before"].iloc[1:3].tolist() == data["after"].iloc[:2].tolist() == [64, 64]
    drawn = networks.hourglasses(
        data, "title", "sees", {"map": "map"}, dict.fromkeys(data["by"], "#000"), 4096
    ).to_dict()
    ends = drawn["datasets"][drawn["layer"][0]["data"]["name"]]
    heights = [round(row["high"] - row["low"], 4) for row in ends[:6]]
    assert heights == [0.125, 0.0625, 0.0625, 0.0625, 0.0625, 0.125]  # 256 → 64 → 64 → 256 of 4,096, as square roots
    written = drawn["datasets"][drawn["layer"][1]["data"]["name"]]
    assert [row["channels"] for row in written[:4]] == ["256", "64", "64", "256"]


def test_bars_of_shares_end_at_100_percent():
    data = anatomy.role_shares(PUBLISHED["vit_b16"]).assign(label=lambda rows: rows["measure"], system="ViT")
    drawn = networks.shares(data, "title", "axis", "legend", {"value": "n"}, theme.ROLES).to_dict()
    rows = drawn["datasets"][drawn["layer"][0]["data"]["name"]]
    assert [round(row["end"], 6) for row in rows if row["role"] == "head"] == [100, 100]
    assert all(row["start"] <= row["end"] for row in rows)


def test_bars_of_one_network_stand_closer_than_those_of_two():
    shares = anatomy.role_shares(PUBLISHED["vit_b16"])
    data = pd.concat(
        shares.assign(system=name, label=[f"{name} {measure}" for measure in shares["measure"]]) for name in "ab"
    )
    drawn = networks.shares(data, "title", "axis", "legend", {"value": "n"}, theme.ROLES).to_dict()
    rows = drawn["datasets"][drawn["layer"][0]["data"]["name"]]
    places = sorted({row["label"]: row["place"] for row in rows}.values())
    within, between, again = (after - before for before, after in pairwise(places))
    assert within == pytest.approx(again) and within < 1 < between


def test_the_drawing_of_overview_has_the_colours_of_the_roles():
    for name in ("blocks.css", "blocks.js"):
        code = (ROOT / "pages/ui" / name).read_text(encoding="utf-8")
        assert theme.ROLES["mixer"] in code and theme.ROLES["channel"] in code, name


def test_no_colour_of_a_role_means_a_family_or_a_verdict():
    assert not {*theme.ROLES.values()} & {*theme.FAMILIES.values(), *theme.VERDICTS.values()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"left": "published-convnext_tiny", "right": "published-resnet50"},
        {"left": "classroom-mobilevit", "left_size": "8x8x1", "right": "classroom-longformer", "right_size": "48x40x3"},
        {"left": "classroom-vgg", "right": "classroom-vgg"},
    ],
)
def test_the_page_shows_any_two(language, query):
    app = open_page("anatomy", language, **query)
    assert not app.exception and not app.error and not app.warning
    assert app.title[0].value == say(language, "anatomy.title")
    assert len(app.get("vega_lite_chart")) == 5
    assert app.selectbox[0].value == query.get("left", "published-resnet50")


def test_the_stages_are_tables_on_demand():
    closed, opened = (open_page("anatomy", **query) for query in ({}, {"open": "stages"}))
    stages = [table.value for table in opened.dataframe if "stage" in table.value and "tokens" in table.value]
    assert len(stages) == 2 and len(opened.dataframe) == len(closed.dataframe) + 2


def test_the_page_opens_with_the_texts_first_mistake():
    text = "\n".join(str(element.value) for element in open_page("anatomy").markdown)
    for figure in ("196 patch tokens in each of its 12 blocks", "56×56 → 28×28 → 14×14 → 7×7", "90.6 %"):
        assert figure in text


def verdicts(app: AppTest) -> set[tuple[str, str]]:
    """(claim, mark of its verdict), wherever a page shows both: in links, buttons, texts and cells of tables."""
    texts = [element.proto.label for kind in ("page_link", "button") for element in app.get(kind)]
    texts += [str(element.value) for element in app.markdown]
    texts += [str(cell) for table in app.table for row in table.value.to_numpy() for cell in row]
    marks = re.findall(r"-badge\[:material/(\w+): (?:(C\d\d) )?[^]]*\](?: \*\*(C\d\d)\*\*)?", "\n".join(texts))
    return {(inside or after, mark) for mark, inside, after in marks if inside or after}


def test_every_page_says_the_same_of_a_claim():
    """*Claims* judges; *Anatomy*, *FFN*, *Overview* and the topics show its verdict and have none of their own."""

    def opened(page: str, **query: str) -> set[tuple[str, str]]:
        app = open_page(page, **query)
        assert not app.exception
        return verdicts(app)

    judged = opened("claims", verdict="all")  # which opens the list
    assert {claim for claim, _ in judged} == {claim.id for claim in CLAIMS} and len(judged) == len(CLAIMS)
    for page, query in (("ffn", {}), ("overview", {"open": "tables"}), ("cost", {}), ("hybrids", {})):
        seen = opened(page, **query)
        assert seen and seen <= judged, page
    for page, data in (
        ("ffn", "photos (CIFAR-10, JPEG)"),
        ("weight_sharing", "photos (CIFAR-10, JPEG): C15; handwritten digits: C17"),
    ):
        captions = [caption.value for caption in open_page(page, data="digits").caption]
        assert say("en", "claims.verdicts_on", datasets=data) in captions, "the page shows digits"
    for left, right in (("vit_b16", "swin_tiny"), ("vgg16", "mobilevit_s"), ("resnet50", "convnext_tiny")):
        found = opened("anatomy", left=f"published-{left}", right=f"published-{right}")
        assert found and found <= judged, (left, right)
