"""What the networks take the image for, and where the last grid speaks for it."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.ui.charts import bars, sheets
from pages.ui.drawing import show_chart
from pages.ui.names import class_words
from pages.ui.parts.feature_maps.networks import View
from pages.ui.replay import drawn_once
from pages.ui.words import quote, say

SHOWN = 5  # classes
SMALLEST = 0.001  # share that is written
TILE = 144  # pixels


def show_decision(view: View, truth: int | None) -> None:
    """The most likely classes beside Grad-CAM of the first; `truth` is the class that the image has, if it has one."""
    _draw_decision(view.key, truth, view)


@drawn_once
def _draw_decision(key: str, truth: int | None, _view: View) -> None:
    found = _view.taps["probabilities"]
    names = class_words(_view.spec.dataset, len(found))
    left, right = st.columns([2, 3])
    with right:
        show_prediction(_view, names, found.tolist(), truth, f"prediction_{_view.side}")
    with left:
        _show_grad_cam(_view, names[int(found.argmax())])


def _show_grad_cam(view: View, label: str) -> None:
    found = view.taps.get("grad_cam")
    if found is None or not found.max() > 0:
        st.caption(say("feature_maps.no_cam.token" if found is None else "feature_maps.no_cam.nothing", label=label))
        return
    alt = say("feature_maps.cam_alt", label=label, model=view.name)
    caption = say("feature_maps.cam", label=label, rows=found.shape[0], columns=found.shape[1])
    st.image(sheets.overlay(view.image, found), caption=caption, width=TILE, output_format="PNG", alt=alt)


def show_prediction(
    view: View, names: tuple[str, ...], probabilities: list[float], truth: int | None, key: str
) -> None:
    """The most likely classes, and the image's own where it is not among them."""
    order = sorted(range(len(names)), key=lambda label: -probabilities[label])
    first = order[0]
    shown = order[:SHOWN] if truth is None or truth in order[:SHOWN] else [*order[: SHOWN - 1], truth]
    marks: Mapping[int, str] = {} if truth is None else {truth: f" {say('feature_maps.true')}"}
    rows = [
        (names[label] + marks.get(label, ""), 100 * probabilities[label], share(probabilities[label]))
        for label in shown
    ]
    words = {"model": view.name, "name": names[first], "value": f"{100 * probabilities[first]:.0f}"}
    if truth is None:
        title = say("feature_maps.prediction_title", **words)
    elif truth == first:
        title = say("feature_maps.prediction_right", **words)
    else:
        title = say("feature_maps.prediction_wrong", truth=names[truth], **words)
    likely = pd.DataFrame(rows, columns=["name", "value", "figure"])
    st.markdown(f"**{quote(title)}**")  # as the chart's own title it would be cut where the column is narrow
    show_chart(bars.probabilities(likely, "", view.colour), key=key, text=title)


def share(value: float) -> str:
    """A share from 0 to 1 as percent."""
    return say("unit.share", value=f"{100 * value:.1f}" if value >= SMALLEST else f"< {100 * SMALLEST:g}")
