"""What a model is: a row of values, without Keras.

A model is a stem, stages of blocks, and a head. A block is a *token mixer* (who talks to whom) and a *channel mixer*
(what each position does alone), put together in one of a few *kinds*, each of them a function of `zoo.plan`. What flows
between blocks is a grid (B, H, W, C) and, where a model has them, extra tokens (B, E, C).
"""

import contextlib
import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from tf_models.errors import LabError

Kind = Literal["plain", "bottleneck", "separable", "inverted", "one_residual", "two_residuals", "mobilevit"]
Mixer = Literal["identity", "pool", "depthwise", "convolution", "unshared", "static",
                "linear_attention", "attention", "window", "sliding", "token_mlp"]  # fmt: skip
Channel = Literal["on", "off", "activation", "linear"]  # the values of the switch `ffn`
Activation = Literal["relu", "relu6", "gelu", "silu"]
Norm = Literal["layer", "batch", "none"]
Position = Literal["none", "learned", "sincos", "permuted_sincos", "relative", "local"]
Shuffle = Literal["none", "pixels", "patches", "inside"]
Start = Literal["he", "glorot"]
Family = Literal["convolution", "attention", "hybrid", "mlp"]

BLOCK_KINDS: tuple[Kind, ...] = get_args(Kind)
MIXERS: tuple[Mixer, ...] = get_args(Mixer)
CHANNEL_MIXERS: tuple[Channel, ...] = get_args(Channel)
NORMS: tuple[Norm, ...] = get_args(Norm)
POSITIONS: tuple[Position, ...] = get_args(Position)
SHUFFLES: tuple[Shuffle, ...] = get_args(Shuffle)
STARTS: tuple[Start, ...] = get_args(Start)
CONVOLUTIONAL = frozenset({"bottleneck", "separable", "inverted"})  # kinds whose channel mixing is 1×1 convolutions
ATTENTION = ("linear_attention", "attention", "window", "sliding")  # mixers whose weights follow from the image
WITH_HEADS = ("static", *ATTENTION)
WITH_RELATIVE_POSITIONS = ("attention", "window", "sliding")
REACHING_EXTRA_TOKENS = ("linear_attention", "attention", "sliding")
SMALLEST_SIDE, LARGEST_SIDE = 8, 256  # pixels
SMALLEST_GRID = 4  # tokens that the automatic patch size leaves at least
LARGEST_PATCH = 16  # of the automatic patch size
MOST_PATCH, MOST_TOKENS = 32, 256  # where no patch covers the image exactly
SHORT_MOMENTUM = 0.9  # of batch norm: trainings of a few hundred steps are too short for the usual 0.99
UNFOLDED = 2  # MobileViT: positions at the same place of every 2×2 patch attend to each other


@dataclass(frozen=True, kw_only=True)
class Stem:
    """How pixels become the first grid.

    ``none`` (the pixels are the grid), ``patch`` (one convolution of `patch` × `patch` pixels with that stride) or
    ``convolution``: log₂(`patch`) convolutions of `kernel` × `kernel` with stride 2, each with norm and activation, the
    widths doubling up to `width`; then, with `project`, a 1×1 convolution (Xiao 2021); then, with `pool`, a 3×3
    max-pooling of stride 2.

    `patch` None is the automatic size: see `ModelSpec.patch`.
    """

    kind: Literal["none", "patch", "convolution"] = "none"
    width: int = 0
    patch: int | None = None
    position: Position = "none"  # a table added to the grid; relative positions belong to the blocks
    class_token: bool = False
    norm: Norm = "none"
    activation: Activation = "relu"
    kernel: int = 3
    bias: bool = False
    project: bool = False
    pool: bool = False
    smallest_patch: int = 2  # the automatic size starts here
    most_tokens: int = 144  # and leaves no more than so many


@dataclass(frozen=True, kw_only=True)
class Block:
    """One row. `width` is the number of channels that leave the block.

    `ffn_ratio` is the hidden width over the width: of the FFN; over what comes in for ``inverted``; and below 1 for
    ``bottleneck``. `window` 0 is the automatic size: see `counts.window_of`.
    """

    kind: Kind
    width: int
    mixer: Mixer
    channel: Channel
    activation: Activation
    norm: Norm
    ffn_ratio: float = 4.0
    heads: int = 4
    skip: bool = True
    kernel: int = 3  # of convolution, depthwise and pool
    bias: bool = False  # of convolutions before a norm
    stride_first: bool = False  # ``bottleneck``: the stride on the first 1×1 convolution (ResNet v1), not on the 3×3
    window: int = 0
    shift: bool = False  # ``window``: every second block of a stage shifts by half a window
    sliding: Literal["raster", "grid"] = "raster"  # what the sliding window slides over
    relative: bool = False  # learned biases by relative position, added to the attention scores
    local: bool = False  # these biases start where every head looks at one neighbour
    projected: bool = True  # ``attention``: values and output are projected; without, W_V = W_O = I
    ffn_layers: int = 2  # dense layers of the FFN
    token_ratio: float = 0.5  # ``token_mlp``: hidden width over the channels (Mixer: 384 over 768)
    layer_scale: bool = False
    inner_width: int = 0  # ``mobilevit``: channels and number of its Transformer blocks
    inner_depth: int = 0

    def hidden(self, width: int) -> int:
        """Hidden width of the two dense layers, or 1×1 convolutions, around `width` channels."""
        return max(1, round(width * self.ffn_ratio))

    def mixing_width(self, channels_in: int) -> int:
        """Channels that the token mixer works on, where so many come into the block."""
        match self.kind:
            case "bottleneck":
                return self.hidden(self.width)
            case "inverted":
                return self.hidden(channels_in)
            case "separable":
                return channels_in
            case "mobilevit":
                return self.inner_width
        return self.width


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Blocks on one grid. On the way in: `stride` of the first block, or `downsample` before it: ``merge``
    (concatenate 2×2 positions, norm, linear: Swin's patch merging) or ``convolution`` (norm, 2×2 convolution of stride
    2: ConvNeXt). On the way out: `pool`, 2×2 max-pooling.
    """

    blocks: tuple[Block, ...]
    pool: bool = False
    stride: int = 1
    downsample: Literal["none", "merge", "convolution"] = "none"


@dataclass(frozen=True, kw_only=True)
class Head:
    """From the last grid to the logits.

    A 1×1 convolution to `convolution` channels with norm and activation, where it is not 0; then `pool`: ``mean`` over
    the grid, the class ``token``, or ``flatten``; dense layers of `hidden` widths; a dense layer to the classes. `norm`
    acts before the pooling, with `norm_after_pool` after it.
    """

    norm: Norm = "none"
    pool: Literal["mean", "token", "flatten"] = "mean"
    norm_after_pool: bool = False
    convolution: int = 0
    hidden: tuple[int, ...] = ()
    activation: Activation = "relu"


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One architecture for one image size and number of classes.

    `input_shape` is (height, width, channels) of uint8 images; `dropout` acts before the classifier. `padding` is how
    strided convolutions are padded: ``same`` (TensorFlow: more at the bottom right) or ``symmetric`` (PyTorch). `blur`
    puts a blur (Zhang 2019) in place of every stride. `start` is how kernels start whose outputs go straight into a
    ReLU, all others start as Glorot's (He 2015: without a norm, Glorot's shrink what passes by √2 a layer).
    `shuffle` reorders every image in the same random way before anything sees it: all ``pixels``, whole ``patches``
    of `shuffled_patch` pixels, or the pixels ``inside`` every such patch. A stage whose stride would leave fewer
    than `smallest_grid` rows or columns keeps its grid. Regularisers of the published trainings (drop-path, dropout
    inside) are not part of the function and left out.
    """

    name: str
    family: Family
    stem: Stem
    stages: tuple[Stage, ...]
    head: Head = Head()
    input_shape: tuple[int, int, int] = (32, 32, 3)
    classes: int = 10
    dropout: float = 0.0
    padding: Literal["same", "symmetric"] = "same"
    blur: bool = False
    start: Start = "he"
    shuffle: Shuffle = "none"
    smallest_grid: int = 1
    layer_epsilon: float = 1e-6
    batch_epsilon: float = 1e-3
    batch_momentum: float = 0.99

    def __post_init__(self) -> None:
        height, width, channels = self.input_shape
        if not (min(height, width) >= SMALLEST_SIDE and max(height, width) <= LARGEST_SIDE and channels in (1, 3)):
            raise LabError("image_shape", height=height, width=width, channels=channels)
        if not 2 <= self.classes <= 1000:
            raise LabError("classes", value=self.classes)
        halvings = sum(stage.pool for stage in self.stages) + sum(s.downsample == "convolution" for s in self.stages)
        if min(height, width) < (minimum := 2**halvings * self.patch):
            values = {"height": height, "width": width, "stages": halvings, "variant": self.name, "minimum": minimum}
            raise LabError("image_too_small", **values)
        if self.stem.position.endswith("sincos") and self.stem.width % 4:
            raise LabError("sincos_width", width=self.stem.width)
        came = self.stem.width if self.stem.kind != "none" else channels
        for stage in self.stages:
            came = came if stage.downsample == "none" else stage.blocks[0].width
            for block in stage.blocks:
                mixed, came = block.mixing_width(came), block.width
                if block.mixer in WITH_HEADS and mixed % block.heads:
                    raise LabError("width_heads", width=mixed, heads=block.heads)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for stage in self.stages for block in stage.blocks)

    @property
    def patch(self) -> int:
        """Side of a patch in pixels: what the stem divides the image's sides by; 1 where it keeps the pixels.

        The automatic rule: the smallest patch that divides both sides (a stem of convolutions: the smallest power of
        two) and leaves 4 to `most_tokens` tokens. One-grid models start at 2 and leave 144 at most (8×8 → 2, 28×28 →
        4, 32×32 → 4, 48×40 → 4, 64×64 → 8), pyramids start at 1 and leave 256 (8×8 → 1, 28×28 → 2, 32×32 → 2,
        48×40 → 4, 64×64 → 4). Where there is none, the patch that leaves 4 to 256 tokens and passes over the fewest
        pixels at the right and the bottom (224×224 → 14, 97×97 → 8).
        """
        stem, (height, width, _) = self.stem, self.input_shape
        if stem.kind == "none":
            return 1
        if stem.patch is None:
            return automatic_patch(stem, height, width)
        if stem.kind == "convolution":
            if stem.patch & (stem.patch - 1):
                raise LabError("patch_not_a_power", patch=stem.patch)
            return stem.patch
        for side, size in (("height", height), ("width", width)):
            if size % stem.patch:
                raise LabError("patch_does_not_fit", side=side, size=size, patch=stem.patch, height=height, width=width)
        return stem.patch

    @property
    def shuffled_patch(self) -> int:
        """Side of the patches that `shuffle` moves or stirs: those of a one-grid model, whatever this one's stem is."""
        return whole_patch(Stem(kind="patch"), *self.input_shape[:2])

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the first grid, after the stem; what is left over beside whole patches is not seen."""
        whole = self.stem.kind == "patch"
        rows, columns = (side // self.patch if whole else math.ceil(side / self.patch) for side in self.input_shape[:2])
        return (math.ceil(rows / 2), math.ceil(columns / 2)) if self.stem.pool else (rows, columns)

    @property
    def fingerprint(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def automatic_patch(stem: Stem, height: int, width: int) -> int:
    """The patch that `stem` takes for an image: see `ModelSpec.patch`."""
    with contextlib.suppress(LabError):
        return whole_patch(stem, height, width)
    convolutions, fitting = stem.kind == "convolution", []
    for patch in range(stem.smallest_patch, MOST_PATCH + 1):
        rows, columns = (-(-side // patch) if convolutions else side // patch for side in (height, width))
        if SMALLEST_GRID <= rows * columns <= MOST_TOKENS and not (convolutions and patch & (patch - 1)):
            fitting.append((0 if convolutions else height * width - rows * columns * patch**2, patch))
    return min(fitting)[1]


def whole_patch(stem: Stem, height: int, width: int) -> int:
    """The smallest patch that covers the image exactly; raises `LabError` where there is none."""
    for patch in range(stem.smallest_patch, LARGEST_PATCH + 1):
        fits = not (patch & (patch - 1) if stem.kind == "convolution" else height % patch or width % patch)
        tokens = math.ceil(height / patch) * math.ceil(width / patch)
        if fits and SMALLEST_GRID <= tokens <= stem.most_tokens:
            return patch
    raise LabError("no_patch_fits", height=height, width=width, smallest=stem.smallest_patch, most=stem.most_tokens)


def map_blocks(stages: tuple[Stage, ...], **changes: object) -> tuple[Stage, ...]:
    """The same stages with these fields changed in every block."""
    return tuple(
        replace(stage, blocks=tuple(replace(block, **changes) for block in stage.blocks))  # pyright: ignore
        for stage in stages
    )
