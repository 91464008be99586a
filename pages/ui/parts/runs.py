"""The parts of the page *Runs*: the table of runs, and one run in full."""

import json

import pandas as pd
import streamlit as st

from pages.ui import tables
from pages.ui.charts import curves
from pages.ui.words import say
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec


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


def show_record(record: RunRecord) -> None:
    """How a run learnt, and everything that is known of it."""
    epochs = pd.DataFrame(record.history)
    curve = pd.DataFrame({"epoch": epochs["epoch"], "validation": 100 * epochs["validation_accuracy"]})
    title = say("runs.history_title")
    words = title, say("axis.epoch"), say("column.validation"), say("column.run")
    chart = curves.run_curves(curve.assign(run=record.run_id), *words)
    left, right = st.columns([3, 2])
    left.altair_chart(chart, key="history", alt=f"{title}: {tables.percent(record.validation_accuracy)} %")
    values = record.to_dict()
    with right:
        st.markdown(f"**{say('runs.record')}**")
        st.json({key: value for key, value in values.items() if key not in ("history", "correct")}, expanded=1)
    text = json.dumps(values, indent=1, ensure_ascii=False)
    st.download_button(say("runs.download"), text, f"{record.run_id}.json", "application/json")
