"""A layer of a network as a row, and what it costs by closed formulas: parameters, multiply-adds, pairs of tokens."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tf_models.zoo.spec import REACHING_EXTRA_TOKENS, UNFOLDED, WITH_RELATIVE_POSITIONS, Block

WINDOW = 4  # automatic side of a window, positions
RASTER_WINDOW = 8  # automatic reach of a sliding window to each side, positions in raster order
GRID_WINDOW = 2  # automatic reach of a sliding window in two dimensions

Grid = tuple[int, int]  # rows and columns
Role = Literal["stem", "mixer", "channel", "norm", "downsample", "head", "none"]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One row of a plan. What flows out of it is a grid of `channels`, and `extra` tokens of as many channels.

    `path` is its name and that of its variables, `inputs` are the layers whose output it takes, `op` is what it does: a
    case of `training.build.keras_layer`. `role` is the part of the network to which its parameters count. `kind` says
    which of several: a norm, activation, position table, shuffle, or padding. `taps` are the names under which
    *Feature maps* shows its output. Inside ``mobilevit``, `unfolded` is the grid whose four parts flow as four images.
    """

    path: str
    op: str
    inputs: tuple[str, ...]
    grid_in: Grid
    grid: Grid
    channels_in: int
    channels: int
    extra_in: int = 0
    extra: int = 0
    role: Role = "none"
    kind: str = ""
    kernel: int = 1
    stride: int = 1
    bias: bool = True
    hidden: int = 0  # width between the dense layers of an FFN or token MLP
    block: Block | None = None  # the one that it stands in, or that follows it
    shifted: bool = False  # of windows
    unfolded: Grid | None = None
    taps: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """What it belongs to: image, stem, stage1.block2, stage2.downsample, stage1.pool or head."""
        first, *rest = self.path.split(".")
        return f"{first}.{rest[0].split('_')[0]}" if first.startswith("stage") else first

    @property
    def attention(self) -> str:
        """The tap that holds its weights, where it forms any: `grid` positions attend to each other."""
        return self.path.removesuffix("mixer") + "attention" if self.op in WITH_RELATIVE_POSITIONS else ""

    @property
    def parameters(self) -> int:
        """Trainable parameters."""
        return sum(weights + biases for _, weights, biases in self._maps) + self._tables

    @property
    def macs(self) -> int:
        """Multiply-adds for one image, of convolutions and matrix products that are executed: padded positions of
        windows included; norms, softmax, activations, pooling, blurs and resizing count nothing.
        """
        images = UNFOLDED**2 if self.unfolded else 1
        return images * (sum(positions * weights for positions, weights, _ in self._maps) + self.mixing_macs)

    @property
    def linear(self) -> int:
        """Linear maps in it: convolutions and dense layers; the two products of attention count as none."""
        return len(self._maps)

    @property
    def activations(self) -> int:
        """Pointwise nonlinearities in it."""
        match self.op:
            case "activation" | "token_mlp":
                return 1
            case "ffn" if self.kind != "linear":
                return max(1, self._block.ffn_layers - 1)
        return 0

    @property
    def mixing_macs(self) -> int:
        """Multiply-adds of attention without its dense layers: the scores, and the weighted sum of the values."""
        d, n, extra = self.channels, area(self.grid), self._extra_in
        match self.op:
            case "attention":
                return 2 * (n + extra) ** 2 * d
            case "linear_attention":  # KᵀV, its product with Q, and the normalisation
                return (n + extra) * (2 * d * (d // self._block.heads) + d)
            case "window":
                return 2 * executed_pairs(self._block, self.grid) * d
            case "sliding":
                queries, keys = _sliding(self._block, self.grid)
                return 2 * queries * (keys + extra) * d + 2 * self.extra * (n + extra) * d
            case "static":
                return n * n * d
        return 0

    @property
    def _maps(self) -> list[tuple[int, int, int]]:
        """Every linear map: the positions that it is applied to, its weights, its biases."""
        d, n, extra, square = self.channels, area(self.grid), self._extra_in, self.channels**2
        match self.op:
            case "convolution" | "dense" | "classifier":
                return [(n, self.kernel**2 * self.channels_in * d, self.bias * d)]
            case "depthwise":
                return [(n, self.kernel**2 * d, self.bias * d)]
            case "unshared":  # a kernel for every position
                return [(1, n * 9 * d, d)]
            case "static":  # value, output
                return [(n, square, d)] * 2
            case "token_mlp":  # over the positions, for every channel
                return [(d, n * self.hidden, self.hidden), (d, self.hidden * n, n)]
            case "ffn":
                widths = [d, *(self.hidden,) * (self._block.ffn_layers - 1), d]
                return [(n + self.extra, before * after, after) for before, after in pairwise(widths)]
            case "sliding":  # query, output; key, value; where the global tokens attend too, their own projections
                read = self.extra
                own = [(extra, square, d), (n + extra, square, d), (n + extra, square, d)] if read else []
                return [(n, square, d), (n + read, square, d)] + [(n + extra, square, d)] * 2 + own
            case "attention" | "linear_attention" | "window":
                return [(n + extra, square, d)] * (4 if self._block.projected else 2)
        return []

    @property
    def _tables(self) -> int:
        """Parameters that are no weights of a linear map."""
        d, n, learned = self.channels, area(self.grid), self.kind == "learned"
        match self.op:
            case "norm":
                return 2 * d
            case "scale":
                return d
            case "class_token":
                return (1 + learned) * d
            case "position":
                return n * d * learned
            case "static":
                return self._block.heads * n * n
            case "attention" | "window" | "sliding" if self._block.relative:
                return self._block.heads * math.prod(_offsets(self._block, self.grid))
        return 0

    @property
    def _block(self) -> Block:
        assert self.block is not None, self.path
        return self.block

    @property
    def _extra_in(self) -> int:
        """Extra tokens that its token mixer reaches."""
        return self.extra_in if self.op in REACHING_EXTRA_TOKENS else 0


def area(grid: Grid) -> int:
    return grid[0] * grid[1]


def over(grid: Grid, stride: int) -> Grid:
    """Rows and columns that a stride leaves."""
    return math.ceil(grid[0] / stride), math.ceil(grid[1] / stride)


def window_of(block: Block, grid: Grid) -> Grid:
    """Sides of a window, or reach of a sliding window (the same number twice), in positions.

    The automatic rule: windows of 4×4, of half the grid's shorter side (rounded up) where that is smaller, of the
    whole grid up to 3×3; a sliding window reaches 8 positions to each side in raster order, a quarter of all positions
    where that is smaller, or 2 rows and columns, a quarter of the shorter side where that is smaller.
    """
    rows, columns = grid
    shorter = min(grid)
    if block.mixer == "sliding":
        usual, length = (RASTER_WINDOW, rows * columns) if block.sliding == "raster" else (GRID_WINDOW, shorter)
        reach = block.window or min(usual, math.ceil(length / 4))
        return reach, reach
    side = block.window or (min(WINDOW, math.ceil(shorter / 2)) if shorter > 3 else shorter)
    return min(side, rows), min(side, columns)


def executed_pairs(block: Block, grid: Grid) -> int:
    """Pairs of positions whose scores are computed, padding included: at most about twice those that are kept."""
    if block.mixer == "attention":
        return area(grid) ** 2
    if block.mixer == "window":
        return math.prod(math.ceil(n / m) * m * m for n, m in zip(grid, window_of(block, grid), strict=True))
    return math.prod(_sliding(block, grid))


def kept_pairs(block: Block, grid: Grid, shifted: bool = False) -> int:
    """Pairs of positions that the mixer lets attend to each other."""
    if block.mixer == "attention":
        return area(grid) ** 2
    if block.mixer == "window":
        sides = zip(grid, window_of(block, grid), strict=True)
        return math.prod(sum(part**2 for part in _window_parts(n, m, shifted)) for n, m in sides)
    return math.prod(_band(n, window_of(block, grid)[0]) for n in _sides(block, grid))


def tile_of(sides: tuple[int, ...], reach: int) -> int:
    """Positions that share their keys in a sliding window: the most that execute at most twice the kept pairs."""
    for tile in range(reach, 1, -1):
        executed = math.prod(math.ceil(n / tile) * tile * _span(tile, reach) for n in sides)
        if executed <= 2 * math.prod(_band(n, reach) for n in sides):
            return tile
    return 1


def _sides(block: Block, grid: Grid) -> tuple[int, ...]:
    """What a sliding window slides over: all positions in raster order, or rows and columns."""
    return (area(grid),) if block.sliding == "raster" else grid


def _sliding(block: Block, grid: Grid) -> tuple[int, int]:
    """Queries, in whole tiles, and keys of each."""
    sides, reach = _sides(block, grid), window_of(block, grid)[0]
    tile = tile_of(sides, reach)
    return math.prod(math.ceil(n / tile) * tile for n in sides), _span(tile, reach) ** len(sides)


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
    return [after - before for before, after in pairwise([0, *edges, n])]


def _offsets(block: Block, grid: Grid) -> list[int]:
    """Relative positions along every axis, each of which has a bias."""
    if block.mixer == "sliding":
        return [2 * window_of(block, grid)[0] + 1 for _ in _sides(block, grid)]
    return [2 * side - 1 for side in (grid if block.mixer == "attention" else window_of(block, grid))]
