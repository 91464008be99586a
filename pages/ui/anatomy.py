"""The parts of the page *Anatomy*: a network drawn and counted, its blocks from inside, and what it settles.

The first half is pure and knows no language: a `ModelSpec` to parts, stages, shares and findings, every figure computed
from the specification. The second half says and shows them.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import pandas as pd
import streamlit as st

from pages.ui import links, tables
from pages.ui.charts import networks
from pages.ui.theme import FAMILIES, ROLES
from pages.ui.words import say
from tf_models.zoo import CLASSROOM, PUBLISHED, configure, inventory
from tf_models.zoo.inventory import executed_pairs, kept_pairs, macs, parameters
from tf_models.zoo.spec import Block, ModelSpec, Place, hidden_width, inner_block, window_of

NAMES = {
    "cnn": "CNN",
    "vgg": "VGG",
    "vgg16": "VGG16",
    "resnet": "ResNet",
    "resnet50": "ResNet-50",
    "mobilenet_v1": "MobileNet V1",
    "mobilenet_v2": "MobileNetV2",
    "convnext": "ConvNeXt",
    "convnext_tiny": "ConvNeXt-T",
    "vit": "ViT",
    "vit_b16": "ViT-B/16",
    "deit_tiny": "DeiT-Ti",
    "deit_small": "DeiT-S",
    "swin": "Swin",
    "swin_tiny": "Swin-T",
    "longformer": "Longformer",
    "mobilevit": "MobileViT",
    "mobilevit_s": "MobileViT-S",
    "mixer": "MLP-Mixer",
    "mixer_b16": "Mixer-B/16",
}
SYSTEMS = [f"published-{name}" for name in PUBLISHED] + [f"classroom-{name}" for name in CLASSROOM]
USUAL = {"left": "published-vit_b16", "right": "published-swin_tiny"}
SIZES = ("8x8x1", "28x28x1", "32x32x3", "64x64x3", "48x40x3")
USUAL_SIZE = "32x32x3"

# What mixes tokens: of a token mixer, and of a stem or a step down.
MIXES = {
    "convolution": ("convolution", "depthwise", "unshared", "pool"),
    "attention": ("attention", "linear_attention", "window", "sliding"),
    "mlp": ("token_mlp", "static"),
}
COLOURS = {**FAMILIES, "nothing": "#909090"}
ONE_BY_ONE = ("bottleneck", "separable", "inverted")  # block kinds whose channel mixers are 1×1 convolutions
COMPARED = ("convnext_tiny", "vit_b16", "swin_tiny")  # whose shares of FFN stand beside each other


@dataclass(frozen=True)
class Part:
    """One box of the drawing: the image, the stem, a step down, a block, or the head."""

    kind: str  # a block's kind, or image, patch, convolution, merge, downsample, pool, head
    stage: int  # from 1; 0 outside
    grid: tuple[int, int]  # rows and columns that leave it
    channels: int
    parameters: int = 0
    macs: int = 0
    place: Place | None = None

    @property
    def mixes(self) -> str:
        """A key of `COLOURS`."""
        if self.place is None:
            return "convolution" if self.kind == "convolution" else "nothing"
        return "hybrid" if self.kind == "mobilevit" else mixes(self.place.block)


def mixes(block: Block) -> str:
    """What mixes the tokens of a block: a key of `COLOURS`."""
    return next((group for group, mixers in MIXES.items() if block.mixer in mixers), "nothing")


def spec_of(system: str, size: str = USUAL_SIZE) -> ModelSpec:
    """The specification of one of `SYSTEMS`; `size` counts for the classroom's."""
    scale, _, name = system.partition("-")
    if scale == "published":
        return PUBLISHED[name]
    height, width, channels = (int(number) for number in size.split("x"))
    return configure(name, {}, (height, width, channels), 10)


def parts(spec: ModelSpec) -> list[Part]:
    """Every box of the drawing, from the image to the head; together they hold all parameters and MACs."""
    counted = {"parameters": Counter[str](), "macs": Counter[str]()}
    for item in inventory(spec):
        first, second = item.path.split(".")[:2]
        owner = first if first in ("stem", "head") else f"{first}.{second.removesuffix('_norm')}"
        counted["parameters"][owner] += item.parameters
        counted["macs"][owner] += item.macs

    def part(owner: str, kind: str, stage: int, grid: tuple[int, int], channels: int, place: Place | None = None):
        return Part(kind, stage, grid, channels, counted["parameters"][owner], counted["macs"][owner], place)

    height, width, channels = spec.input_shape
    found = [part("", "image", 0, (height, width), channels)]
    if spec.stem.kind != "none":
        found.append(part("stem", spec.stem.kind, 0, spec.grid, spec.stem.width))
    for s, stage in enumerate(spec.stages, 1):
        places = [place for place in spec.places if place.stage == s]
        if stage.downsample != "none":
            kind = "merge" if stage.downsample == "merge" else "downsample"
            found.append(part(f"stage{s}.downsample", kind, s, places[0].grid_in, places[0].channels_in))
        found += [part(p.path, p.block.kind, s, p.grid, p.block.width, p) for p in places]
        if stage.pool:
            after = spec.last_grid if s == len(spec.stages) else _first(spec, s + 1).grid_in
            found.append(part("", "pool", s, after, places[-1].block.width))
    return [*found, part("head", "head", 0, (1, 1), spec.classes)]


def _first(spec: ModelSpec, stage: int) -> Place:
    return next(place for place in spec.places if place.stage == stage)


def drawing_rows(spec: ModelSpec) -> pd.DataFrame:
    """Where each box stands: `left` to `right` grows with log₂ of the channels, the gaps are equal."""
    rows, left = [], 0.0
    for part in parts(spec):
        right = left + 1 + math.log2(part.channels)
        square = part.grid[0] == part.grid[1]
        shape = str(part.grid[0]) if square else f"{part.grid[0]}×{part.grid[1]}"
        rows.append({"left": left, "right": right, "rows": part.grid[0], "shape": shape, "stage": part.stage})
        left = right + 1.5
    return pd.DataFrame(rows)


def role_shares(spec: ModelSpec) -> pd.DataFrame:
    """Parameters and MACs by role. Columns: measure, role, value, share (percent of the measure)."""
    rows = []
    for measure, total in (("parameters", parameters(spec)), ("macs", macs(spec))):
        for role in ROLES:
            value = sum(getattr(item, measure) for item in inventory(spec) if item.role == role)
            rows.append({"measure": measure, "role": role, "value": value, "share": 100 * value / total})
    return pd.DataFrame(rows)


def share_of(spec: ModelSpec, role: str) -> float:
    """Percent of all parameters that sit in this role."""
    return 100 * sum(item.parameters for item in inventory(spec) if item.role == role) / parameters(spec)


def linear_and_active(spec: ModelSpec) -> tuple[int, int]:
    """Linear maps, and the activations behind them."""
    items = inventory(spec)
    return sum(item.linear for item in items), sum(item.activations for item in items)


@dataclass(frozen=True)
class Step:
    """One linear map of a block (attention counts as one): the channels that leave it, and what makes them."""

    channels: int
    by: str  # mixer, dense (a 1×1 convolution) or convolution (3×3)
    times: int = 1  # how often this and its neighbours of equal `times` follow each other


def steps(place: Place) -> list[Step]:
    """The channels through a block, the incoming ones first, with an empty `by`."""
    block, before, after = place.block, place.channels_in, place.block.width
    hidden = hidden_width(block, before)
    start = Step(before, "")
    match block.kind:
        case "plain":
            return [start, Step(after, "mixer")]
        case "bottleneck":
            return [start, Step(hidden, "dense"), Step(hidden, "mixer"), Step(after, "dense")]
        case "separable":
            return [start, Step(before, "mixer"), Step(after, "dense")]
        case "inverted":
            wide = [Step(hidden, "dense")] if hidden != before else []
            return [start, *wide, Step(hidden, "mixer"), Step(after, "dense")]
        case "mobilevit":
            inner = inner_block(block)
            inside = [replace(s, times=block.inner_depth) for s in (Step(inner.width, "mixer"), *_ffn_steps(inner))]
            outside = [Step(before, "convolution"), Step(inner.width, "dense")]
            return [start, *outside, *inside, Step(before, "dense"), Step(after, "convolution")]
    return [start, Step(after, "mixer"), *_ffn_steps(block)]


def _ffn_steps(block: Block) -> list[Step]:
    if block.channel not in ("on", "linear"):
        return []
    return [Step(hidden_width(block), "dense"), Step(block.width, "dense")]


def direction(place: Place) -> str:
    """``widens`` where the block is wider inside than at both ends, ``narrows`` where it is narrower, else neither."""
    first, *inside, last = (step.channels for step in steps(place))
    if inside and max(inside) > max(first, last):
        return "widens"
    return "narrows" if inside and min(inside) < min(first, last) else "neither"


def typical(spec: ModelSpec) -> list[Place]:
    """The last block of every stage, and of every kind in it: what comes in is no longer the stage before."""
    last = {(place.stage, place.block.kind): place for place in spec.places}
    return list(last.values())


@dataclass(frozen=True)
class Finding:
    """What a configuration says to a sentence of the text: whether it `fits` (yes, no, partly), and the figures."""

    shows: str  # ``anatomy.shows.{shows}``
    fits: str
    values: Mapping[str, object] = field(default_factory=dict)
    note: str = ""  # ``anatomy.note.{note}``, said once behind the answers


def _area(grid: tuple[int, int]) -> int:
    return grid[0] * grid[1]


def _along(things: Iterable[str | int]) -> str:
    """Such as 56×56 → 28×28: what follows each other, repetitions left out."""
    return " → ".join(thing if isinstance(thing, str) else f"{thing:,}" for thing, _ in groupby(things))


def _grids(spec: ModelSpec) -> list[str]:
    return [f"{place.grid[0]}×{place.grid[1]}" for place in spec.places]


def _mostly(count: int, places: Sequence[Place]) -> bool:
    return 2 * count > len(places)


def _ffns(spec: ModelSpec) -> int:
    """FFNs: two dense layers with an activation between, on each position alone."""
    return sum(
        block.inner_depth or 1 for block in spec.blocks if block.channel == "on" and block.kind not in ONE_BY_ONE
    )


def _attentions(spec: ModelSpec) -> int:
    return sum(block.mixer in MIXES["attention"] for block in spec.blocks)


def one_grid(spec: ModelSpec) -> Finding:
    grids = _grids(spec)
    values = {"grids": _along(grids), "tokens": _area(spec.places[0].grid), "blocks": len(grids)}
    flat = len(set(grids)) == 1
    return Finding("one_grid" if flat else "falling_grid", "no" if flat else "yes", values)


def merging(spec: ModelSpec) -> Finding:
    windows = [window_of(place.block, place.grid) for place in spec.places if place.block.mixer == "window"]
    values = {
        "merges": sum(stage.downsample == "merge" for stage in spec.stages),
        "grids": _along(_grids(spec)),
        "channels": _along(place.block.width for place in spec.places),
        "windows": _along(f"{rows}×{columns}" for rows, columns in windows) or "–",
    }
    return Finding("merging", "partly" if values["merges"] else "no", values)


def pyramid(spec: ModelSpec) -> Finding:
    areas = [_area(place.grid) for place in spec.places]
    widths = [place.block.width for place in spec.places]
    falls = areas == sorted(areas, reverse=True) and areas[0] > areas[-1]
    rises = widths == sorted(widths) and widths[0] < widths[-1]
    fits = "yes" if falls and rises else "partly" if falls or rises else "no"
    return Finding("pyramid", fits, {"grids": _along(_grids(spec)), "channels": _along(widths)})


def convnext(spec: ModelSpec) -> Finding:
    attention = _attentions(spec)
    values = {
        "attention": attention,
        "blocks": len(spec.blocks),
        "depthwise": sum(block.mixer == "depthwise" for block in spec.blocks),
        "kernels": _along(f"{block.kernel}×{block.kernel}" for block in spec.blocks),
    }
    return Finding("some_attention" if attention else "no_attention", "yes" if attention else "no", values)


def ffn_unique(spec: ModelSpec) -> Finding:
    cnn = PUBLISHED["convnext_tiny"]
    values = {f"share_{name}": share_of(PUBLISHED[name], "channel") for name in COMPARED}
    values |= {"cnn_ffns": _ffns(cnn), "cnn_attention": _attentions(cnn)}
    values |= {"ffns": _ffns(spec), "attention": _attentions(spec)}
    values["share"] = share_of(spec, "channel") if values["ffns"] else 0.0
    refuted = any(_ffns(other) and not _attentions(other) for other in (spec, cnn))
    shows = "ffn_beside" if values["attention"] else "ffn_alone"
    return Finding(shows, "no" if refuted else "yes", values, note="ffn_unique")


def depthwise(spec: ModelSpec) -> Finding:
    widening = sum(direction(place) == "widens" for place in spec.places)
    example = next((place for place in typical(spec) if direction(place) == "widens"), _first(spec, len(spec.stages)))
    values = {"widening": widening, "blocks": len(spec.places), "widths": _sequence(example)}
    fits = "yes" if _mostly(widening, spec.places) else "partly" if widening else "no"
    return Finding("widening" if widening else "never_widening", fits, values)


def bottleneck(spec: ModelSpec) -> Finding:
    found = Counter(direction(place) for place in spec.places)
    values = {
        "narrowing": found["narrows"],
        "widening": found["widens"],
        "blocks": len(spec.places),
        "widths": _sequence(typical(spec)[0]),
        "share": share_of(spec, "channel"),
    }
    fits = "yes" if _mostly(found["widens"], spec.places) else "partly" if found["widens"] else "no"
    return Finding("bottleneck", fits, values)


def dense_head(spec: ModelSpec) -> Finding:
    rows, columns = spec.last_grid if spec.head.pool == "flatten" else (1, 1)
    inputs = rows * columns * (spec.head.convolution or spec.blocks[-1].width)
    values = {"share": share_of(spec, "head"), "parameters": parameters(spec), "grid": f"{rows}×{columns}"}
    return Finding("dense_head", "partly", values | {"inputs": inputs})


def token_mlp(spec: ModelSpec) -> Finding:
    tokens = _area(spec.places[0].grid)
    mixing = [block for block in spec.blocks if block.mixer == "token_mlp"]
    hidden = max(1, round(mixing[0].width * mixing[0].token_ratio)) if mixing else 0
    values = {
        "token_mlps": len(mixing),
        "blocks": len(spec.blocks),
        "token_share": share_of(spec, "mixer"),
        "channel_share": share_of(spec, "channel"),
        "tokens": tokens,
        "hidden": hidden,
    }
    return Finding("token_mlp", "partly" if mixing else "no", values)


def keeps_ffn(spec: ModelSpec) -> Finding:
    mixed = [block for block in spec.blocks if block.kind == "mobilevit"]
    kept = sum(block.inner_depth for block in mixed if block.channel == "on")
    values = {
        "mixed": len(mixed),
        "blocks": len(spec.blocks),
        "inner": sum(block.inner_depth for block in mixed),
        "kept": kept,
        "ratio": " / ".join(dict.fromkeys(f"{block.ffn_ratio:g}" for block in mixed)),
        "widths": ", ".join(
            dict.fromkeys(f"{b.inner_width} → {hidden_width(b)} → {b.inner_width}" for b in mixed if b.channel == "on")
        )
        or "–",
    }
    return Finding("keeps_ffn", "yes" if kept and kept == values["inner"] else "no", values)


def sparse(spec: ModelSpec) -> Finding:
    place = spec.places[0]
    full = _area(place.grid) ** 2
    kept, executed = kept_pairs(place.block, place.grid), executed_pairs(place.block, place.grid)
    values = {"tokens": _area(place.grid), "full": full, "kept": kept, "executed": executed}
    values |= {"kept_share": 100 * kept / full, "executed_share": 100 * executed / full}
    return Finding("sparse", "yes" if executed < full else "no", values)


# The text's sentences, ``anatomy.says.{sentence}``: what decides each, and which architectures it concerns.
_VIT, _SWIN = ("vit", "vit_b16", "deit_tiny", "deit_small"), ("swin", "swin_tiny")
_CONVNEXT, _RESNET, _VGG = ("convnext", "convnext_tiny"), ("resnet", "resnet50"), ("vgg", "vgg16")
SENTENCES: dict[str, tuple[Callable[[ModelSpec], Finding], tuple[str, ...]]] = {
    "one_grid": (one_grid, _VIT),
    "merging": (merging, _SWIN),
    "pyramid": (pyramid, ("cnn", *_VGG, *_RESNET)),
    "convnext": (convnext, _CONVNEXT),
    "ffn_unique": (ffn_unique, (*_CONVNEXT, *_VIT, *_SWIN)),
    "depthwise": (depthwise, ("mobilenet_v1", "mobilenet_v2")),
    "bottleneck": (bottleneck, _RESNET),
    "dense_head": (dense_head, _VGG),
    "token_mlp": (token_mlp, ("mixer", "mixer_b16")),
    "keeps_ffn": (keeps_ffn, ("mobilevit", "mobilevit_s")),
    "sparse": (sparse, ("longformer",)),
}


def settled(spec: ModelSpec) -> dict[str, Finding]:
    """What this configuration says to the sentences of the text that concern it."""
    return {sentence: decide(spec) for sentence, (decide, names) in SENTENCES.items() if spec.name in names}


# From here on: words and pictures.


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


def count(number: int) -> str:
    """Multiply-adds: 17.56 G, 14.9 M."""
    for unit, size, digits in (("G", 1e9, 2), ("M", 1e6, 1), ("k", 1e3, 1)):
        if number >= size:
            return f"{number / size:.{digits}f} {unit}"
    return str(number)


def _shape(grid: tuple[int, int]) -> str:
    return f"{grid[0]}×{grid[1]}"


def _sequence(place: Place) -> str:
    return " → ".join(f"{step.channels:,}" for step in steps(place))


def mixer_words(place: Place) -> str:
    """What mixes the tokens of a block, with its reach."""
    block = place.block
    rows, columns = window_of(block, place.grid)
    kernel = 3 if block.kind == "plain" else block.kernel
    return say(f"anatomy.mixer.{block.mixer}", kernel=kernel, window=f"{rows}×{columns}", reach=rows)


def channel_words(block: Block) -> str:
    """What works on every position alone."""
    if block.kind in ONE_BY_ONE:
        return say("anatomy.channel.pointwise")
    activation = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "relu6": "ReLU6"}[block.activation]
    return say(f"anatomy.channel.{block.channel}", activation=activation)


def block_words(place: Place) -> str:
    """A block in plain words."""
    inner = place.block.inner_depth
    return say(f"kind.{place.block.kind}", mixer=mixer_words(place), channel=channel_words(place.block), inner=inner)


def steps_words(place: Place) -> str:
    """Such as 256 → 64 (1×1) → 64 (3×3 convolution) → 256 (1×1)."""
    how = {"": "", "dense": " (1×1)", "convolution": " (3×3)", "mixer": f" ({mixer_words(place)})"}
    runs = []
    for times, run in groupby(steps(place), lambda step: step.times):
        text = " → ".join(f"{step.channels:,}{how[step.by]}" for step in run)
        runs.append(f"{times} × ( {text} )" if times > 1 else text)
    return " → ".join(runs)


def stage_table(spec: ModelSpec) -> pd.DataFrame:
    """Grid, channels, tokens, blocks, parameters and MACs of stem, stages and head."""
    extra = " + 1" if spec.stem.class_token else ""
    rows = []
    for stage, found in groupby(parts(spec)[1:], lambda part: part.stage or part.kind):
        group = list(found)
        inside = [part for part in group if part.place]
        last = (inside or group)[-1]
        words = [(block_words(part.place), True) if part.place else (say(f"kind.{part.kind}"), False) for part in group]
        runs = [(text, block, len(list(run))) for (text, block), run in groupby(words)]
        name = f"{stage}" if inside else say(f"anatomy.part.{'head' if last.kind == 'head' else 'stem'}")
        rows.append(
            {
                "stage": name,
                "grid": _shape(last.grid),
                "channels": last.channels,
                "tokens": f"{_area(last.grid):,}{extra if last.kind != 'head' else ''}",
                "parameters": sum(part.parameters for part in group),
                "macs": count(sum(part.macs for part in group)),
                "blocks": "; ".join(
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
        place = part.place
        rows.append(
            {
                "part": block_words(place) if place else say(f"kind.{part.kind}"),
                "grid": _shape(part.grid),
                "channels": f"{part.channels:,}",
                "tokens": f"{_area(part.grid):,}",
                "mixer": mixer_words(place) if place else "–",
                "channel": channel_words(place.block) if place else "–",
                "parameters": f"{part.parameters:,}",
                "macs": count(part.macs),
                "mixes": say(f"anatomy.mixes.{part.mixes}"),
            }
        )
    return drawing_rows(spec).join(pd.DataFrame(rows))


def system(name: str, size: str = "") -> System:
    """One of `SYSTEMS`; a classroom network for images of `size`."""
    size = size or (USUAL_SIZE if name.startswith("classroom") else "")
    return System(system_name(name), _times(size), spec_of(name, size or USUAL_SIZE))


def choose_systems() -> dict[str, System]:
    """Both sides of the page, as the link says."""
    chosen = {}
    for side, column in zip(USUAL, st.columns(2, gap="large"), strict=True):
        name, size = links.choose(side, say(f"anatomy.{side}"), SYSTEMS, system_name, USUAL[side], where=column), ""
        if name.startswith("classroom"):
            words, hint = say("anatomy.size"), say("anatomy.size_hint")
            size = links.choose(f"{side}_size", words, SIZES, _times, USUAL_SIZE, where=column, help=hint)
        chosen[side] = system(name, size)
    return chosen


def _times(size: str) -> str:
    return size.replace("x", "×")


def show_drawing(side: str, system: System, both: Iterable[System]) -> None:
    """The network as boxes, on the scales that both sides share, and its stages as a table."""
    spec, all_parts = system.spec, [part for other in both for part in parts(other.spec)]
    end = max(max(drawing_rows(other.spec)["right"].tolist()) for other in both)
    reach = end, max(part.grid[0] for part in all_parts)
    present = {part.mixes for part in all_parts}
    colours = {say(f"anatomy.mixes.{mixed}"): colour for mixed, colour in COLOURS.items() if mixed in present}
    columns = column_words("part", "grid", "channels", "tokens", "mixer", "channel", "parameters", "macs")
    data, table = drawing_words(spec), stage_table(spec)
    chart = networks.network(data, system.title, say("anatomy.axis"), say("anatomy.legend"), columns, colours, reach)
    text = "; ".join(
        say("anatomy.alt_stage", **{name: row[name] for name in ("stage", "grid", "channels", "blocks")})
        for row in table.to_dict("records")
    )
    alt = say("anatomy.alt", name=system.title, image="×".join(map(str, spec.input_shape)), text=text)
    st.altair_chart(chart, key=f"drawing_{side}", alt=alt)
    totals = {"parameters": parameters(spec), "macs": count(macs(spec)), "blocks": len(spec.blocks)}
    st.markdown(say("anatomy.totals", **totals, classes=spec.classes))
    tables.beside(_headed(data, columns), f"anatomy-{side}")


def show_stages(system: System) -> None:
    """The stages as a table, from the stem to the head."""
    table = stage_table(system.spec)
    hints = {name: say(f"anatomy.hint.{name}") for name in ("grid", "channels", "tokens", "macs")}
    words = column_words(*table.columns)
    config = {name: st.column_config.Column(word, help=hints.get(name)) for name, word in words.items()}
    config |= {
        name: st.column_config.NumberColumn(words[name], help=hints.get(name), format="localized")
        for name in ("channels", "parameters")
    }
    config["stage"] = st.column_config.Column(words["stage"], pinned=True)
    st.markdown(f"**{system.title}**")
    st.dataframe(table, hide_index=True, width="stretch", column_config=config)


def show_blocks(system: System) -> None:
    """The blocks from inside: their widths, and how many activations stand behind their linear maps."""
    lines = [f"**{system.title}**", ""]
    for place in typical(system.spec):
        way = say(f"anatomy.way.{direction(place)}")
        lines.append("- " + say("anatomy.inside_line", stage=place.stage, steps=steps_words(place), way=way))
    linear, active = linear_and_active(system.spec)
    lines += ["", say("anatomy.activations", active=active, linear=linear, each=linear / max(active, 1))]
    st.markdown("\n".join(lines))


def show_shares(chosen: Iterable[System]) -> None:
    """Where the parameters and the MACs of both networks sit."""
    found = []
    for measure in ("parameters", "macs"):
        word = say(f"anatomy.column.{measure}")
        for system in dict.fromkeys(chosen):
            shares = role_shares(system.spec).query("measure == @measure")
            label = f"{system.name}|{' · '.join(filter(None, (system.size, word)))}"
            found.append(shares.assign(system=system.title, measure=word, label=label))
    data = pd.concat(found, ignore_index=True)
    data = data.assign(role=[say(f"role.{role}") for role in data["role"]])
    shown = data.assign(
        value=[f"{value:,}" for value in data["value"]], percent=[f"{share:.1f} %" for share in data["share"]]
    )
    names = column_words("system", "measure", "role", "value", "share")
    tips = {**{name: names[name] for name in ("system", "measure", "role", "value")}, "percent": names["share"]}
    colours = {say(f"role.{role}"): colour for role, colour in ROLES.items()}
    title, axis = say("anatomy.shares_title"), say("anatomy.shares_axis")
    chart = networks.shares(shown, title, axis, names["role"], tips, colours)
    largest = shown.sort_values("share", ascending=False).drop_duplicates("label").sort_index()
    text = "; ".join(
        say("anatomy.shares_alt_bar", bar=row["label"].replace("|", ", "), role=row["role"], share=row["percent"])
        for row in largest.to_dict("records")
    )
    st.altair_chart(chart, key="shares", alt=say("anatomy.shares_alt", text=text))
    st.caption(say("anatomy.roles_hint"))
    tables.beside(_headed(data.assign(share=data["share"].round(2)), names), "anatomy-shares")


def show_settled(chosen: Iterable[System]) -> None:
    """Each sentence of the text that concerns one of the networks, and what their configurations show."""
    found = {system.title: settled(system.spec) for system in chosen}
    for sentence in SENTENCES:
        answers = {title: findings[sentence] for title, findings in found.items() if sentence in findings}
        if not answers:
            continue
        lines = [say("anatomy.says", text=say(f"anatomy.says.{sentence}"))]
        lines += [finding_words(title, finding) for title, finding in answers.items()]
        notes = {finding.note: finding.values for finding in answers.values() if finding.note}
        lines += [say(f"anatomy.note.{note}", **values) for note, values in notes.items()]
        with st.container(border=True):
            st.markdown("\n\n".join(lines))


def finding_words(title: str, finding: Finding) -> str:
    """The configuration's answer in one paragraph."""
    icon = {"yes": "check_circle", "no": "cancel", "partly": "contrast"}[finding.fits]
    text = say(f"anatomy.shows.{finding.shows}", name=title, **finding.values)
    return f":material/{icon}: **{say(f'anatomy.fits.{finding.fits}')}** {text}"
