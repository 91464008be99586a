"""What networks of one family share, at classroom and at published size: the row of a block, and how stages follow."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from tf_models.zoo.spec import Block, Family, Head, Mixer, ModelSpec, Position, Stage, Stem

PLAIN = Block(
    kind="plain", mixer="convolution", channel="activation", activation="relu", norm="none", width=64, skip=False
)
BOTTLENECK = replace(PLAIN, kind="bottleneck", norm="batch", skip=True, ffn_ratio=0.25)
SEPARABLE = Block(
    kind="separable", mixer="depthwise", channel="on", activation="relu6", norm="batch", width=64, skip=False
)
INVERTED = replace(SEPARABLE, kind="inverted", skip=True, ffn_ratio=6)
TRANSFORMER = Block(kind="two_residuals", mixer="attention", channel="on", activation="gelu", norm="layer", width=64)
SWIN = replace(TRANSFORMER, mixer="window", shift=True, relative=True)
CONVNEXT = replace(TRANSFORMER, kind="one_residual", mixer="depthwise", kernel=7, layer_scale=True)
MOBILEVIT_INVERTED = replace(INVERTED, activation="silu", ffn_ratio=4)
MOBILEVIT = replace(TRANSFORMER, kind="mobilevit", activation="silu", norm="batch", ffn_ratio=2)


def stages(
    row: Block,
    *,
    widths: Sequence[int],
    depths: Sequence[int],
    strides: Sequence[int] = (),
    downsample: Literal["none", "merge", "convolution"] = "none",
    pool: bool = False,
    **fields: Sequence[Any],
) -> tuple[Stage, ...]:
    """Stages of `depths` equal blocks. `strides` and further `fields` of the block have a value for each stage;
    `downsample` stands before every stage but the first.
    """
    found = []
    for s, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        block = replace(row, width=width, **{name: values[s] for name, values in fields.items()})
        stride, before = strides[s] if strides else 1, downsample if s else "none"
        found.append(Stage(blocks=(block,) * depth, stride=stride, downsample=before, pool=pool))
    return tuple(found)


def mobilevit_stages(*, widths: Sequence[int], inner_widths: Sequence[int], depths: Sequence[int]) -> tuple[Stage, ...]:
    """Each an inverted residual of stride 2, then a ``mobilevit`` block with so many Transformer blocks inside."""
    return tuple(
        Stage(
            blocks=(
                replace(MOBILEVIT_INVERTED, width=width),
                replace(MOBILEVIT, width=width, inner_width=inner, inner_depth=depth),
            ),
            stride=2,
        )
        for width, inner, depth in zip(widths, inner_widths, depths, strict=True)
    )


def isotropic(
    name: str,
    *,
    mixer: Mixer,
    depth: int,
    width: int,
    heads: int = 4,
    patch: int | None = None,
    class_token: bool = False,
    position: Position = "learned",
    family: Family = "attention",
) -> ModelSpec:
    """Patches, then `depth` equal pre-norm blocks (Dosovitskiy 2021, section 3.1); the head reads the class token
    where there is one.
    """
    block = replace(TRANSFORMER, mixer=mixer, width=width, heads=heads)
    return ModelSpec(
        name=name,
        family=family,
        stem=Stem(kind="patch", width=width, patch=patch, position=position, class_token=class_token),
        stages=(Stage(blocks=(block,) * depth),),
        head=Head(norm="layer", pool="token" if class_token else "mean"),
    )


def pyramid(name: str, *, widths: Sequence[int], depths: Sequence[int], head: Head | None = None) -> ModelSpec:
    """In each stage some times conv 3×3 → ReLU, a 2×2 max-pooling after it."""
    rows = stages(PLAIN, widths=widths, depths=depths, pool=True)
    return ModelSpec(name=name, family="convolution", stem=Stem(), stages=rows, head=head or Head())


def stack(
    block: Block, depth: int = 1, *, input_shape: tuple[int, int, int], patch: int | None = None, classes: int = 10
) -> ModelSpec:
    """Equal blocks between patches (or, without `patch`, the pixels) and the mean over the grid; no positions, no norm
    outside the blocks: what experiments without training are about.
    """
    stem = Stem(kind="patch", width=block.width, patch=patch) if patch else Stem()
    rows = (Stage(blocks=(block,) * depth),)
    return ModelSpec(name="stack", family="attention", stem=stem, stages=rows, input_shape=input_shape, classes=classes)
