"""Overview: the question, the headline figure, and the text's three tables beside what was measured."""

import pandas as pd
import streamlit as st

from pages.ui import charts, frame, loaders, tables
from pages.ui.words import say

frame.ensure()
frame.heading("overview")

# The text's tables: rows of each, and the contrast that measures a cell where one does.
TABLES = {
    "table1": {"row1": None, "row2": None, "row3": None, "row4": None},
    "table2": {"row1": ("linear", "linear"), "row2": ("activation", "activation"), "row3": None},
    "table3": {"row1": ("off", "off"), "row2": ("deeper", "off_deeper"), "row3": None},
}

results = [loaders.ffn_gap(dataset) for dataset in loaders.EXPERIMENT_DATASETS]
rows = pd.concat([tables.contrast_rows(result, primary_only=True) for result in results])
if rows.empty:
    st.info(say("overview.no_finding"))
else:
    chart = charts.intervals(rows, say("overview.headline"), say("ffn.gap_axis"), tables.column_names())
    st.altair_chart(chart, key="headline", alt=say("overview.headline_alt"))
for result in results:
    if found := tables.finding(result):
        st.markdown(found)
st.markdown(say("overview.where"))
for column, (page, key) in zip(
    st.columns(3),
    (("ffn", "overview.open_ffn"), ("feature_maps", "overview.open_maps"), ("train", "overview.open_train")),
    strict=True,
):
    column.page_link(f"pages/{page}.py", label=say(key), icon=frame.ICONS[page])

st.header(say("overview.tables"))
st.caption(say("overview.tables_hint"))
for table, entries in TABLES.items():
    st.subheader(say(table))
    lines = []
    for row, measured in entries.items():
        effects = [text for result in results if measured and (text := tables.effect_text(result, measured[1]))]
        cell = (
            say(f"measured.{measured[0]}", effects="; ".join(effects))
            if measured and effects
            else say("verdict.untested")
        )
        lines.append(
            {
                say("table.aspect"): say(f"{table}.{row}"),
                say("table.cnn"): say(f"{table}.{row}.cnn"),
                say("table.transformer"): say(f"{table}.{row}.transformer"),
                say("table.measured"): cell,
            }
        )
    st.table(pd.DataFrame(lines).set_index(say("table.aspect")))
st.caption(say("overview.published_hint"))
