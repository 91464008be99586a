"""The classroom variants: the text's architectures, with the blocks of their publications, at a size that trains in
seconds on two cores.

Each has 170,000 to 250,000 parameters for 32×32×3 images and 10 classes. Patch and stem follow from the image by the
rule of `ModelSpec.patch`, windows by that of `window_of`; strides halve a grid as long as it can be halved.
"""

from dataclasses import replace
from functools import partial

from tf_models.zoo.spec import SHORT_MOMENTUM, Block, Head, ModelSpec, Stage, Stem, isotropic, pyramid

pyramid_stem = partial(Stem, smallest_patch=1, most_tokens=256)


def _resnet() -> ModelSpec:
    row = Block(
        kind="bottleneck",
        width=64,
        mixer="convolution",
        channel="activation",
        activation="relu",
        norm="batch",
        ffn_ratio=0.25,
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width),) * 2, stride=stride) for width, stride in ((64, 1), (128, 2), (224, 2))
    )
    stem = pyramid_stem(kind="convolution", width=32, norm="batch")
    return ModelSpec(name="resnet", family="convolution", stem=stem, stages=stages, batch_momentum=SHORT_MOMENTUM)


def _mobilenet_v1() -> ModelSpec:
    row = Block(
        kind="separable", width=32, mixer="depthwise", channel="on", activation="relu6", norm="batch", skip=False
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width),) * depth, stride=stride)
        for width, depth, stride in ((64, 1, 1), (128, 2, 2), (256, 3, 2))
    )
    stem = pyramid_stem(kind="convolution", width=32, norm="batch", activation="relu6")
    return ModelSpec(name="mobilenet_v1", family="convolution", stem=stem, stages=stages, batch_momentum=SHORT_MOMENTUM)


def _mobilenet_v2() -> ModelSpec:
    row = Block(
        kind="inverted", width=16, mixer="depthwise", channel="on", activation="relu6", norm="batch", ffn_ratio=6
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width, ffn_ratio=ratio),) * depth, stride=stride)
        for ratio, width, depth, stride in ((1, 16, 1, 1), (6, 24, 2, 1), (6, 40, 2, 2), (6, 72, 2, 2))
    )
    stem = pyramid_stem(kind="convolution", width=16, norm="batch", activation="relu6")
    head = Head(norm="batch", convolution=256, activation="relu6")
    return ModelSpec(
        name="mobilenet_v2", family="convolution", stem=stem, stages=stages, head=head, batch_momentum=SHORT_MOMENTUM
    )


def _convnext() -> ModelSpec:
    row = Block(
        kind="one_residual",
        width=32,
        mixer="depthwise",
        channel="on",
        activation="gelu",
        norm="layer",
        kernel=7,
        layer_scale=True,
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width),) * depth, downsample="none" if width == 32 else "convolution")
        for width, depth in ((32, 2), (64, 2), (96, 1))
    )
    stem = pyramid_stem(kind="patch", width=32, norm="layer")
    return ModelSpec(
        name="convnext", family="convolution", stem=stem, stages=stages, head=Head(norm="layer", norm_after_pool=True)
    )


def _swin() -> ModelSpec:
    row = Block(
        kind="two_residuals",
        width=20,
        mixer="window",
        channel="on",
        activation="gelu",
        norm="layer",
        window=4,
        shift=True,
        relative=True,
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width, heads=width // 20),) * 2, downsample="none" if width == 20 else "merge")
        for width in (20, 40, 80)
    )
    return ModelSpec(
        name="swin",
        family="attention",
        stem=pyramid_stem(kind="patch", width=20, norm="layer"),
        stages=stages,
        head=Head(norm="layer"),
    )


def _longformer() -> ModelSpec:
    """A Transformer whose tokens see their neighbours in raster order, and one global token that sees all."""
    spec = isotropic("longformer", mixer="sliding", depth=4, width=56, class_token=True)
    return replace(spec, head=Head(norm="layer"))


def _mobilevit() -> ModelSpec:
    inverted = Block(
        kind="inverted", width=16, mixer="depthwise", channel="on", activation="silu", norm="batch", ffn_ratio=4
    )
    mixed = Block(
        kind="mobilevit", width=32, mixer="attention", channel="on", activation="silu", norm="batch", ffn_ratio=2
    )
    rows = tuple(
        Stage(blocks=(replace(inverted, width=c), replace(mixed, width=c, inner_width=d, inner_depth=2)), stride=2)
        for c, d in ((32, 48), (40, 56))
    )
    return ModelSpec(
        name="mobilevit",
        family="hybrid",
        stem=pyramid_stem(kind="convolution", width=16, norm="batch", activation="silu"),
        stages=(Stage(blocks=(inverted,)), *rows),
        head=Head(norm="batch", convolution=128, activation="silu"),
        smallest_grid=4,  # unfolded, 2×2 positions are the fewest that can attend to each other
        batch_momentum=SHORT_MOMENTUM,
    )


CLASSROOM: dict[str, ModelSpec] = {
    "cnn": pyramid("cnn", widths=(32, 64, 96), depths=(2, 2, 2)),
    "vgg": pyramid("vgg", widths=(24, 48, 64), depths=(2, 2, 3), head=Head(pool="flatten", hidden=(64, 64))),
    "resnet": _resnet(),
    "mobilenet_v1": _mobilenet_v1(),
    "mobilenet_v2": _mobilenet_v2(),
    "convnext": _convnext(),
    "vit": isotropic("vit", mixer="attention", depth=4, width=64),
    "swin": _swin(),
    "longformer": _longformer(),
    "mobilevit": _mobilevit(),
    "mixer": isotropic("mixer", mixer="token_mlp", depth=4, width=72, position="none", family="mlp"),
}
