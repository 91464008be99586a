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
    row = Block("bottleneck", 64, "convolution", "activation", "relu", "batch", ffn_ratio=0.25)
    stages = tuple(
        Stage((replace(row, width=width),) * 2, stride=stride) for width, stride in ((64, 1), (128, 2), (224, 2))
    )
    stem = pyramid_stem("convolution", 32, norm="batch")
    return ModelSpec("resnet", "convolution", stem, stages, batch_momentum=SHORT_MOMENTUM)


def _mobilenet_v1() -> ModelSpec:
    row = Block("separable", 32, "depthwise", "on", "relu6", "batch", skip=False)
    stages = tuple(
        Stage((replace(row, width=width),) * depth, stride=stride)
        for width, depth, stride in ((64, 1, 1), (128, 2, 2), (256, 3, 2))
    )
    stem = pyramid_stem("convolution", 32, norm="batch", activation="relu6")
    return ModelSpec("mobilenet_v1", "convolution", stem, stages, batch_momentum=SHORT_MOMENTUM)


def _mobilenet_v2() -> ModelSpec:
    row = Block("inverted", 16, "depthwise", "on", "relu6", "batch", ffn_ratio=6)
    stages = tuple(
        Stage((replace(row, width=width, ffn_ratio=ratio),) * depth, stride=stride)
        for ratio, width, depth, stride in ((1, 16, 1, 1), (6, 24, 2, 1), (6, 40, 2, 2), (6, 72, 2, 2))
    )
    stem = pyramid_stem("convolution", 16, norm="batch", activation="relu6")
    head = Head("batch", convolution=256, activation="relu6")
    return ModelSpec("mobilenet_v2", "convolution", stem, stages, head, batch_momentum=SHORT_MOMENTUM)


def _convnext() -> ModelSpec:
    row = Block("one_residual", 32, "depthwise", "on", "gelu", "layer", kernel=7, layer_scale=True)
    stages = tuple(
        Stage((replace(row, width=width),) * depth, downsample=downsample)
        for width, depth, downsample in ((32, 2, "none"), (64, 2, "convolution"), (96, 1, "convolution"))
    )
    stem = pyramid_stem("patch", 32, norm="layer")
    return ModelSpec("convnext", "convolution", stem, stages, Head("layer", norm_after_pool=True))


def _swin() -> ModelSpec:
    row = Block("two_residuals", 20, "window", "on", "gelu", "layer", window=4, shift=True, relative=True)
    stages = tuple(
        Stage((replace(row, width=width, heads=width // 20),) * 2, downsample="none" if width == 20 else "merge")
        for width in (20, 40, 80)
    )
    return ModelSpec("swin", "attention", pyramid_stem("patch", 20, norm="layer"), stages, Head("layer"))


def _longformer() -> ModelSpec:
    """A Transformer whose tokens see their neighbours in raster order, and one global token that sees all."""
    spec = isotropic("longformer", "sliding", depth=4, width=56, class_token=True)
    return replace(spec, head=Head("layer"))


def _mobilevit() -> ModelSpec:
    inverted = Block("inverted", 16, "depthwise", "on", "silu", "batch", ffn_ratio=4)
    mixed = Block("mobilevit", 32, "attention", "on", "silu", "batch", ffn_ratio=2)
    rows = tuple(
        Stage((replace(inverted, width=c), replace(mixed, width=c, inner_width=d, inner_depth=2)), stride=2)
        for c, d in ((32, 48), (40, 56))
    )
    return ModelSpec(
        "mobilevit",
        "hybrid",
        pyramid_stem("convolution", 16, norm="batch", activation="silu"),
        (Stage((inverted,)), *rows),
        Head("batch", convolution=128, activation="silu"),
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
