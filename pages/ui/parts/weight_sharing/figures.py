"""What was measured of moves: predictions of every network, levels of two, layers with random weights."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import analyses, inside, tables
from pages.ui.charts import bars, depths, intervals
from pages.ui.drawing import show_chart
from pages.ui.names import data_name
from pages.ui.parts.claims.verdicts import provenance
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES
from pages.ui.words import plain, say, sentences
from tf_models.probes.shift import MOVES
from tf_models.statistics.effects import effect_of_seeds
from tf_models.study.exact import exact_measures
from tf_models.study.probed import Found

MOST = 1.5  # ε at the top of the axis: larger values stand there
FOUND = {  # what is said of them in a sentence
    "shared": "shared.circular",
    "attention": "attention.one_token",
    "unshared": "unshared.circular",
    "mlp": "mixer.one_token",
}
CASES = {  # measures of ``equivariance``, from what follows to what does not → family
    "shared.circular": "convolution",
    "shared.zero.interior": "convolution",
    "shared.zero": "convolution",
    "shared.strided.two": "convolution",
    "shared.strided": "convolution",
    "unshared.circular": "convolution",
    "attention.one_token": "attention",
    "swin.one_window": "attention",
    "swin.one_token": "attention",
    "mixer.one_token": "mlp",
}


def consistency_rows(networks: Mapping[str, Sequence[Found]]) -> pd.DataFrame:
    """What networks (name → what ``shift`` found, per seed) still predict after a move by one pixel, best first.

    A row for each network and move: label, kind (the move), first, value, low, high (percent beyond chance), accuracy
    (percent), seeds. Sorted by the move whose content was there all along.
    """
    rows = []
    for name, seeds in networks.items():
        for move in reversed(MOVES):
            kept = [row["consistency"] for found in seeds for row in found["moves"] if _is(row, move)]
            if not kept or None in kept:
                continue
            span = effect_of_seeds(kept) if len(kept) > 1 else None
            numbers = {"value": np.mean(kept), "accuracy": np.mean([found["accuracy"] for found in seeds])}
            numbers |= {"low": span.low, "high": span.high} if span else {"low": np.nan, "high": np.nan}
            shown = {key: 100 * float(value) for key, value in numbers.items()}
            kind = say(f"weight_sharing.move.{move}")
            rows.append({"label": name, "kind": kind, "first": move == "seen", **shown, "seeds": len(kept)})
    columns = ["label", "kind", "first", "value", "low", "high", "accuracy", "seeds"]
    data = pd.DataFrame(rows, columns=columns)
    rank = {row["label"]: -row["value"] for row in rows if row["first"]}
    order = [rank.get(label, 0.0) for label in data["label"]]
    return data.assign(order=order).sort_values(["order", "first"], ascending=[True, False]).drop(columns="order")


def _is(row: Found, move: str) -> bool:
    return (row["move"], row["pixels"]) == (move, 1)


def show_consistency(dataset: str, chosen: Sequence[str]) -> None:
    """Who still predicts the same after a move by one pixel: every network of the lab, and the chosen own runs."""
    _draw_consistency(dataset, chosen, {choice: inside.found(dataset, choice, "shift") for choice in chosen})


@drawn_once
def _draw_consistency(dataset: str, chosen: Sequence[str], _found: Mapping[str, Sequence[Found]]) -> None:
    names = inside.networks(dataset)
    shipped = dict.fromkeys(arm for arm, _, trained in inside.probed(dataset).networks if trained)
    found = {choice: inside.found(dataset, choice, "shift") for choice in shipped} | dict(_found)
    colours = {names[choice]: inside.colour(dataset, choice) for choice in found}
    data = consistency_rows({names[choice]: seeds for choice, seeds in found.items()})
    if data.empty:
        return
    data = data.assign(colour=[colours[label] for label in data["label"]])
    names = ("label", "kind", "value", "low", "high", "accuracy", "seeds")
    columns = {name: say(f"weight_sharing.column.{name}") for name in names}
    chart = intervals.doubled(data, say("weight_sharing.chart", dataset=data_name(dataset)), columns["value"], columns)
    told = finding(data)
    show_chart(chart, key=f"consistency_{dataset}", text=plain(say("weight_sharing.alt", text=told)))
    st.markdown(told)
    bars = inside.seeds_hint("bars", max(map(len, found.values())))
    st.caption(sentences(say("weight_sharing.hint"), bars))
    tables.beside(data.filter(items=list(names)).round(1).rename(columns=columns))


def finding(data: pd.DataFrame) -> str:
    """Best and worst network of `consistency_rows`, in a sentence."""
    seen = data.query("first")
    best, worst = seen.iloc[0], seen.iloc[-1]
    named = {"best": best["label"], "worst": worst["label"]}
    numbers = {"best_value": best["value"], "worst_value": worst["value"]}
    numbers |= {"best_accuracy": best["accuracy"], "worst_accuracy": worst["accuracy"]}
    return say("weight_sharing.finding", **named, **{name: f"{value:.1f}" for name, value in numbers.items()})


def level_rows(found: Mapping[str, Sequence[Found]]) -> pd.DataFrame:
    """ε of every level for `depths.by_depth`: network → what ``shift`` found, per seed. Levels without one are out."""
    rows = []
    for name, seeds in found.items():
        for seed, one in enumerate(seeds):
            last = max(len(one["layers"]) - 1, 1)
            for place, layer in enumerate(one["layers"]):
                if layer["error"] is not None:
                    level = inside.level_name(layer["layer"])
                    row = {"series": name, "seed": seed, "depth": place / last, "level": level}
                    rows.append(row | {"value": layer["error"], "pixels": layer["pixels"]})
    return pd.DataFrame(rows, columns=["series", "seed", "depth", "level", "value", "pixels"])


def show_levels(dataset: str, left: str, right: str, depth: float) -> None:
    """How far every level of the two networks is from following the image, by depth."""
    found = {side: inside.found(dataset, side, "shift") for side in (left, right)}
    _draw_levels(dataset, tuple(found), depth, found)


@drawn_once
def _draw_levels(dataset: str, sides: Sequence[str], depth: float, _found: Mapping[str, Sequence[Found]]) -> None:
    names = inside.networks(dataset)
    data = level_rows({names[side]: _found[side] for side in sides})
    colours = {names[side]: inside.colour(dataset, side) for side in sides}
    if data.empty:
        st.caption(say("weight_sharing.no_levels"))
        return
    names = ("series", "level", "depth", "value", "pixels")
    columns = {name: say(f"weight_sharing.column.{name}") for name in ("series", "level", "pixels")}
    columns |= {"depth": say("inside.depth_axis"), "value": say("weight_sharing.error_axis")}
    chart = depths.by_depth(data, "", columns["value"], columns, (0, MOST), colours, depth)
    groups = data.groupby(["series", "depth", "level", "pixels"], sort=False, as_index=False)
    means = groups.agg(value=("value", "mean"))
    ends = [rows.iloc[-1] for _, rows in means.groupby("series", sort=False)]
    text = say("lab.comma").join(f"{row['series']} · {row['level']} {row['value']:.2f}" for row in ends)
    show_chart(chart, key=f"levels_{dataset}", text=plain(say("weight_sharing.levels_alt", text=text)))
    beyond = say("weight_sharing.beyond", most=f"{MOST:g}") if max(means["value"]) > MOST else ""
    thin = inside.seeds_hint("thin", max(map(len, _found.values())))
    st.caption(sentences(thin, say("weight_sharing.levels_hint"), beyond))
    tables.beside(means.filter(items=list(names)).round(3).rename(columns=columns))


@drawn_once
def show_exact() -> None:
    """ε of single layers and stacks at random weights: what sharing has to do with it."""
    measures = exact_measures()["equivariance"]
    hint = sentences(say("weight_sharing.exact_hint"), provenance("equivariance"))
    st.header(say("weight_sharing.exact"), help=hint if measures else None, anchor=False)
    if not measures:
        analyses.show_no_exact("equivariance")
        return
    rows = [
        {
            "label": say(f"weight_sharing.case.{name}"),
            "value": measures[name].value,
            "text": tables.figure(measures[name].value, "error"),
            "colour": FAMILIES[family],
        }
        for name, family in CASES.items()
        if name in measures
    ]
    columns = {name: say(f"weight_sharing.exact_column.{name}") for name in ("label", "value")}
    chart = bars.amounts(pd.DataFrame(rows), columns["value"], columns)
    told = say(
        "weight_sharing.exact_finding",
        **{key: tables.figure(measures[name].value, "error") for key, name in FOUND.items()},
    )
    text = say("claims.and").join(f"{row['label']} {row['text']}" for row in rows)
    show_chart(chart, key="equivariance", text=text)
    st.markdown(told)
