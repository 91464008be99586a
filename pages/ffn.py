"""FFN: the gap with its intervals, how the arms learn, what the gap depends on, and whether the experiment holds."""

import streamlit as st

from pages.ui import frame, gap, links, loaders
from pages.ui.words import say

frame.ensure()
frame.heading("ffn")
dataset = links.choose("dataset", say("ffn.dataset"), loaders.EXPERIMENT_DATASETS, kind="segments")
result = loaders.ffn_gap(dataset)

if gap.show_contrasts(result):
    st.header(say("ffn.arms"))
    st.caption(say("ffn.arms_hint"))
    gap.show_arms(result)
    gap.show_curves(dataset)

    st.header(say("ffn.grid"))
    gap.show_grid(result)

    st.header(say("ffn.controls"))
    gap.show_controls(result)

st.header(say("ffn.published"))
st.caption(say("ffn.published_hint"))
gap.show_published(result)
