"""The parts of the page *FFN* beyond the gap: token mixers × channel mixers, the FFN's shape, and rank collapse."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import cache, links, tables
from pages.ui.charts import curves, heat
from pages.ui.theme import FAMILIES
from pages.ui.words import say, sentences
from tf_models.study.experiments.factorial import MATCHED_MIXERS
from tf_models.study.plans import command, plan

# Columns of the heat map, from nothing to the usual FFN; then nothing, but with the FFN's parameters elsewhere.
CHANNELS = ("off", "activation", "linear", "ratio 1", "ratio 2", "on", "off deeper", "off wider")
PLAY_SECONDS = 0.5
COLLAPSE = {"san": "#D55E00", "mlp": "#E69F00", "skip": "#0072B2", "both": "#009E73"}


def arms_by_name(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The arms of an analysis that were measured, by name."""
    return {arm["name"]: arm for arm in result.get("arms", ()) if arm["low"] is not None}


def finding(result: Mapping[str, Any], measure: str) -> dict[str, str] | None:
    """A measure of an analysis as the fields of a sentence; None where it is untested."""
    row = result.get("measures", {}).get(measure, {})
    if row.get("value") is None:
        return None
    return {
        "mean": tables.points(row["value"]),
        "low": tables.points(row["low"]),
        "high": tables.points(row["high"]),
        "verdict": say(f"verdict.{row['verdict']}"),
    }


def phrase(result: Mapping[str, Any], measure: str) -> str:
    """A measure with its interval, in points."""
    found = finding(result, measure)
    return say("topic.points", **found) if found else say("verdict.untested")


def show_empty(experiment: str, dataset: str) -> None:
    """What makes the results that are missing."""
    st.info(say("topic.empty", experiment=experiment, dataset=dataset))
    st.code(command(plan(experiment, dataset)), language="sh", wrap_lines=True)


def scale_of(result: Mapping[str, Any]) -> str:
    """Data and training of an analysis, in a phrase."""
    images = f"{result['train_images']:,}"
    return say("claims.on", dataset=result["dataset"], images=images, epochs=result["epochs"], seeds=result["seeds"])


def factorial_rows(result: Mapping[str, Any]) -> pd.DataFrame:
    """What `heat.heat_map` draws."""
    arms = arms_by_name(result)
    mixers = list(dict.fromkeys(name.split(" ")[0] for name in arms if " " in name))
    rows = []
    for channel in CHANNELS:
        for mixer in mixers:
            arm, nothing = arms.get(f"{mixer} {channel}"), arms.get(f"{mixer} off")
            if arm is None:
                continue
            gain = ""
            if nothing is not None and channel != "off":
                gain = tables.points(arm["test_accuracy"] - nothing["test_accuracy"])
            numbers = {"accuracy": arm["test_accuracy"], "low": arm["low"], "high": arm["high"]}
            rows.append(
                {
                    "mixer": say(f"mixer.{mixer}"),
                    "channel": say(f"channel.{channel}"),
                    **{name: 100 * value for name, value in numbers.items()},
                    "gain": gain,
                    "seeds": len(arm["seeds"]),
                    "parameters": arm["parameters"],
                }
            )
    columns = ["mixer", "channel", "accuracy", "low", "high", "gain", "seeds", "parameters"]
    return pd.DataFrame(rows, columns=columns)


def show_factorial(dataset: str) -> None:
    """The heat map of token mixers × channel mixers, and what the FFN gives to whom."""
    result = cache.experiment_result("factorial", dataset)
    data = factorial_rows(result)
    if data.empty:
        show_empty("factorial", dataset)
        return
    names = ("mixer", "channel", "accuracy", "low", "high", "gain", "seeds", "parameters")
    columns = {name: say(f"topic.column.{name}") for name in names}
    found = finding(result, "interaction")
    if found:
        st.markdown(
            say(
                "factorial.finding",
                scale=scale_of(result),
                attention=phrase(result, "gain.attention"),
                convolution=phrase(result, "gain.convolution"),
                **found,
            )
        )
    chart = heat.heat_map(data, say("factorial.chart"), columns)
    st.altair_chart(chart, key=f"factorial_{dataset}", alt=say("factorial.alt", text=scale_of(result)))
    st.caption(sentences(say("factorial.hint"), matched_words(result)))
    for measure in ("interaction.deeper", "interaction.wider"):
        if finding(result, measure):
            st.markdown(say(f"factorial.{measure}", effect=phrase(result, measure)))
    tables.beside(data.round(2).rename(columns=columns), f"factorial-{dataset}")


def matched_words(result: Mapping[str, Any]) -> str:
    """Which networks without an FFN have a deeper or wider one beside them, and why others have none."""
    named = {arm["name"] for arm in result["arms"]}
    missing = [
        say("factorial.unmatched_one", mixer=say(f"mixer.{mixer}"), channel=say(f"channel.off {how}"))
        for mixer in MATCHED_MIXERS
        for how in ("deeper", "wider")
        if f"{mixer} off {how}" not in named
    ]
    tried = say("factorial.matched", mixers=say("claims.and").join(say(f"mixer.{mixer}") for mixer in MATCHED_MIXERS))
    return sentences(tried, say("factorial.unmatched", missing=say("claims.and").join(missing)) if missing else "")


def show_two_experiments(top: Mapping[str, Any], network: str) -> None:
    """That the gap at the top of the page and the heat map come from two experiments, where their training differs."""
    here = cache.experiment_result("factorial", top["dataset"])
    gap = next((row for row in top["contrasts"] if row["primary"] and row["mean"] is not None), None)
    same = all(top[name] == here.get(name) for name in ("train_images", "epochs"))
    if gap is None or finding(here, "gain.attention") is None or same:
        return
    numbers = {name: tables.points(gap[name]) for name in ("mean", "low", "high")}
    words = {"gap": say("topic.points", **numbers), "gain": phrase(here, "gain.attention"), "here": scale_of(here)}
    st.caption(say("factorial.two", network=network, top=scale_of(top), **words))


def shape_rows(result: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The FFN's widths and depths for `curves.ratio_curve`, and the networks that are drawn as lines."""
    arms = arms_by_name(result)
    places = [("off", "two", "0"), *((f"ratio {ratio}", "two", f"{ratio}") for ratio in (1, 2))]
    places += [("vit", "two", "4"), ("ratio 8", "two", "8"), ("layers 2 narrow", "two", "½")]
    places += [("layers 1", "one", "½"), ("layers 3", "three", "4")]
    order = ["0", "½", "1", "2", "4", "8"]
    rows = []
    for name, kind, ratio in sorted(places, key=lambda row: (row[1] != "two", order.index(row[2]))):
        if name in arms:
            arm = arms[name]
            numbers = {"accuracy": arm["test_accuracy"], "low": arm["low"], "high": arm["high"]}
            row = {"ratio": ratio, "kind": say(f"shape.kind.{kind}"), "seeds": len(arm["seeds"])}
            rows.append(row | {key: 100 * value for key, value in numbers.items()})
    lines = [
        {"name": say(f"shape.line.{name}"), "accuracy": 100 * arms[name]["test_accuracy"], "colour": FAMILIES[family]}
        for name, family in (("cnn", "convolution"), ("stem", "hybrid"))
        if name in arms
    ]
    columns = ["ratio", "kind", "seeds", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(lines, columns=["name", "accuracy", "colour"])


def show_shape(dataset: str) -> None:
    """How wide and how deep an FFN should be, beside a CNN and a convolutional stem."""
    result = cache.experiment_result("ffn-shape", dataset)
    data, lines = shape_rows(result)
    if data.empty:
        show_empty("ffn-shape", dataset)
        return
    columns = {name: say(f"topic.column.{name}") for name in ("ratio", "kind", "accuracy", "low", "high", "seeds")}
    st.markdown(
        say(
            "shape.finding",
            scale=scale_of(result),
            wider=phrase(result, "ratio.8_over_4"),
            usual=phrase(result, "ratio.4_over_2"),
            deeper=phrase(result, "depth.3_over_2"),
            stem=phrase(result, "wider_over_stem"),
        )
    )
    chart = curves.ratio_curve(data, lines, say("shape.chart"), say("shape.axis"), columns)
    st.altair_chart(chart, key=f"shape_{dataset}", alt=say("shape.alt", text=scale_of(result)))
    st.caption(say("shape.hint"))
    tables.beside(data.round(2).rename(columns=columns), f"ffn-shape-{dataset}")


# Rank collapse


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


def show_collapse() -> None:
    """Tokens becoming alike from layer to layer, with the skip connection and the FFN to switch, and a play button."""
    series = cache.exact_series("rank-collapse")
    if not series:
        st.info(say("topic.empty_exact"))
        st.code("python -m tf_models exact --only rank-collapse --ship", language="sh", wrap_lines=True)
        return
    measures = cache.exact_measures("rank-collapse")
    left = {arm: _residual(measures[f"r.{arm}"].value, series["floor"]) for arm in COLLAPSE}
    found = [say("collapse.finding", depth=series["layers"][-1], seeds=measures["r.san"].seeds, **left)]
    more = measures["skip_over_mlp"]
    if more.low > 0:
        times = {name: tables.figure(10 ** getattr(more, name), "ratio") for name in ("value", "low", "high")}
        found.append(say("collapse.skip_over_mlp", layer=series["compared"], **times))
    st.markdown(sentences(*found, mlp_words(series)))
    playing = bool(st.session_state.get("collapse_playing"))
    st.fragment(_show_collapse, run_every=PLAY_SECONDS if playing else None)(series)
    st.caption(say("collapse.hint", tokens=series["tokens"], width=series["width"], heads=series["heads"]))


def _show_collapse(series: Mapping[str, Any]) -> None:
    last = series["layers"][-1]
    playing = bool(st.session_state.get("collapse_playing"))
    if playing:
        st.session_state["collapse_layer"] = min(st.session_state.get("collapse_layer", 0) + 1, last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        skip, ffn = (
            links.choose(key, say(f"collapse.switch.{key}"), ("off", "on"), _switch, kind="segments")
            for key in ("skip", "channel")
        )
        at_end = st.session_state.get("collapse_layer", last) >= last
        if playing and at_end:
            st.session_state["collapse_playing"] = False
            st.rerun()
        label, icon = ("collapse.pause", "pause") if playing else ("collapse.play", "play_arrow")
        if st.button(say(label), key="collapse_play", icon=f":material/{icon}:"):
            _toggle(last)
            st.rerun()  # the whole page: it starts and stops the fragment's timer
    st.session_state.setdefault("collapse_layer", last)
    layer = st.slider(say("collapse.layer"), 0, last, key="collapse_layer")
    arm = {("off", "off"): "san", ("off", "on"): "mlp", ("on", "off"): "skip", ("on", "on"): "both"}[skip, ffn]
    data = collapse_rows(series, arm)
    colours = {say(f"collapse.{name}"): colour for name, colour in COLLAPSE.items()}
    now = next(row["r"] for row in data.to_dict("records") if row["chosen"] and row["layer"] == layer)
    share = _residual(float(now), series["floor"], equals="= ")
    words = say("collapse.now", layer=layer, arm=say(f"collapse.{arm}"), share=share)
    titles = {"title": say("collapse.chart"), "x": say("collapse.axis"), "y": say("collapse.r")}
    floor = (series["floor"], say("collapse.floor"))
    chart = curves.collapse(data, layer, floor=floor, colours=colours, **titles)
    st.altair_chart(chart, key="collapse", alt=words)
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
    if playing and st.session_state.get("collapse_layer", last) >= last:
        st.session_state["collapse_layer"] = 0
