"""`ModelSpec` → `keras.Model` with named taps: every row of the plan becomes one Keras layer."""

import math

import keras
from keras import ops

from tf_models.layers.channels import FeedForward
from tf_models.layers.grids import Blur, EverySecond, Fold, LayerScale, Merge, Shuffle, SideBySide, Unfold
from tf_models.layers.mixers import token_mixer
from tf_models.layers.stems import ClassToken, Position
from tf_models.zoo.counts import Layer
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import REACHING_EXTRA_TOKENS, ModelSpec


class Network(keras.Model):
    """A functional model from uint8 images (B, H, W, channels) to logits (B, classes).

    `taps` names what flows inside: ``stem``; for every block ``stageS.blockB.mixer`` and ``.channel`` (the sub-block's
    output before it is added to the residual), ``.attention`` (weights: (B, h, n, n) for ``attention``, see the mixers'
    classes for the sparse ones) and ``.out``; ``stageS.downsample`` and ``.pool``; ``features`` (B, C) and ``logits``.
    Grids are (B, H, W, C). Inside a ``mobilevit`` block the Transformer's taps are ``.innerN.mixer`` and so on, on the
    folded grid, with the attention of its four unfolded grids side by side (B, 4·h, n, n).

    `flows` has the grid that leaves every row of the plan, by the row's path; inside a ``mobilevit`` block it is (4·B,
    H, W, C).
    """

    taps: dict
    flows: dict
    into_relu: frozenset[str]  # names of the layers whose kernels start as He's: see `ModelSpec.start`


def build(spec: ModelSpec) -> Network:
    """The untrained network of `spec`. Start its weights with `training.initialize.start`."""
    image, *layers = plan(spec)
    grid = keras.Input(spec.input_shape, dtype="uint8", name=image.path)
    flows, taps = {image.path: (grid, None)}, {}
    for layer in layers:
        grid, extra, weights = outputs(layer, spec, [flows[path] for path in layer.inputs])
        flows[layer.path] = grid, extra if layer.extra else None
        if weights is not None:
            taps[layer.attention] = SideBySide()(weights) if layer.unfolded else weights
        if layer.taps:
            taps |= dict.fromkeys(layer.taps, Fold(*layer.unfolded)(grid) if layer.unfolded else grid)
    model = Network(flows[image.path][0], grid, name=spec.name)
    model.taps, model.flows = taps, {path: flow for path, (flow, _) in flows.items()}
    rectified = {path for layer in layers if (layer.op, layer.kind) == ("activation", "relu") for path in layer.inputs}
    model.into_relu = frozenset(rectified if spec.start == "he" else ())
    return model


def outputs(layer: Layer, spec: ModelSpec, inputs: list[tuple]) -> tuple:
    """What leaves a layer: its grid; the extra tokens, or None; the weights of attention, or None.

    `inputs` are grids (B, H, W, C) with their extra tokens (B, E, C) or None. Extra tokens pass unmixed where a mixer
    does not reach them; what each position does alone is done to them too, with the same weights.
    """
    (grid, extra), *others = inputs
    if layer.op == "token":
        return extra[:, 0], None, None  # (B, C)
    made = keras_layer(layer, spec)
    match layer.op:
        case "class_token":
            return grid, made(grid), None
        case "add" | "concatenate":
            (other, other_extra), *_ = others
            return made([grid, other]), made([extra, other_extra]) if layer.extra else None, None
        case "norm" if layer.kind == "batch" and extra is not None:  # both are positions of one batch
            sequence = ops.reshape(grid, (-1, math.prod(grid.shape[1:3]), grid.shape[3]))
            sequence, count = made(ops.concatenate([extra, sequence], axis=1)), extra.shape[1]
            return ops.reshape(sequence[:, count:], (-1, *grid.shape[1:])), sequence[:, :count], None
        case "norm" | "ffn" | "activation" | "scale":
            return made(grid), None if extra is None else made(extra), None
    reached = extra is not None and layer.op in REACHING_EXTRA_TOKENS
    found = made(grid, extra) if reached else made(grid)
    grid, *more = found if isinstance(found, (tuple, list)) else (found,)
    weights = more.pop(0) if layer.attention else None
    return grid, more[0] if more else extra, weights


def keras_layer(layer: Layer, spec: ModelSpec) -> keras.layers.Layer:
    """The Keras layer of one row of a plan."""
    name, width, kernel, stride, padding = layer.path, layer.channels, layer.kernel, layer.stride, layer.kind
    match layer.op:
        case "convolution":
            return keras.layers.Conv2D(width, kernel, stride, padding, use_bias=layer.bias, name=name)
        case "depthwise":
            return keras.layers.DepthwiseConv2D(kernel, stride, padding, use_bias=layer.bias, name=name)
        case "pool":
            return keras.layers.AveragePooling2D(kernel, stride, padding, name=name)
        case "max_pool":
            return keras.layers.MaxPooling2D(kernel, stride, padding, name=name)
        case "norm" if layer.kind == "batch":
            return keras.layers.BatchNormalization(-1, spec.batch_momentum, spec.batch_epsilon, name=name)
        case "norm":
            return keras.layers.LayerNormalization(epsilon=spec.layer_epsilon, name=name)
        case "activation":
            return keras.layers.Activation(layer.kind, name=name)
        case "ffn":
            return FeedForward(layer.hidden, layer.kind, layer.block.ffn_layers, name=name)
        case "dense":
            return keras.layers.Dense(width, use_bias=layer.bias, name=name)
        case "classifier":  # float32 also under mixed precision: the loss is computed from it
            return keras.layers.Dense(width, dtype="float32", name=name)
        case "rescale":
            return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name=name)
        case "shuffle":
            return Shuffle(layer.kind, spec.shuffled_patch, name=name)
        case "class_token":
            return ClassToken(layer.kind == "learned", name=name)
        case "position":
            return Position(layer.kind, name=name)
        case "pad":
            return keras.layers.ZeroPadding2D(kernel // 2, name=name)
        case "every_second":
            return EverySecond(stride, name=name)
        case "fold":
            return Fold(*layer.grid, name=name)
        case "dropout":
            return keras.layers.Dropout(spec.dropout, name=name)
        case op if op in PLAIN:
            return PLAIN[op](name=name)
    return token_mixer(layer.block, layer.grid, layer.shifted, name, bool(layer.extra))


PLAIN = {  # what needs nothing but a name
    "add": keras.layers.Add,
    "blur": Blur,
    "concatenate": keras.layers.Concatenate,
    "flatten": keras.layers.Flatten,
    "mean": keras.layers.GlobalAveragePooling2D,
    "merge": Merge,
    "scale": LayerScale,
    "unfold": Unfold,
}
