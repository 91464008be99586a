"""What each layer of the networks would already predict for the image, were the network to end there."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import frame, inside
from pages.ui.charts import bars
from pages.ui.drawing import show_chart
from pages.ui.names import class_words
from pages.ui.parts.feature_maps.decision import share
from pages.ui.parts.feature_maps.names import place_name
from pages.ui.parts.feature_maps.networks import View
from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.errors import LabError
from tf_models.jobs.probing import Question
from tf_models.runs.readouts import Readouts


def show_levels(views: Sequence[View], truth: int | None) -> None:
    """The class that a linear classifier of each level reads, side by side.

    Those of own runs are fitted first: a bar shows how much of that is done, and the rest of the page can be used.
    """
    st.subheader(say("feature_maps.levels"), help=say("feature_maps.levels_hint"), anchor=False)
    asked = [_asked(view) for view in views]
    waiting = [found for found in asked if isinstance(found, Question) and not found.is_over(inside.SOON)]

    def show() -> None:
        if waiting and all(question.is_over() for question in waiting):
            st.rerun()
        for view, found, column in zip(views, asked, st.columns(2, gap="large"), strict=False):
            with column.container(key=view.place("levels")):
                _show(view, found, truth)

    if waiting:
        st.fragment(show, run_every=inside.POLL_SECONDS)()
    else:
        show()


def _asked(view: View) -> Readouts | Question | LabError:
    try:
        return inside.readouts_of(view.spec.dataset, view.choice)
    except LabError as error:
        return error


def _show(view: View, found: Readouts | Question | LabError, truth: int | None) -> None:
    try:
        if isinstance(found, LabError):
            raise found
        if isinstance(found, Question):
            if not found.is_over():
                st.progress(found.share, say("feature_maps.levels_working", model=view.name))
                return
            found = found.answer()
        assert isinstance(found, Readouts)
        _draw(view.key, truth, view, found)
    except LabError as error:
        inside.forget_readouts(view.spec.dataset, view.choice)
        frame.show_error(inside.in_words(error, view.spec.dataset))


@drawn_once
def _draw(key: str, truth: int | None, _view: View, _found: Readouts) -> None:
    read, model = _found.predict(_view.taps), _view.spec.model
    names = class_words(_view.spec.dataset, model.classes)
    own, labels = int(_view.taps["probabilities"].argmax()), {level: int(row.argmax()) for level, row in read.items()}
    places = {level: say("layer.stem") if level == "stem" else place_name(model, level) for level in read}
    rows = [
        {
            "name": places[level],
            "value": 100 * row.max(),
            "figure": say(
                "feature_maps.level_true" if labels[level] == truth else "feature_maps.level",
                name=names[labels[level]],
                share=share(float(row.max())),
            ),
        }
        for level, row in read.items()
    ]
    title = _finding(_view.name, labels, own, places, names)
    chart = bars.probabilities(pd.DataFrame(rows), title, _view.colour, room=200)
    alt = say("lab.comma").join(f"{row['name']}: {row['figure']}" for row in rows)
    show_chart(chart, key=f"levels_{_view.side}", text=f"{title}. {alt}")
    right = share(list(_found.levels.values())[-1].accuracy)
    st.caption(say("feature_maps.levels_fit", images=f"{_found.images:,}", share=right))


def _finding(model: str, labels: dict[str, int], own: int, places: dict[str, str], names: Sequence[str]) -> str:
    """From which level on all say what the network says."""
    agreeing = ""
    for level in reversed(labels):
        if labels[level] != own:
            break
        agreeing = level
    if not agreeing:
        last = names[list(labels.values())[-1]]
        return say("feature_maps.levels_never", model=model, own=names[own], name=last)
    if agreeing == next(iter(labels)):
        return say("feature_maps.levels_always", model=model, name=names[own])
    return say("feature_maps.levels_title", model=model, name=names[own], place=places[agreeing])
