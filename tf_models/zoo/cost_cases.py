"""What the experiment ``cost`` compares, and the multiply-adds that it counts: closed formulas, nothing is run."""

from dataclasses import replace

from tf_models.probes.cost import slope
from tf_models.zoo.counts import executed_pairs
from tf_models.zoo.families import TRANSFORMER, stack
from tf_models.zoo.plan import macs, plan
from tf_models.zoo.published import PUBLISHED
from tf_models.zoo.spec import Block, ModelSpec, map_blocks

WIDTH, HEADS = 192, 3  # of DeiT-Ti
GRIDS = {64: (8, 8), 128: (8, 16), 256: (16, 16), 512: (16, 32), 1024: (32, 32), 2048: (32, 64), 4096: (64, 64)}
SIZES = tuple(n for n in GRIDS if n >= 256)  # tokens between which slopes are fitted

_row = replace(TRANSFORMER, width=WIDTH, heads=HEADS, norm="none")
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
    spec = stack(CASES[case], input_shape=(*GRIDS[tokens], 1), patch=1)
    role = "channel" if case == "ffn" else "mixer"
    layer = next(layer for layer in plan(spec) if layer.role == role)
    return layer.mixing_macs if role == "mixer" and layer.mixing_macs else layer.macs


def core_macs(spec: ModelSpec) -> int:
    """Multiply-adds of the scores and weighted sums of all attention in a network."""
    return sum(layer.mixing_macs for layer in plan(spec))


def cost_facts() -> dict[str, tuple[float, str]]:
    """The counted figures of ``cost``, with their units."""
    vit, swin = PUBLISHED["vit_b16"], PUBLISHED["swin_tiny"]
    positions = vit.grid[0] * vit.grid[1] + 1  # the class token attends too
    ffn = next(layer.macs for layer in plan(vit) if layer.role == "channel")
    quadratic = core_macs(vit)
    everywhere = replace(swin, stages=map_blocks(swin.stages, mixer="attention", relative=False, shift=False))
    window = replace(swin.blocks[0], width=vit.blocks[0].width)
    slopes = {
        f"slope.macs.{case}": (float(slope(SIZES, [case_macs(case, n) for n in SIZES])), "slope") for case in SLOPES
    }
    return slopes | {
        # both are proportional to n: FFN = ffn · n / positions, core = quadratic · n² / positions² over all blocks
        "crossover.vit_b16": (ffn / positions / (quadratic / len(vit.blocks) / positions**2), "count"),
        "quadratic_share.vit_b16": (quadratic / macs(vit), "share"),
        "window_saving.swin_t": (core_macs(everywhere) / core_macs(swin), "ratio"),
        "window_saving.1024": (1024**2 / executed_pairs(window, GRIDS[1024]), "ratio"),
    }
