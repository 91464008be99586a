"""Runs: every run record, those that came with the lab and those trained here."""

import json

import pandas as pd
import streamlit as st

from pages.ui import cache, frame, links, tables
from pages.ui.charts import curves
from pages.ui.words import say
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_problems, shipped_records
from tf_models.runs.store import UNREADABLE

frame.ensure()
frame.heading("runs")
origin = links.choose(
    "origin", say("runs.origin"), ("shipped", "own"), lambda o: say(f"runs.origin.{o}"), kind="segments"
)


def row(run_id: str, spec, status: str, record: RunRecord | None) -> dict:
    """One line of the table."""
    return {
        say("column.run"): run_id,
        say("column.variant"): spec.name,
        say("column.dataset"): spec.dataset,
        say("axis.train_images"): record.train_images if record else spec.train_size,
        say("column.seed"): spec.seed,
        say("column.epochs"): spec.recipe.epochs,
        say("column.rate"): spec.recipe.learning_rate,
        say("column.status"): say(f"status.{status}"),
        say("column.validation"): round(100 * record.validation_accuracy, 2) if record else None,
        say("column.accuracy"): round(100 * record.test_accuracy, 2) if record else None,
        say("column.parameters"): record.parameters if record else None,
        say("column.seconds"): round(record.train_seconds, 1) if record else None,
        say("column.device"): record.device if record else None,
        say("column.when"): record.finished[:16].replace("T", " ") if record else None,
    }


if origin == "shipped":
    shipped = sorted(
        shipped_records().values(), key=lambda r: (r.spec.dataset, -r.train_images, r.spec.name, r.spec.seed)
    )
    records = {record.run_id: record for record in shipped}
    lines = [row(run_id, record.spec, "finished", record) for run_id, record in records.items()]
    reasons, unreadable = {}, ()
    for problem in shipped_problems():
        frame.show_error(problem)
else:
    runs = cache.store().runs(limit=500)
    records = {run.id: run.record for run in runs if run.record is not None}
    lines = [row(run.id, run.spec, run.status, run.record) for run in runs]
    reasons = {run.id: run.reason for run in runs if run.reason is not None}
    unreadable = [run.id for run in runs if run.status == UNREADABLE]
if not lines:
    st.info(say("runs.none"))
    st.stop()
st.dataframe(pd.DataFrame(lines), hide_index=True, width="stretch", height=360)

ids = [line[say("column.run")] for line in lines]
chosen = links.choose("run", say("runs.choose"), ids)
if chosen in unreadable:
    frame.show_error(reasons[chosen])
elif chosen in reasons:
    st.error(say("runs.reason", reason=frame.error_text(reasons[chosen])))
if chosen in records:
    record = records[chosen]
    history = pd.DataFrame(record.history)
    curve = pd.DataFrame(
        {"run": record.run_id, "epoch": history["epoch"], "validation": 100 * history["validation_accuracy"]}
    )
    left, right = st.columns([3, 2])
    chart = curves.run_curves(
        curve, say("runs.history_title"), say("axis.epoch"), say("column.validation"), say("column.run")
    )
    left.altair_chart(
        chart, key="history", alt=f"{say('runs.history_title')}: {tables.percent(record.validation_accuracy)} %"
    )
    shown = {key: value for key, value in record.to_dict().items() if key not in ("history", "correct")}
    with right:
        st.markdown(f"**{say('runs.record')}**")
        st.json(shown, expanded=1)
    text = json.dumps(record.to_dict(), indent=1, ensure_ascii=False)
    st.download_button(say("runs.download"), text, f"{record.run_id}.json", "application/json")
