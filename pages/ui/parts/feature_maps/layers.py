"""All layers of both networks at a glance, and the one of each that is enlarged."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import clicks, links
from pages.ui.charts import pictures, sheets
from pages.ui.charts.layout import Chart
from pages.ui.parts.feature_maps.names import depth, nearest
from pages.ui.parts.feature_maps.networks import View
from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.zoo.fields import receptive_field

ASPECT = 2.0  # of a sheet: both fit on a screen, one above the other
WIDE = 960  # pixels of a sheet
FIELD = 88  # pixels of the image with a frame
STEPS = {  # how many layers on: the button's words, its icon, its keys
    -1: ("feature_maps.step.back", ":material/chevron_left:", "Shift+Left"),
    1: ("feature_maps.step.on", ":material/chevron_right:", "Shift+Right"),
}


def choose_settings() -> tuple[str, str, bool]:
    """What cells show (channels or components), the colour range, and whether both sides keep to one depth."""
    first, second, third = st.columns([3, 6, 4])
    view = _segments("view", ("channels", "components"), first)
    colour_range = _segments("range", ("local", "layer", "global"), second)
    together = _segments("lock", ("same", "free"), third)
    return view, colour_range, together == "same"


def _segments(key: str, options: tuple[str, ...], where: Any) -> str:
    return links.choose(
        key,
        say(f"feature_maps.{key}"),
        options,
        lambda value: say(f"feature_maps.{key}.{value}"),
        kind="segments",
        where=where,
        wrap=True,
        help=say(f"feature_maps.{key}_hint"),
    )


def choose_layers(views: Sequence[View], together: bool, where: Mapping[str, Any]) -> dict[str, str]:
    """Side → the layer that is enlarged there, by a select box; the same as a click into `show_glance`."""
    known = {view.side: list(view.layers) for view in views}
    chosen: dict[str, str] = {}
    for view in views:
        block = (links.drop(f"{view.side}_attention") or "").replace(".attention", ".mixer")
        if block in view.layers:  # a link from when the attention of a block was chosen by itself
            st.query_params.setdefault(f"{view.side}_layer", block)
        if f"{view.side}_layer" not in st.query_params:  # as after a step back: the usual layer may be another one
            st.session_state.pop(f"choice_{view.side}_layer", None)
        chosen[view.side] = links.choose(
            f"{view.side}_layer",
            say("feature_maps.layer_of", model=view.name),
            known[view.side],
            view.layers.__getitem__,
            _usual(view.side, known, chosen, together),
            where=where[view.side],
            on_change=_follow,
            args=(view.side, known, together),
        )
    return chosen


def _usual(side: str, known: Mapping[str, list[str]], chosen: Mapping[str, str], together: bool) -> str:
    """The layer that a side shows where the link does not say: the first, or one as deep as the other side's."""
    if not (together and chosen):
        return known[side][0]
    ((other, layer),) = chosen.items()
    return nearest(known[side], depth(known[other], layer))


def _follow(side: str, known: Mapping[str, list[str]], together: bool) -> None:
    """A layer was chosen on one `side`: the link says so, and the other side keeps to its depth."""
    chosen = {side: st.session_state[f"choice_{side}_layer"] for side in known}
    if together:
        chosen |= {other: nearest(known[other], depth(known[side], chosen[side])) for other in known if other != side}
    before: dict[str, str] = {}
    for one, layer in chosen.items():
        links.put(f"{one}_layer", layer, _usual(one, known, before, together))
        before[one] = layer


def show_steps(views: Sequence[View], together: bool) -> None:
    """Two buttons, and keys: to the layers before those that are enlarged, and to those after them."""
    known = {view.side: list(view.layers) for view in views}
    with st.container(horizontal=True, horizontal_alignment="center"):
        for step, (words, icon, keys) in STEPS.items():
            told = step, known, together
            st.button(say(words), f"step{step:+}", icon=icon, shortcut=keys, on_click=_step, args=told)


def _step(step: int, known: Mapping[str, list[str]], together: bool) -> None:
    """One layer on; with both at the same depth, on the side that has more of them, and the other keeps to it."""
    leads = max(known, key=lambda side: len(known[side]))
    for side in [leads] if together else known:
        layers, state = known[side], f"choice_{side}_layer"
        place = layers.index(st.session_state[state]) + step
        st.session_state[state] = layers[min(max(place, 0), len(layers) - 1)]
    _follow(leads, known, together)


def show_glance(views: Sequence[View], chosen: Mapping[str, str], shown: str, together: bool) -> None:
    """Every layer as a cell, by relative depth; a click on one enlarges it."""
    heads = [view.name for view in views]
    chart = _glance([view.key for view in views], shown, list(chosen.values()), views, heads)
    known = {view.side: list(view.layers) for view in views}
    current = [{"side": number, "layer": chosen[side]} for number, side in enumerate(known)]
    alt = say("feature_maps.glance_alt", models=say("lab.comma").join(heads))
    clicks.show(chart, "glance", current, lambda place: _click(place, known, together), alt)


@clicks.made_once
def _glance(
    keys: Sequence[str], shown: str, chosen: Sequence[str], _views: Sequence[View], _heads: Sequence[str]
) -> Chart:
    rows = []
    for number, (view, marked) in enumerate(zip(_views, chosen, strict=True)):
        layers = list(view.layers)
        arrays = [view.taps[layer] for layer in layers]
        addresses = _cells(shown, view.key, arrays)
        for layer, maps, address in zip(layers, arrays, addresses, strict=True):
            rows.append(
                {
                    "side": number,
                    "layer": layer,
                    "depth": depth(layers, layer),
                    "url": address,
                    "name": view.layers[layer],
                    "size": say("feature_maps.size", rows=maps.shape[0], columns=maps.shape[1], channels=maps.shape[2]),
                    "chosen": view.colour if marked == layer else "",
                }
            )
    tips = {"name": say("feature_maps.layer"), "size": say("feature_maps.size_title")}
    return pictures.glance(pd.DataFrame(rows), _heads, say("feature_maps.axis"), tips)


def _click(place: clicks.Place, known: Mapping[str, list[str]], together: bool) -> None:
    layer = place.get("layer")
    for number, (side, layers) in enumerate(known.items()):
        if place.get("side") == number and layer in layers:
            st.session_state[f"choice_{side}_layer"] = layer
            _follow(side, known, together)


@st.cache_data(max_entries=64, show_spinner=False)
def _cells(shown: str, key: str, _maps: Sequence[np.ndarray]) -> list[str]:
    """The picture of every layer of a view: its strongest channels, or its first three components as colour."""
    if shown == "components":
        return [sheets.data_url(sheets.colour_picture(sheets.components(maps))) for maps in _maps]
    return [sheets.data_url(sheets.strip(sheets.strongest(maps))) for maps in _maps]


def colour_limits(
    taps: Mapping[str, np.ndarray], layer: str, layers: Mapping[str, str], colour_range: str
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Ends of the colour range: for each channel, for the layer, or for all layers of the network.

    A range for several channels that has both signs is as long to both sides: zero has a colour of its own.
    """
    if colour_range == "local":
        return taps[layer].min(axis=(0, 1)), taps[layer].max(axis=(0, 1))
    among = [taps[layer]] if colour_range == "layer" else [taps[name] for name in layers]
    low, high = min(float(maps.min()) for maps in among), max(float(maps.max()) for maps in among)
    end = max(-low, high)
    return (-end, end) if low < 0 < high else (low, high)


def show_layer(view: View, layer: str, colour_range: str) -> None:
    """Every channel of one layer, what its colours mean, and what of the image a unit in its middle can see."""
    _draw_layer(view.key, layer, colour_range, view)


@drawn_once
def _draw_layer(key: str, layer: str, colour_range: str, _view: View) -> None:
    sheet, seen = st.columns([4, 1])
    with seen:
        _show_field(_view, layer)
    with sheet:
        _show_sheet(_view, layer, colour_range)


def _show_field(view: View, layer: str) -> None:
    rows, columns = receptive_field(view.spec.model, layer)
    size = {"rows": rows[1] - rows[0] + 1, "columns": columns[1] - columns[0] + 1}
    alt = say("feature_maps.field_alt", **size, layer=view.layers[layer], model=view.name)
    caption = say("feature_maps.field", **size)
    st.image(sheets.framed(view.image, rows, columns), caption=caption, width=FIELD, output_format="PNG", alt=alt)


def _show_sheet(view: View, layer: str, colour_range: str) -> None:
    maps = view.taps[layer]  # (rows, columns, channels)
    low, high = colour_limits(view.taps, layer, view.layers, colour_range)
    alt = say("feature_maps.alt", channels=maps.shape[-1], layer=view.layers[layer], model=view.name)
    st.image(sheets.channel_sheet(maps, low, high, WIDE, ASPECT), width="stretch", output_format="PNG", alt=alt)
    rows, columns, channels = maps.shape
    size = say("feature_maps.size", rows=rows, columns=columns, channels=channels)
    if colour_range == "local":
        st.caption(f"{size} · {say('feature_maps.bar_local')}")
        return
    least, most = float(low), float(high)
    st.image(sheets.colour_bar(least, most), width="stretch", output_format="PNG", alt="")
    key = "feature_maps.bar_signed" if least == -most else "feature_maps.bar"
    st.caption(f"{size} · {say(key, low=_figure(least), high=_figure(most))}")


def _figure(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
