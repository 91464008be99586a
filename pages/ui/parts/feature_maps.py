"""What *Feature maps* shows: images, names of layers, colour ranges, attention."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import links
from pages.ui.charts import bars, sheets
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES
from pages.ui.words import say
from tf_models.data import class_names, fit_image, peek, read_image
from tf_models.runs import showcase
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.zoo import CLASSROOM, ModelSpec
from tf_models.zoo.counts import Layer
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import CONVOLUTIONAL, UNFOLDED, WITH_RELATIVE_POSITIONS

UPLOAD = "upload"
ALONE = 240  # pixels of a single head's tile
USUAL = {"left": "cnn", "right": "vit"}  # the networks at first sight, where they are
PARTS = ("layer", "attention", "query")  # what is chosen of a network
WITH_KERNELS = ("convolution", "depthwise", "pool")


def model_name(choice: str, record: RunRecord) -> str:
    """Such as ``vit ffn=off · 97.2 % · 1a2b3c``: what it is, its test accuracy, its run."""
    accuracy = say("unit.share", value=f"{100 * record.test_accuracy:.1f}")
    return f"{record.spec.name} · {accuracy} · {record.run_id[:6]}"


def choose_model(side: str, dataset: str, names: Mapping[str, str], where: Any) -> str:
    """What a side shows; at first the shipped CNN and ViT, else the first two models there are."""
    choices = list(names)
    usual = USUAL[side] if USUAL[side] in choices else choices[0 if side == "left" else min(1, len(choices) - 1)]
    return links.choose(
        side,
        say(f"feature_maps.{side}"),
        choices,
        names.__getitem__,
        usual,
        where=where,
        resets=[f"{side}_{part}" for part in PARTS],
        renamed={f"{choice}-{dataset}": choice for choice in choices},
    )


def colour_of(spec: RunSpec) -> str:
    """The colour of the network's family."""
    return FAMILIES[CLASSROOM[spec.variant].family]


def _shown(dataset: str) -> showcase.Showcase | None:
    for name in showcase.showcases():
        shown = showcase.load_showcase(name)
        if shown.record.spec.dataset == dataset:
            return shown
    return None


def choose_image(
    dataset: str, models: Mapping[str, RunRecord], where: Any, upload_where: Any
) -> tuple[np.ndarray | None, str | None]:
    """The image that both networks look at, (H, W, channels) uint8, and what must be said about it."""
    shown = _shown(dataset)
    names = {str(index): _image_name(shown, index) for index in range(len(shown.images))} if shown else {}
    names |= {UPLOAD: say("feature_maps.upload")}
    picked = links.choose("image", say("feature_maps.image"), list(names), names.__getitem__, where=where)
    image = hint = None
    if picked == UPLOAD:
        file = upload_where.file_uploader(
            say("feature_maps.uploader"), ("png", "jpg", "jpeg", "webp"), help=say("feature_maps.upload_hint")
        )
        if file is not None:
            image = fit_image(read_image(file.getvalue(), file.name), peek(dataset).input_shape)
        else:
            st.caption(say("feature_maps.upload_wait"))
    if image is None and shown is not None:
        index = 0 if picked == UPLOAD else int(picked)
        image = shown.images[index]
        hint = say("feature_maps.photo_hint") if shown.labels[index] < 0 else None
    if image is not None:
        rows, columns, _ = image.shape
        upload_where.image(sheets.photo(image, 128), caption=say("feature_maps.input", rows=rows, columns=columns))
    return image, hint


def _image_name(shown: showcase.Showcase, index: int) -> str:
    if shown.labels[index] < 0:
        return say("feature_maps.photo", name=shown.image_names[index])
    label = shown.classes[shown.labels[index]]
    return say("feature_maps.test_image", name=shown.image_names[index], label=label)


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
        return say("layer.mixer", place=_place_name(model, tap), mixer=mixer)
    if role == "channel":
        works = "relu" if block.kind == "plain" else "pointwise" if block.kind in CONVOLUTIONAL else block.channel
        return say(f"layer.channel.{works}", place=_place_name(model, tap))
    return say(f"layer.{role}", place=_place_name(model, tap))


def _numbers(tap: str) -> list[int]:
    """Stage, block and inner block that a tap names, as far as it names them; 0 for the stage outside."""
    return [int(number) for number in re.findall(r"(?:stage|block|inner)(\d+)", tap)] or [0]


def _place_name(model: ModelSpec, tap: str) -> str:
    stage, block, *inner = _numbers(tap)
    name = say("layer.place" if len(model.stages) > 1 else "layer.place_single", stage=stage, block=block)
    return say("layer.place_inner", place=name, inner=inner[0]) if inner else name


def attention_layers(model: ModelSpec, taps: Mapping[str, np.ndarray]) -> dict[str, tuple[str, tuple[int, int]]]:
    """Tap → its block's name, rows and columns of what attends to each other, for every map of attention."""
    found = {layer.attention: layer for layer in plan(model) if layer.attention in taps}
    return {tap: (_place_name(model, tap), layer.grid) for tap, layer in found.items()}


def colour_limits(
    taps: Mapping[str, np.ndarray], layer: str, layers: Mapping[str, str], colour_range: str
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Ends of the colour range: for each channel, for the layer, or for all layers of the network."""
    if colour_range == "local":
        return taps[layer].min(axis=(0, 1)), taps[layer].max(axis=(0, 1))
    among = [taps[layer]] if colour_range == "layer" else [taps[name] for name in layers]
    return min(float(maps.min()) for maps in among), max(float(maps.max()) for maps in among)


def show_network(
    side: str, name: str, spec: RunSpec, taps: Mapping[str, np.ndarray], dataset: str, colour_range: str
) -> None:
    """One side of the page: the channel maps of one layer, the prediction, and where attention looks."""
    layers = layer_names(spec, taps)
    layer = links.choose(f"{side}_layer", say("feature_maps.layer"), list(layers), layers.__getitem__)
    maps = taps[layer]  # (rows, columns, channels)
    low, high = colour_limits(taps, layer, layers, colour_range)
    rows, columns, channels = maps.shape
    alt = say("feature_maps.alt", channels=channels, layer=layers[layer], model=name)
    lows, highs = (np.broadcast_to(end, channels).astype(float).tobytes() for end in (low, high))
    _show_channels(maps.tobytes(), maps.dtype.str, maps.shape, lows, highs, alt)
    sizes = {
        "shape": "×".join(map(str, spec.model.input_shape)),
        "channels": channels,
        "rows": rows,
        "columns": columns,
    }
    if colour_range == "local":
        st.caption(say("feature_maps.caption_local", **sizes))
    else:
        st.caption(say("feature_maps.caption", **sizes, low=f"{float(low):.2f}", high=f"{float(high):.2f}"))
    classes = class_names(dataset, len(taps["probabilities"]))
    _show_prediction(side, colour_of(spec), dict(zip(classes, taps["probabilities"].tolist(), strict=True)))
    _show_attention(side, name, spec, taps)


@drawn_once  # of plain bytes: Streamlit would compare a sample of a large array
def _show_channels(maps: bytes, dtype: str, shape: tuple[int, ...], low: bytes, high: bytes, alt: str) -> None:
    picture = sheets.channel_sheet(np.frombuffer(maps, dtype).reshape(shape), np.frombuffer(low), np.frombuffer(high))
    st.image(picture, width="stretch", output_format="PNG", alt=alt)


@drawn_once
def _show_prediction(side: str, colour: str, probabilities: Mapping[str, float]) -> None:
    """The five most likely classes."""
    first, *others = sorted(probabilities.items(), key=lambda found: -found[1])[:5]
    likely = pd.DataFrame([(name, 100 * share) for name, share in (first, *others)], columns=["name", "value"])
    title, axis = say("feature_maps.prediction_title"), say("axis.probability")
    alt = say("feature_maps.prediction_alt", name=first[0], value=f"{100 * first[1]:.1f}")
    st.altair_chart(bars.probabilities(likely, title, axis, colour), key=f"prediction_{side}", alt=alt)


def _show_attention(side: str, name: str, spec: RunSpec, taps: Mapping[str, np.ndarray]) -> None:
    """Attention maps of one block, one tile per head, for one looking patch or the average over all."""
    st.subheader(say("feature_maps.attention"))
    model = spec.model
    layers = attention_layers(model, taps)
    if not layers:
        st.caption(say(f"feature_maps.no_attention.{_why_none(model)}"))
        return
    label = say("feature_maps.attention_layer")
    layer = links.choose(f"{side}_attention", label, list(layers), lambda tap: layers[tap][0])
    weights, (where, (rows, columns)) = taps[layer], layers[layer]  # (heads, n, n)
    queries = {"average": say("feature_maps.query.average")}
    queries |= {
        f"{row}-{column}": say("feature_maps.query.token", row=row, column=column)
        for row in range(1, rows + 1)
        for column in range(1, columns + 1)
    }
    query = links.choose(f"{side}_query", say("feature_maps.query"), list(queries), queries.__getitem__)
    if query == "average":
        seen, words = weights.mean(axis=1), say("feature_maps.query.mean")
    else:
        row, column = (int(part) - 1 for part in query.split("-"))
        seen, words = weights[:, row * columns + column], queries[query]
    unfolded = ".inner" in layer
    across = len(weights) // UNFOLDED**2 if unfolded else len(weights)
    picture = sheets.attention_sheet(seen.reshape(len(weights), rows, columns), across)
    alt = say("feature_maps.attention_alt", heads=len(weights), layer=where, model=name)
    st.image(picture, width="stretch" if across > 1 else ALONE, output_format="PNG", alt=alt)
    key = "feature_maps.attention_unfolded" if unfolded else "feature_maps.attention_hint"
    hints = [say(key, query=words, rows=rows, columns=columns)]
    if model.stem.class_token:
        hints.append(say("feature_maps.attention_rest", share=f"{100 * (1 - seen.sum(axis=1).mean()):.1f}"))
    st.caption(" ".join(hints))


def _why_none(model: ModelSpec) -> str:
    """Why there is no map of attention to show."""
    mixers = {block.mixer for block in model.blocks}
    if mixers & {*WITH_RELATIVE_POSITIONS}:
        return "large"
    return "linear" if "linear_attention" in mixers else "fixed"
