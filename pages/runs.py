"""Runs: every run record, those that came with the lab and those trained here."""

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.names import data_name
from pages.ui.parts.runs import carry, comparison, table
from pages.ui.words import say
from tf_models.runs.known import is_current
from tf_models.runs.shipped import shipped_problems
from tf_models.runs.store import UNREADABLE

frame.ensure()
frame.heading("runs")
origins, mine = ("shipped", "own"), carry.has_own()
if mine and {*st.query_params} <= links.OF_THE_FRAME:
    st.query_params["origin"] = "own"
more = {"kind": "segments", "resets": ["run", "compare"], "lasting": not mine}
origin = links.choose("origin", say("runs.origin"), origins, lambda o: say(f"runs.origin.{o}"), **more)
reasons, unreadable, own = {}, (), []
if origin == "shipped":
    for problem in shipped_problems():
        frame.show_error(problem)
    dataset = table.choose_data()
    records, names = table.shipped(dataset), table.shipped_names(dataset)
    shown = table.show_shipped(dataset)
    ids = list(records)
else:
    own = cache.store().runs(limit=500)
    records = {run.id: run.record for run in own if run.record is not None}
    names = {
        run_id: f"{comparison.run_name(record)} · {data_name(record.spec.dataset)}"
        for run_id, record in records.items()
    }
    reasons = {run.id: run.reason for run in own if run.reason is not None}
    unreadable = [run.id for run in own if run.status == UNREADABLE]
    shown = table.show_own([table.row(run.id, run.spec, run.status, run.record) for run in own]) if own else []
    ids = [run.id for run in own]
if ids and (compared := comparison.choose(records, shown, names)):
    comparison.show(compared)
    carry.show_delete([run for run in own if run.id in {record.run_id for record in compared}], several=True)
if origin == "own":
    carry.show_exchange(list(records.values()))
if not ids:
    st.info(say("runs.none"))
    st.stop()

offered = comparison.offered(ids, [st.query_params.get("run", "")], shown or ids)
chosen = links.choose(
    "run",
    say("runs.choose"),
    offered,
    lambda it: names.get(it, it),
    default=next(iter(shown or ids)),
    lasting=origin == "shipped",
)
if chosen in unreadable:
    frame.show_error(reasons[chosen])
elif chosen in reasons:
    st.error(say("runs.reason", reason=frame.error_text(reasons[chosen])))
if chosen in records:
    if origin == "own" and not is_current(records[chosen]):
        st.info(say("runs.outdated"), icon=":material/history:")
    table.show_record(records[chosen])
    carry.show_repeat(records[chosen])
if origin == "own":
    carry.show_delete([run for run in own if run.id == chosen])
