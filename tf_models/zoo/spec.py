"""What a model is: a row of values, without Keras.

A model is a stem, stages of blocks, and a head. A block is a *token mixer* (who talks to whom) followed by a *channel
mixer* (what each position does alone), put together in one of a few *block kinds*:

- ``two_residuals``: x = x + mixer(norm(x)), then x = x + channel(norm(x)): the pre-norm Transformer block.
- ``plain``: x = channel(norm(mixer(x))): conv, then ReLU, as in VGG and in every textbook CNN.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from tf_models.errors import LabError

MIXERS = ("identity", "pool", "depthwise", "convolution", "attention")
CHANNEL_MIXERS = ("on", "off", "activation", "linear")  # the values of the switch `ffn`
POSITIONS = ("none", "learned", "sincos")
NORMS = ("layer", "batch", "none")
SMALLEST_SIDE, LARGEST_SIDE = 8, 256  # pixels
SMALLEST_GRID, LARGEST_GRID = 4, 144  # tokens that the automatic patch size aims between


@dataclass(frozen=True)
class Stem:
    """How pixels become the first grid: ``patch`` (strided convolution) or ``none`` (the pixels are the grid).

    `patch` None means: the smallest patch that fits, see `ModelSpec.patch`.
    """

    kind: str = "none"
    width: int = 0
    patch: int | None = None
    position: str = "none"
    class_token: bool = False


@dataclass(frozen=True)
class Block:
    kind: str
    width: int
    mixer: str
    channel: str
    activation: str
    norm: str
    ffn_ratio: float = 4.0
    heads: int = 4
    skip: bool = True


@dataclass(frozen=True)
class Stage:
    blocks: tuple[Block, ...]
    pool: bool = False  # 2×2 max-pooling after the last block


@dataclass(frozen=True)
class ModelSpec:
    """One architecture for one image size and number of classes.

    `input_shape` is (height, width, channels) of uint8 images; `dropout` acts before the classifier.
    """

    name: str
    family: str
    stem: Stem
    stages: tuple[Stage, ...]
    head_norm: str = "none"
    input_shape: tuple[int, int, int] = (32, 32, 3)
    classes: int = 10
    dropout: float = 0.0

    def __post_init__(self) -> None:
        height, width, channels = self.input_shape
        if not (min(height, width) >= SMALLEST_SIDE and max(height, width) <= LARGEST_SIDE and channels in (1, 3)):
            raise LabError("image_shape", height=height, width=width, channels=channels)
        if not 2 <= self.classes <= 1000:
            raise LabError("classes", value=self.classes)
        pools = sum(stage.pool for stage in self.stages)
        if min(height, width) < 2**pools:
            raise LabError(
                "image_too_small", height=height, width=width, stages=pools, variant=self.name, minimum=2**pools
            )
        for block in self.blocks:
            if block.mixer == "attention" and block.width % block.heads:
                raise LabError("width_heads", width=block.width, heads=block.heads)
        if self.stem.position == "sincos" and self.stem.width % 4:
            raise LabError("sincos_width", width=self.stem.width)
        if self.stem.kind == "patch":
            _ = self.patch  # refuses an image that cannot be cut

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for stage in self.stages for block in stage.blocks)

    @property
    def patch(self) -> int:
        """Side of a patch in pixels; 1 where the stem keeps the pixels.

        The automatic rule: the smallest patch from 2 to 16 that divides both sides and leaves 4 to 144 tokens
        (8×8 → 2, 28×28 → 4, 32×32 → 4, 48×40 → 4, 64×64 → 8).
        """
        height, width, _ = self.input_shape
        if self.stem.kind != "patch":
            return 1
        if self.stem.patch is None:
            for patch in range(2, 17):
                fits = height % patch == 0 and width % patch == 0
                if fits and SMALLEST_GRID <= (height // patch) * (width // patch) <= LARGEST_GRID:
                    return patch
            raise LabError("no_patch_fits", height=height, width=width)
        for side, size in (("height", height), ("width", width)):
            if size % self.stem.patch:
                raise LabError(
                    "patch_does_not_fit", side=side, size=size, patch=self.stem.patch, height=height, width=width
                )
        return self.stem.patch

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the first grid, after the stem."""
        height, width, _ = self.input_shape
        return height // self.patch, width // self.patch

    @property
    def fingerprint(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def isotropic(
    name: str,
    mixer: str,
    depth: int,
    width: int,
    heads: int = 4,
    patch: int | None = None,
    class_token: bool = False,
    position: str = "learned",
    family: str = "attention",
) -> ModelSpec:
    """Patches, then `depth` equal pre-norm blocks (Dosovitskiy 2021, section 3.1)."""
    block = Block("two_residuals", width, mixer, channel="on", activation="gelu", norm="layer", heads=heads)
    return ModelSpec(
        name=name,
        family=family,
        stem=Stem("patch", width, patch, position, class_token),
        stages=(Stage((block,) * depth),),
        head_norm="layer",
    )


def pyramid(name: str, widths: tuple[int, ...], depth: int) -> ModelSpec:
    """`depth` times conv 3×3 → ReLU in each stage, a 2×2 max-pooling after it."""

    def stage(width: int) -> Stage:
        block = Block("plain", width, "convolution", channel="activation", activation="relu", norm="none", skip=False)
        return Stage((block,) * depth, pool=True)

    return ModelSpec(name=name, family="convolution", stem=Stem(), stages=tuple(stage(width) for width in widths))


def map_blocks(stages: tuple[Stage, ...], **changes: object) -> tuple[Stage, ...]:
    """The same stages with these fields changed in every block."""
    return tuple(
        replace(stage, blocks=tuple(replace(block, **changes) for block in stage.blocks))  # pyright: ignore
        for stage in stages
    )
