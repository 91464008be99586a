"""A visitor's own pictures on *Train*: sent, read with a bar, seen before anything is trained on them."""

import contextlib

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from pages.ui import cache, frame, links, tables
from pages.ui.charts.sheets import data_url, thumbnail
from pages.ui.names import class_words, data_title
from pages.ui.parts.train.runs import visitor
from pages.ui.words import quote, say
from tf_models.data import (
    DatasetInfo,
    is_own,
    must_be_downloaded,
    names,
    samples,
    unknown_dataset,
    unpacked,
    unread_file,
)
from tf_models.data.raw import are_uneven
from tf_models.data.registry import part_sizes
from tf_models.errors import LabError
from tf_models.jobs import reading

SENT, READY, PLACE = "own_sent", "own_ready", "own_place"  # in the session: the file that was sent last with its
# reading, the data set that came of it, and how many files have been read, which tells places to send to apart
TILE, GAP = 30, 3  # pixels of a sample, and between two
MOST_HEIGHT = 300  # pixels of the table of classes; beyond, it scrolls
Reading = reading.Reading


def choices() -> tuple[str, ...]:
    """The data sets that *Train* offers: all, then this visitor's own, and the one that the link names."""
    if (ready := st.session_state.pop(READY, None)) is not None:
        links.put("data", ready, "")
    own = dict.fromkeys(found.name for found in reading.sent_by(visitor()) if found.name is not None)
    with contextlib.suppress(LabError):  # said beside the runs
        own |= dict.fromkeys(run.spec.dataset for run in cache.store().runs(visitor=visitor(), limit=100))
    own |= dict.fromkeys([st.query_params.get("data", "")])
    return (*names(generated=False), *(name for name in own if is_own(name)))


def title(name: str) -> str:
    """What a data set is called in the list of `choices`: one that is not here yet says that it must be downloaded."""
    return say("data.download", name=data_title(name)) if must_be_downloaded(name) else data_title(name)


def ask() -> None:
    """The place to send pictures to, and how far those are that are being read."""
    place = st.session_state.setdefault(PLACE, 0)
    with st.expander(say("own.title"), icon=":material/add_photo_alternate:", key=f"own_place_{place}"):
        st.caption(say("own.lead"))
        for name in unpacked():
            st.caption(frame.error_text(unknown_dataset(name)))
        file = st.file_uploader(say("own.upload"), ("zip", "npz"), key=f"own_file_{place}")
        sent: tuple[str, Reading] | None = st.session_state.get(SENT)
        if file is None:
            st.session_state.pop(SENT, None)
            sent = None
        elif sent is None or sent[0] != file.file_id:
            try:
                sent = file.file_id, reading.read_own(file.getvalue(), file.name, visitor())
                st.session_state[SENT] = sent
            except LabError as error:
                frame.show_error(error)
    if sent is not None:
        _follow(sent[1], sent=True)
    for found in reading.sent_by(visitor()):  # also what was sent before the page was loaded again
        if not found.ended and (sent is None or found is not sent[1]):
            _follow(found)


def wait_for(name: str) -> bool:
    """Whether a file in LAB_DATA_DIR must be read first; it shows how far that is."""
    path = unread_file(name)
    if path is not None:
        _follow(reading.read_file(path))
    return path is not None


def _follow(found: Reading, sent: bool = False) -> None:
    if found.error is not None:
        frame.show_error(found.error)
    elif found.name is not None and sent:
        _take(found.name)
    else:
        st.fragment(_progress, run_every=0.4)(found)


def _take(name: str) -> None:
    """Choose the data set that was read; the next file is sent to a new place, and this one is forgotten."""
    st.session_state.pop(SENT, None)
    st.session_state[READY] = name
    st.session_state[PLACE] += 1
    st.rerun()


def _progress(found: Reading) -> None:
    if found.ended:
        st.rerun()
    share = found.done / found.total if found.total else 0.0
    told = say("own.reading", done=f"{found.done:,}", total=f"{found.total:,}") if found.total else say("own.opening")
    st.progress(share, text=told)


def show_preview(known: DatasetInfo) -> None:
    """Classes with their numbers and a few pictures, what was left out and why, and how even the classes are."""
    if not known.counts or known.studied:
        return
    classes = class_words(known.name, known.classes)
    with st.expander(say("own.preview", count=f"{sum(known.counts):,}", classes=known.classes), is_own(known.name)):
        strips = _strips(known.name)
        order = sorted(range(known.classes), key=lambda label: (-known.counts[label], label))
        lines = [(classes[label], known.counts[label], strips.get(label)) for label in order]
        words = [say("own.class"), say("own.images"), say("own.samples")]
        row, widths = TILE + 6 if strips else 35, (84, 62, 3 * (TILE + GAP) + 10) if strips else (None, None, None)
        st.dataframe(
            pd.DataFrame(lines, columns=words)[words if strips else words[:2]],
            hide_index=True,
            row_height=row,
            height=min(row * len(lines) + 38, MOST_HEIGHT),
            column_config={
                words[0]: st.column_config.TextColumn(width=widths[0]),
                words[1]: st.column_config.NumberColumn(width=widths[1]),
                words[2]: st.column_config.ImageColumn(width=widths[2]),
            },
            alt=say("own.preview", count=f"{sum(known.counts):,}", classes=known.classes),
        )
        height, width, _ = known.input_shape
        train, validation, test = part_sizes(sum(known.counts), known.fixed_test)
        parts = {"train": f"{train:,}", "validation": f"{validation:,}", "test": f"{test:,}"}
        st.caption(say("own.fixed" if known.fixed_test else "own.split", height=height, width=width, **parts))
        if told := left_out_words(known):
            st.warning("\n".join(f"- {sentence}" for sentence in told), icon=":material/filter_alt_off:")
        if are_uneven(known.counts):
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


def _strips(name: str) -> dict[int, str]:
    """Label → a few of its pictures side by side, as an address that holds a PNG."""
    images, labels = samples(name)
    found = {}
    for label in dict.fromkeys(labels.tolist()):
        chosen = [Image.fromarray(thumbnail(image, TILE)) for image in images[labels == label]]
        strip = Image.new("RGBA", ((TILE + GAP) * len(chosen) - GAP, TILE))
        for number, picture in enumerate(chosen):
            strip.paste(picture, (number * (TILE + GAP), 0))
        found[label] = data_url(np.asarray(strip))
    return found
