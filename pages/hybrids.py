"""Hybrids: convolution and attention alone and one after the other, in both orders, at equal parameters."""

import streamlit as st

from pages.ui import analyses, cache, frame
from pages.ui.parts import hybrids
from pages.ui.parts.claims import listing
from pages.ui.words import say

frame.ensure()
frame.heading("hybrids")
dataset = analyses.choose_dataset()
analysis = cache.analysis("hybrids", dataset)
if hybrids.show_arms(analysis):
    st.header(say("hybrids.contrasts"), anchor=False)
    hybrids.show_contrasts(analysis)

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C23", "C22", "C20"))
