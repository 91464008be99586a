"""Where attention looks, over the image; the patch that looks is clicked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import clicks, links
from pages.ui.charts import pictures, sheets
from pages.ui.charts.layout import Chart
from pages.ui.parts.feature_maps.names import place_name
from pages.ui.parts.feature_maps.networks import View
from pages.ui.replay import drawn_once
from pages.ui.words import say, sentences
from tf_models.zoo import ModelSpec
from tf_models.zoo.counts import Layer
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import UNFOLDED, WITH_RELATIVE_POSITIONS

TILE = 128  # pixels
AVERAGE = "average"


@dataclass(frozen=True)
class Attention:
    """The attention of one block for one image.

    `weights` (grids, h, n, n): what each position takes from each inside its own grid, 0 where it may not look. There
    is one grid, or the `UNFOLDED`² interleaved ones of ``mobilevit``: (row, column) lies in grid (row mod 2, column
    mod 2).
    """

    weights: np.ndarray
    rows: int  # of all grids together
    columns: int

    def seen_from(self, place: tuple[int, int] | None) -> np.ndarray:
        """How much each position gets from `place` (row, column), or on average from all: (h, rows, columns)."""
        if place is None:
            return self._whole(self.weights.mean(axis=2) / len(self.weights))
        step = math.isqrt(len(self.weights))
        (row, column), across = place, self.columns // step
        seen = np.zeros((len(self.weights), *self.weights.shape[1:3]), self.weights.dtype)
        grid = row % step * step + column % step
        seen[grid] = self.weights[grid][:, row // step * across + column // step]
        return self._whole(seen)

    def _whole(self, seen: np.ndarray) -> np.ndarray:
        """What the positions of every grid get, (grids, h, n), at their places: (h, rows, columns)."""
        step = math.isqrt(len(self.weights))
        whole = np.zeros((seen.shape[1], self.rows, self.columns), seen.dtype)
        for grid, found in enumerate(seen):
            place = whole[:, grid // step :: step, grid % step :: step]
            place[:] = found.reshape(place.shape)
        return whole


def rollout(weights: Sequence[np.ndarray], residual: float = 0.5) -> np.ndarray:
    """How much of every input position is in every output position after blocks of attention, (n, n), rows sum to 1.

    Attention rollout (Abnar and Zuidema 2020, section 4): the skip connection counts as attention to oneself, with the
    weight `residual`; the rows are made to sum to 1 again, and the blocks are multiplied from the first to the last.

    Args:
        weights: of every block (n, n), mean over heads; what goes to tokens that are left out may be missing in a row.
    """
    through = np.eye(len(weights[0]))
    for block in weights:
        mixed = (1 - residual) * block.astype(float) + residual * np.eye(len(block))
        through = mixed / np.maximum(mixed.sum(axis=1, keepdims=True), 1e-12) @ through
    return through


def attention_layers(model: ModelSpec, taps: Mapping[str, np.ndarray]) -> dict[str, Layer]:
    """Tap → the layer that it belongs to, for every map of attention that is there."""
    return {layer.attention: layer for layer in plan(model) if layer.attention in taps}


def attention_at(model: ModelSpec, taps: Mapping[str, np.ndarray], layer: str) -> str | None:
    """The tap with the attention of the block in which `layer` lies, else the last one before it, else the first."""
    found, last = attention_layers(model, taps), None
    for row in plan(model):
        last = row.attention if row.attention in found else last
        if layer in row.taps:
            break
    return last or next(iter(found), None)


def read_attention(taps: Mapping[str, np.ndarray], layer: Layer) -> Attention:
    """The attention of a layer of `attention_layers`."""
    (rows, columns), weights = layer.grid, taps[layer.attention]
    step = UNFOLDED if layer.unfolded else 1
    grids = weights.reshape(step**2, -1, *weights.shape[1:])
    return Attention(grids, rows * step, columns * step)


def rolled_out(model: ModelSpec, taps: Mapping[str, np.ndarray], tap: str) -> tuple[Attention, int]:
    """`rollout` up to the attention `tap`, as attention of one head, and through how many blocks.

    It begins behind whatever mixes positions in another way: another token mixer, or another grid.
    """
    found = attention_layers(model, taps)
    mixing = [row for row in plan(model) if row.role in ("mixer", "downsample") or row.op == "max_pool"]
    chain: list[Layer] = []
    for row in mixing:
        same = row.attention in found and (not chain or row.grid == chain[-1].grid)
        chain = [*chain, row] if same else [row] if row.attention in found else []
        if row.attention == tap:
            break
    residual = 0.5 if all(row.block is None or row.block.skip for row in chain) else 0.0
    blocks = [read_attention(taps, row).weights.mean(axis=1) for row in chain]  # (grids, n, n)
    through = np.stack([rollout(grid, residual) for grid in zip(*blocks, strict=True)])
    last = read_attention(taps, found[tap])
    return Attention(through[:, None], last.rows, last.columns), len(chain)


def show_both(views: Sequence[View], chosen: Mapping[str, str]) -> None:
    """The attention of the `chosen` layers, side by side where both networks have some."""
    beside = len(views) == 2 and all(attention_layers(view.spec.model, view.taps) for view in views)
    columns = st.columns(2, gap="large") if beside else [st] * len(views)
    for view, column in zip(views, columns, strict=True):
        with column.container(key=view.place("attention")):
            show_attention(view, chosen[view.side], narrow=beside)


def show_attention(view: View, layer: str, narrow: bool = False) -> None:
    """The attention of the block in which `layer` lies, or the reason why there is none."""
    model, taps = view.spec.model, view.taps
    tap = attention_at(model, taps, layer)
    if tap is None:
        st.caption(say(f"feature_maps.no_attention.{_why_none(model)}", model=view.name))
        return
    found = read_attention(taps, attention_layers(model, taps)[tap])
    st.subheader(say("feature_maps.block_of", model=view.name, place=place_name(model, tap)), anchor=False)
    left, right = (st.container(), st.container()) if narrow else st.columns([1, 2], gap="medium")
    with left:
        place = _choose_place(view, found)
    with right:
        _draw_tiles(view.key, tap, place, view, found)


@drawn_once
def _draw_tiles(key: str, tap: str, place: tuple[int, int] | None, _view: View, _found: Attention) -> None:
    model, taps, where = _view.spec.model, _view.taps, place_name(_view.spec.model, tap)
    through, blocks = rolled_out(model, taps, tap)
    heads = _found.seen_from(place)
    tiles = {say("feature_maps.attention.mean"): heads.mean(axis=0)}
    if len(heads) > 1:
        tiles |= {say("feature_maps.attention.head", number=n): head for n, head in enumerate(heads, 1)}
    tiles[say("feature_maps.attention.rollout", blocks=blocks)] = through.seen_from(place)[0]
    side_by_side = st.container(horizontal=True)
    for name, tile in tiles.items():
        alt = say("feature_maps.attention_alt", tile=name, layer=where, model=_view.name)
        picture = sheets.overlay(_view.image, tile, TILE)
        side_by_side.image(picture, caption=name, width=TILE, output_format="PNG", alt=alt)
    row = attention_layers(model, taps)[tap]
    st.caption(sentences(*_hints(model, row, _found, heads, place)))


def _hints(
    model: ModelSpec, row: Layer, found: Attention, heads: np.ndarray, place: tuple[int, int] | None
) -> list[str]:
    looking = say("feature_maps.query.mean") if place is None else _place_words(place)
    hints = [say("feature_maps.attention_hint", query=looking, rows=found.rows, columns=found.columns)]
    if row.unfolded:
        hints.append(say("feature_maps.attention_unfolded"))
    if model.stem.class_token:
        share = 100 * (1 - heads.sum(axis=(1, 2)).mean())
        hints.append(say("feature_maps.attention_rest", share=f"{share:.1f}"))
    return hints


def _choose_place(view: View, found: Attention) -> tuple[int, int] | None:
    """The patch that looks (row, column from 0), clicked or from a list; None for the average over all."""
    places = {f"{row + 1}-{column + 1}": (row, column) for row in range(found.rows) for column in range(found.columns)}
    names = {AVERAGE: say("feature_maps.query.average")}
    names |= {name: _place_words(place) for name, place in places.items()}
    key, below = f"{view.side}_query", st.container()
    picked = links.choose(key, say("feature_maps.query"), list(names), names.__getitem__, where=below)
    current = [{"row": place[0] + 1, "column": place[1] + 1} for place in [places.get(picked)] if place]
    chart = _patches(view.key, found.rows, found.columns, places.get(picked), view)

    def click(place: clicks.Place) -> None:
        name = f"{place.get('row')}-{place.get('column')}"
        if name in places:
            links.put(key, name, AVERAGE)

    clicks.show(chart, f"patches_{view.side}", current, click, say("feature_maps.patches_alt"))
    return places.get(picked)


@clicks.made_once
def _patches(key: str, rows: int, columns: int, picked: tuple[int, int] | None, _view: View) -> Chart:
    shown = [
        {
            "row": place[0] + 1,
            "column": place[1] + 1,
            "name": _place_words(place),
            "chosen": _view.colour if place == picked else "",
        }
        for place in np.ndindex(rows, columns)
    ]
    url = sheets.data_url(sheets.photo(_view.image, pictures.PICTURE))
    return pictures.patches(url, pd.DataFrame(shown), rows, columns, {"name": say("feature_maps.query")})


def _place_words(place: tuple[int, int]) -> str:
    return say("feature_maps.query.token", row=place[0] + 1, column=place[1] + 1)


def _why_none(model: ModelSpec) -> str:
    """Why there is no map of attention to show."""
    mixers = {block.mixer for block in model.blocks}
    if mixers & {*WITH_RELATIVE_POSITIONS}:
        return "large"
    return "linear" if "linear_attention" in mixers else "fixed"
