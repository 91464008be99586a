"""Convergence: how alike the features of two networks are, and which frequencies their layers keep."""

import streamlit as st

from pages.ui import frame, inside
from pages.ui.parts import convergence
from pages.ui.parts.claims import listing
from pages.ui.words import say

frame.ensure()
frame.heading("convergence")
dataset, sides = inside.choose()
if not sides:
    st.stop()
left, right = sides
pairs = convergence.compared(dataset, left, right)
depth = inside.choose_depth()
if convergence.show_levels(dataset, left, right, pairs, depth):
    st.header(say("convergence.matched"), anchor=False)
    convergence.show_matched(dataset, left, right, pairs, depth)

st.header(say("convergence.spectra"), anchor=False)
convergence.show_spectra(dataset, (left, right), depth)

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C21", "C23"))
