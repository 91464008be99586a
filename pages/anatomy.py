"""Anatomy: two of the text's systems, drawn and counted, and the claims that name them."""

from functools import partial

import streamlit as st

from pages.ui import frame, links
from pages.ui.parts import anatomy
from pages.ui.parts.claims import listing
from pages.ui.words import say, sentences

frame.ensure()
frame.heading("anatomy")
links.sections(("stages", "others"))
beside = st.columns(2, gap="large")
chosen = anatomy.choose_systems(beside)
systems = list(chosen.values())

for (side, system), column in zip(chosen.items(), beside, strict=True):  # on a phone, each under its own choice
    with column:
        anatomy.show_drawing(side, system, systems)
st.caption(say("anatomy.drawing_hint"))

links.section("stages", say("anatomy.stages"), partial(anatomy.show_stages, systems))

st.header(
    say("anatomy.inside"), help=sentences(say("anatomy.inside_hint"), say("anatomy.activations_hint")), anchor=False
)
for (side, system), column in zip(chosen.items(), st.columns(2, gap="large"), strict=True):
    with column:
        anatomy.show_blocks(side, system, systems)
st.caption(say("anatomy.more_activations"))

st.header(say("anatomy.shares"), help=say("anatomy.roles_hint"), anchor=False)
anatomy.show_shares(systems)

st.header(say("topic.claims"), anchor=False)
anatomy.show_claims(systems)
title, others = anatomy.other_claims(systems)
if others:
    links.section("others", title, partial(listing.show_links, others))
