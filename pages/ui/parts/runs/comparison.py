"""Up to six runs beside each other: what they differ in, how they learnt, and what they take for what."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import cache, frame, links, tables
from pages.ui.charts import curves
from pages.ui.charts.sheets import data_url, thumbnail
from pages.ui.drawing import show_chart
from pages.ui.names import NAMES, class_words, data_title, device_name, short_network_name, switch_words
from pages.ui.words import quote, say
from tf_models.data.raw import numbered
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord

MOST = 6
MOST_OFFERED = 200  # runs to choose from, as many as the table shows: more are found by the filter
MOST_IMAGES = 60
SIDE = 36  # pixels of a picture
MOST_CLASSES = 20  # of a matrix that can be read


def choose(records: Mapping[str, RunRecord], shown: Sequence[str], names: Mapping[str, str]) -> list[RunRecord]:
    """The runs that are compared, from the link or by choice among those `shown`; `names` are what they are called."""
    linked = str(st.query_params.get("compare", "")).split(",")
    held = [*linked, *st.session_state.get("choice_compare", ())]  # a filter takes nothing out of a comparison
    ids = links.choose_many(
        "compare",
        say("runs.compare"),
        offered(records, held, shown),
        names.__getitem__,
        max_selections=MOST,
        placeholder=say("runs.compare_hint"),
    )
    return [records[run_id] for run_id in ids[:MOST]]


def offered(known: Collection[str], held: Sequence[str], shown: Sequence[str]) -> list[str]:
    """What a list of choices has room for: those that are `held` already, then the first that are `shown`."""
    return [run_id for run_id in dict.fromkeys((*held, *shown[:MOST_OFFERED])) if run_id in known]


def run_name(record: RunRecord) -> str:
    """What a run is called beside others."""
    return f"{short_network_name(record.spec)} · {say('column.seed')} {record.spec.seed} · {record.run_id[:6]}"


def show(chosen: Sequence[RunRecord]) -> None:
    """Settings, curves, the images on which they differ, and confusion matrices."""
    _show_settings(chosen)
    rows = [
        {"run": run_name(record), "epoch": row["epoch"], "validation": 100 * row["validation_accuracy"]}
        for record in chosen
        for row in record.history
    ]
    title, most = say("runs.history_title"), max(record.spec.recipe.epochs for record in chosen)
    words = title, say("axis.epoch"), say("column.validation"), say("column.run")
    show_chart(curves.run_curves(pd.DataFrame(rows), most, *words), key="compared", text=title)
    if len(chosen) > 1:
        _show_differing(chosen)
    _show_confusions([record for record in chosen if record.confusion and len(record.confusion) <= MOST_CLASSES])


def _show_settings(chosen: Sequence[RunRecord]) -> None:
    """A line for each setting, those that differ first and marked, below what came out."""
    settings = [_settings(record) for record in chosen]
    lines = {
        name: [row.get(name, "") for row in settings] for name in dict.fromkeys(key for s in settings for key in s)
    }
    marked = {name: len(set(values)) > 1 for name, values in lines.items()}
    ordered = sorted(lines, key=lambda name: not marked[name])
    results = {
        say("column.accuracy"): [tables.percent(record.test_accuracy) for record in chosen],
        say("runs.balanced"): [
            tables.percent(record.balanced_accuracy) if record.balanced_accuracy is not None else "–"
            for record in chosen
        ],
        say("column.parameters"): [f"{record.parameters:,}" for record in chosen],
        say("column.seconds"): [f"{record.train_seconds:.0f}" for record in chosen],
    }
    table = results | {f"≠ {name}" if marked[name] else name: lines[name] for name in ordered}
    names = [run_name(record) for record in chosen]
    st.dataframe(pd.DataFrame(table.values(), index=pd.Index(table), columns=names).astype(str))
    st.caption(say("runs.differ"))


def _settings(record: RunRecord) -> dict[str, str]:
    """Every setting in the visitor's words: the network and its switches, the data with their version, the recipe, the
    device.
    """
    spec, recipe = record.spec, record.spec.recipe
    known = {
        say("column.variant"): NAMES.get(spec.variant, spec.variant),
        say("column.dataset"): data_title(spec.dataset),
        say("runs.data_version"): record.dataset_hash,
        say("axis.train_images"): f"{record.train_images:,}",
        say("column.seed"): str(spec.seed),
        say("runs.labels"): say(f"runs.labels.{spec.labels}"),
        say("column.epochs"): str(recipe.epochs),
        say("column.rate"): f"{recipe.learning_rate:g}",
        say("runs.batch_size"): str(recipe.batch_size),
        say("runs.weight_decay"): f"{recipe.weight_decay:g}",
        say("runs.dropout"): f"{recipe.dropout:g}",
        say("runs.schedule"): say(f"runs.schedule.{recipe.schedule}"),
        say("runs.augment"): _on_or_off(recipe.augment),
        say("train.mixed"): _on_or_off(recipe.mixed_precision),
        say("runs.xla"): _on_or_off(recipe.xla),
        say("runs.backend"): spec.backend,
        say("column.device"): device_name(record.device),
    }
    try:
        return known | switch_words(spec.variant, spec.switches)
    except KeyError:  # of another version of the lab
        return known | {switch: str(value) for switch, value in spec.switches.items()}


def _on_or_off(on: bool) -> str:
    return say("train.mixed.on" if on else "train.mixed.off")


def _show_confusions(records: Sequence[RunRecord]) -> None:
    for start in range(0, len(records), 2):
        for record, where in zip(records[start : start + 2], st.columns(2), strict=False):
            names = class_words(record.spec.dataset, len(record.confusion or ()))
            if record.class_names is not None and set(names) == set(numbered(len(names))):
                names = tuple(record.class_names)  # the data set is gone
            where.markdown(say("runs.confusion", run=quote(run_name(record))))
            where.dataframe(pd.DataFrame(record.confusion, index=pd.Index(names), columns=list(names)))


def _show_differing(chosen: Sequence[RunRecord]) -> None:
    """The test images that some of the runs classify correctly and others do not."""
    first = chosen[0]
    if any(_tested_on(record) != _tested_on(first) for record in chosen):
        st.caption(say("runs.other_images"))
        return
    right = np.stack([record.correctness for record in chosen])  # (runs, images)
    differ = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    st.markdown(f"**{say('runs.differing', count=f'{len(differ):,}', images=f'{first.test_images:,}')}**")
    if not len(differ):
        return
    numbers = tuple(differ[:MOST_IMAGES].tolist())
    try:
        with st.spinner(say("runs.reading_images")):
            found = cache.test_pictures(first.spec.dataset, first.spec.seed, first.dataset_hash, numbers)
    except LabError as error:
        st.caption(frame.error_text(error))
        return
    if found is None:
        st.caption(say("runs.images_gone"))
        return
    images, labels = found
    classes = class_words(first.spec.dataset, first.spec.model.classes)
    table = {
        say("runs.image"): [data_url(thumbnail(image, SIDE)) for image in images],
        say("own.class"): [classes[label] for label in labels],
    } | {run_name(record): ["✓" if record.correctness[n] else "✗" for n in numbers] for record in chosen}
    picture = st.column_config.ImageColumn(width="small")
    height = min(38 + (SIDE + 8) * len(numbers), 400)
    config = {say("runs.image"): picture}
    st.dataframe(pd.DataFrame(table), hide_index=True, row_height=SIDE + 8, height=height, column_config=config)
    if len(differ) > len(numbers):
        st.caption(say("runs.first_images", count=len(numbers)))


def _tested_on(record: RunRecord) -> tuple[object, ...]:
    """What tells whether two runs have the same test images in the same order."""
    seed = None if record.fixed_test else record.spec.seed
    return record.spec.dataset, record.dataset_hash, seed, record.test_images
