"""Parameters: accuracy against parameters, multiply-adds, seconds and data; where parameters sit; published sizes."""

from functools import partial

import streamlit as st

from pages.ui import analyses, cache, frame, links
from pages.ui.parts import anatomy, parameters
from pages.ui.words import say

frame.ensure()
frame.heading("parameters")
links.sections(("table", "published"))
left, right = st.columns(2)
dataset = analyses.choose_dataset(left)
cost = links.choose(
    "cost",
    say("parameters.cost"),
    parameters.COSTS,
    lambda name: say(f"parameters.cost.{name}"),
    kind="segments",
    where=right,
    help=say("parameters.cost_hint"),
    wrap=True,
)
analysis = cache.analysis("parameter-efficiency", dataset)

if cost == "train_images":
    parameters.show_data_curve(cache.analysis("data-curve", dataset))
elif parameters.show_accuracy(analysis, cost):
    st.header(say("parameters.against"), anchor=False)
    parameters.show_contrasts(analysis)
    links.section("table", say("parameters.table"), partial(parameters.show_arms, analysis))

st.header(say("parameters.shares"), anchor=False)
systems = links.choose_many(
    "systems", say("parameters.systems"), anatomy.SYSTEMS, anatomy.system_name, parameters.USUAL_SYSTEMS
)
if systems:
    anatomy.show_shares([(name, "") for name in systems])
else:
    st.info(say("parameters.no_systems"))

links.section("published", say("parameters.published"), parameters.show_published)
