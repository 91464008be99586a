"""The parts of the page *Locality*: how far layers and heads see, and who may look where."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import inside, links, tables
from pages.ui.charts import depths, intervals, sheets
from pages.ui.drawing import show_chart
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES, colours
from pages.ui.words import say, sentences
from tf_models.data import peek
from tf_models.study.probed import Found, Probed, measures
from tf_models.zoo import CLASSROOM
from tf_models.zoo.plan import levels
from tf_models.zoo.reach import reached
from tf_models.zoo.spec import Block

KINDS = ("r50", "r90")  # radius of half, and of nine tenths, of the gradient
CORNER = 0.75  # of the image's side: the end of the axis; corners lie 0.71 from the middle
TILE, FRAME = 96, 5  # pixels of a picture's side and of its frame
GREY = "#888888"
POSITIONS = ("vit", "vit sincos", "vit permuted_sincos", "vit none")
GRID = (8, 8)  # on which patterns are drawn: that of images of 32×32 pixels with patches of 4
CELLS = 112  # pixels of a pattern's side
PATTERNS: dict[str, tuple[Block, bool, str]] = {  # block, whether its windows are shifted, family
    "convolution": (CLASSROOM["cnn"].blocks[0], False, "convolution"),
    "window": (CLASSROOM["swin"].blocks[0], False, "attention"),
    "shifted": (CLASSROOM["swin"].blocks[1], True, "attention"),
    "raster": (CLASSROOM["longformer"].blocks[0], False, "attention"),
    "grid": (replace(CLASSROOM["longformer"].blocks[0], sliding="grid"), False, "attention"),
    "attention": (CLASSROOM["vit"].blocks[0], False, "attention"),
}


# Receptive fields


def field_rows(found: Mapping[str, Sequence[Found]]) -> pd.DataFrame:
    """Radii in pixels for `depths.by_depth`, of name → what ``receptive-field`` found, seed by seed.

    Columns: series, network, kind, seed, depth, tap, level, value.
    """
    rows = []
    for network, seeds in found.items():
        for seed, one in enumerate(seeds):
            last = max(1, len(one["layers"]) - 1)
            for place, layer in enumerate(one["layers"]):
                where = {"network": network, "seed": seed, "depth": place / last, "tap": layer["layer"]}
                where |= {"level": inside.level_name(layer["layer"])}
                values = {kind: layer[kind] for kind in KINDS if layer[kind] is not None}
                rows += [where | {"series": f"{network} · {k}", "kind": k, "value": v} for k, v in values.items()]
    return pd.DataFrame(rows, columns=["series", "network", "kind", "seed", "depth", "tap", "level", "value"])


def mean_radius(data: pd.DataFrame, network: str, kind: str, depth: float) -> tuple[str, float]:
    """The layer nearest to a relative depth, and its radius in pixels, a mean over seeds."""
    rows = [row for row in data.to_dict("records") if (row["network"], row["kind"]) == (network, kind)]
    tap = inside.at_depth(list(dict.fromkeys(row["tap"] for row in rows)), depth)
    values = [row["value"] for row in rows if row["tap"] == tap]
    return inside.level_name(tap), sum(values) / len(values)


def finding(data: pd.DataFrame, networks: Sequence[str]) -> str:
    """From where to where the field of every network grows."""
    told = []
    for network in networks:
        first, last = (f"{mean_radius(data, network, 'r50', depth)[1]:.1f}" for depth in (0.0, 1.0))
        told.append(say("locality.grows", network=network, first=first, last=last))
    return say("locality.finding", networks=say("locality.and").join(told))


@drawn_once
def show_fields(dataset: str, chosen: Sequence[str], depth: float, _found: Mapping[str, Sequence[Found]]) -> None:
    """Both radii of the `chosen` networks by depth, what was found in a sentence, and the layers that are marked."""
    names, side = inside.networks(dataset), min(peek(dataset).input_shape[:2])
    colours = {names[choice]: inside.colour(dataset, choice) for choice in chosen}
    data = field_rows({names[choice]: _found[choice] for choice in chosen})
    networks = [network for network in colours if network in set(data["network"])]
    if not networks:
        st.caption(say("locality.no_field"))
        return
    half, y, title = side / 2, say("locality.radius"), say("locality.fields")
    columns = {name: say(f"locality.column.{name}") for name in ("series", "level")}
    columns |= {"depth": say("inside.depth_axis")}
    rules = [(half, say("locality.half", pixels=f"{half:g}"))]
    shades = {f"{network} · {kind}": colours[network] for network in networks for kind in KINDS}
    ends = (0.0, CORNER * side)
    chart = depths.by_depth(data, title, y, columns, ends, shades, depth, rules=rules, height=depths.OPENING)
    words = finding(data, networks)
    show_chart(chart, key="fields", text=f"{title}. {words}".replace("*", ""))
    st.markdown(words)
    rows = []
    for network in networks:
        (level, r50), (_, r90) = (mean_radius(data, network, kind, depth) for kind in KINDS)
        rows.append({"network": network, "level": level, "r50": f"{r50:.2f}", "r90": f"{r90:.2f}"})
    headings = {name: say(f"locality.column.{name}") for name in ("network", "level", *KINDS)}
    st.table(pd.DataFrame(rows).rename(columns=headings).set_index(headings["network"]))
    thin = inside.seeds_hint("thin", len(set(data["seed"])))
    st.caption(sentences(say("locality.fields_hint"), thin))


@drawn_once
def show_maps(dataset: str, choice: str, network: str, depth: float, _found: Sequence[Found]) -> None:
    """The field of every layer as a small picture, from the stem to the last block; the marked one has its frame."""
    layers = _found[0]["layers"] if _found else []
    if not all("map" in layer for layer in layers) or not layers:
        return
    fields = np.array([layer["map"] for layer in layers], np.float32)  # (levels, H, W)
    names, colour = [layer["layer"] for layer in layers], inside.colour(dataset, choice)
    picked = names.index(inside.at_depth(names, depth))
    tiles = [framed(field, colour if place == picked else GREY) for place, field in enumerate(fields)]
    picture = sheets.sheet(np.stack(tiles), len(tiles), len(tiles) * (TILE + 2 * FRAME))
    words = [inside.level_name(level) for level in names]
    st.markdown(say("locality.map_of", network=network, layer=words[picked]))
    st.image(picture, output_format="PNG", alt=say("locality.maps_alt", network=network, count=len(words)))


def framed(field: np.ndarray, colour: str) -> np.ndarray:
    """(H, W) from 0 to 1 as a picture with a frame of this colour, (h, w, 3) uint8."""
    picture = sheets.enlarge(colours(field), max(1, TILE // max(field.shape)))
    canvas = np.empty((picture.shape[0] + 2 * FRAME, picture.shape[1] + 2 * FRAME, 3), np.uint8)
    canvas[:] = list(bytes.fromhex(colour[1:]))
    canvas[FRAME:-FRAME, FRAME:-FRAME] = picture
    return canvas


# Heads


def head_rows(states: Mapping[str, Sequence[Found]], taps: Sequence[str]) -> pd.DataFrame:
    """A row for every head for `depths.dots`, of state → what ``heads`` found, seed by seed.

    `taps` are the network's levels. Of several attentions in one block, the last stands at the block's depth and the
    others evenly between it and the level before.
    """
    rows = []
    for state, seeds in states.items():
        for seed, one in enumerate(seeds):
            blocks = [_block(layer["layer"]) for layer in one["layers"]]
            for number, layer in enumerate(one["layers"]):
                block = blocks[number]
                share = (blocks[: number + 1].count(block)) / blocks.count(block)
                place = next(at for at, tap in enumerate(taps) if _block(tap) == block)
                depth = (place - 1 + share) / max(1, len(taps) - 1)
                where = {"state": state, "seed": seed, "depth": depth, "level": inside.level_name(layer["layer"])}
                pairs = zip(layer["ratio"], layer["entropy"], strict=True)
                rows += [where | {"head": n, "value": r, "entropy": e} for n, (r, e) in enumerate(pairs, 1)]
    return pd.DataFrame(rows, columns=["state", "seed", "depth", "level", "head", "value", "entropy"])


def _block(place: str) -> str:
    """Stage and block of a tap or a path; empty for the stem."""
    match = re.match(r"stage\d+\.block\d+(?=\.)", place)
    return match[0] if match else ""


def show_heads(dataset: str, choice: str, network: str, depth: float) -> None:
    """How far every head of a network looks, trained and not; one line where it has no attention."""
    found = {trained: inside.found(dataset, choice, "heads", trained) for trained in (True, False)}
    _draw_heads(dataset, choice, network, depth, found)


@drawn_once
def _draw_heads(dataset: str, choice: str, network: str, depth: float, _found: Mapping[bool, Sequence[Found]]) -> None:
    states = {True: say("inside.trained"), False: say("inside.untrained")}
    found = {states[trained]: seeds for trained, seeds in _found.items()}
    data = head_rows(found, list(levels(inside.model_of(dataset, choice))))
    if data.empty:
        st.caption(say("locality.no_attention", network=network))
        return
    shown = {states[True]: inside.colour(dataset, choice), states[False]: GREY}
    columns = {name: say(f"locality.column.{name}") for name in ("state", "level", "head", "seed", "entropy")}
    columns |= {"depth": say("inside.depth_axis")}
    y, title = say("locality.far"), say("locality.heads_of", network=network)
    top = max(1.3, float(np.max(data["value"])) + 0.05)
    rules = [(1.0, say("locality.uniform"))]
    chart = depths.dots(data, title, y, columns, (0.0, top), shown, depth, rules)
    by = data.groupby(["level", "state"], sort=False, as_index=False)
    means = by.agg(value=("value", "mean"), entropy=("entropy", "mean"))
    show_chart(chart, key=f"heads_{choice}", text=f"{title}. {_listed(means, 'level')}")
    headings = {"level": columns["level"], "state": columns["state"], "value": y, "entropy": columns["entropy"]}
    tables.beside(means.round(3).rename(columns=headings))


def _listed(rows: pd.DataFrame, name: str) -> str:
    """The values of both states, as a text alternative."""
    found = rows.to_dict("records")
    return say("lab.comma").join(f"{row[name]} ({row['state']}) {row['value']:.2f}" for row in found)


def position_rows(found: Probed) -> pd.DataFrame:
    """How far the first layer of every ViT looks, trained and not, for `intervals.spans`: means over heads.

    Columns: arm, label, state, value, low, high, colour, seeds.
    """
    states = {False: ("inside.untrained", GREY), True: ("inside.trained", FAMILIES["attention"])}
    rows = []
    for arm in POSITIONS:
        for trained, (words, colour) in states.items():
            kept = [found.networks[arm, seed, trained].get("heads") for seed in found.seeds(arm, trained)]
            values = [float(np.mean(one["layers"][0]["ratio"])) for one in kept if one]
            if not values:
                continue
            row = {"arm": arm, "label": say(f"inside.arm.{arm}"), "state": say(words), "colour": colour}
            rows.append(row | inside.over_seeds(values) | {"seeds": len(values)})
    return pd.DataFrame(rows, columns=["arm", "label", "state", "value", "low", "high", "colour", "seeds"])


def has_positions(dataset: str) -> bool:
    """Whether several ViTs were looked into: what positions do is a difference between networks."""
    return len({arm for arm, _, _ in inside.probed(dataset).networks}.intersection(POSITIONS)) > 1


@drawn_once
def show_positions(dataset: str) -> None:
    """What position tables do to the first layer's reach."""
    found = inside.probed(dataset)
    data = position_rows(found)
    columns = {name: say(f"locality.column.{name}") for name in ("label", "state", "value", "low", "high", "seeds")}
    title = say("locality.positions_title")
    chart = intervals.spans(data, title, say("locality.ratio"), columns, (1,))
    show_chart(chart, key="positions", text=f"{title}. {_listed(data, 'label')}")
    told = measures(found)["heads"]
    names = {"learned": "nearer.learned.trained", "sincos": "nearer.sincos.trained", "start": "nearer.learned.start"}
    if all(name in told for name in names.values()):
        spans = {key: told[name] for key, name in names.items()}
        st.markdown(say("locality.nearer", **{key: tables.span(m) for key, m in spans.items()}))
    st.caption(say("locality.positions_hint"))
    tables.beside(data.drop(columns=["arm", "colour"]).round(3).rename(columns=columns))


# Who may look where


def choose_position() -> tuple[int, int]:
    """Row and column, from 0, of the position that looks."""
    first, second = st.columns(2)
    row = links.choose_number("row", say("locality.row"), 1, GRID[0], 4, where=first)
    column = links.choose_number("column", say("locality.column"), 1, GRID[1], 5, where=second)
    return row - 1, column - 1


def pattern_picture(seen: np.ndarray, position: tuple[int, int], colour: str) -> np.ndarray:
    """(rows, columns) of true and false as cells: `colour` where it looks, black where it stands, grey elsewhere."""
    cells = np.where(seen[..., None], list(bytes.fromhex(colour[1:])), 200).astype(np.uint8)
    cells[position] = 0
    return sheets.sheet(cells.reshape(-1, 1, 1, 3), seen.shape[1], CELLS)


@drawn_once
def show_patterns(position: tuple[int, int]) -> None:
    """For every pattern, which cells of the grid a position looks at, and how many."""
    with st.container(horizontal=True, gap="small"):
        for name, (block, shifted, family) in PATTERNS.items():
            seen, words = reached(block, GRID, position, shifted), say(f"locality.pattern.{name}")
            count = say("locality.looks", count=int(seen.sum()), all=seen.size)
            with st.container(width=CELLS + 8, gap="small"):
                picture = pattern_picture(seen, position, FAMILIES[family])
                st.image(picture, output_format="PNG", alt=f"{words}: {count}")
                st.caption(f"**{words}**  \n{count}")
    st.caption(say("locality.patterns_hint"))
