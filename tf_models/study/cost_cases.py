"""What the experiment ``cost`` compares, and the multiply-adds that it counts: closed formulas, nothing is run."""

from dataclasses import replace
from functools import cache

from tf_models.probes.cost import slope
from tf_models.statistics.effects import Measure
from tf_models.study.configurations import formula
from tf_models.zoo import PUBLISHED, inventory, macs
from tf_models.zoo.inventory import executed_pairs
from tf_models.zoo.spec import Block, Head, ModelSpec, Stage, Stem, map_blocks

WIDTH, HEADS = 192, 3  # of DeiT-Ti
GRIDS = {64: (8, 8), 128: (8, 16), 256: (16, 16), 512: (16, 32), 1024: (32, 32), 2048: (32, 64), 4096: (64, 64)}
SIZES = tuple(n for n in GRIDS if n >= 256)  # tokens between which slopes are fitted

_row = Block(
    kind="two_residuals", width=WIDTH, mixer="attention", channel="on", activation="gelu", norm="none", heads=HEADS
)
# Attention counts without its four dense layers: scores, softmax and weighted sum alone. ``masked`` keeps the pairs of
# ``banded``, but works out all of them.
CASES: dict[str, Block] = {
    "attention_core": _row,
    "masked": replace(_row, relative=True),
    "banded": replace(_row, mixer="sliding", sliding="raster"),
    "window": replace(_row, mixer="window"),
    "convolution": replace(_row, mixer="convolution"),
    "depthwise": replace(_row, mixer="depthwise"),
    "ffn": _row,
}
SLOPES = ("attention_core", "banded", "window", "convolution", "masked")


def case_macs(case: str, tokens: int) -> int:
    """Multiply-adds of one layer for one image, forward."""
    rows, columns = GRIDS[tokens]
    spec = ModelSpec(
        name="one",
        family="attention",
        stem=Stem(kind="patch", width=WIDTH, patch=1),
        stages=(Stage(blocks=(CASES[case],)),),
        head=Head(),
        input_shape=(rows, columns, 1),
        classes=2,
    )
    role = "channel" if case == "ffn" else "mixer"
    counted = next(item.macs for item in inventory(spec) if item.role == role)
    return counted - (4 * tokens * WIDTH**2 if case in ("attention_core", "masked", "banded", "window") else 0)


def core_macs(spec: ModelSpec) -> int:
    """Multiply-adds of the scores and weighted sums of all attention in a network without a class token's extras."""
    places = {f"{place.path}.mixer": place for place in spec.places}
    tokens = {path: place.grid[0] * place.grid[1] + spec.stem.class_token for path, place in places.items()}
    return sum(
        item.macs - 4 * tokens[item.path] * places[item.path].block.width ** 2
        for item in inventory(spec)
        if item.path in places
    )


@cache
def cost_formulas() -> dict[str, Measure]:
    """The counted measures of ``cost``."""
    vit, swin = PUBLISHED["vit_b16"], PUBLISHED["swin_tiny"]
    positions = vit.grid[0] * vit.grid[1] + 1  # the class token attends too
    width, blocks = vit.blocks[0].width, len(vit.blocks)
    ffn = next(item.macs for item in inventory(vit) if item.role == "channel")
    quadratic = core_macs(vit)
    everywhere = replace(swin, stages=map_blocks(swin.stages, mixer="attention", relative=False, shift=False))
    window = replace(swin.blocks[0], width=width)
    found = {f"slope.macs.{case}": float(slope(SIZES, [case_macs(case, n) for n in SIZES])) for case in SLOPES}
    measures = {name: formula(value, "slope") for name, value in found.items()}
    return measures | {
        # both are proportional to n: FFN = ffn · n / positions, core = quadratic · n² / positions² over all blocks
        "crossover.vit_b16": formula(ffn / positions / (quadratic / blocks / positions**2), "count"),
        "quadratic_share.vit_b16": formula(quadratic / macs(vit), "share"),
        "window_saving.swin_t": formula(core_macs(everywhere) / core_macs(swin), "ratio"),
        "window_saving.1024": formula(1024**2 / executed_pairs(window, GRIDS[1024]), "ratio"),
    }
