"""FFN: the gap with its intervals, what it depends on, what decides, other shapes, rank collapse, published figures."""

from functools import partial

import streamlit as st

from pages.ui import analyses, cache, frame, links
from pages.ui.names import variant_name
from pages.ui.parts.claims import listing
from pages.ui.parts.ffn import capacity, collapse, depth, gap, length, mixers, necessity, rates, worth
from pages.ui.words import say
from tf_models.study.answers import ffn_answers
from tf_models.zoo import CLASSROOM, SWITCHES

# What is opened on demand, in the order in which a class asks: key, title, what shows it, its experiments.
SECTIONS = (
    ("length", "length.title", length.show_section, ("training-length",)),
    ("necessity", "necessity.title", necessity.show_section, ("necessity", "sequence")),
    ("capacity", "capacity.title", capacity.show_section, ("capacity",)),
    ("depth", "depth.title", depth.show_section, ("depth",)),
)
OTHERS = ("arms", "grid", "controls", "factorial", "shape", "collapse", "published")

frame.ensure()
frame.heading("ffn")
links.sections([*(key for key, *_ in SECTIONS), *OTHERS])
left, right = st.columns(2)
variant = links.choose("variant", say("train.variant"), tuple(CLASSROOM), variant_name, "vit", where=left)
dataset = analyses.choose_dataset(right)

analysis = None
if code := SWITCHES["ffn"].refusal(CLASSROOM[variant]):
    gap.show_refusal(variant, code)
else:
    analysis = cache.analysis("ffn-gap", dataset, variant)
if analysis and gap.show_contrasts(analysis, variant, ffn_answers(dataset, variant, cache.analysis)):
    links.section("arms", say("ffn.arms"), partial(gap.show_six, analysis, variant))
    links.section("grid", say("ffn.grid"), partial(gap.show_grid, analysis))
    links.section("controls", say("ffn.controls"), partial(gap.show_controls, analysis, variant))

st.header(say("worth.title"))
decided = cache.nearest_analysis("mixers", dataset)
worth.show_section(decided)
rates.show_curves(decided)

st.header(say("ffn.more"))
for key, title, show, names in SECTIONS:
    links.section(key, say(title), partial(rates.show_with_rates, show, dataset, names))
links.section("factorial", say("factorial.title"), partial(mixers.show_factorial, dataset))
links.section("shape", say("shape.title"), partial(mixers.show_shape, dataset))
links.section("collapse", say("collapse.title"), collapse.show_collapse, collapse.CHOICES)
links.section("published", say("ffn.published"), partial(gap.show_published, analysis, variant))

st.header(say("topic.claims"))
listing.show_links(("C37", "C47", "C46", "C40"))
