"""Weight sharing: what a move of the image does to predictions and to what every layer computes."""

import streamlit as st

from pages.ui import frame, inside
from pages.ui.parts.claims import listing
from pages.ui.parts.weight_sharing import figures, live
from pages.ui.words import say

frame.ensure()
frame.heading("weight_sharing")
dataset, sides = inside.choose()
if sides:
    left, right = sides
    figures.show_consistency(dataset, (left, right))

    st.header(say("weight_sharing.live"), anchor=False)
    depth = inside.choose_depth()
    live.show_live(dataset, (left, right), depth)

    st.header(say("weight_sharing.levels"), anchor=False)
    figures.show_levels(dataset, left, right, depth)

figures.show_exact()

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C03", "C11", "C12", "C14", "C15", "C17"))
