"""A network as a graph of layers: every block is one short function that reads like its paper.

`plan` runs these functions against a `Recorder`. The rows that it returns are built by `training.build`, counted by
`parameters` and `macs`, drawn by *Anatomy*, and they name what *Feature maps* shows.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

from tf_models.zoo.counts import Layer, over
from tf_models.zoo.recorder import Recorder
from tf_models.zoo.spec import UNFOLDED, Block, ModelSpec

# The kinds of block. Each takes the recorder of its place, its row, and what flows in.


def plain(net: Recorder, block: Block, x: Layer) -> Layer:
    """conv → (norm) → ReLU: VGG and every textbook CNN."""
    return net.channel(net.norm(net.mixer(x, channels=block.width), "mixer_norm"))


def bottleneck(net: Recorder, block: Block, x: Layer) -> Layer:
    """ReLU(x + expand(mixer(reduce(x)))): 1×1, 3×3, 1×1 convolution, the middle one narrow (ResNet, He 2016)."""
    first, second = (net.stride, 1) if block.stride_first else (1, net.stride)
    y = net.active(net.convolution(x, "reduce", block.mixing_width(x.channels), stride=first), "reduce")
    y = net.active(net.mixer(y, second, bias=net.bias), "mixer")
    y = net.convolution(net.blurred(y, "blur", net.stride), "expand", block.width)
    y = net.tap(net.norm(y, "expand_norm"), "channel")
    if block.skip and (net.stride > 1 or x.channels != block.width):  # a 1×1 convolution fits x
        x = net.blurred(x, "shortcut_blur", net.stride)
        x = net.norm(net.convolution(x, "shortcut", block.width, stride=net.stride), "shortcut_norm")
    return net.tap(net.activation(net.add(x, y), "activation"), "out")


def separable(net: Recorder, block: Block, x: Layer) -> Layer:
    """depthwise → norm → activation, then 1×1 convolution → norm → activation (MobileNet V1, Howard 2017)."""
    x = net.active(net.mixer(x, net.stride, bias=net.bias), "mixer")
    x = net.convolution(net.blurred(x, "blur", net.stride), "channel", block.width)
    return net.tap(net.active(x, "channel"), "channel", "out")


def inverted(net: Recorder, block: Block, x: Layer) -> Layer:
    """x + contract(mixer(expand(x))), the middle one wide, no activation after the contraction; x only where its shape
    stays (MobileNetV2, Sandler 2018).
    """
    y, hidden = x, block.mixing_width(x.channels)
    if hidden != x.channels:
        y = net.active(net.convolution(x, "expand", hidden), "expand")
    y = net.active(net.mixer(y, net.stride, bias=net.bias), "mixer")
    y = net.convolution(net.blurred(y, "blur", net.stride), "contract", block.width)
    y = net.tap(net.norm(y, "contract_norm"), "channel")
    return net.tap(net.add(x, y) if net.stride == 1 and x.channels == block.width else y, "out")


def one_residual(net: Recorder, block: Block, x: Layer) -> Layer:
    """x + scale · channel(norm(mixer(x))) (ConvNeXt, Liu 2022)."""
    y = net.mixer(x)
    if block.channel != "off":
        y = net.channel(net.norm(y, "mixer_norm"))
    y = net.record("scale", "scale", y, role="norm") if block.layer_scale else y
    return net.tap(net.add(x, y), "out")


def two_residuals(net: Recorder, block: Block, x: Layer) -> Layer:
    """x = x + mixer(norm(x)), then x = x + channel(norm(x)): the pre-norm Transformer block (ViT, Swin, MLP-Mixer).

    Without a channel mixer, the whole second line goes.
    """
    x = net.add(x, net.mixer(net.norm(x, "mixer_norm")))
    if block.channel != "off":
        x = net.add(x, net.channel(net.norm(x, "channel_norm")))
    return net.tap(x, "out")


def mobilevit(net: Recorder, block: Block, x: Layer) -> Layer:
    """Convolutions, Transformer blocks on the four grids of the unfolded 2×2 patches, folded back and fused with the
    input (MobileViT, Mehta 2022).
    """
    y = net.active(net.convolution(x, "local", x.channels, 3, role="mixer"), "local")
    y = net.tap(net.convolution(y, "project", block.inner_width, bias=False), "local")
    y = net.record("unfold", "unfold", y, grid=over(y.grid, UNFOLDED), unfolded=y.grid)
    norm = "none" if block.norm == "none" else "layer"  # whatever norm the convolutions have
    inner = replace(block, kind="two_residuals", width=block.inner_width, norm=norm)
    for n in range(1, block.inner_depth + 1):
        y = two_residuals(net.inside(f"inner{n}", inner, n), inner, y)
    y = net.record("fold", "fold", net.norm(y, "inner_norm", norm), grid=y.unfolded, unfolded=None)
    y = net.active(net.convolution(y, "restore", x.channels), "restore")
    y = net.record("concatenate", "both", x, y, channels=2 * x.channels)
    return net.tap(net.active(net.convolution(y, "fuse", block.width, 3, role="mixer"), "fuse"), "out")


BLOCKS: dict[str, Callable[[Recorder, Block, Layer], Layer]] = {
    "plain": plain,
    "bottleneck": bottleneck,
    "separable": separable,
    "inverted": inverted,
    "one_residual": one_residual,
    "two_residuals": two_residuals,
    "mobilevit": mobilevit,
}

# From pixels to the first grid, between stages, and to the logits.


def stem(net: Recorder, x: Layer) -> Layer:
    spec, row = net.spec, net.spec.stem
    x = net.record("rescale", "stem.rescale", x)
    if spec.shuffle != "none":
        x = net.record("shuffle", "stem.shuffle", x, kind=spec.shuffle)
    if row.kind == "patch":
        x = net.convolution(x, "stem.patch", row.width, spec.patch, spec.patch, "stem", valid=True)
        x = net.norm(x, "stem.norm", row.norm)
    elif row.kind == "convolution":
        bias, steps = row.bias or row.norm == "none", max(1, spec.patch.bit_length() - 1)
        stride = min(2, spec.patch)
        for n in range(1, steps + 1):
            width = row.width if spec.patch == 1 else max(4, row.width >> (steps - n))
            x = net.convolution(x, f"stem.convolution{n}", width, row.kernel, stride, "stem", bias=bias)
            x = net.activation(net.norm(x, f"stem.norm{n}", row.norm), f"stem.activation{n}", row.activation)
            x = net.blurred(x, f"stem.blur{n}", stride)
        if row.project:
            x = net.convolution(x, "stem.project", row.width, role="stem")
        if row.pool:  # what comes in is not negative, so that zeros pad as well as minus infinity
            x = net.blurred(net.slide("max_pool", "stem.pool", x, 3, 2), "stem.pool_blur", 2)
    if row.class_token:
        x = net.record("class_token", "stem.class_token", x, kind=row.position, extra=1, role="stem")
    if row.position != "none":
        x = net.record("position", "stem.position", x, kind=row.position, role="stem")
    return net.tap(x, "stem")


def downsample(net: Recorder, kind: str, width: int, x: Layer) -> Layer:
    """Half the rows and columns before a stage: Swin's patch merging, or ConvNeXt's 2×2 convolution of stride 2."""
    if kind == "merge":
        x = net.record("merge", "downsample_merge", x, grid=over(x.grid, 2), channels=4 * x.channels)
        x = net.norm(x, "downsample_norm")
        x = net.record("dense", "downsample", x, channels=width, bias=False, role="downsample")
    else:
        x, valid = net.norm(x, "downsample_norm"), not net.spec.blur
        x = net.convolution(x, "downsample", width, 2, 2, "downsample", bias=True, valid=valid)
        x = net.blurred(x, "downsample_blur", 2)
    return net.tap(x, "downsample")


def pool(net: Recorder, x: Layer) -> Layer:
    """2×2 max-pooling, which drops an odd last row; a blur keeps it."""
    x = net.slide("max_pool", "pool", x, 2, 2, valid=not net.spec.blur)
    return net.tap(net.blurred(x, "pool_blur", 2), "pool")


def head(net: Recorder, x: Layer) -> Layer:
    spec, row = net.spec, net.spec.head
    if row.convolution:
        x = net.convolution(x, "head.convolution", row.convolution, role="head", bias=row.norm == "none")
    if row.pool != "token" and not row.norm_after_pool:
        x = net.norm(x, "head.norm", row.norm)
    if row.convolution:
        x = net.activation(x, "head.activation", row.activation)
    channels = x.grid[0] * x.grid[1] * x.channels if row.pool == "flatten" else x.channels
    x = net.record(row.pool, f"head.{row.pool}", x, grid=(1, 1), channels=channels, extra=0)
    if row.pool == "token" or row.norm_after_pool:
        x = net.norm(x, "head.norm", row.norm)
    for n, width in enumerate(row.hidden, 1):
        x = net.record("dense", f"head.hidden{n}", x, channels=width, role="head")
        x = net.activation(x, f"head.hidden{n}_activation", row.activation)
    net.tap(x, "features")
    if spec.dropout:
        x = net.record("dropout", "head.dropout", x)
    return net.tap(net.record("classifier", "head.logits", x, channels=spec.classes, role="head"), "logits")


@lru_cache(maxsize=512)
def plan(spec: ModelSpec) -> tuple[Layer, ...]:
    """Every layer from the image to the logits, each after those whose output it takes."""
    net = Recorder(spec)
    x = stem(net, net.image())
    for s, stage in enumerate(spec.stages, 1):
        if stage.downsample != "none":
            x = downsample(net.inside(f"stage{s}", stage.blocks[0]), stage.downsample, stage.blocks[0].width, x)
        for b, block in enumerate(stage.blocks, 1):
            fits = b == 1 and math.ceil(min(x.grid) / stage.stride) >= spec.smallest_grid
            last = (s, b) == (len(spec.stages), len(stage.blocks))
            place = net.inside(f"stage{s}.block{b}", block, b, stage.stride if fits else 1)
            place = replace(place, extra_is_read=not last or spec.head.pool == "token")
            x = BLOCKS[block.kind](place, block, x)
        if stage.pool:
            x = pool(net.inside(f"stage{s}", stage.blocks[0]), x)
    head(net, x)
    return tuple(net.layers.values())


def parameters(spec: ModelSpec) -> int:
    """Trainable parameters."""
    return sum(layer.parameters for layer in plan(spec))


def macs(spec: ModelSpec) -> int:
    """Multiply-adds for one image."""
    return sum(layer.macs for layer in plan(spec))


def block_layers(spec: ModelSpec) -> list[tuple[Layer, ...]]:
    """The layers of every block, from first to last."""
    parts = groupby(plan(spec), key=lambda layer: layer.part)
    return [tuple(layers) for part, layers in parts if ".block" in part]


def levels(spec: ModelSpec) -> dict[str, Layer]:
    """The stem and what leaves each block, by the name of its tap, from the image to the head: what probes read."""
    stems = [layer for layer in plan(spec) if layer.part == "stem" and layer.taps and layer.op != "rescale"]
    ends = [[layer for layer in block if layer.taps][-1] for block in block_layers(spec)]
    return {layer.taps[-1]: layer for layer in (*stems, *ends)}
