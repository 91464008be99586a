"""Which pixels a unit of a network can depend on at all: its theoretical receptive field, from the rows of the plan."""

import math
from collections.abc import Mapping

from tf_models.probes.receptive_field import field
from tf_models.zoo.counts import Grid, Layer, window_of
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import REACHING_EXTRA_TOKENS, UNFOLDED, ModelSpec

Span = tuple[int, int]  # first and last position along one axis
Spans = tuple[Span, Span]  # rows and columns
EVERYWHERE = ("attention", "linear_attention", "static", "token_mlp")


def receptive_field(spec: ModelSpec, tap: str) -> Spans:
    """First and last row, first and last column of the pixels that the middle unit of a tap can depend on.

    The smallest rectangle that holds them, inside the image. Of an even side the unit behind the middle counts.
    Attention and token MLPs reach the whole grid, windows their window; a global token that has seen the grid once
    brings all of it.

    Raises `KeyError` for a tap that is no grid of the spec's plan.
    """
    rows = {row.path: row for row in plan(spec)}
    found = next((row for row in rows.values() if tap in row.taps and row.part != "head"), None)
    if found is None:
        raise KeyError(tap)
    whole = _whole(spec.input_shape[:2])
    if spec.shuffle != "none":  # the pixels of a neighbourhood come from everywhere
        return whole
    down, right = found.grid[0] // 2, found.grid[1] // 2
    needed = {found.path: ((down, down), (right, right))}
    for row in reversed(rows.values()):  # what takes a layer's output comes before it here
        if row.path in needed and row.op != "image":
            came = _through(needed[row.path], row, rows)
            needed |= {path: _hull(came, needed.get(path, came)) for path in row.inputs}
    vertical, horizontal = needed["image"]
    return _inside(vertical, whole[0][1]), _inside(horizontal, whole[1][1])


def _hull(one: Spans, other: Spans) -> Spans:
    (top, bottom), (left, right) = ((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(one, other, strict=True))
    return (top, bottom), (left, right)


def _through(spans: Spans, row: Layer, rows: Mapping[str, Layer]) -> Spans:
    """What one layer needs of what comes in, for these positions of what leaves it."""
    if row.op in EVERYWHERE or _reads_a_global_token(row, rows):
        return _whole(row.grid_in)
    if row.op == "sliding":
        return _sliding(spans, row)
    return _along(spans[0], row, 0), _along(spans[1], row, 1)


def _along(span: Span, row: Layer, axis: int) -> Span:
    """`_through` along one axis, for what treats the axes alike."""
    first, last = span = _inside(span, row.grid[axis] - 1)
    match row.op:
        case "window":
            return _window(span, row, axis)
        case "fold":  # the grids of every second position lie side by side
            return first // UNFOLDED, last // UNFOLDED
        case "unfold":
            resized = row.grid_in[axis] != UNFOLDED * row.grid[axis]
            return first * UNFOLDED - resized, (last + 1) * UNFOLDED - 1 + resized
    return field(first, last, [_step(row, axis)])


def _step(row: Layer, axis: int) -> tuple[int, int, int]:
    """(kernel, stride, padding before) of what slides; (1, 1, 0) for what each position does alone."""
    match row.op:
        case "convolution" | "depthwise" | "pool" | "max_pool":
            before = 0
            if row.kind == "same":  # TensorFlow pads the end more
                side = row.grid_in[axis]
                before = max((math.ceil(side / row.stride) - 1) * row.stride + row.kernel - side, 0) // 2
            return row.kernel, row.stride, before
        case "unshared":
            return 3, 1, 1
        case "pad":
            return 1, 1, row.kernel // 2
        case "blur":
            return 3, 2, 1
        case "every_second":
            return 1, row.stride, 0
        case "merge":
            return 2, 2, 0
    return 1, 1, 0


def _window(span: Span, row: Layer, axis: int) -> Span:
    """From the first to the last position of the windows in which a span lies."""
    assert row.block is not None
    side, length = window_of(row.block, row.grid)[axis], row.grid[axis]
    shift = side // 2 if row.shifted and length > side else 0
    edges = sorted({0, *range(shift, length, side), length})
    starts = [edge for edge in edges if edge <= span[0]]
    return starts[-1], next(edge for edge in edges if edge > span[1]) - 1


def _sliding(spans: Spans, row: Layer) -> Spans:
    assert row.block is not None
    reach, (rows, columns) = window_of(row.block, row.grid)[0], row.grid
    (top, bottom), (left, right) = (_inside(span, side - 1) for span, side in zip(spans, row.grid, strict=True))
    if row.block.sliding == "grid":
        return (top - reach, bottom + reach), (left - reach, right + reach)
    first, last = max(0, top * columns + left - reach), min(rows * columns - 1, bottom * columns + right + reach)
    if first // columns == last // columns:
        return (top, bottom), (first % columns, last % columns)
    return (first // columns, last // columns), (0, columns - 1)


def _reads_a_global_token(row: Layer, rows: Mapping[str, Layer]) -> bool:
    """Whether it reads extra tokens that an earlier layer has already filled from the whole grid."""
    earlier = list(rows.values())[: list(rows).index(row.path)]
    reading = row.extra_in and row.op in REACHING_EXTRA_TOKENS
    return bool(reading) and any(other.extra and other.op in REACHING_EXTRA_TOKENS for other in earlier)


def _whole(grid: Grid) -> Spans:
    return (0, grid[0] - 1), (0, grid[1] - 1)


def _inside(span: Span, end: int) -> Span:
    return max(0, span[0]), min(end, span[1])
