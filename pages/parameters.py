"""Parameters: accuracy against parameters, multiply-adds, seconds and data; where parameters sit; published sizes."""

import streamlit as st

from pages.ui import anatomy, efficiency, frame, links, loaders
from pages.ui.words import say

frame.ensure()
frame.heading("parameters")
left, right = st.columns(2)
dataset = links.choose("dataset", say("ffn.dataset"), loaders.EXPERIMENT_DATASETS, kind="segments", where=left)
cost = links.choose(
    "cost",
    say("parameters.cost"),
    efficiency.COSTS,
    lambda name: say(f"parameters.cost.{name}"),
    kind="segments",
    where=right,
    help=say("parameters.cost_hint"),
    wrap=True,
)
result = loaders.parameter_efficiency(dataset)

if efficiency.show_accuracy(result, cost):
    st.header(say("parameters.against"))
    efficiency.show_contrasts(result)
    st.header(say("parameters.table"))
    st.caption(say("parameters.table_hint"))
    efficiency.show_arms(result)

st.header(say("parameters.shares"))
systems = links.choose_many(
    "systems", say("parameters.systems"), anatomy.SYSTEMS, anatomy.system_name, efficiency.USUAL_SYSTEMS
)
if systems:
    anatomy.show_shares([anatomy.system(name) for name in systems])
else:
    st.info(say("parameters.no_systems"))

st.header(say("parameters.published"))
st.caption(say("parameters.published_hint"))
efficiency.show_published()
