"""Where parameters and multiply-adds sit, by closed formulas, without building a model."""

from collections.abc import Iterator
from dataclasses import dataclass

from tf_models.zoo.spec import Block, ModelSpec


@dataclass(frozen=True)
class Item:
    """One layer: trainable `parameters`, and `macs` for one image.

    MACs count the multiply-adds of convolutions and matrix products that are executed; norms, softmax, activations
    and pooling count nothing. `role` is stem, mixer, channel, norm or head.
    """

    path: str
    role: str
    parameters: int
    macs: int


def inventory(spec: ModelSpec) -> tuple[Item, ...]:
    """Every layer with weights or MACs, from the image to the logits."""
    return tuple(_walk(spec))


def parameters(spec: ModelSpec) -> int:
    """Trainable parameters."""
    return sum(item.parameters for item in _walk(spec))


def macs(spec: ModelSpec) -> int:
    """Multiply-adds for one image."""
    return sum(item.macs for item in _walk(spec))


def _walk(spec: ModelSpec) -> Iterator[Item]:
    (rows, columns), channels = spec.grid, spec.input_shape[2]
    tokens = rows * columns
    if spec.stem.kind == "patch":
        width = spec.stem.width
        extra = 1 if spec.stem.class_token else 0
        yield Item(
            "stem.patch", "stem", (spec.patch**2 * channels + 1) * width, tokens * spec.patch**2 * channels * width
        )
        if extra:
            yield Item("stem.class_token", "stem", width, 0)
        if spec.stem.position == "learned":
            yield Item("stem.position", "stem", (tokens + extra) * width, 0)
        tokens, channels = tokens + extra, width
    for s, stage in enumerate(spec.stages, 1):
        for b, block in enumerate(stage.blocks, 1):
            yield from _block(f"stage{s}.block{b}", block, tokens, channels)
            channels = block.width
        if stage.pool:
            rows, columns = rows // 2, columns // 2
            tokens = rows * columns
    if spec.head_norm != "none":
        yield Item("head.norm", "norm", 2 * channels, 0)
    yield Item("head.logits", "head", (channels + 1) * spec.classes, channels * spec.classes)


def _block(path: str, block: Block, tokens: int, channels: int) -> Iterator[Item]:
    """`channels` come in, `block.width` go out; they differ only in ``plain`` blocks."""
    d, norm = block.width, 2 * block.width if block.norm != "none" else 0
    if norm:
        yield Item(f"{path}.mixer_norm", "norm", norm, 0)
    match block.mixer:
        case "attention":  # four projections, then QKᵀ and the weighted sum
            yield Item(f"{path}.mixer", "mixer", 4 * (d * d + d), tokens * 4 * d * d + 2 * tokens * tokens * d)
        case "convolution":
            yield Item(f"{path}.mixer", "mixer", (9 * channels + 1) * d, tokens * 9 * channels * d)
        case "depthwise":
            yield Item(f"{path}.mixer", "mixer", 10 * d, tokens * 9 * d)
    if block.kind == "plain" or block.channel == "off":
        return
    if norm:
        yield Item(f"{path}.channel_norm", "norm", norm, 0)
    if block.channel in ("on", "linear"):
        hidden = hidden_width(block)
        yield Item(f"{path}.channel", "channel", 2 * d * hidden + hidden + d, tokens * 2 * d * hidden)


def hidden_width(block: Block) -> int:
    """Width between the FFN's two dense layers."""
    return max(1, round(block.width * block.ffn_ratio))
