"""The part of the page *FFN* about rank collapse: tokens becoming alike from layer to layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import analyses, links, tables
from pages.ui.charts import curves, heat
from pages.ui.drawing import show_chart
from pages.ui.replay import drawn_once
from pages.ui.words import say, sentences
from tf_models.study.exact import exact_measures, exact_series

PLAY_SECONDS = 0.5
CHOICES = ("skip", "channel", "layer")  # in the link
COLLAPSE = {"san": "#D55E00", "mlp": "#E69F00", "skip": "#0072B2", "both": "#009E73"}


def collapse_rows(series: Mapping[str, Any], chosen: str) -> pd.DataFrame:
    """What `curves.collapse` draws: mean and reach over seeds of every arm at every layer."""
    rows = []
    for arm, seeds in series["arms"].items():
        values = np.array(seeds)  # (seeds, layers)
        middle = 10 ** np.log10(np.maximum(values, 1e-300)).mean(axis=0)
        for layer, mean, low, high in zip(
            series["layers"], middle, values.min(axis=0), values.max(axis=0), strict=True
        ):
            row = {"name": say(f"collapse.{arm}"), "layer": layer, "r": mean, "low": low, "high": high}
            rows.append(row | {"chosen": arm == chosen})
    return pd.DataFrame(rows)


def stripe_rows(series: Mapping[str, Any], arm: str, layer: int) -> pd.DataFrame:
    """What `heat.stripes` draws: every token before the first layer and after this one, coloured by three channels."""
    rows = []
    for place in (0, layer):
        parts = np.rint(127.5 * (1 + np.array(series["channels"][arm][place]) / 100)).astype(int)  # (3, tokens)
        colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in parts.T]
        rows += [{"row": place, "place": token, "colour": colour} for token, colour in enumerate(colours)]
    return pd.DataFrame(rows if layer else rows[: len(rows) // 2])


def show_collapse() -> None:
    """Tokens becoming alike from layer to layer, with the skip connection and the FFN to switch, and a play button."""
    series = exact_series()["rank-collapse"]
    if not series:
        analyses.show_no_exact("rank-collapse")
        return
    measures = exact_measures()["rank-collapse"]
    left = {arm: _residual(measures[f"r.{arm}"].value, series["floor"]) for arm in COLLAPSE}
    found = [say("collapse.finding", depth=series["layers"][-1], seeds=measures["r.san"].seeds, **left)]
    more = measures["skip_over_mlp"]
    if more.low > 0:
        times = {name: tables.figure(10 ** getattr(more, name), "ratio") for name in ("value", "low", "high")}
        found.append(say("collapse.skip_over_mlp", layer=series["compared"], **times))
    st.markdown(found[0], help=sentences(*found[1:], mlp_words(series)) or None)
    playing = bool(st.session_state.get("collapse_playing"))
    st.fragment(_show_collapse, run_every=PLAY_SECONDS if playing else None)(series)
    st.caption(say("collapse.hint", tokens=series["tokens"], width=series["width"], heads=series["heads"]))


def _show_collapse(series: Mapping[str, Any]) -> None:
    last = series["layers"][-1]
    playing = bool(st.session_state.get("collapse_playing"))
    if playing:
        st.session_state["choice_layer"] = min(st.session_state.get("choice_layer", 0) + 1, last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        skip, ffn = (
            links.choose(key, say(f"collapse.switch.{key}"), ("off", "on"), _switch, kind="segments")
            for key in ("skip", "channel")
        )
        if playing and st.session_state["choice_layer"] >= last:
            st.session_state["collapse_playing"] = False
            st.rerun()
        label, icon = ("collapse.pause", "pause") if playing else ("collapse.play", "play_arrow")
        if st.button(say(label), key="collapse_play", icon=f":material/{icon}:"):
            _toggle(last)
            st.rerun()  # the whole page: it starts and stops the fragment's timer
    if playing:  # the link follows when it stops: each layer would be a step back in the browser
        layer = st.slider(say("collapse.layer"), 0, last, key="choice_layer")
    else:
        layer = links.choose_number("layer", say("collapse.layer"), 0, last, 0)
    arm = {("off", "off"): "san", ("off", "on"): "mlp", ("on", "off"): "skip", ("on", "on"): "both"}[skip, ffn]
    _show_layer(arm, layer)


@drawn_once
def _show_layer(arm: str, layer: int) -> None:
    """The tokens after this layer, the curves with it marked, and in a sentence what it holds."""
    series = exact_series()["rank-collapse"]
    data = collapse_rows(series, arm)
    colours = {say(f"collapse.{name}"): colour for name, colour in COLLAPSE.items()}
    now = next(row["r"] for row in data.to_dict("records") if row["chosen"] and row["layer"] == layer)
    share = _residual(float(now), series["floor"], equals="= ")
    words = say("collapse.now", layer=layer, arm=say(f"collapse.{arm}"), share=share)
    titles = {"title": say("collapse.chart"), "x": say("collapse.axis"), "y": say("collapse.r")}
    floor = (series["floor"], say("collapse.floor"))
    chart = curves.collapse(data, layer, floor=floor, colours=colours, **titles)
    seen = heat.stripes(stripe_rows(series, arm, layer), say("collapse.stripes"), say("collapse.axis"))
    show_chart(seen, key="collapse_tokens", text=words)
    show_chart(chart, key="collapse", text=words)
    st.markdown(words)


def _residual(value: float, floor: float, equals: str = "") -> str:
    return f"< {tables.figure(floor, 'ratio')}" if value < floor else equals + tables.figure(value, "ratio")


def mlp_words(series: Mapping[str, Any]) -> str:
    """That the FFN alone does not slow the collapse, with r where it is compared; empty where it does."""
    there = {arm: float(np.mean([row[series["compared"]] for row in series["arms"][arm]])) for arm in ("mlp", "san")}
    if there["mlp"] >= there["san"]:
        return ""
    return say("collapse.mlp_faster", **{arm: tables.figure(r, "ratio") for arm, r in there.items()})


def _switch(value: str) -> str:
    return say(f"train.switch.skip.{value}")


def _toggle(last: int) -> None:
    playing = not st.session_state.get("collapse_playing")
    st.session_state["collapse_playing"] = playing
    if playing and st.session_state.get("choice_layer", 0) >= last:
        st.session_state["choice_layer"] = 0
