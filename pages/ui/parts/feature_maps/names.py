"""What the layers of a network are called, and how deep they are."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from pages.ui.words import say
from tf_models.runs.spec import RunSpec
from tf_models.zoo import ModelSpec
from tf_models.zoo.counts import Layer
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import CONVOLUTIONAL

WITH_KERNELS = ("convolution", "depthwise", "pool")


def depth(layers: Sequence[str], layer: str) -> float:
    """Relative depth of one of `layers`: 0 for the first of them, 1 for the last."""
    return layers.index(layer) / max(1, len(layers) - 1)


def nearest(layers: Sequence[str], wanted: float) -> str:
    """The one of `layers` whose relative depth is nearest to `wanted`, the shallower of two."""
    return min(layers, key=lambda layer: abs(depth(layers, layer) - wanted))


def layer_names(spec: RunSpec, taps: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Tap → what it is, for every tap that is a grid of channels, from the image to the head."""
    model, names = spec.model, {}
    for layer in plan(model):
        for tap in layer.taps:
            if tap in taps and not _same_as_output(layer, tap):
                names[tap] = _layer_name(model, layer, tap)
    return {tap: name for tap, name in names.items() if name}


def _same_as_output(layer: Layer, tap: str) -> bool:
    """Whether a tap of a convolutional block is what leaves the block under another name."""
    convolutional = layer.block is not None and layer.block.kind in CONVOLUTIONAL
    return convolutional and len(layer.taps) > 1 and not tap.endswith(".out")


def _layer_name(model: ModelSpec, layer: Layer, tap: str) -> str:
    """Such as “block 2: attention”; empty for what is no layer of a stage, and for pixels as they are."""
    block, role, stage = layer.block, tap.rsplit(".", 1)[-1], _numbers(tap)[0]
    match role:
        case "stem":
            return "" if model.stem.kind == "none" else say("layer.stem")
        case "downsample" | "pool":
            return say(f"layer.{model.stages[stage - 1].downsample if role == 'downsample' else role}", stage=stage)
        case "features" | "logits":
            return ""
    assert block is not None
    if role == "mixer":
        mixer = say(f"mixer.{block.mixer}")
        if block.mixer in WITH_KERNELS:
            mixer = say("layer.kernel", kernel=block.kernel, mixer=mixer)
        return say("layer.mixer", place=place_name(model, tap), mixer=mixer)
    if role == "channel":
        works = "relu" if block.kind == "plain" else "pointwise" if block.kind in CONVOLUTIONAL else block.channel
        return say(f"layer.channel.{works}", place=place_name(model, tap))
    return say(f"layer.{role}", place=place_name(model, tap))


def _numbers(tap: str) -> list[int]:
    """Stage, block and inner block that a tap names, as far as it names them; 0 for the stage outside."""
    return [int(number) for number in re.findall(r"(?:stage|block|inner)(\d+)", tap)] or [0]


def place_name(model: ModelSpec, tap: str) -> str:
    stage, block, *inner = _numbers(tap)
    name = say("layer.place" if len(model.stages) > 1 else "layer.place_single", stage=stage, block=block)
    return say("layer.place_inner", place=name, inner=inner[0]) if inner else name
