"""FFN: the gap with its intervals, what it depends on, what decides, other shapes, rank collapse, published figures."""

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts.claims import listing
from pages.ui.parts.ffn import capacity, collapse, depth, gap, length, mixers, necessity, worth
from pages.ui.parts.train.form import variant_name
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.study.answers import ffn_answers
from tf_models.zoo import CLASSROOM, SWITCHES

frame.ensure()
frame.heading("ffn")
left, right = st.columns(2)
variant = links.choose("variant", say("train.variant"), tuple(CLASSROOM), variant_name, "vit", where=left)
dataset = links.choose("data", say("ffn.dataset"), STUDIED, kind="segments", help=say("data.hint"), where=right)

analysis = None
if code := SWITCHES["ffn"].refusal(CLASSROOM[variant]):
    gap.show_refusal(variant, code)
else:
    analysis = cache.analysis("ffn-gap", dataset, variant)
if analysis and gap.show_contrasts(analysis, variant, ffn_answers(dataset, variant, cache.analysis)):
    st.header(say("ffn.arms"))
    gap.show_arms(analysis)
    gap.show_curves(analysis, variant)

    st.header(say("ffn.grid"))
    gap.show_grid(analysis)

    st.header(say("ffn.controls"))
    gap.show_controls(analysis, variant)

st.header(say("length.title"))
length.show_section(cache.nearest_analysis("training-length", dataset))

st.header(say("necessity.title"))
necessity.show_section(*(cache.analysis(name, dataset) for name in ("necessity", "sequence")))

st.header(say("capacity.title"))
capacity.show_section(cache.nearest_analysis("capacity", dataset))

st.header(say("depth.title"))
depth.show_section(cache.nearest_analysis("depth", dataset))

st.header(say("worth.title"))
worth.show_section(cache.nearest_analysis("mixers", dataset))

st.header(say("factorial.title"))
mixers.show_factorial(dataset)

st.header(say("shape.title"))
mixers.show_shape(dataset)

st.header(say("collapse.title"))
collapse.show_collapse()

st.header(say("topic.claims"))
listing.show_links(("C37", "C47", "C46", "C40"))

st.header(say("ffn.published"))
st.caption(say("ffn.published_hint"))
gap.show_published(analysis, variant)
