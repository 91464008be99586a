"""Up to six runs beside each other: what they differ in, how they learnt, and what they take for what."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.ui import links, tables
from pages.ui.charts import curves
from pages.ui.words import say
from tf_models.runs.record import RunRecord

MOST = 6
MOST_CLASSES = 20  # of a matrix that can be read


def choose(records: Mapping[str, RunRecord]) -> list[RunRecord]:
    """The runs that are compared, from the link or by choice."""
    ids = links.choose_many(
        "compare",
        say("runs.compare"),
        list(records),
        lambda run_id: f"{records[run_id].spec.name} · {records[run_id].spec.dataset} · {run_id}",
        max_selections=MOST,
    )
    return [records[run_id] for run_id in ids[:MOST]]


def show(chosen: Sequence[RunRecord]) -> None:
    """Settings, curves and confusion matrices."""
    _show_settings(chosen)
    rows = [
        {"run": record.run_id, "epoch": row["epoch"], "validation": 100 * row["validation_accuracy"]}
        for record in chosen
        for row in record.history
    ]
    title, most = say("runs.history_title"), max(record.spec.recipe.epochs for record in chosen)
    words = title, say("axis.epoch"), say("column.validation"), say("column.run")
    st.altair_chart(curves.run_curves(pd.DataFrame(rows), most, *words), key="compared", alt=title)
    _show_confusions([record for record in chosen if record.confusion and len(record.confusion) <= MOST_CLASSES])


def _show_settings(chosen: Sequence[RunRecord]) -> None:
    """A line for each setting, those that differ first and marked, then what came out."""
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
    table = {f"≠ {name}" if marked[name] else name: lines[name] for name in ordered} | results
    ids = [record.run_id for record in chosen]
    st.dataframe(pd.DataFrame(table.values(), index=pd.Index(table), columns=ids).astype(str))
    st.caption(say("runs.differ"))


def _settings(record: RunRecord) -> dict[str, str]:
    """Every setting as text: the network and its switches, the data with their version, the recipe, the device."""
    values = record.to_dict()
    told = ("variant", "dataset", "dataset_hash", "train_images", "seed", "labels", "backend")
    recipe = ("epochs", "learning_rate", "batch_size", "weight_decay", "dropout", "schedule", "augment")
    own = {name: str(values[name]) for name in (*told, *recipe, "mixed_precision", "xla", "device")}
    return own | {f"{key}": str(value) for key, value in record.spec.switches.items()}


def _show_confusions(records: Sequence[RunRecord]) -> None:
    for start in range(0, len(records), 2):
        for record, where in zip(records[start : start + 2], st.columns(2), strict=False):
            names = list(record.class_names or map(str, range(len(record.confusion or ()))))
            where.markdown(say("runs.confusion", run=record.run_id))
            where.dataframe(pd.DataFrame(record.confusion, index=pd.Index(names), columns=names))
