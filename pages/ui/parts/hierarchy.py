"""The parts of the page *Hierarchy*: what a linear map reads at each layer, sizes, pyramids, far patches."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import inside, tables
from pages.ui.charts import depths, intervals
from pages.ui.drawing import show_chart
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES
from pages.ui.words import say, sentences
from tf_models.data import peek
from tf_models.statistics.effects import effect_of_seeds
from tf_models.study.plans import plan
from tf_models.study.probed import Found, Probed, rises
from tf_models.zoo import ModelSpec, parameters
from tf_models.zoo.plan import levels

STATES = {True: "inside.trained", False: "inside.untrained"}
GREY = "#888888"
COMPARED = ("vit", "pyramid")  # one grid and stages, at equal parameters
PLACES = ("before", "mixer", "channel")  # in the first block: before attention, after it, after the FFN
Read = Mapping[bool, Sequence[Found]]  # whether trained → what ``probing`` found, seed by seed


def delta_of(dataset: str) -> float:
    """The smallest difference that matters, in percent."""
    return 100 * peek(dataset).delta(plan("inside", dataset).images)


def level_words(tap: str) -> str:
    """A level of ``probing`` in words; the last is what the classifier reads."""
    return say("hierarchy.features") if tap == "features" else inside.level_name(tap)


# What can be read


def readout_rows(read: Mapping[str, Read]) -> pd.DataFrame:
    """Accuracies in percent for `depths.by_depth`, of name → whether trained → what ``probing`` found, seed by seed.

    Depth 1 is what the classifier reads. Columns: series, network, trained, seed, depth, tap, level, value.
    """
    rows = []
    for network, states in read.items():
        for trained, seeds in states.items():
            for seed, found in enumerate(seeds):
                last = max(1, len(found["layers"]) - 1)
                for place, layer in enumerate(found["layers"]):
                    if layer["accuracy"] is None:
                        continue
                    tap, series = layer["layer"], series_name(network, trained)
                    where = {"series": series, "network": network, "trained": trained, "seed": seed}
                    where |= {"depth": place / last, "tap": tap, "level": level_words(tap)}
                    rows.append(where | {"value": 100 * layer["accuracy"]})
    return pd.DataFrame(rows, columns=["series", "network", "trained", "seed", "depth", "tap", "level", "value"])


def series_name(network: str, trained: bool) -> str:
    """Such as ViT · trained."""
    return f"{network} · {say(STATES[trained])}"


def chance(read: Mapping[str, Read]) -> float | None:
    """What labels in a random order leave, in percent: a mean over networks and seeds."""
    found = [one["shuffled"] for states in read.values() for seeds in states.values() for one in seeds]
    known = [value for value in found if value is not None]
    return 100 * float(np.mean(known)) if known else None


def finding(data: pd.DataFrame, networks: Sequence[str], delta: float) -> str:
    """From where to where the accuracy of every network goes, and in how many seeds every step rises.

    `delta` is in percent: a step may fall by half of it, see `probes.readout.rises`.
    """
    told = []
    for network in networks:
        rows = data.loc[(data["network"] == network) & data["trained"]].sort_values("depth", kind="stable")
        curves = [curve["value"].tolist() for _, curve in rows.groupby("seed")]
        if not curves:
            continue
        rising = sum(bool(len(curve) > 1 and rises(curve, delta)) for curve in curves)
        ends = {name: f"{np.mean([curve[at] for curve in curves]):.1f}" for name, at in (("first", 0), ("last", -1))}
        if len(curves) == 1:
            words = say("hierarchy.one" if rising else "hierarchy.none")
        else:
            key = "hierarchy.all" if rising == len(curves) else "hierarchy.some"
            words = say(key, rising=rising, seeds=len(curves))
        told.append(say("hierarchy.reads", network=network, steps=words, **ends))
    return say("hierarchy.finding", networks=say("hierarchy.and").join(told))


@drawn_once
def show_readout(dataset: str, chosen: Sequence[str], depth: float, _read: Mapping[str, Read]) -> None:
    """The accuracy of the linear readout by depth, trained and not, what was found, and the layers that are marked.

    `_read`: what was found in the `chosen` networks.
    """
    names, delta = inside.networks(dataset), delta_of(dataset)
    named = {names[choice]: _read[choice] for choice in chosen}
    data, floor = readout_rows(named), chance(named)
    if data.empty:
        st.caption(say("hierarchy.unread"))
        return
    colours = _colours(dataset, chosen)
    networks = [network for network in colours if network in set(data["network"])]
    columns = {name: say(f"hierarchy.column.{name}") for name in ("series", "level")}
    columns |= {"depth": say("hierarchy.depth_axis")}
    rules = [] if floor is None else [(floor, say("hierarchy.chance"))]
    title, y = say("hierarchy.readout"), say("hierarchy.accuracy")
    shades = {series_name(network, trained): colours[network] for network in networks for trained in STATES}
    chart = depths.by_depth(data, title, y, columns, (0, 100), shades, depth, rules=rules, height=depths.OPENING)
    words = finding(data, networks, delta)
    show_chart(chart, key="readout", text=f"{title}. {words}".replace("*", ""))
    st.markdown(
        words, help=say("hierarchy.steps_hint", half=tables.margin(delta / 200), delta=tables.margin(delta / 100))
    )
    rows = [marked_row(data.loc[data["network"] == network], network, depth) for network in networks]
    headings = {name: say(f"hierarchy.column.{name}") for name in ("network", "level")}
    st.table(pd.DataFrame(rows).rename(columns=headings).set_index(headings["network"]))
    thin = inside.seeds_hint("thin", len(set(data["seed"])))
    st.caption(sentences(say("hierarchy.readout_hint"), thin))


def _colours(dataset: str, chosen: Sequence[str]) -> dict[str, str]:
    """Names of networks → colours."""
    names = inside.networks(dataset)
    return {names[choice]: inside.colour(dataset, choice) for choice in chosen}


def marked_row(data: pd.DataFrame, network: str, depth: float) -> dict[str, str]:
    """The layer of one network that is nearest to a depth, and what is read there, means over seeds."""
    tap = inside.at_depth(list(dict.fromkeys(data["tap"])), depth)
    row = {"network": network, "level": level_words(tap)}
    for trained, words in STATES.items():
        values = data[(data["tap"] == tap) & (data["trained"] == trained)]["value"]
        row[say(words)] = say("unit.share", value=f"{values.mean():.1f}") if len(values) else "–"
    return row


# Sizes


def size_rows(specs: Mapping[str, ModelSpec]) -> pd.DataFrame:
    """Positions along the shorter side and channels of every level. Columns: series, depth, level, side, channels."""
    rows = []
    for network, spec in specs.items():
        found = levels(spec)
        for place, (tap, layer) in enumerate(found.items()):
            where = {"series": network, "depth": place / max(1, len(found)), "level": inside.level_name(tap)}
            rows.append(where | {"side": min(layer.grid), "channels": layer.channels})
    return pd.DataFrame(rows, columns=["series", "depth", "level", "side", "channels"])


@drawn_once
def show_sizes(dataset: str, chosen: Sequence[str]) -> None:
    """The grid's side and the channels by depth, for both networks."""
    names, colours = inside.networks(dataset), _colours(dataset, chosen)
    data = size_rows({names[choice]: inside.model_of(dataset, choice) for choice in chosen})
    columns = {name: say(f"hierarchy.column.{name}") for name in ("series", "level")}
    columns |= {"depth": say("hierarchy.depth_axis")}
    for size, place in zip(("side", "channels"), st.columns(2, gap="large"), strict=True):
        title, y = say(f"hierarchy.sizes.{size}"), say(f"hierarchy.axis.{size}")
        shown = data.assign(value=data[size])
        chart = depths.sizes(shown, title, y, columns, colours)
        told = [f"{name}: {' → '.join(map(str, rows[size]))}" for name, rows in data.groupby("series", sort=False)]
        show_chart(chart, key=f"sizes_{size}", text=f"{title}. {say('hierarchy.and').join(told)}", where=place)


# A pyramid against one grid


def pyramid_rows(found: Probed) -> pd.DataFrame:
    """What is read at the end of both networks, and their test accuracy, in percent, for `intervals.spans`.

    Columns: arm, measure, label, value, low, high, colour, seeds.
    """
    rows = []
    for measure, values_of in (("readout", _last_readouts), ("test", _test_accuracies)):
        for arm in COMPARED:
            values = list(values_of(found, arm).values())
            if values:
                label = say(f"hierarchy.pyramid.{measure}", network=say(f"inside.arm.{arm}"))
                row = {"arm": arm, "measure": measure, "label": label, **inside.over_seeds(values)}
                rows.append(row | {"colour": FAMILIES["attention"], "seeds": len(values)})
    return pd.DataFrame(rows, columns=["arm", "measure", "label", "value", "low", "high", "colour", "seeds"])


def _last_readouts(found: Probed, arm: str) -> dict[int, float]:
    """Seed → accuracy of what is read last."""
    kept = {seed: found.networks[arm, seed, True].get("probing") for seed in found.seeds(arm)}
    return {seed: 100 * one["layers"][-1]["accuracy"] for seed, one in kept.items() if one}


def _test_accuracies(found: Probed, arm: str) -> dict[int, float]:
    known = found.about.get("accuracies", {})
    return {seed: 100 * known[f"{arm} {seed}"] for seed in found.seeds(arm) if f"{arm} {seed}" in known}


def pyramid_finding(found: Probed) -> str:
    """The pyramid less the one grid, seed by seed; empty below two common seeds."""
    told = {}
    for name, values_of in (("readout", _last_readouts), ("test", _test_accuracies)):
        one, stages = (values_of(found, arm) for arm in COMPARED)
        differences = [stages[seed] - one[seed] for seed in sorted(one.keys() & stages.keys())]
        if len(differences) < 2:
            return ""
        effect = effect_of_seeds(differences)
        numbers = {"mean": effect.value, "low": effect.low, "high": effect.high}
        told[name] = say("topic.points", **{key: tables.points(value / 100) for key, value in numbers.items()})
    return say("hierarchy.pyramid_finding", **told)


@drawn_once
def show_pyramid(dataset: str) -> None:
    """Whether a grid that shrinks is read better than one that stays, at equal parameters."""
    found = inside.probed(dataset)
    data = pyramid_rows(found)
    if set(data["arm"]) != set(COMPARED):
        st.caption(say("hierarchy.pyramid_empty"))
        return
    columns = {name: say(f"hierarchy.column.{name}") for name in ("label", "value", "low", "high", "seeds")}
    title = say("hierarchy.pyramid_title")
    chart = intervals.spans(data, title, say("hierarchy.accuracy"), columns)
    text = say("lab.comma").join(f"{row['label']} {row['value']:.1f}" for row in data.to_dict("records"))
    show_chart(chart, key="pyramid", text=f"{title}. {text}")
    if words := pyramid_finding(found):
        st.markdown(words)
    sizes = {arm: f"{parameters(inside.model_of(dataset, arm)):,}" for arm in COMPARED}
    st.caption(say("hierarchy.pyramid_hint", **sizes))


# Far patches


def far_rows(read: Read, colour: str) -> pd.DataFrame:
    """What a token tells of a far patch at three places of the first block, in percent, for `intervals.spans`.

    Columns: place, label, state, value, low, high, colour, seeds.
    """
    rows = []
    for place in PLACES:
        for trained, shown in ((False, GREY), (True, colour)):
            values = [100 * one["far"][place] for one in read[trained] if one["far"]]
            if values:
                row = {"place": place, "label": say(f"hierarchy.far.{place}"), "state": say(STATES[trained])}
                rows.append(row | inside.over_seeds(values) | {"colour": shown, "seeds": len(values)})
    return pd.DataFrame(rows, columns=["place", "label", "state", "value", "low", "high", "colour", "seeds"])


def far_reach(data: pd.DataFrame) -> tuple[float, float]:
    """What the axis of `far_rows` shows: every mean, but of the intervals those of the trained networks alone. Random
    weights differ so much that theirs would press the finding together.
    """
    trained = data[data["state"] == say(STATES[True])]
    values = np.concatenate([data["value"], trained["low"], trained["high"]])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def far_finding(read: Read, network: str) -> str:
    """What attention adds to it and what the FFN does, of the trained network; empty below two seeds."""
    told = [one["far"] for one in read[True] if one["far"]]
    if len(told) < 2:
        return ""
    steps = {"attention": ("mixer", "before"), "ffn": ("channel", "mixer")}
    added = {name: effect_of_seeds([100 * (one[a] - one[b]) for one in told]) for name, (a, b) in steps.items()}
    words = {name: tables.span(one, 1, sign=True) for name, one in added.items()}
    return say("hierarchy.far_finding", network=network, **words)


@drawn_once
def show_far(dataset: str, chosen: Sequence[str], _read: Mapping[str, Read]) -> None:
    """Of the `chosen` networks that have a far patch, else of the ViT."""
    names = inside.networks(dataset)
    told = {choice: _read[choice] for choice in chosen if any(one["far"] for one in _read[choice][True])}
    if not told and "vit" in names:
        told = {"vit": {trained: inside.found(dataset, "vit", "probing", trained) for trained in STATES}}
    for choice, states in told.items():
        data = far_rows(states, inside.colour(dataset, choice))
        _draw_far(data, far_finding(states, names[choice]), names[choice], choice)
    bars = inside.seeds_hint("bars", max((len(states[True]) for states in told.values()), default=0))
    st.caption(sentences(say("hierarchy.far_hint" if told else "hierarchy.far_none"), bars))


def _draw_far(data: pd.DataFrame, words: str, network: str, choice: str) -> None:
    columns = {name: say(f"hierarchy.column.{name}") for name in ("label", "state", "value", "low", "high", "seeds")}
    title = say("hierarchy.far_title", network=network)
    chart = intervals.spans(data, title, say("hierarchy.far_axis"), columns, reach=far_reach(data))
    rows = (f"{row['label']} ({row['state']}) {row['value']:.1f}" for row in data.to_dict("records"))
    show_chart(chart, key=f"far_{choice}", text=f"{title}. {say('lab.comma').join(rows)}")
    if words:
        st.markdown(words)
