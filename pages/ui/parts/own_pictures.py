"""A visitor's own pictures on *Train*: sent, read with a bar, seen before anything is trained on them."""

import contextlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, frame, links, tables
from pages.ui.parts.feature_maps.names import class_words
from pages.ui.parts.train.runs import visitor
from pages.ui.words import quote, say
from tf_models.data import DatasetInfo, is_own, names, peek, samples, unread_file
from tf_models.errors import LabError
from tf_models.jobs import reading

SENT, READY = "own_sent", "own_ready"  # in the session: what was sent last, and the data set that came of it
UNBALANCED = 1.5  # the largest class has so many times its equal share
LISTED = 3  # classes in the name of a data set
TILE = 56  # pixels
Reading = reading.Reading


def choices() -> tuple[str, ...]:
    """The data sets that *Train* offers: all, then this visitor's own, and the one that the link names."""
    if (ready := st.session_state.pop(READY, None)) is not None:
        links.put("data", ready, "")
    own = dict.fromkeys(st.session_state.get("own_data", ()))
    with contextlib.suppress(LabError):  # said beside the runs
        own |= dict.fromkeys(run.spec.dataset for run in cache.store().runs(visitor=visitor(), limit=100))
    own |= dict.fromkeys([st.query_params.get("data", "")])
    return (*names(generated=False), *(name for name in own if is_own(name)))


def data_name(name: str) -> str:
    """What a data set is called in the list."""
    if not is_own(name):
        return name
    known = peek(name)
    some = say("lab.comma").join(known.class_names[:LISTED]) + (" …" if known.classes > LISTED else "")
    return say("own.name", classes=some, number=name[4:8])


def ask() -> None:
    """The place to send pictures to."""
    with st.expander(say("own.title"), icon=":material/add_photo_alternate:"):
        st.caption(say("own.lead"))
        file = st.file_uploader(say("own.upload"), ("zip", "npz"), key="own_file")
        if file is None:
            st.session_state.pop(SENT, None)
            return
        if st.session_state.get(SENT) != file.file_id:
            try:
                _show_progress(reading.read_own(file.getvalue(), file.name), file.file_id)
            except LabError as error:
                frame.show_error(error)


def wait_for(name: str) -> bool:
    """Whether a file in LAB_DATA_DIR must be read first; it shows how far that is."""
    path = unread_file(name)
    if path is not None:
        _show_progress(reading.read_file(path), None)
    return path is not None


def _show_progress(found: Reading, file_id: str | None) -> None:
    if found.error is not None:
        frame.show_error(found.error)
        return
    st.fragment(_progress, run_every=0.4)(found, file_id)


def _progress(found: Reading, file_id: str | None) -> None:
    if found.ended:
        if found.name is not None and file_id is not None:
            st.session_state[SENT], st.session_state[READY] = file_id, found.name
            st.session_state.setdefault("own_data", []).append(found.name)
        st.rerun()
    share = found.done / found.total if found.total else 0.0
    st.progress(share, text=say("own.reading", done=f"{found.done:,}", total=f"{found.total:,}"))


def show_preview(known: DatasetInfo) -> None:
    """Classes with their numbers and a few pictures, what was left out and why, and how even the classes are."""
    if not known.counts or known.studied:
        return
    classes = class_words(known.name, known.classes)
    with st.expander(say("own.preview", count=f"{sum(known.counts):,}", classes=known.classes), is_own(known.name)):
        lines = sorted(zip(known.counts, classes, strict=True), reverse=True)
        st.dataframe(
            pd.DataFrame([(name, count) for count, name in lines], columns=[say("own.class"), say("own.images")]),
            hide_index=True,
            height=min(36 * (len(lines) + 1), 220),
        )
        _show_samples(known.name, classes)
        for sentence in left_out_words(known):
            st.warning(sentence, icon=":material/filter_alt_off:")
        if known.largest_share * known.classes > UNBALANCED:
            largest = quote(classes[known.counts.index(max(known.counts))])
            st.info(say("own.unbalanced", name=largest, share=tables.percent(known.largest_share)))


def left_out_words(known: DatasetInfo) -> list[str]:
    """A sentence for each reason."""
    told = []
    for row in known.left_out:
        some = say("lab.comma").join(str(quote(name)) for name in row.names) + (
            " …" if row.count > len(row.names) else ""
        )
        told.append(say(f"left_out.{row.reason}", count=f"{row.count:,}", names=some))
    return told


def _show_samples(name: str, classes: Sequence[str]) -> None:
    images, labels = samples(name)
    if len(images):
        shown: Any = [image[..., 0] if image.shape[2] == 1 else image for image in images]
        st.image(shown, caption=[str(classes[label]) for label in labels], width=TILE, output_format="PNG")
