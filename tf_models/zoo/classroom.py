"""The classroom variants: the text's architectures, with the blocks of their publications, at a size that trains in
seconds on two cores.

Each has 170,000 to 250,000 parameters for 32×32×3 images and 10 classes. Patch and stem follow from the image by the
rule of `ModelSpec.patch`, windows by that of `window_of`; strides halve a grid as long as it can be halved.
"""

from dataclasses import replace
from functools import partial

from tf_models.zoo import families
from tf_models.zoo.families import isotropic, mobilevit_stages, pyramid, stages
from tf_models.zoo.spec import SHORT_MOMENTUM, Head, ModelSpec, Stage, Stem

_stem = partial(Stem, smallest_patch=1, most_tokens=256)  # of a pyramid
_with_batch_norm = partial(ModelSpec, batch_momentum=SHORT_MOMENTUM)
# Tokens see their neighbours in raster order, and one global token that sees all; the head reads the mean of the grid.
_longformer = replace(
    isotropic("longformer", mixer="sliding", depth=4, width=56, class_token=True), head=Head(norm="layer")
)

_VARIANTS = (
    pyramid("cnn", widths=(32, 64, 96), depths=(2, 2, 2)),
    pyramid("vgg", widths=(24, 48, 64), depths=(2, 2, 3), head=Head(pool="flatten", hidden=(64, 64))),
    _with_batch_norm(
        name="resnet",
        family="convolution",
        stem=_stem(kind="convolution", width=32, norm="batch"),
        stages=stages(families.BOTTLENECK, widths=(64, 128, 224), depths=(2, 2, 2), strides=(1, 2, 2)),
    ),
    _with_batch_norm(
        name="mobilenet_v1",
        family="convolution",
        stem=_stem(kind="convolution", width=32, norm="batch", activation="relu6"),
        stages=stages(families.SEPARABLE, widths=(64, 128, 256), depths=(1, 2, 3), strides=(1, 2, 2)),
    ),
    _with_batch_norm(
        name="mobilenet_v2",
        family="convolution",
        stem=_stem(kind="convolution", width=16, norm="batch", activation="relu6"),
        stages=stages(
            families.INVERTED,
            ffn_ratio=(1, 6, 6, 6),
            widths=(16, 24, 40, 72),
            depths=(1, 2, 2, 2),
            strides=(1, 1, 2, 2),
        ),
        head=Head(norm="batch", convolution=256, activation="relu6"),
    ),
    ModelSpec(
        name="convnext",
        family="convolution",
        stem=_stem(kind="patch", width=32, norm="layer"),
        stages=stages(families.CONVNEXT, widths=(32, 64, 96), depths=(2, 2, 1), downsample="convolution"),
        head=Head(norm="layer", norm_after_pool=True),
    ),
    isotropic("vit", mixer="attention", depth=4, width=64),
    ModelSpec(
        name="swin",
        family="attention",
        stem=_stem(kind="patch", width=20, norm="layer"),
        stages=stages(
            replace(families.SWIN, window=4),
            widths=(20, 40, 80),
            heads=(1, 2, 4),
            depths=(2, 2, 2),
            downsample="merge",
        ),
        head=Head(norm="layer"),
    ),
    _longformer,
    _with_batch_norm(
        name="mobilevit",
        family="hybrid",
        stem=_stem(kind="convolution", width=16, norm="batch", activation="silu"),
        stages=(
            Stage(blocks=(replace(families.MOBILEVIT_INVERTED, width=16),)),
            *mobilevit_stages(widths=(32, 40), inner_widths=(48, 56), depths=(2, 2)),
        ),
        head=Head(norm="batch", convolution=128, activation="silu"),
        smallest_grid=4,  # unfolded, 2×2 positions are the fewest that can attend to each other
    ),
    isotropic("mixer", mixer="token_mlp", depth=4, width=72, position="none", family="mlp"),
)
CLASSROOM: dict[str, ModelSpec] = {spec.name: spec for spec in _VARIANTS}
