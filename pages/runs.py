"""Runs: every run record, those that came with the lab and those trained here."""

import pandas as pd
import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts import runs
from pages.ui.words import say
from tf_models.runs.known import is_current
from tf_models.runs.shipped import shipped_problems, shipped_records
from tf_models.runs.store import FINISHED, UNREADABLE

frame.ensure()
frame.heading("runs")
origins = ("shipped", "own")
origin = links.choose(
    "origin", say("runs.origin"), origins, lambda o: say(f"runs.origin.{o}"), kind="segments", resets=["run"]
)
reasons, unreadable = {}, ()
if origin == "shipped":
    for problem in shipped_problems():
        frame.show_error(problem)
    found = sorted(
        shipped_records().values(), key=lambda r: (r.spec.dataset, -r.train_images, r.spec.name, r.spec.seed)
    )
    records = {record.run_id: record for record in found}
    lines = [runs.row(record.run_id, record.spec, FINISHED, record) for record in found]
else:
    own = cache.store().runs(limit=500)
    records = {run.id: run.record for run in own if run.record is not None}
    lines = [runs.row(run.id, run.spec, run.status, run.record) for run in own]
    reasons = {run.id: run.reason for run in own if run.reason is not None}
    unreadable = [run.id for run in own if run.status == UNREADABLE]
if not lines:
    st.info(say("runs.none"))
    st.stop()
st.dataframe(pd.DataFrame(lines), hide_index=True, width="stretch", height=360)

chosen = links.choose("run", say("runs.choose"), [line[say("column.run")] for line in lines])
if chosen in unreadable:
    frame.show_error(reasons[chosen])
elif chosen in reasons:
    st.error(say("runs.reason", reason=frame.error_text(reasons[chosen])))
if chosen in records:
    if origin == "own" and not is_current(records[chosen]):
        st.info(say("runs.outdated"), icon=":material/history:")
    runs.show_record(records[chosen])
