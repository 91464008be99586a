"""The parts of the page *Anatomy*: networks drawn and counted, blocks from inside, and the claims that name them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import links, tables
from pages.ui.charts import networks
from pages.ui.drawing import show_chart
from pages.ui.names import NAMES
from pages.ui.parts.claims import listing
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES, ROLES
from pages.ui.words import say
from tf_models.study.claims import CLAIMS
from tf_models.zoo import CLASSROOM, PUBLISHED, anatomy, configure
from tf_models.zoo.anatomy import Figures, Part, parts, shape
from tf_models.zoo.counts import area, window_of
from tf_models.zoo.facts import share_of
from tf_models.zoo.plan import macs, parameters, plan
from tf_models.zoo.spec import CONVOLUTIONAL, Block, ModelSpec

SYSTEMS = [f"published-{name}" for name in PUBLISHED] + [f"classroom-{name}" for name in CLASSROOM]
USUAL = {"left": "published-resnet50", "right": "published-vit_b16"}
SIZES = ("8x8x1", "28x28x1", "32x32x3", "64x64x3", "48x40x3")
USUAL_SIZE = "32x32x3"

COLOURS = {**FAMILIES, "nothing": "#909090"}
# The text's name of an architecture, as claims have it, by the first word of a system's name.
IN_THE_TEXT = {
    "cnn": "CNN",
    "vgg": "VGG",
    "vgg16": "VGG",
    "resnet": "ResNet",
    "resnet50": "ResNet",
    "mobilenet": "MobileNet",
    "convnext": "ConvNeXt",
    "vit": "ViT",
    "deit": "ViT",
    "swin": "Swin",
    "longformer": "Longformer",
    "mobilevit": "MobileViT",
    "mixer": "MLP-Mixer",
}
# Claim → what is counted for it, in networks of these names of the text.
COUNTED: tuple[tuple[str, Callable[[ModelSpec], tuple[str, Figures]], tuple[str, ...]], ...] = (
    ("C04", anatomy.sparse, ("Longformer",)),
    ("C07", anatomy.pyramid, ("CNN", "VGG", "ResNet")),
    ("C09", anatomy.pyramid, ("ViT",)),
    ("C09", anatomy.merging, ("Swin",)),
    ("C20", anatomy.attention, ("ConvNeXt",)),
    ("C22", anatomy.keeps_ffn, ("MobileViT",)),
    ("C24", anatomy.ffns, ("ConvNeXt", "ViT", "Swin")),
    ("C32", anatomy.bottleneck, ("ResNet",)),
    ("C34", anatomy.dense_head, ("VGG",)),
    ("C35", anatomy.widening, ("MobileNet",)),
    ("C38", anatomy.token_mlp, ("MLP-Mixer",)),
)
COMPARED = ("convnext_tiny", "vit_b16", "swin_tiny")  # whose shares of FFN stand beside each other


def spec_of(system: str, size: str = USUAL_SIZE) -> ModelSpec:
    """The specification of one of `SYSTEMS`; `size` counts for the classroom's."""
    scale, _, name = system.partition("-")
    if scale == "published":
        return PUBLISHED[name]
    height, width, channels = (int(number) for number in size.split("x"))
    return configure(name, {}, (height, width, channels), 10)


def drawing_rows(spec: ModelSpec) -> pd.DataFrame:
    """Where each box stands: `left` to `right` grows with log₂ of the channels, the gaps are equal. From `middle` on it
    is the channel mixer's, as much of the box as that has of its parameters; `skip`: whether the block has one.
    """
    rows, left = [], 0.0
    for part in parts(spec):
        right = left + 1 + math.log2(part.channels)
        square = part.grid[0] == part.grid[1]
        written = str(part.grid[0]) if square else shape(part.grid)
        channel = sum(layer.parameters for layer in part.layers if layer.role == "channel")
        middle = right - (right - left) * (channel / part.parameters if part.block and channel else 0.0)
        skip = any(layer.op == "add" for layer in part.layers)
        box = {"left": left, "middle": middle, "right": right, "rows": part.grid[0], "shape": written}
        rows.append({**box, "stage": part.stage, "skip": skip})
        left = right + 1.5
    return pd.DataFrame(rows)


def inside_rows(spec: ModelSpec) -> pd.DataFrame:
    """The typical blocks from inside, for `networks.hourglasses`: a piece for each linear map, from the channels that
    come in (`before`) to those that leave (`after`).
    """
    rows = []
    for block in anatomy.typical(spec):
        maps = anatomy.steps(block)
        label = say("anatomy.inside_row", stage=block.stage, kind=part_words(block))
        for place, (before, now) in enumerate(pairwise(maps)):
            by = "mixes" if now.by in ("mixer", "convolution") else "alone"
            reach = mixer_words(block) if now.by == "mixer" else "3×3" if now.by == "convolution" else "1×1"
            piece = {"label": label, "place": place, "before": before.channels, "after": now.channels}
            rows.append({**piece, "by": say(f"anatomy.by.{by}"), "map": reach})
    return pd.DataFrame(rows)


def role_shares(spec: ModelSpec) -> pd.DataFrame:
    """Parameters and MACs by role. Columns: measure, role, value, share (percent of the measure)."""
    rows = []
    for measure, total in (("parameters", parameters(spec)), ("macs", macs(spec))):
        for role in ROLES:
            value = sum(getattr(layer, measure) for layer in plan(spec) if layer.role == role)
            rows.append({"measure": measure, "role": role, "value": value, "share": 100 * value / total})
    return pd.DataFrame(rows)


Asked = tuple[str, str]  # one of `SYSTEMS`, and the size of its images, for `system`


@dataclass(frozen=True)
class System:
    """One side of the page."""

    name: str  # such as ViT-B/16 (published)
    size: str  # of the image, such as 32×32×3; empty for a published system
    spec: ModelSpec

    @property
    def title(self) -> str:
        return say("anatomy.sized", name=self.name, size=self.size) if self.size else self.name


def system_name(system: str) -> str:
    """Such as ViT-B/16 (published), of published-vit_b16."""
    scale, _, name = system.partition("-")
    return say(f"anatomy.{scale}", name=NAMES[name])


def mixer_words(part: Part) -> str:
    """What mixes the tokens of a block, with its reach."""
    mixer = part.mixer
    assert mixer.block is not None
    window = window_of(mixer.block, mixer.grid)
    return say(f"anatomy.mixer.{mixer.op}", kernel=mixer.kernel, window=shape(window), reach=window[0])


def channel_words(block: Block) -> str:
    """What works on every position alone."""
    if block.kind in CONVOLUTIONAL:
        return say("anatomy.channel.pointwise")
    activation = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "relu6": "ReLU6"}[block.activation]
    return say(f"anatomy.channel.{block.channel}", activation=activation)


def part_words(part: Part) -> str:
    """A part in plain words."""
    if part.block is None:
        return say(f"kind.{part.kind}")
    words = {"mixer": mixer_words(part), "channel": channel_words(part.block), "inner": part.block.inner_depth}
    return say(f"kind.{part.kind}", **words)


def steps_words(block: Part) -> str:
    """Such as 256 → 64 (1×1) → 64 (3×3 convolution) → 256 (1×1)."""
    how = {"": "", "dense": " (1×1)", "convolution": " (3×3)", "mixer": f" ({mixer_words(block)})"}
    runs = []
    for times, run in groupby(anatomy.steps(block), lambda step: step.times):
        text = " → ".join(f"{step.channels:,}{how[step.by]}" for step in run)
        runs.append(f"{times} × ( {text} )" if times > 1 else text)
    return " → ".join(runs)


def stage_table(spec: ModelSpec) -> pd.DataFrame:
    """Grid, channels, tokens, blocks, parameters and MACs of stem, stages and head."""
    extra = " + 1" if spec.stem.class_token else ""
    rows = []
    for stage, found in groupby(parts(spec)[1:], lambda part: part.stage or part.kind):
        group = list(found)
        inside = [part for part in group if part.block]
        last = (inside or group)[-1]
        words = [(part_words(part), part.block is not None) for part in group]
        runs = [(text, block, len(list(run))) for (text, block), run in groupby(words)]
        name = f"{stage}" if inside else say(f"anatomy.part.{'head' if last.kind == 'head' else 'stem'}")
        rows.append(
            {
                "stage": name,
                "grid": shape(last.grid),
                "channels": last.channels,
                "tokens": f"{area(last.grid):,}{extra if last.kind != 'head' else ''}",
                "parameters": sum(part.parameters for part in group),
                "macs": tables.large(sum(part.macs for part in group)),
                "blocks": say("claims.and").join(
                    f"{number} × {text}" if block and number > 1 else text for text, block, number in runs
                ),
            }
        )
    return pd.DataFrame(rows)


def column_words(*names: str) -> dict[str, str]:
    """Headings of columns."""
    return {name: say(f"anatomy.column.{name}") for name in names}


def _headed(data: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """These columns under their headings."""
    return pd.DataFrame({word: data[name] for name, word in columns.items()})


def drawing_words(spec: ModelSpec) -> pd.DataFrame:
    """The boxes of `drawing_rows` with what their tooltips say."""
    rows = []
    for part in parts(spec):
        rows.append(
            {
                "part": part_words(part),
                "grid": shape(part.grid),
                "channels": f"{part.channels:,}",
                "tokens": f"{area(part.grid):,}",
                "mixer": mixer_words(part) if part.block else "–",
                "channel": channel_words(part.block) if part.block else "–",
                "parameters": f"{part.parameters:,}",
                "macs": tables.large(part.macs),
                "mixes": say(f"anatomy.mixes.{part.mixes}"),
            }
        )
    return drawing_rows(spec).join(pd.DataFrame(rows))


def system(name: str, size: str = "") -> System:
    """One of `SYSTEMS`; a classroom network for images of `size`."""
    size = size or (USUAL_SIZE if name.startswith("classroom") else "")
    return System(system_name(name), _times(size), spec_of(name, size or USUAL_SIZE))


def choose_systems(columns: Iterable[Any]) -> dict[str, Asked]:
    """Both sides of the page, as the link says, each asked in one of the columns."""
    chosen = {}
    for side, column in zip(USUAL, columns, strict=True):
        name, size = links.choose(side, say(f"anatomy.{side}"), SYSTEMS, system_name, USUAL[side], where=column), ""
        if name.startswith("classroom"):
            words, hint = say("anatomy.size"), say("anatomy.size_hint")
            size = links.choose(f"{side}_size", words, SIZES, _times, USUAL_SIZE, where=column, help=hint)
        chosen[side] = name, size
    return chosen


def _times(size: str) -> str:
    return size.replace("x", "×")


@drawn_once
def show_drawing(side: str, asked: Asked, both: Sequence[Asked]) -> None:
    """The network as boxes, on the scales that both sides share, and its stages as a table."""
    shown, specs = system(*asked), [system(*other).spec for other in both]
    spec, all_parts = shown.spec, [part for other in specs for part in parts(other)]
    end = max(max(drawing_rows(other)["right"].tolist()) for other in specs)
    reach = end, max(part.grid[0] for part in all_parts)
    present = {part.mixes for part in all_parts}
    colours = {say(f"anatomy.mixes.{mixed}"): colour for mixed, colour in COLOURS.items() if mixed in present}
    colours |= {say("anatomy.mixes.channel"): ROLES["channel"]}
    columns = column_words("part", "grid", "channels", "tokens", "mixer", "channel", "parameters", "macs")
    data, table = drawing_words(spec), stage_table(spec)
    words = shown.title, say("anatomy.axis"), say("anatomy.legend"), say("anatomy.mixes.channel")
    chart = networks.network(data, *words, columns, colours, reach)
    text = say("claims.and").join(
        say("anatomy.alt_stage", **{name: row[name] for name in ("stage", "grid", "channels", "blocks")})
        for row in table.to_dict("records")
    )
    alt = say("anatomy.alt", name=shown.title, image="×".join(map(str, spec.input_shape)), text=text)
    show_chart(chart, key=f"drawing_{side}", text=alt)
    totals = {"parameters": parameters(spec), "macs": tables.large(macs(spec)), "blocks": len(spec.blocks)}
    st.markdown(say("anatomy.totals", **totals, classes=spec.classes))
    tables.beside(_headed(data, columns))


def show_stages(systems: Sequence[Asked]) -> None:
    """A table for each system."""
    for asked in dict.fromkeys(systems):
        _show_stages_of(asked)


@drawn_once
def _show_stages_of(asked: Asked) -> None:
    """The stages as a table, from the stem to the head."""
    shown = system(*asked)
    table = stage_table(shown.spec)
    hints = {name: say(f"anatomy.hint.{name}") for name in ("grid", "channels", "tokens", "macs")}
    words = column_words(*table.columns)
    config = {name: st.column_config.Column(word, help=hints.get(name)) for name, word in words.items()}
    config |= {
        name: st.column_config.NumberColumn(words[name], help=hints.get(name), format="localized")
        for name in ("channels", "parameters")
    }
    config["stage"] = st.column_config.Column(words["stage"], pinned=True)
    st.markdown(f"**{shown.title}**")
    st.dataframe(table, hide_index=True, width="stretch", column_config=config)


@drawn_once
def show_blocks(side: str, asked: Asked, both: Sequence[Asked]) -> None:
    """The blocks from inside: how wide each map leaves them, on the scale that both sides share, and how many
    activations follow their linear maps.
    """
    shown, all_rows = system(*asked), [inside_rows(system(*other).spec) for other in both]
    widest = max(max(*rows["before"], *rows["after"]) for rows in all_rows)
    data, told = inside_rows(shown.spec), []
    for block in anatomy.typical(shown.spec):
        way = say(f"anatomy.way.{anatomy.direction(block)}")
        told.append(say("anatomy.inside_line", stage=block.stage, steps=steps_words(block), way=way))
    colours = {say("anatomy.by.mixes"): ROLES["mixer"], say("anatomy.by.alone"): ROLES["channel"]}
    columns = column_words("map", "before", "after")
    chart = networks.hourglasses(data, shown.title, say("anatomy.by"), columns, colours, widest)
    alt = f"{shown.title}: {say('claims.and').join(told)}".replace("*", "")
    show_chart(chart, key=f"inside_{side}", text=alt)
    linear, active = (sum(getattr(x, name) for x in plan(shown.spec)) for name in ("linear", "activations"))
    st.markdown(say("anatomy.activations", active=active, linear=linear, each=linear / max(active, 1)))
    tables.beside(_headed(data, column_words("label", "map", "before", "after")))


@drawn_once
def show_shares(chosen: Sequence[Asked]) -> None:
    """Where the parameters and the MACs of both networks sit."""
    found = []
    for one in (system(*asked) for asked in dict.fromkeys(chosen)):
        for measure in ("parameters", "macs"):
            word = say(f"anatomy.column.{measure}")
            shares = role_shares(one.spec).query("measure == @measure")
            label = " · ".join(filter(None, (one.name, one.size, word)))
            found.append(shares.assign(system=one.title, measure=word, label=label))
    data = pd.concat(found, ignore_index=True)
    data = data.assign(role=[say(f"role.{role}") for role in data["role"]])
    shown = data.assign(
        value=[f"{value:,}" for value in data["value"]],
        percent=[say("unit.share", value=f"{share:.1f}") for share in data["share"]],
    )
    names = column_words("system", "measure", "role", "value", "share")
    tips = {**{name: names[name] for name in ("system", "measure", "role", "value")}, "percent": names["share"]}
    colours = {say(f"role.{role}"): colour for role, colour in ROLES.items()}
    title, axis = say("anatomy.shares_title"), say("anatomy.shares_axis")
    chart = networks.shares(shown, title, axis, names["role"], tips, colours)
    largest = shown.sort_values("share", ascending=False).drop_duplicates("label").sort_index()
    text = say("claims.and").join(
        say("anatomy.shares_alt_bar", bar=row["label"], role=row["role"], share=row["percent"])
        for row in largest.to_dict("records")
    )
    show_chart(chart, key="shares", text=say("anatomy.shares_alt", text=text))
    tables.beside(_headed(data.assign(share=data["share"].round(2)), names))


@drawn_once
def show_claims(chosen: Sequence[Asked]) -> None:
    """The claims for which something is counted in one of the networks, with their verdicts and figures."""
    counted = counted_words([system(*asked) for asked in dict.fromkeys(chosen)])
    for claim in (claim.id for claim in CLAIMS if claim.id in counted):
        with st.container(border=True):
            listing.show_links((claim,), why=True, key=f"statements_{claim}")
            st.markdown("\n\n".join(counted[claim]))


def other_claims(chosen: Sequence[Asked]) -> tuple[str, list[str]]:
    """How the other claims that name one of the networks are headed, and which they are."""
    systems = [system(*asked) for asked in dict.fromkeys(chosen)]
    named, counted = {in_the_text(one.spec) for one in systems}, counted_words(systems)
    others = [claim.id for claim in CLAIMS if claim.id not in counted and named & {*claim.systems}]
    return say("anatomy.other_claims", names=say("lab.comma").join(sorted(named))), others


def in_the_text(spec: ModelSpec) -> str:
    return IN_THE_TEXT[spec.name.split("_")[0]]


def counted_words(systems: Iterable[System]) -> dict[str, list[str]]:
    """Claim → a paragraph with figures for each network of which something is counted."""
    found: dict[str, list[str]] = {}
    for claim, count, names in COUNTED:
        for system in systems:
            if in_the_text(system.spec) in names:
                sentence, values = count(system.spec)
                found.setdefault(claim, []).append(say(f"anatomy.counted.{sentence}", name=system.title, **values))
    if "C24" in found:
        shares = {f"share_{name}": 100 * share_of(PUBLISHED[name], "channel") for name in COMPARED}
        found["C24"].append(say("anatomy.counted.pairs", **shares))
    return found
