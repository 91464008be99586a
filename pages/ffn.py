"""FFN: the gap with its intervals, what it depends on, what decides, other shapes, rank collapse, published figures."""

import streamlit as st

from pages.ui import analyses, cache, frame, links
from pages.ui.names import variant_name
from pages.ui.parts.claims import listing
from pages.ui.parts.ffn import capacity, collapse, depth, gap, length, mixers, necessity, rates, worth
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.study.answers import ffn_answers
from tf_models.zoo import CLASSROOM, SWITCHES

# What decides, in the order in which a class asks: title, what shows it, its experiments.
SECTIONS = (
    ("length.title", length.show_section, ("training-length",)),
    ("necessity.title", necessity.show_section, ("necessity", "sequence")),
    ("capacity.title", capacity.show_section, ("capacity",)),
    ("depth.title", depth.show_section, ("depth",)),
    ("worth.title", worth.show_section, ("mixers",)),
)

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

unmeasured = []
for title, show, names in SECTIONS:
    found = [cache.nearest_analysis(name, dataset) for name in names]
    if measured := [row for row in found if row.measures]:
        st.header(say(title))
        show(*measured)
        for row in measured:
            rates.show_curves(row)
    unmeasured += [row.experiment for row in found if not row.measures]
analyses.show_unmeasured(unmeasured)

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
