"""The parts of the page *Convergence*: how alike two networks represent images, and what frequencies they keep."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import inside, tables
from pages.ui.charts import curves, depths, heat
from pages.ui.drawing import show_chart
from pages.ui.replay import drawn_once
from pages.ui.words import say, sentences
from tf_models.probes.spectrum import frequencies
from tf_models.statistics.effects import Measure
from tf_models.study.probed import Found, measures
from tf_models.zoo.plan import levels

KINDS = ("pair", "floor", "left", "right")  # trained, untrained, two seeds of the network on a side
COLOURS = {"pair": "#9D7CC8", "floor": "#8C8C8C"}  # of no family
MEASURES = ("cka", "within_classes", "neighbours")
PLACES = ("stream", "mixer", "channel")
SHARES = ("high_share", "variance")
COARSEST = 4  # positions along a side: with fewer, every frequency but the mean is above π/2
LOWEST = -6.0  # of Δ log amplitude, where its axis begins
Compared = Mapping[str, Sequence[Found]]


def compared(dataset: str, left: str, right: str) -> dict[str, list[Found]]:
    """What ``similarity`` found of the pair, trained and untrained, and of two seeds of each side: `KINDS`, per seed.

    What is not known of them is empty.
    """
    return {
        "pair": inside.similar(dataset, left, right),
        "floor": inside.similar(dataset, left, right, trained=False),
        "left": inside.again(dataset, left),
        "right": inside.again(dataset, right) if right != left else [],
    }


def level_rows(found: Sequence[Found]) -> pd.DataFrame:
    """CKA of every level of the left network (row) with every one of the right (column), mean over seeds, for
    `heat.pairs`. Levels without an answer are left out.
    """
    if not found:
        return pd.DataFrame(columns=["row", "column", "row_name", "column_name", "value"])
    values = np.array([one["heat"] for one in found], float).mean(axis=0)  # None becomes NaN
    rows = [
        {
            "row": row,
            "column": column,
            "row_name": inside.level_name(found[0]["left"][row]),
            "column_name": inside.level_name(found[0]["right"][column]),
            "value": values[row, column],
        }
        for row, column in np.ndindex(values.shape)
    ]
    return pd.DataFrame(rows).dropna(subset="value")


def show_levels(dataset: str, left: str, right: str, pairs: Compared, depth: float) -> bool:
    """Every level with every level: of the pair, and smaller of what 0 and 1 are. False where nothing is known."""
    if not pairs["pair"]:
        names = inside.networks(dataset)
        st.info(say("convergence.no_weights", left=names[left], right=names[right]))
        return False
    _draw_all_levels(dataset, left, right, known(pairs), depth, pairs)
    return True


def known(pairs: Compared) -> list[str]:
    """Those of `KINDS` of which something is known."""
    return [kind for kind in KINDS if pairs[kind]]


@drawn_once
def _draw_all_levels(dataset: str, left: str, right: str, kinds: list[str], depth: float, _pairs: Compared) -> None:
    names = inside.networks(dataset)
    words = labels(names[left], names[right], _pairs)
    columns = st.columns([3, *[2] * (len(words) - 1)])
    for (kind, title), column in zip(words.items(), columns, strict=True):
        axes = {"left": (left, left), "right": (right, right)}.get(kind, (left, right))
        with column:
            _draw_levels(
                dataset,
                kind,
                title,
                level_rows(_pairs[kind]),
                _marked(_pairs[kind][0], depth),
                (names[axes[0]], names[axes[1]]),
            )
    st.markdown(finding(names[left], names[right], _pairs, _index(dataset, left, right)))
    st.caption(say("convergence.hint"))


def labels(left: str, right: str, pairs: Compared) -> dict[str, str]:
    """What is known of the pair, `KINDS` → as written."""
    words = {kind: say(f"convergence.{kind}") for kind in COLOURS}
    words |= {side: say("convergence.again", name=name) for side, name in (("left", left), ("right", right))}
    return {kind: words[kind] for kind in known(pairs)}


def _marked(found: Found, depth: float) -> tuple[int, int]:
    """The numbers of the levels nearest to a depth, on both sides."""
    row, column = (found[side].index(inside.at_depth(found[side], depth)) for side in ("left", "right"))
    return row, column


def _draw_levels(
    dataset: str, kind: str, title: str, data: pd.DataFrame, marked: tuple[int, int], axes: tuple[str, str]
) -> None:
    if data.empty:
        return
    columns = {name: say(f"convergence.column.{name}") for name in ("row_name", "column_name", "value")}
    written = tuple(say("convergence.levels_of", name=name) for name in axes)
    chart = heat.pairs(data, title, (written[0], written[1]), columns, marked, kind == "pair")
    ends = {name: data.loc[data["value"].agg(name)] for name in ("idxmin", "idxmax")}
    fields = {key: f"{row['row_name']} – {row['column_name']} {row['value']:.2f}" for key, row in ends.items()}
    alt = say("convergence.alt", title=title, left=axes[0], right=axes[1], low=fields["idxmin"], high=fields["idxmax"])
    show_chart(chart, key=f"similar_{dataset}_{kind}", text=alt)


def _index(dataset: str, left: str, right: str) -> Measure | None:
    """The CKA index, which is known of the CNN and the ViT alone."""
    if {left, right} != {"cnn", "vit"}:
        return None
    return measures(inside.probed(dataset))["similarity"].get("cka_index")


def finding(left: str, right: str, pairs: Compared, index: Measure | None) -> str:
    """How alike the two are at matched depth, and where that lies between untrained networks and two seeds of one."""
    means = {kind: _mean(pairs[kind]) for kind in KINDS}
    told = say(
        "convergence.finding", left=left, right=right, value=_figure(means["pair"]), floor=_figure(means["floor"])
    )
    if index is None:
        return sentences(told, say("convergence.no_index"))
    if index.withheld:
        return sentences(told, say("convergence.no_scale"))
    numbers = {name: _figure(getattr(index, name)) for name in ("value", "low", "high")}
    return sentences(told, say("convergence.index", **numbers))


def _mean(found: Sequence[Found]) -> float | None:
    known = [one["cka"] for one in found if one["cka"] is not None]
    return float(np.mean(known)) if known else None


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def matched_rows(pairs: Compared, words: Mapping[str, str], name: str) -> pd.DataFrame:
    """A measure at matched relative depths for `depths.by_depth`, a series for each of `words`, as far as known."""
    rows = []
    for kind, label in words.items():
        for seed, one in enumerate(pairs[kind]):
            for matched in one["matched"]:
                ends = (inside.level_name(inside.at_depth(one[side], matched["depth"])) for side in ("left", "right"))
                row = {"series": label, "seed": seed, "depth": matched["depth"], "level": " – ".join(ends)}
                rows.append(row | {"value": matched[name]})
    return pd.DataFrame(rows, columns=["series", "seed", "depth", "level", "value"]).dropna(subset="value")


def show_matched(dataset: str, left: str, right: str, pairs: Compared, depth: float) -> None:
    """Three measures of likeness at the same relative depth of both, with what is 0 and what is 1."""
    _draw_all_matched(dataset, left, right, known(pairs), depth, pairs)


@drawn_once
def _draw_all_matched(dataset: str, left: str, right: str, kinds: list[str], depth: float, _pairs: Compared) -> None:
    names = inside.networks(dataset)
    words = labels(names[left], names[right], _pairs)
    colours = COLOURS | {"left": inside.colour(dataset, left), "right": inside.colour(dataset, right)}
    means = {}
    for name, column in zip(MEASURES, st.columns(len(MEASURES)), strict=True):
        data = matched_rows(_pairs, words, name)
        means[say(f"convergence.measure.{name}")] = _means(data)
        with column:
            _draw_matched(dataset, name, data, {label: colours[kind] for kind, label in words.items()}, depth)
    thin = inside.seeds_hint("thin", max(map(len, _pairs.values())))
    st.caption(sentences(say("convergence.matched_hint"), thin))
    tables.beside(pd.DataFrame(means).round(3).reset_index(names=say("convergence.column.series")))


def _means(data: pd.DataFrame, by: str = "series") -> dict[Any, float]:
    """The mean value of every group, in their order."""
    return {name: float(np.mean(rows["value"])) for name, rows in data.groupby(by, sort=False)}


def _draw_matched(dataset: str, name: str, data: pd.DataFrame, colours: Mapping[str, str], depth: float) -> None:
    axis, columns = say(f"convergence.measure.{name}"), _columns()
    chart = depths.by_depth(
        data, axis, say("convergence.axis", name=axis), columns, (0, 1), colours, depth, narrow=True
    )
    text = say("lab.comma").join(f"{series} {value:.2f}" for series, value in _means(data).items())
    show_chart(chart, key=f"matched_{dataset}_{name}", text=say("convergence.matched_alt", name=axis, text=text))


def _columns() -> dict[str, str]:
    return {name: say(f"convergence.column.{name}") for name in ("series", "level")} | {
        "depth": say("inside.depth_axis")
    }


def frequency_rows(found: Sequence[Found], chosen: Mapping[str, str]) -> pd.DataFrame:
    """Δ log amplitude of some levels of the stream (tap → as written) for `curves.spectra`, frequencies in π."""
    rows = []
    for seed, one in enumerate(found):
        known = {layer["layer"]: layer for layer in one["layers"] if layer["place"] == "stream"}
        for tap, words in chosen.items():
            layer = known.get(tap)
            if layer is None or layer["log_amplitude"] is None:
                continue
            for omega, value in zip(frequencies(layer["grid"][0]) / np.pi, layer["log_amplitude"], strict=True):
                rows.append({"level": words, "seed": seed, "frequency": float(omega), "value": value})
    return pd.DataFrame(rows, columns=["level", "seed", "frequency", "value"])


def place_rows(found: Sequence[Found], taps: Sequence[str], name: str) -> pd.DataFrame:
    """A share by relative depth for `depths.by_depth`, a series for each place; `taps` are all levels of the network.

    A branch stands at the depth of the block that it belongs to. A share of frequencies is left out where all lie above
    half the resolution.
    """
    at = {_block(tap): place / max(len(taps) - 1, 1) for place, tap in enumerate(taps)}
    rows = [
        {
            "series": say(f"convergence.place.{layer['place']}"),
            "seed": seed,
            "depth": at[_block(layer["layer"])],
            "level": inside.level_name(layer["layer"]),
            "value": layer[name],
        }
        for seed, one in enumerate(found)
        for layer in one["layers"]
        if layer[name] is not None and (name != "high_share" or min(layer["grid"]) >= COARSEST)
    ]
    return pd.DataFrame(rows, columns=["series", "seed", "depth", "level", "value"])


def _block(path: str) -> str:
    """``stage1.block2`` of whatever stands in it; ``stem``."""
    found = re.match(r"stage\d+\.block\d+|[^.]+", path)
    return found.group() if found else path


def show_spectra(dataset: str, sides: Sequence[str], depth: float) -> None:
    """What frequencies both networks keep from level to level, the two beside each other."""
    _draw_all_spectra(dataset, sides, depth, {side: inside.found(dataset, side, "spectrum") for side in sides})


@drawn_once
def _draw_all_spectra(dataset: str, sides: Sequence[str], depth: float, _found: Mapping[str, Sequence[Found]]) -> None:
    names, shares = inside.networks(dataset), {}
    for key, side, column in zip(inside.USUAL, sides, st.columns(2, gap="medium"), strict=True):
        taps = list(levels(inside.model_of(dataset, side)))
        chosen = dict.fromkeys((taps[0], inside.at_depth(taps, depth), taps[-1]))
        spectra = frequency_rows(_found[side], {tap: inside.level_name(tap) for tap in chosen})
        with column:
            _draw_spectra(dataset, key, names[side], spectra, inside.colour(dataset, side))
        shares[side] = {name: place_rows(_found[side], taps, name) for name in SHARES}
    for name, column in zip(SHARES, st.columns(2, gap="medium"), strict=True):
        with column:
            _draw_places(dataset, name, {side: known[name] for side, known in shares.items()}, depth)
    st.markdown(sentences(*(_smoothing(names[side], known) for side, known in shares.items())))
    st.caption(say("convergence.spectra_hint"))


def _smoothing(name: str, shares: Mapping[str, pd.DataFrame]) -> str:
    """How much of what varies over positions is left from the first level to the last, in a sentence."""
    ends = {}
    for share, data in shares.items():
        rows = data.loc[data["series"] == say("convergence.place.stream")].sort_values("depth", kind="stable")
        stream = list(_means(rows, "depth").values())
        if not stream:
            return ""
        ends |= {f"{share}_first": stream[0], f"{share}_last": stream[-1]}
    return say("convergence.smoothing", name=name, **{key: f"{value:.2f}" for key, value in ends.items()})


def _draw_spectra(dataset: str, key: str, name: str, data: pd.DataFrame, colour: str) -> None:
    if data.empty:
        return
    axes = say("convergence.frequency"), say("convergence.amplitude")
    chart = curves.spectra(data, name, axes, {"level": say("convergence.column.level")}, LOWEST, colour)
    highest = {level: rows.loc[rows["frequency"] == rows["frequency"].max()] for level, rows in data.groupby("level")}
    ends = {level: rows["value"].mean() for level, rows in highest.items()}
    text = say("lab.comma").join(f"{level} {value:.2f}" for level, value in ends.items()).replace("-", "−")
    show_chart(chart, key=f"spectra_{dataset}_{key}", text=say("convergence.spectra_alt", name=name, text=text))


def _draw_places(dataset: str, name: str, found: Mapping[str, pd.DataFrame], depth: float) -> None:
    """A share in all places of both networks: side → `place_rows`."""
    names = inside.networks(dataset)

    def series(side: str, place: str) -> str:
        return say("convergence.of", network=names[side], place=place)

    known = [rows.assign(series=[series(side, place) for place in rows["series"]]) for side, rows in found.items()]
    data = pd.concat(known, ignore_index=True)
    if data.empty:
        return
    places = [say(f"convergence.place.{place}") for place in PLACES]
    colours = {series(side, place): inside.colour(dataset, side) for side in found for place in places}
    title = say(f"convergence.share.{name}")
    axis = say("convergence.axis", name=title)
    chart = depths.by_depth(data, title, axis, _columns(), (0, 1), colours, depth)
    groups = data.sort_values("depth", kind="stable").groupby("series", sort=False)
    ends = {series: list(_means(rows, "depth").values()) for series, rows in groups}
    text = say("lab.comma").join(f"{series} {means[0]:.2f} → {means[-1]:.2f}" for series, means in ends.items())
    show_chart(chart, key=f"{name}_{dataset}", text=say("convergence.places_alt", title=title, text=text))
