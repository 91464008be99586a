"""The table of runs, and one run in full."""

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import links, tables
from pages.ui.charts import curves
from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FINISHED


def row(run_id: str, spec: RunSpec, status: str, record: RunRecord | None) -> dict:
    """One line of the table."""
    line = {
        say("column.run"): run_id,
        say("column.variant"): spec.name,
        say("column.dataset"): spec.dataset,
        say("axis.train_images"): record.train_images if record else spec.train_size,
        say("column.seed"): spec.seed,
        say("column.epochs"): spec.recipe.epochs,
        say("column.rate"): spec.recipe.learning_rate,
        say("column.status"): say(f"status.{status}"),
    }
    if record is not None:
        line |= {
            say("column.validation"): round(100 * record.validation_accuracy, 2),
            say("column.accuracy"): round(100 * record.test_accuracy, 2),
            say("column.parameters"): record.parameters,
            say("column.seconds"): round(record.train_seconds, 1),
            say("column.device"): record.device,
            say("column.when"): record.finished[:16].replace("T", " "),
        }
    return line


def choose_data() -> str:
    """The data set whose runs are shown: at first that of the run that the link names."""
    there = {record.run_id: record.spec.dataset for record in shipped_records().values()}
    options, usual = (
        tuple(dict.fromkeys([*STUDIED, *sorted(set(there.values()))])),
        there.get(st.query_params.get("run", "")),
    )
    return links.choose(
        "data", say("column.dataset"), options, default=usual, kind="segments", resets=["run"], wrap=True
    )


@drawn_once
def show_shipped(dataset: str) -> dict[str, RunRecord]:
    """The table of the runs on `dataset` that came with the lab; returns them by their ids."""
    found = sorted(
        (record for record in shipped_records().values() if record.spec.dataset == dataset),
        key=lambda r: (-r.train_images, r.spec.name, r.spec.seed),
    )
    if found:
        show_table([row(record.run_id, record.spec, FINISHED, record) for record in found])
    return {record.run_id: record for record in found}


def show_table(lines: list[dict]) -> None:
    """A line for every run."""
    st.dataframe(pd.DataFrame(lines), hide_index=True, width="stretch", height=360)


@drawn_once
def _show_history(run_id: str, accuracies: Sequence[tuple[float, float]]) -> None:
    """Validation accuracy by epoch."""
    curve = pd.DataFrame([(epoch, 100 * share) for epoch, share in accuracies], columns=["epoch", "validation"])
    title = say("runs.history_title")
    words = title, say("axis.epoch"), say("column.validation"), say("column.run")
    chart = curves.run_curves(curve.assign(run=run_id), len(accuracies), *words)
    share = say("unit.share", value=tables.percent(accuracies[-1][1]))
    st.altair_chart(chart, key="history", alt=f"{title} {share}")


def show_record(record: RunRecord) -> None:
    """How a run learnt, and everything that is known of it."""
    left, right = st.columns([3, 2])
    with left:
        _show_history(record.run_id, [(row["epoch"], row["validation_accuracy"]) for row in record.history])
    values = record.to_dict()
    with right:
        st.markdown(f"**{say('runs.record')}**")
        st.json({key: value for key, value in values.items() if key not in ("history", "correct")}, expanded=1)
    text = json.dumps(values, indent=1, ensure_ascii=False)
    st.download_button(say("runs.download"), text, f"{record.run_id}.json", "application/json")
