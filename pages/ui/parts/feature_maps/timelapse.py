"""How maps, attention and prediction formed while the networks were trained."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import cache, frame, inside, links
from pages.ui.charts import sheets
from pages.ui.names import class_words
from pages.ui.parts.feature_maps.attention import attention_at, attention_layers, read_attention
from pages.ui.parts.feature_maps.decision import share, show_prediction
from pages.ui.parts.feature_maps.names import place_name
from pages.ui.parts.feature_maps.networks import View
from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.errors import LabError
from tf_models.runs.timelapse import TimeLapse
from tf_models.zoo import ModelSpec
from tf_models.zoo.plan import plan

TILE = 128  # pixels
WIDE = 480  # of four channels


def show_timelapse(views: Sequence[View], chosen: Mapping[str, str]) -> None:
    """Both networks after one epoch of their training, with a slider; the layers are those that are enlarged above."""
    st.header(say("feature_maps.timelapse"), help=say("feature_maps.timelapse_hint"), anchor=False)
    found: dict[str, TimeLapse | LabError | None] = {}
    for view in views:
        try:
            found[view.side] = cache.timelapse_of(view.choice, view.spec.dataset)
        except LabError as error:
            found[view.side] = error
    _play(views, dict(chosen), found)


@st.fragment  # the slider draws nothing else of the page anew
def _play(views: Sequence[View], chosen: Mapping[str, str], found: Mapping[str, TimeLapse | LabError | None]) -> None:
    there, image, epoch = [kept for kept in found.values() if isinstance(kept, TimeLapse)], "", 0
    if there:
        first, second = st.columns(2, gap="large")
        image = _choose_image(views[0], there, first)
        epochs = [str(epoch) for epoch in sorted({epoch for kept in there for epoch in kept.epochs})]
        label, hint = say("feature_maps.epoch"), say("feature_maps.epoch_hint")
        epoch = int(links.choose("epoch", label, epochs, default=epochs[-1], kind="slider", where=second, help=hint))
    for view, column in zip(views, st.columns(2, gap="large"), strict=False):
        kept = found[view.side]
        with column.container(key=view.place("timelapse")):
            if isinstance(kept, LabError):
                frame.show_error(inside.in_words(kept, view.spec.dataset))
            elif kept is None:
                st.caption(say("feature_maps.timelapse_none", model=view.name))
            elif image in kept.names:
                _draw(view.key, chosen[view.side], kept.at(epoch), kept.names.index(image), view, kept)
            else:
                st.caption(say("feature_maps.timelapse_other", model=view.name))


def _choose_image(view: View, found: Sequence[TimeLapse], where: Any) -> str:
    """The name of one of the images that runs were looked at with, those of a class first."""
    labels = {name: label for kept in found for name, label in zip(kept.names, kept.labels, strict=True)}
    classes = class_words(view.spec.dataset, view.spec.model.classes)
    words = {
        name: classes[label] if label >= 0 else say(f"feature_maps.photo.{name}")
        for name, label in sorted(labels.items(), key=lambda row: row[1] < 0)
    }
    label = say("feature_maps.timelapse_image")
    return links.choose("seen", label, list(words), words.__getitem__, kind="segments", where=where, wrap=True)


@drawn_once
def _draw(key: str, layer: str, place: int, image: int, _view: View, _kept: TimeLapse) -> None:
    view, kept, model = _view, _kept, _view.spec.model
    st.markdown(_when(view, kept.epochs[place]))
    tap = next((row.taps[-1] for row in plan(model) if layer in row.taps), layer)
    if tap in kept.maps:
        name = say("feature_maps.timelapse_maps", layer=view.layers[layer])
        picture = sheets.strip(kept.maps[tap][place, image], WIDE // 4)
        st.image(picture, caption=name, width="stretch", output_format="PNG", alt=name)
    left, right = st.columns([2, 3])
    with left:
        _show_place(view, layer, kept, place, image)
    with right:
        truth = kept.labels[image] if kept.labels[image] >= 0 else None
        names = class_words(view.spec.dataset, model.classes)
        probabilities = kept.probabilities[place, image].tolist()
        show_prediction(view, names, probabilities, truth, f"formed_{view.side}")


def _show_place(view: View, layer: str, kept: TimeLapse, place: int, image: int) -> None:
    """The image with what attention takes from where; the image alone where there is no attention."""
    model, pixels = view.spec.model, kept.images[image]
    if (tap := attention_at(model, kept.attention, layer)) is None:
        st.image(sheets.photo(pixels, TILE), width=TILE, output_format="PNG", alt=say("feature_maps.timelapse_image"))
        return
    looked = attention_seen(model, kept, tap, place, image)
    name = say("feature_maps.timelapse_attention", place=place_name(model, tap))
    st.image(sheets.overlay(pixels, looked, TILE), caption=name, width=TILE, output_format="PNG", alt=name)


def attention_seen(model: ModelSpec, kept: TimeLapse, tap: str, place: int, image: int) -> np.ndarray:
    """What each position gets on average over heads and those that look, (rows, columns)."""
    seen = kept.attention[tap][place, image][:, None]  # (g·h, 1, n)
    return read_attention({tap: seen}, attention_layers(model, kept.attention)[tap]).seen_from(None).mean(axis=0)


def _when(view: View, epoch: int) -> str:
    record = cache.networks()[view.spec.dataset][view.choice]
    if epoch == 0:
        return say("feature_maps.timelapse_start", model=view.name)
    right = share(record.history[epoch - 1]["validation_accuracy"])
    words = {"model": view.name, "epoch": epoch, "epochs": record.spec.recipe.epochs, "share": right}
    return say("feature_maps.timelapse_epoch", **words)
