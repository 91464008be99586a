"""One number of the first layer that reads the image, multiplied out: what it reads, its weights, their sum."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import cache, frame, inside, links, tables
from pages.ui.charts import heat
from pages.ui.drawing import show_chart
from pages.ui.parts.feature_maps.networks import View
from pages.ui.words import plain, say, sentences
from tf_models.errors import LabError
from tf_models.zoo import ModelSpec
from tf_models.zoo.plan import Layer, plan

CHOICES = ("down", "across", "channel")
COLOURS = ("red", "green", "blue")
KINDS = ("image", "weight", "product")


@dataclass(frozen=True)
class Product:
    """What a filter of `layer` reads at one position, (k, k, channels) from −1 to 1, and its `weights`, alike."""

    layer: Layer
    read: np.ndarray
    weights: np.ndarray
    bias: float

    @property
    def value(self) -> float:
        """What the layer gives there."""
        return float((self.read * self.weights).sum()) + self.bias


def first_convolution(spec: ModelSpec) -> Layer | None:
    """The convolution that reads the image; None where something else comes first, such as pixels in another order."""
    first = next(layer for layer in plan(spec) if layer.op not in ("image", "rescale"))
    return first if first.op == "convolution" else None


def read_at(image: np.ndarray, layer: Layer, place: tuple[int, int]) -> np.ndarray:
    """What `first_convolution` reads of the image (H, W, channels) of bytes at one place of its own grid.

    (k, k, channels) from −1 to 1, as networks get it; 0 beside the image. A ``same`` convolution has as many rows of
    zeros before the image as behind it, or one less.
    """
    beside = []
    for side, rows in zip(image.shape[:2], layer.grid, strict=True):
        missing = max((rows - 1) * layer.stride + layer.kernel - side, 0)
        beside.append((missing // 2, missing - missing // 2))
    around = np.pad(image / 127.5 - 1, (*beside, (0, 0)))
    top, left = (at * layer.stride for at in place)
    return around[top : top + layer.kernel, left : left + layer.kernel]


def product(view: View, pixel: tuple[int, int], channel: int) -> Product | None:
    """What a network's first convolution adds up where it looks at this pixel; None where it has none."""
    layer = first_convolution(view.spec.model)
    if layer is None:
        return None
    kernel, bias = cache.filters_of(view.choice, view.spec.dataset, layer.path)
    down, across = (min(at // layer.stride, rows - 1) for at, rows in zip(pixel, layer.grid, strict=True))
    return Product(
        layer,
        read_at(view.image, layer, (down, across)),
        kernel[..., channel],
        0.0 if bias is None else float(bias[channel]),
    )


@st.fragment  # the sliders draw nothing else of the page anew
def show_number(views: Sequence[View]) -> None:
    """Both networks at one pixel, which is chosen here, and one of their channels."""
    rows, columns, _ = views[0].image.shape
    found = [first_convolution(view.spec.model) for view in views]
    channels = min((layer.channels for layer in filter(None, found)), default=1)
    first, second, third = st.columns(3)
    down = links.choose_number("down", say("number.down"), 1, rows, rows // 2, where=first)
    across = links.choose_number("across", say("number.across"), 1, columns, columns // 2, where=second)
    channel = links.choose_number("channel", say("number.channel"), 1, channels, 1, where=third)
    for view, column in zip(views, st.columns(2, gap="large"), strict=False):
        with column.container(key=view.place("number")):
            try:
                _show(view, product(view, (down - 1, across - 1), channel - 1))
            except LabError as error:
                frame.show_error(inside.in_words(error, view.spec.dataset))


def _show(view: View, found: Product | None) -> None:
    if found is None:
        st.caption(say("number.none", model=view.name))
        return
    layer, told = found.layer, number_words(found)
    columns = {name: say(f"number.column.{name}") for name in ("colour", "kind", "value")}
    chart = heat.products(product_rows(found), say("number.title", model=view.name, kernel=layer.kernel), columns)
    show_chart(chart, key=f"number_{view.side}", text=plain(told))
    st.markdown(told)


def number_words(found: Product) -> str:
    """The sum in words, and where else the same weights are used."""
    layer, total = found.layer, found.value
    count, places = found.read.size, layer.grid[0] * layer.grid[1]
    values = {"sum": total - found.bias, "bias": found.bias, "value": total}
    shown = {name: tables.decimal(value, sign=name == "bias") for name, value in values.items()}
    key = "number.sum_bias" if layer.bias else "number.sum"
    return sentences(say(key, count=count, **shown), say("number.shared", count=count, places=f"{places:,}"))


def short(value: float) -> str:
    """Two decimals, as a small cell has room for them: .25 for 0.25."""
    return re.sub(r"^(−?)0\.", r"\1.", tables.decimal(value))


def product_rows(found: Product) -> pd.DataFrame:
    """What `heat.products` draws, one row per cell."""
    size, _, channels = found.read.shape
    parts = {"image": found.read, "weight": found.weights, "product": found.read * found.weights}
    colours = COLOURS if channels == len(COLOURS) else ("grey",) * channels
    return pd.DataFrame(
        {
            "kind": say(f"number.kind.{kind}"),
            "colour": say(f"number.colour.{colours[place]}"),
            "value": (value := float(parts[kind][row, column, place])),
            "text": short(value),
            "share": value / (float(np.abs(parts[kind]).max()) or 1.0),
            "x": KINDS.index(kind) * (size + 1) + column,
            "y": place * (size + 1) + row,
        }
        for kind in KINDS
        for place in range(channels)
        for row in range(size)
        for column in range(size)
    )
