"""FFN: the gap with its intervals, what it depends on, what decides, other shapes, rank collapse, published figures."""

import streamlit as st

from pages.ui import cache, frame, inside, links
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
dataset = inside.choose_dataset(right)

analysis = None
if code := SWITCHES["ffn"].refusal(CLASSROOM[variant]):
    gap.show_refusal(variant, code)
else:
    analysis = cache.analysis("ffn-gap", dataset, variant)
if analysis and gap.show_contrasts(analysis, variant, ffn_answers(dataset, variant, cache.analysis)):
    if (opened := links.section("arms", say("ffn.arms"))).open:
        with opened:
            gap.show_arms(analysis)
            gap.show_curves(analysis, variant)
    if (opened := links.section("grid", say("ffn.grid"))).open:
        with opened:
            gap.show_grid(analysis)
    if (opened := links.section("controls", say("ffn.controls"))).open:
        with opened:
            gap.show_controls(analysis, variant)

st.header(say("worth.title"))
decided = cache.nearest_analysis("mixers", dataset)
worth.show_section(decided)
rates.show_curves(decided)

st.header(say("ffn.more"))
for key, title, show, names in SECTIONS:
    if (opened := links.section(key, say(title))).open:
        with opened:
            found = [cache.nearest_analysis(name, dataset) for name in names]
            show(*found)
            for row in found:
                rates.show_curves(row)
if (opened := links.section("factorial", say("factorial.title"))).open:
    with opened:
        mixers.show_factorial(dataset)
if (opened := links.section("shape", say("shape.title"))).open:
    with opened:
        mixers.show_shape(dataset)
if (opened := links.section("collapse", say("collapse.title"), collapse.CHOICES)).open:
    with opened:
        collapse.show_collapse()
if (opened := links.section("published", say("ffn.published"))).open:
    with opened:
        gap.show_published(analysis, variant)

st.header(say("topic.claims"))
listing.show_links(("C37", "C47", "C46", "C40"))
