"""`ModelSpec` → `keras.Model` with named taps."""

import keras

from tf_models.layers.channels import FeedForward
from tf_models.layers.mixers import Attention, grid_mixer
from tf_models.layers.stems import ClassToken, Position
from tf_models.zoo.inventory import hidden_width
from tf_models.zoo.spec import Block, ModelSpec


class Network(keras.Model):
    """A functional model from uint8 images (B, H, W, channels) to logits (B, classes).

    `taps` names what flows inside: ``stem``; for every block ``stageS.blockB.mixer`` and ``.channel`` (the sub-block's
    output before it is added to the residual), ``.attention`` (weights, (B, heads, n, n)) and ``.out``;
    ``stageS.pool``; ``features`` (B, C) and ``logits``. Grids are (B, H, W, C).
    """

    taps: dict


def build(spec: ModelSpec) -> Network:
    """The untrained network of `spec`. Start its weights with `training.initialize.start`."""
    taps: dict = {}
    image = keras.Input(spec.input_shape, dtype="uint8", name="image")
    grid = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="stem.rescale")(image)
    extra = None
    if spec.stem.kind == "patch":
        patch = spec.patch
        grid = keras.layers.Conv2D(spec.stem.width, patch, strides=patch, name="stem.patch")(grid)
        if spec.stem.class_token:
            extra = ClassToken(spec.stem.position == "learned", name="stem.class_token")(grid)
        if spec.stem.position != "none":
            grid = Position(spec.stem.position, name="stem.position")(grid)
    taps["stem"] = grid
    for s, stage in enumerate(spec.stages, 1):
        for b, block in enumerate(stage.blocks, 1):
            grid, extra = BLOCK_KINDS[block.kind](block, grid, extra, f"stage{s}.block{b}", taps)
        if stage.pool:
            grid = taps[f"stage{s}.pool"] = keras.layers.MaxPooling2D(2, name=f"stage{s}.pool")(grid)

    norm = _norm(spec.head_norm, "head.norm")
    if extra is not None:
        features = norm(extra)[:, 0]  # (B, C)
    else:
        features = keras.layers.GlobalAveragePooling2D(name="head.mean")(norm(grid))
    taps["features"] = features
    if spec.dropout:
        features = keras.layers.Dropout(spec.dropout, name="head.dropout")(features)
    # float32 also under mixed precision: the loss is computed from these.
    logits = keras.layers.Dense(spec.classes, dtype="float32", name="head.logits")(features)
    taps["logits"] = logits
    model = Network(image, logits, name=spec.name)
    model.taps = taps
    return model


def _norm(kind: str, name: str) -> keras.layers.Layer:
    match kind:
        case "layer":
            return keras.layers.LayerNormalization(epsilon=1e-6, name=name)
        case "batch":
            return keras.layers.BatchNormalization(name=name)
    return keras.layers.Identity(name=name)


def _each(layer, grid, extra):
    """A position-wise layer on the grid and, with the same weights, on the extra tokens."""
    return layer(grid), None if extra is None else layer(extra)


def _mix(block: Block, grid, extra, path: str, taps: dict):
    if block.mixer == "attention":
        grid, taps[f"{path}.attention"], *extras = Attention(block.heads, name=f"{path}.mixer")(grid, extra)
        extra = extras[0] if extras else None
    else:
        grid = grid_mixer(block.mixer, block.width, f"{path}.mixer")(grid)  # extra tokens pass unmixed
    taps[f"{path}.mixer"] = grid
    return grid, extra


def _channel(block: Block, name: str) -> keras.layers.Layer:
    match block.channel:
        case "on":
            return FeedForward(hidden_width(block), block.activation, name=name)
        case "linear":
            return FeedForward(hidden_width(block), "linear", name=name)
    return keras.layers.Activation(block.activation, name=name)


def plain(block: Block, grid, extra, path: str, taps: dict):
    """conv → (norm) → ReLU."""
    grid, extra = _mix(block, grid, extra, path, taps)
    grid = _channel(block, f"{path}.channel")(_norm(block.norm, f"{path}.mixer_norm")(grid))
    taps[f"{path}.channel"] = grid
    return grid, extra


def two_residuals(block: Block, grid, extra, path: str, taps: dict):
    """x + mixer(norm(x)), then x + channel(norm(x)); `ffn=off` leaves out the second line whole."""

    def join(x, y):
        return keras.layers.add([x, y]) if block.skip else y

    mixed, mixed_extra = _mix(block, *_each(_norm(block.norm, f"{path}.mixer_norm"), grid, extra), path, taps)
    grid, extra = join(grid, mixed), None if extra is None else join(extra, mixed_extra)
    if block.channel != "off":
        normed = _each(_norm(block.norm, f"{path}.channel_norm"), grid, extra)
        changed, changed_extra = _each(_channel(block, f"{path}.channel"), *normed)
        taps[f"{path}.channel"] = changed
        grid, extra = join(grid, changed), None if extra is None else join(extra, changed_extra)
    taps[f"{path}.out"] = grid
    return grid, extra


BLOCK_KINDS = {"plain": plain, "two_residuals": two_residuals}
