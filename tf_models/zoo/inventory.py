"""Where parameters and multiply-adds sit, by closed formulas, without building a model."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tf_models.zoo.spec import (
    REACHING_EXTRA_TOKENS,
    UNFOLDED,
    WITH_RELATIVE_POSITIONS,
    Block,
    ModelSpec,
    Place,
    hidden_width,
    inner_block,
    window_of,
)


@dataclass(frozen=True)
class Item:
    """One layer: trainable `parameters`, and `macs` for one image.

    MACs count the multiply-adds of convolutions and matrix products that are executed, padded positions of windows
    included; norms, softmax, activations, pooling, blurs and resizing count nothing. `role` is stem, mixer, channel,
    norm, downsample or head. `linear` counts the linear maps in it (convolutions, dense layers; the two products of
    attention count as none), `activations` the pointwise nonlinearities behind them.
    """

    path: str
    role: str
    parameters: int
    macs: int
    linear: int = 0
    activations: int = 0


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
    extra = 1 if spec.stem.class_token else 0
    yield from _stem(spec, extra)
    places = spec.places
    for place in places:
        stage = spec.stages[place.stage - 1]
        if place.number == 1 and stage.downsample != "none":
            coming = places[places.index(place) - 1].block.width if place.stage > 1 else spec.stem.width
            yield from _downsample(spec, place, coming)
        last = place is places[-1]
        yield from _block(place, extra, 0 if last and spec.head.pool != "token" else extra)

    channels, (rows, columns) = places[-1].block.width, spec.last_grid
    head = spec.head
    if head.convolution:
        bias = head.norm == "none"
        yield _pointwise("head.convolution", "head", channels, head.convolution, rows * columns, bias, act=1)
        channels = head.convolution
    yield from _norm("head.norm", head.norm, channels)
    if head.pool == "flatten":
        channels *= rows * columns
    for index, width in enumerate(head.hidden, 1):
        yield _pointwise(f"head.hidden{index}", "head", channels, width, 1, act=1)
        channels = width
    yield _pointwise("head.logits", "head", channels, spec.classes, 1)


def _pointwise(path: str, role: str, before: int, after: int, tokens: int, bias: bool = True, act: int = 0) -> Item:
    """A dense layer, or 1×1 convolution, on every position."""
    return Item(path, role, (before + bias) * after, tokens * before * after, 1, act)


def _convolution(
    path: str, role: str, side: int, before: int, after: int, tokens: int, bias: bool = True, act: int = 0
) -> Item:
    return Item(path, role, (side * side * before + bias) * after, tokens * side * side * before * after, 1, act)


def _norm(path: str, kind: str, channels: int) -> Iterator[Item]:
    if kind != "none":
        yield Item(path, "norm", 2 * channels, 0)


def _stem(spec: ModelSpec, extra: int) -> Iterator[Item]:
    stem, (height, width, channels) = spec.stem, spec.input_shape
    rows, columns = spec.grid
    if stem.kind == "patch":
        yield _convolution("stem.patch", "stem", spec.patch, channels, stem.width, rows * columns)
        yield from _norm("stem.norm", stem.norm, stem.width)
    elif stem.kind == "convolution":
        for index, (after, stride) in enumerate(stem_convolutions(spec), 1):
            # a blurred convolution runs at stride 1
            executed = height * width if spec.blur else math.ceil(height / stride) * math.ceil(width / stride)
            height, width = math.ceil(height / stride), math.ceil(width / stride)
            bias = stem.bias or stem.norm == "none"
            path = f"stem.convolution{index}"
            yield _convolution(path, "stem", stem.kernel, channels, after, executed, bias, act=1)
            yield from _norm(f"stem.norm{index}", stem.norm, after)
            channels = after
        if stem.project:
            yield _pointwise("stem.project", "stem", channels, stem.width, height * width)
    if extra:
        yield Item("stem.class_token", "stem", (2 if stem.position == "learned" else 1) * stem.width, 0)
    if stem.position == "learned":
        yield Item("stem.position", "stem", rows * columns * stem.width, 0)


def stem_convolutions(spec: ModelSpec) -> list[tuple[int, int]]:
    """(width, stride) of every convolution of a ``convolution`` stem."""
    steps = spec.patch.bit_length() - 1
    if steps == 0:
        return [(spec.stem.width, 1)]
    return [(max(4, spec.stem.width >> (steps - 1 - step)), 2) for step in range(steps)]


def _downsample(spec: ModelSpec, place: Place, before: int) -> Iterator[Item]:
    path, (rows, columns), after = f"stage{place.stage}.downsample", place.grid_in, place.channels_in
    norm = spec.stages[place.stage - 1].blocks[0].norm
    if spec.stages[place.stage - 1].downsample == "merge":
        yield from _norm(f"{path}_norm", norm, 4 * before)
        yield _pointwise(path, "downsample", 4 * before, after, rows * columns, bias=False)
        return
    yield from _norm(f"{path}_norm", norm, before)
    executed = rows * columns
    if spec.blur:  # at stride 1, on the grid before
        previous = spec.places[spec.places.index(place) - 1].grid if place.stage > 1 else spec.grid
        executed = previous[0] * previous[1]
    yield _convolution(path, "downsample", 2, before, after, executed)


def _block(place: Place, extra: int, extra_out: int) -> Iterator[Item]:
    """`extra` tokens come in; `extra_out` is how many of them anything later reads."""
    block, path, before, after = place.block, place.path, place.channels_in, place.block.width
    tokens = _area(place.grid)
    bias, hidden = block.bias or block.norm == "none", hidden_width(block, before)
    match block.kind:
        case "plain":
            yield _convolution(f"{path}.mixer", "mixer", 3, before, after, tokens, act=int(block.channel != "off"))
            yield from _norm(f"{path}.mixer_norm", block.norm, after)
        case "bottleneck":
            reduced = tokens if block.stride_first else _area(place.grid_in)
            yield _pointwise(f"{path}.reduce", "channel", before, hidden, reduced, bias, act=1)
            yield from _norm(f"{path}.reduce_norm", block.norm, hidden)
            yield _mixer(f"{path}.mixer", block, hidden, place.mixing_grid, bias=bias, act=1)
            yield from _norm(f"{path}.mixer_norm", block.norm, hidden)
            # the ReLU behind the addition
            yield _pointwise(f"{path}.expand", "channel", hidden, after, tokens, bias, act=1)
            yield from _norm(f"{path}.expand_norm", block.norm, after)
            if block.skip and (place.stride > 1 or before != after):
                yield _pointwise(f"{path}.shortcut", "channel", before, after, tokens, bias)
                yield from _norm(f"{path}.shortcut_norm", block.norm, after)
        case "separable":
            yield _mixer(f"{path}.mixer", block, before, place.mixing_grid, bias=bias, act=1)
            yield from _norm(f"{path}.mixer_norm", block.norm, before)
            yield _pointwise(f"{path}.channel", "channel", before, after, tokens, bias, act=1)
            yield from _norm(f"{path}.channel_norm", block.norm, after)
        case "inverted":
            if hidden != before:
                yield _pointwise(f"{path}.expand", "channel", before, hidden, _area(place.grid_in), bias, act=1)
                yield from _norm(f"{path}.expand_norm", block.norm, hidden)
            yield _mixer(f"{path}.mixer", block, hidden, place.mixing_grid, bias=bias, act=1)
            yield from _norm(f"{path}.mixer_norm", block.norm, hidden)
            yield _pointwise(f"{path}.contract", "channel", hidden, after, tokens, bias)
            yield from _norm(f"{path}.contract_norm", block.norm, after)
        case "one_residual":
            yield _mixer(f"{path}.mixer", block, after, place.mixing_grid)
            yield from _channel(path, "mixer_norm", block, tokens)
            if block.layer_scale:
                yield Item(f"{path}.scale", "norm", after, 0)
        case "two_residuals":
            yield from _two_residuals(path, block, place.grid, extra, extra_out)
        case "mobilevit":
            inner, width = inner_block(block), block.inner_width
            yield _convolution(f"{path}.local", "mixer", 3, before, before, tokens, bias, act=1)
            yield from _norm(f"{path}.local_norm", block.norm, before)
            yield _pointwise(f"{path}.project", "channel", before, width, tokens, bias=False)
            for index in range(1, block.inner_depth + 1):
                for item in _two_residuals(f"{path}.inner{index}", inner, place.mixing_grid, 0, 0):
                    yield replace(item, macs=item.macs * UNFOLDED**2)
            yield from _norm(f"{path}.inner_norm", inner.norm, width)
            yield _pointwise(f"{path}.restore", "channel", width, before, tokens, bias, act=1)
            yield from _norm(f"{path}.restore_norm", block.norm, before)
            yield _convolution(f"{path}.fuse", "mixer", 3, 2 * before, after, tokens, bias, act=1)
            yield from _norm(f"{path}.fuse_norm", block.norm, after)


def _area(grid: tuple[int, int]) -> int:
    return grid[0] * grid[1]


def _two_residuals(path: str, block: Block, grid: tuple[int, int], extra: int, extra_out: int) -> Iterator[Item]:
    yield from _norm(f"{path}.mixer_norm", block.norm, block.width)
    yield _mixer(f"{path}.mixer", block, block.width, grid, extra, extra_out)
    yield from _channel(path, "channel_norm", block, _area(grid) + extra_out)


def _channel(path: str, norm: str, block: Block, tokens: int) -> Iterator[Item]:
    """Norm and channel mixer of a block with one or two residuals; `ffn=off` leaves out both."""
    if block.channel == "off":
        return
    yield from _norm(f"{path}.{norm}", block.norm, block.width)
    if block.channel == "activation":
        yield Item(f"{path}.channel", "channel", 0, 0, 0, 1)
        return
    d, hidden = block.width, hidden_width(block)
    widths = [d, *(hidden,) * (block.ffn_layers - 1), d]
    products = sum(before * after for before, after in pairwise(widths))
    active = max(1, block.ffn_layers - 1) if block.channel == "on" else 0
    yield Item(f"{path}.channel", "channel", products + sum(widths[1:]), tokens * products, block.ffn_layers, active)


def _mixer(
    path: str,
    block: Block,
    d: int,
    grid: tuple[int, int],
    extra: int = 0,
    extra_out: int = 0,
    bias: bool = True,
    act: int = 0,
) -> Item:
    """The token mixer on `d` channels. `grid` is what leaves it; with a stride, what came in was larger."""
    tokens = _area(grid)
    n = tokens + extra
    weights = products = linear = 0
    match block.mixer:
        case "convolution":
            return _convolution(path, "mixer", block.kernel, d, d, tokens, bias, act)
        case "depthwise":
            weights, products, linear = (block.kernel**2 + bias) * d, tokens * block.kernel**2 * d, 1
        case "unshared":
            weights, products, linear = (tokens * 9 + 1) * d, tokens * 9 * d, 1
        case "static":
            weights = 2 * (d * d + d) + block.heads * tokens**2
            products, linear = tokens * 2 * d * d + tokens**2 * d, 2
        case "token_mlp":
            hidden = max(1, round(d * block.token_ratio))
            weights = 2 * tokens * hidden + hidden + tokens
            products, linear = d * 2 * tokens * hidden, 2
            act += 1
        case "attention" | "linear_attention" | "window" | "sliding":
            if block.mixer not in REACHING_EXTRA_TOKENS:
                n, extra = tokens, 0
            linear = 4 if block.projected else 2
            weights = linear * (d * d + d) + _relative_biases(block, grid)
            products = n * linear * d * d + _attention_products(block, d, grid, extra)
            if block.mixer == "sliding" and extra_out:  # global tokens that attend: projections of their own
                weights += 3 * (d * d + d)
                products += 2 * n * d * d + 2 * extra * n * d
                linear += 3
            elif block.mixer == "sliding":  # those that nothing reads: keys and values alone
                products -= 2 * extra * d * d
    return Item(path, "mixer", weights, products, linear, act)


def _attention_products(block: Block, d: int, grid: tuple[int, int], extra: int) -> int:
    """Multiply-adds of QKᵀ and of the weighted sum, for all that attend as the positions do."""
    n = _area(grid) + extra
    match block.mixer:
        case "attention":
            return 2 * n * n * d
        case "linear_attention":  # KᵀV, its product with Q, and the normalisation
            return 2 * n * d * (d // block.heads) + n * d
        case "window":
            return 2 * executed_pairs(block, grid) * d
    queries, keys = _sliding(block, grid)
    return 2 * queries * (keys + extra) * d


def executed_pairs(block: Block, grid: tuple[int, int]) -> int:
    """Pairs of positions whose scores are computed, padding included: at most about twice those that are kept."""
    if block.mixer == "attention":
        return _area(grid) ** 2
    if block.mixer == "window":
        sides = window_of(block, grid)
        return math.prod(math.ceil(n / m) * m * m for n, m in zip(grid, sides, strict=True))
    return math.prod(_sliding(block, grid))


def _sliding(block: Block, grid: tuple[int, int]) -> tuple[int, int]:
    """Queries, in whole tiles, and keys of each."""
    reach = window_of(block, grid)[0]
    sides = (_area(grid),) if block.sliding == "raster" else grid
    tile = tile_of(sides, reach)
    return math.prod(math.ceil(n / tile) * tile for n in sides), _span(tile, reach) ** len(sides)


def kept_pairs(block: Block, grid: tuple[int, int], shifted: bool = False) -> int:
    """Pairs of positions that the mixer lets attend to each other."""
    rows, columns = grid
    if block.mixer == "attention":
        return _area(grid) ** 2
    if block.mixer == "window":
        return math.prod(
            sum(part * part for part in _window_parts(n, m, shifted))
            for n, m in zip(grid, window_of(block, grid), strict=True)
        )
    reach = window_of(block, grid)[0]
    sides = (rows * columns,) if block.sliding == "raster" else grid
    return math.prod(_band(n, reach) for n in sides)


def tile_of(sides: tuple[int, ...], reach: int) -> int:
    """Positions that share their keys in a sliding window: the most that execute at most twice the kept pairs."""
    for tile in range(reach, 1, -1):
        executed = math.prod(math.ceil(n / tile) * tile * _span(tile, reach) for n in sides)
        if executed <= 2 * math.prod(_band(n, reach) for n in sides):
            return tile
    return 1


def _span(tile: int, reach: int) -> int:
    """Keys of one tile: whole tiles to both sides, as far as the window reaches."""
    return (2 * math.ceil(reach / tile) + 1) * tile


def _band(n: int, reach: int) -> int:
    """Pairs at most `reach` apart among n positions in a row."""
    reach = min(reach, n - 1)
    return n * (2 * reach + 1) - reach * (reach + 1)


def _window_parts(n: int, side: int, shifted: bool) -> list[int]:
    """Lengths of the pieces, along one axis, inside which positions attend to each other."""
    shift = side // 2 if shifted and n > side else 0
    edges = [edge for edge in range(shift, n, side) if edge > 0]
    return [b - a for a, b in zip([0, *edges], [*edges, n], strict=True)]


def _relative_biases(block: Block, grid: tuple[int, int]) -> int:
    if not block.relative or block.mixer not in WITH_RELATIVE_POSITIONS:
        return 0
    if block.mixer == "attention":
        sides = grid
    elif block.mixer == "window":
        sides = window_of(block, grid)
    else:
        reach = window_of(block, grid)[0]
        return block.heads * (2 * reach + 1) ** (1 if block.sliding == "raster" else 2)
    return block.heads * math.prod(2 * side - 1 for side in sides)
