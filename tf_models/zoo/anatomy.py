"""A network as a drawing: its parts from the image to the classes, blocks from inside, and what can be counted.

Every figure comes from the plan of the specification. What a claim makes of it, `study.judging` says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from tf_models.zoo.counts import Layer, area, executed_pairs, kept_pairs, window_of
from tf_models.zoo.facts import last_grid, share_of
from tf_models.zoo.plan import parameters, plan
from tf_models.zoo.published import PUBLISHED
from tf_models.zoo.spec import ATTENTION, Block, ModelSpec

# What mixes tokens, by family.
MIXES = {
    "convolution": ("convolution", "depthwise", "unshared", "pool"),
    "attention": ATTENTION,
    "mlp": ("token_mlp", "static"),
}


@dataclass(frozen=True)
class Part:
    """One box of the drawing: the image, the stem, a step down, a block, a pooling, or the head."""

    name: str  # such as stage1.block2, see `Layer.part`
    kind: str  # a block's kind, or image, patch, convolution, merge, downsample, pool, head
    layers: tuple[Layer, ...]

    @property
    def stage(self) -> int:
        """From 1; 0 outside."""
        return int(self.name.removeprefix("stage").split(".")[0]) if self.name.startswith("stage") else 0

    @property
    def block(self) -> Block | None:
        return self.layers[0].block if ".block" in self.name else None

    @property
    def mixer(self) -> Layer:
        """The token mixer of a block: of ``mobilevit`` that of its first Transformer block."""
        return next(layer for layer in self.layers if layer.path.endswith(".mixer"))

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns that leave it."""
        return self.layers[-1].grid

    @property
    def channels(self) -> int:
        return self.layers[-1].channels

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def mixes(self) -> str:
        """What mixes tokens: a key of `MIXES`, ``hybrid`` or ``nothing``."""
        if self.block is None:
            return "convolution" if self.kind == "convolution" else "nothing"
        mixers = (family for family, mixers in MIXES.items() if self.block.mixer in mixers)
        return "hybrid" if self.kind == "mobilevit" else next(mixers, "nothing")


def parts(spec: ModelSpec) -> list[Part]:
    """Every box of the drawing, from the image to the head; together they hold all parameters and MACs."""
    found = []
    for name, run in groupby(plan(spec), key=lambda layer: layer.part):
        layers = tuple(run)
        kind = name.split(".")[-1]
        if name == "stem":
            kind = spec.stem.kind
        elif ".block" in name and layers[0].block is not None:
            kind = layers[0].block.kind
        elif any(layer.op == "merge" for layer in layers):
            kind = "merge"
        if kind != "none":  # a stem that keeps the pixels
            found.append(Part(name, kind, layers))
    return found


def blocks(spec: ModelSpec) -> list[Part]:
    return [part for part in parts(spec) if part.block]


def typical(spec: ModelSpec) -> list[Part]:
    """The last block of every stage, and of every kind in it: what comes in is no longer the stage before."""
    last = {(part.stage, part.kind): part for part in blocks(spec)}
    return list(last.values())


@dataclass(frozen=True)
class Step:
    """One linear map of a block (attention counts as one): the channels that leave it, and what makes them."""

    channels: int
    by: str  # mixer, dense (a 1×1 convolution) or convolution (3×3)
    times: int = 1  # how often this and its neighbours of equal `times` follow each other


def steps(block: Part) -> list[Step]:
    """The channels through a block, the incoming ones first, with an empty `by`."""
    found = [Step(block.layers[0].channels_in, "")]
    depth = block.block.inner_depth if block.block else 0
    for layer in block.layers:
        times = depth if ".inner" in layer.path else 1
        if (times > 1 and ".inner1." not in layer.path) or layer.path.endswith(".shortcut"):
            continue
        if layer.path.endswith(".mixer"):
            found.append(Step(layer.channels, "mixer", times))
        elif layer.op == "ffn":
            found += [Step(width, "dense", times) for width in (*(layer.hidden,) * (layer.linear - 1), layer.channels)]
        elif layer.op == "convolution":
            found.append(Step(layer.channels, "dense" if layer.kernel == 1 else "convolution"))
    return found


def direction(block: Part) -> str:
    """``widens`` where the block is wider inside than at both ends, ``narrows`` where it is narrower, else neither."""
    first, *inside, last = (step.channels for step in steps(block))
    if inside and max(inside) > max(first, last):
        return "widens"
    return "narrows" if inside and min(inside) < min(first, last) else "neither"


def widths(block: Part) -> str:
    """Such as 256 → 64 → 64 → 256."""
    return " → ".join(f"{step.channels:,}" for step in steps(block))


# What can be counted about the networks that the text has a sentence on: figures for ``anatomy.counted.{sentence}``.

Figures = Mapping[str, object]


def along(things: Iterable[object]) -> str:
    """Such as 56×56 → 28×28: what follows each other, repetitions left out."""
    return " → ".join(thing if isinstance(thing, str) else f"{thing:,}" for thing, _ in groupby(things))


def shape(grid: tuple[int, int]) -> str:
    return f"{grid[0]}×{grid[1]}"


def pyramid(spec: ModelSpec) -> tuple[str, Figures]:
    grids = [shape(block.grid) for block in blocks(spec)]
    values = {"grids": along(grids), "channels": along(block.channels for block in blocks(spec))}
    tokens = area(blocks(spec)[0].grid)
    return "one_grid" if len(set(grids)) == 1 else "pyramid", values | {"tokens": tokens, "blocks": len(grids)}


def merging(spec: ModelSpec) -> tuple[str, Figures]:
    windows = [window_of(x.block, x.grid) for x in plan(spec) if x.op == "window" and x.block]
    merges = sum(part.kind == "merge" for part in parts(spec))
    return "merging", {**pyramid(spec)[1], "merges": merges, "windows": along(map(shape, windows)) or "–"}


def attention(spec: ModelSpec) -> tuple[str, Figures]:
    values = {"blocks": len(spec.blocks), "depthwise": sum(block.mixer == "depthwise" for block in spec.blocks)}
    kernels = along(f"{block.kernel}×{block.kernel}" for block in spec.blocks)
    return "attention", values | {"attention": attentions(spec), "kernels": kernels}


def ffns(spec: ModelSpec) -> tuple[str, Figures]:
    cnn = PUBLISHED["convnext_tiny"]
    values = {"ffns": ffn_count(spec), "attention": attentions(spec), "share": 100 * share_of(spec, "channel")}
    values |= {"cnn_ffns": ffn_count(cnn), "cnn_attention": attentions(cnn)}
    return "ffn_beside" if values["attention"] else "ffn_alone", values


def ffn_count(spec: ModelSpec) -> int:
    """FFNs: two dense layers with an activation between, on each position alone."""
    return sum(layer.op == "ffn" and layer.activations > 0 for layer in plan(spec))


def attentions(spec: ModelSpec) -> int:
    return sum(block.mixer in ATTENTION for block in spec.blocks)


def widening(spec: ModelSpec) -> tuple[str, Figures]:
    found = [block for block in blocks(spec) if direction(block) == "widens"]
    last = next(block for block in blocks(spec) if block.stage == len(spec.stages))
    example = next((block for block in typical(spec) if block in found), last)
    values = {"widening": len(found), "blocks": len(blocks(spec)), "widths": widths(example)}
    return "widening" if found else "never_widening", values


def bottleneck(spec: ModelSpec) -> tuple[str, Figures]:
    ways = [direction(block) for block in blocks(spec)]
    values = {"narrowing": ways.count("narrows"), "widening": ways.count("widens"), "blocks": len(ways)}
    return "bottleneck", values | {"widths": widths(typical(spec)[0]), "share": 100 * share_of(spec, "channel")}


def dense_head(spec: ModelSpec) -> tuple[str, Figures]:
    first = next(layer for layer in plan(spec) if layer.part == "head" and layer.linear)
    grid = shape(last_grid(spec) if spec.head.pool == "flatten" else (1, 1))
    values = {"share": 100 * share_of(spec, "head"), "parameters": parameters(spec), "grid": grid}
    return "dense_head", values | {"inputs": first.channels_in}


def token_mlp(spec: ModelSpec) -> tuple[str, Figures]:
    mixing = [layer for layer in plan(spec) if layer.op == "token_mlp"]
    values = {"token_mlps": len(mixing), "blocks": len(spec.blocks), "hidden": mixing[0].hidden}
    values |= {
        f"{name}_share": 100 * share_of(spec, role) for name, role in (("token", "mixer"), ("channel", "channel"))
    }
    return "token_mlp", values | {"tokens": area(mixing[0].grid)}


def keeps_ffn(spec: ModelSpec) -> tuple[str, Figures]:
    inside = [layer for layer in plan(spec) if layer.unfolded]
    kept = [layer for layer in inside if layer.op == "ffn" and layer.activations]
    values = {
        "mixed": sum(block.kind == "mobilevit" for block in spec.blocks),
        "blocks": len(spec.blocks),
        "inner": sum(layer.path.endswith(".mixer") for layer in inside),
        "kept": len(kept),
        "ratio": " / ".join(dict.fromkeys(f"{layer.hidden / layer.channels:g}" for layer in kept)) or "–",
        "widths": ", ".join(dict.fromkeys(f"{x.channels} → {x.hidden} → {x.channels}" for x in kept)) or "–",
    }
    return "keeps_ffn", values


def sparse(spec: ModelSpec) -> tuple[str, Figures]:
    block, grid = spec.blocks[0], spec.grid
    full, kept, executed = area(grid) ** 2, kept_pairs(block, grid), executed_pairs(block, grid)
    values = {"tokens": area(grid), "full": full, "kept": kept, "executed": executed}
    return "sparse", values | {"kept_share": 100 * kept / full, "executed_share": 100 * executed / full}
