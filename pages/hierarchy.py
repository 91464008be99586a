"""Hierarchy: what a linear map reads at each layer, and whether shrinking grids are needed for it."""

import streamlit as st

from pages.ui import frame, inside
from pages.ui.parts import hierarchy
from pages.ui.parts.claims import listing
from pages.ui.words import say

frame.ensure()
frame.heading("hierarchy")
dataset, sides = inside.choose()
if chosen := list(dict.fromkeys(sides)):
    depth = inside.choose_depth()
    read = {
        choice: {trained: inside.found(dataset, choice, "probing", trained) for trained in hierarchy.STATES}
        for choice in chosen
    }
    hierarchy.show_readout(dataset, chosen, depth, read)

    st.header(say("hierarchy.sizes"), help=say("hierarchy.sizes_hint"), anchor=False)
    hierarchy.show_sizes(dataset, chosen)

    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(say("hierarchy.pyramid"), anchor=False)
        hierarchy.show_pyramid(dataset)
    with right:
        st.subheader(say("hierarchy.far"), anchor=False)
        hierarchy.show_far(dataset, chosen, read)

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C07", "C08", "C09", "C10", "C31"))
