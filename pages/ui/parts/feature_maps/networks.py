"""The two networks that look at an image: which they are, and what flows through them."""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import browser, cache, frame, inside, links
from pages.ui.names import run_names, short_network_name
from pages.ui.parts.feature_maps.names import layer_names
from pages.ui.theme import FAMILIES
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.zoo import CLASSROOM

SIDES = ("left", "right")
USUAL = {"left": "cnn", "right": "vit"}  # the networks at first sight, where they are
PARTS = ("layer", "query")  # what is chosen of a network


@dataclass(frozen=True)
class View:
    """One side of the page: a network, and what flows through it for the image; `layers` are those that have a name.

    `taps` as in `training.taps` for the `image`. `key` stands for all of it.
    """

    side: str
    choice: str  # of `cache.networks`
    name: str
    spec: RunSpec
    taps: Mapping[str, np.ndarray]
    layers: Mapping[str, str]
    image: np.ndarray
    key: str

    @property
    def colour(self) -> str:
        """The colour of the network's family."""
        return FAMILIES[CLASSROOM[self.spec.variant].family]

    def place(self, part: str) -> str:
        """The key of the container of a part of the page that shows this side alone: see `choose_side`."""
        return f"side_{self.side}_{part}"


def choose_data(networks: Mapping[str, Mapping[str, RunRecord]], where: Any) -> str:
    """The data set on which both networks were trained.

    Usually the largest that the lab studies, which looks best; but a link that names networks alone names a data set on
    which they were trained.
    """
    order = sorted(networks, key=lambda dataset: dataset != STUDIED[-1])
    named = [value for side in SIDES if (value := st.query_params.get(side))]
    fitting = [dataset for dataset in order if all(_has(networks[dataset], dataset, name) for name in named)]
    links.imply_data(next(iter(fitting), None), order[0])
    return links.choose_data(
        say("feature_maps.dataset"),
        tuple(networks),
        default=order[0],
        where=where,
        lasting=order[0] in STUDIED,
        resets=("image", *(part for side in SIDES for part in (side, *parts_of(side)))),
    )


def _has(models: Mapping[str, RunRecord], dataset: str, name: str) -> bool:
    return name.removesuffix(f"-{dataset}") in models


def parts_of(side: str) -> tuple[str, ...]:
    """What the link calls that which is chosen of the network on this side."""
    return tuple(f"{side}_{part}" for part in PARTS)


def choose_model(side: str, where: Any, dataset: str, models: Mapping[str, RunRecord]) -> str:
    """What a side shows; at first the shipped CNN and ViT, else the first two models there are."""
    choices = list(models)
    usual = USUAL[side] if USUAL[side] in choices else choices[0 if side == "left" else min(1, len(choices) - 1)]
    return links.choose(
        side,
        say(f"feature_maps.{side}"),
        choices,
        run_names(models).__getitem__,
        usual,
        where=where,
        resets=parts_of(side),
        lasting=usual in USUAL.values(),
        renamed={f"{choice}-{dataset}": choice for choice in choices},
    )


def look(choices: Sequence[str], models: Mapping[str, RunRecord], image: np.ndarray) -> list[View]:
    """Both sides as far as a worker could compute them; why not, in a sentence."""
    views, content = [], hashlib.sha256(image.tobytes()).hexdigest()
    names = [short_network_name(models[choice].spec) for choice in choices]
    if len({*names}) < 2:
        names = [say(f"feature_maps.named_{side}", name=name) for side, name in zip(SIDES, names, strict=True)]
    for side, choice, name in zip(SIDES, choices, names, strict=True):
        record = models[choice]
        try:
            at_hand = cache.has_taps(choice, record.spec, image)
            with contextlib.nullcontext() if at_hand else st.spinner(say("feature_maps.working"), show_time=True):
                taps = cache.taps_of(choice, record.spec, image)
        except LabError as error:
            frame.show_error(inside.in_words(error, record.spec.dataset))
            continue
        layers = layer_names(record.spec, taps)
        key = f"{side} {name} {choice} {record.run_id} {image.shape} {content}"
        views.append(View(side, choice, name, record.spec, taps, layers, image, key))
    return views


def choose_side(views: Sequence[View]) -> None:
    """Which of both networks a phone shows, which has no room for them side by side; wider screens show both."""
    names = {view.side: view.name for view in views}
    if len(names) < 2:
        return
    with st.container(key="one_side"):
        label, more = say("feature_maps.side"), dict[str, Any](label_visibility="collapsed", width="stretch")
        seen = links.choose("side", label, list(names), names.__getitem__, kind="segments", **more)
    browser.hide_on_phone(next(side for side in names if side != seen))
