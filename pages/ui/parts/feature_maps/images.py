"""The image that both networks look at: one of their data set's, or the visitor's own."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import browser, cache, frame, links
from pages.ui.charts import sheets
from pages.ui.names import class_words
from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.data import centred, extent, fit_image, is_bright_around, read_image
from tf_models.errors import LabError
from tf_models.jobs import machine
from tf_models.runs.spec import RunSpec

MORE = "data"  # the images of a data set whose photographs came with the lab: a worker reads them when asked for
OWN = ("upload", "camera", "draw")  # ways to bring one
LAST = "own_picture"  # in the session: the file of the visitor's last picture that could be read, and its pixels
# Without HEIC: an iPhone then sends JPEG.
KINDS = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif")
DRAWN = 32  # pixels: the longest side of grey images that one draws like


@dataclass(frozen=True)
class Picture:
    """What the networks get, (H, W, channels) uint8; its class, if it has one; and what must be said about it."""

    pixels: np.ndarray
    truth: int | None = None
    hint: str = ""


def choose_image(spec: RunSpec, where: Any, beside: Any) -> Picture | None:
    """The image that both networks look at, trained on the data set of `spec`; None where there is none yet."""
    shape = spec.model.input_shape
    images, names, labels = _pictures(spec)
    drawn = shape[2] == 1 and max(shape[:2]) <= DRAWN
    names |= {way: say(f"feature_maps.image.{way}") for way in OWN if drawn or way != "draw"}
    first = next(iter(names))
    picked = links.choose(
        "image",
        say("feature_maps.image"),
        list(names),
        names.__getitem__,
        kind="segments",
        where=where,
        wrap=True,
        on_change=lambda: links.put("image", st.session_state["choice_image"], first),  # `_pictures` asks the link
    )
    found = None
    if picked in OWN:
        with where:
            found = _own(picked, shape, images)
    if found is None and len(images):
        came = cache.shipped_pictures(spec.dataset, shape)
        found = _picture(images, labels, picked, len(came[0]) if came is not None else 0)
    if found is not None:
        with beside:
            _show_input(found.pixels.tobytes(), shape)
    return found


@drawn_once
def _show_input(pixels: bytes, shape: tuple[int, int, int]) -> None:
    caption = say("feature_maps.input", rows=shape[0], columns=shape[1])
    picture = sheets.photo(np.frombuffer(pixels, np.uint8).reshape(shape), 128)
    st.image(picture, caption=caption, width=128, output_format="PNG", alt=caption)


def _picture(images: np.ndarray, labels: tuple[int, ...], picked: str, came: int) -> Picture:
    """One of the `images`: the one of that number, for `MORE` the first behind those that `came` with the lab."""
    number = int(picked) if picked.isdecimal() else came if picked == MORE and came < len(images) else 0
    if labels[number] < 0:
        return Picture(images[number], hint=say("feature_maps.photo_hint"))
    return Picture(images[number], labels[number])


def _pictures(spec: RunSpec) -> tuple[np.ndarray, dict[str, str], tuple[int, ...]]:
    """Images of the data set, what they are called by their number, and their classes."""
    shape = spec.model.input_shape
    found = cache.shipped_pictures(spec.dataset, shape)
    more = found is not None and cache.has_more_pictures(spec.dataset)
    if found is None or (more and _asks_for_more(len(found[0]))):
        try:
            with st.spinner(say("feature_maps.reading"), show_time=True):
                found = cache.pictures(spec.dataset, shape)
        except LabError as error:
            frame.show_error(error)
    images, labels, names = found or (np.zeros((0, *shape), np.uint8), (), ())
    classes, shown, seen = class_words(spec.dataset, spec.model.classes), {}, list[int]()
    for index, label in enumerate(labels):
        words = classes[label] if label >= 0 else say(f"feature_maps.photo.{names[index]}")
        shown[str(index)] = f"{words} · {seen.count(label) + 1}" if label >= 0 and label in seen else words
        seen.append(label)
    return images, shown | ({MORE: say("feature_maps.image.data")} if more else {}), labels


def _asks_for_more(known: int) -> bool:
    """Whether the link names an image behind the `known` first ones."""
    asked = st.query_params.get("image", "")
    return asked == MORE or (asked.isdecimal() and len(asked) < 4 and int(asked) >= known)


def _own(way: str, shape: tuple[int, int, int], images: np.ndarray) -> Picture | None:
    """The visitor's own image as the networks take it; None before there is one, and where it cannot be read."""
    content, name = _read(way)
    if content is None:
        st.caption(say("feature_maps.upload_wait"))
        return None
    try:
        with machine.every_core():  # a large picture takes a second
            pixels = read_image(content, name)
        st.session_state[LAST] = content, pixels
    except LabError as error:
        frame.show_error(error)
        content, pixels = st.session_state.get(LAST, (b"", None))
        if pixels is None:
            return None
    if way == "draw":
        placed = centred(pixels, shape, extent(images))
        return Picture(placed, hint=say("feature_maps.centred")) if placed is not None else None
    fitted = fit_image(pixels, shape)
    if shape[2] > 1 or not len(images) or any(map(is_bright_around, images)):
        return Picture(fitted)
    digest = hashlib.sha256(content).hexdigest()[:16]  # another picture, another default
    bright = is_bright_around(fitted)
    if not st.toggle(say("feature_maps.invert"), bright, key=f"invert_{digest}"):
        return Picture(fitted)
    return Picture(255 - fitted, hint=say("feature_maps.inverted") if bright else "")


def _read(way: str) -> tuple[bytes | None, str]:
    """The file that the visitor brings, and its name."""
    if way == "draw":
        label, clear = say("feature_maps.canvas"), say("feature_maps.clear")
        return browser.show_canvas("drawing", label, clear), label
    if way == "camera":
        file = st.camera_input(say("feature_maps.camera"), help=say("feature_maps.upload_hint"))
    else:
        file = st.file_uploader(say("feature_maps.uploader"), KINDS, help=say("feature_maps.upload_hint"))
    return (None, "") if file is None else (file.getvalue(), file.name)
