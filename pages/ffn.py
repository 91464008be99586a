"""FFN: the gap with its intervals, how the arms learn, what the gap depends on, and whether the experiment holds."""

import streamlit as st

from pages.ui import frame, gap, links, loaders
from pages.ui.training import variant_name
from pages.ui.words import say
from tf_models.zoo import CLASSROOM
from tf_models.zoo.switches import refusal

frame.ensure()
frame.heading("ffn")
left, right = st.columns(2)
variant = links.choose("variant", say("train.variant"), tuple(CLASSROOM), variant_name, "vit", where=left)
dataset = links.choose("dataset", say("ffn.dataset"), loaders.EXPERIMENT_DATASETS, kind="segments", where=right)

result = None
if code := refusal(CLASSROOM[variant], "ffn"):
    gap.show_refusal(variant, code)
else:
    result = loaders.ffn_gap(dataset, variant)
if result and gap.show_contrasts(result):
    st.header(say("ffn.arms"))
    gap.show_arms(result)
    gap.show_curves(variant, dataset)

    st.header(say("ffn.grid"))
    gap.show_grid(result)

    st.header(say("ffn.controls"))
    gap.show_controls(result)

st.header(say("ffn.published"))
st.caption(say("ffn.published_hint"))
gap.show_published(result)
