"""FFN: the gap with its intervals, what it depends on, what decides, other shapes, rank collapse, published figures."""

from functools import partial

import streamlit as st

from pages.ui import analyses, cache, frame, links
from pages.ui.names import variant_name
from pages.ui.parts.claims import listing
from pages.ui.parts.ffn import capacity, collapse, depth, gap, length, mixers, necessity, rates, worth
from pages.ui.words import say
from tf_models.study.answers import ffn_answers
from tf_models.study.experiments.ffn_gap import WITH_FFN
from tf_models.study.plans import is_planned
from tf_models.zoo import CLASSROOM, SWITCHES

# What is opened on demand, in the order in which a class asks: its module, its title, its experiments.
SECTIONS = {
    "length": (length, "length.title", ("training-length",)),
    "necessity": (necessity, "necessity.title", ("necessity", "sequence")),
    "capacity": (capacity, "capacity.title", ("capacity",)),
    "depth": (depth, "depth.title", ("depth",)),
}
OTHERS = ("explored", "arms", "grid", "controls", "factorial", "shape", "collapse", "published")

frame.ensure()
frame.heading("ffn")
links.sections([*SECTIONS, *OTHERS])
left, right = st.columns(2)


def is_measured(network: str, dataset: str) -> bool:
    """Whether anything is known of what its FFN is worth."""
    return network in WITH_FFN and bool(cache.analysis("ffn-gap", dataset, network).measures)


dataset = analyses.choose_dataset(right, named=partial(is_measured, st.query_params.get("variant", "")))
measured = [name for name in WITH_FFN if is_measured(name, dataset)]


def listed(name: str) -> str:
    """A network, and whether there is nothing to be seen of it."""
    empty = name in WITH_FFN and name not in measured
    return say("ffn.listed", network=variant_name(name)) if empty else variant_name(name)


networks = sorted(CLASSROOM, key=lambda name: (name in WITH_FFN) - 2 * (name in measured))  # what is measured first
variant = links.choose("variant", say("train.variant"), networks, listed, "vit", where=left)

# What decides goes before what explores: of a ViT on many images, its length of training.
leads = variant == "vit" and is_planned("training-length", dataset)
leads = leads and length.is_measured(cache.analysis("training-length", dataset))
if leads:
    rates.show_with_rates(length.show_section, dataset, ("training-length",))

analysis, answers = None, []
if code := SWITCHES["ffn"].refusal(CLASSROOM[variant]):
    gap.show_refusal(variant, code)
else:
    analysis, answers = cache.analysis("ffn-gap", dataset, variant), ffn_answers(dataset, variant, cache.analysis)
if analysis and not leads and gap.show_contrasts(analysis, variant, answers):
    gap.show_parts(analysis, variant)

st.header(say("worth.title"), anchor=False)
decided = cache.nearest_analysis("mixers", dataset)
worth.show_section(decided)
rates.show_curves(decided)

st.header(say("ffn.more"), anchor=False)
if leads and analysis:
    links.section("explored", say("ffn.explored"), partial(gap.show_contrasts, analysis, variant, answers))
    if analysis.measures:
        gap.show_parts(analysis, variant)
missing = []
for key, (section, title, names) in SECTIONS.items():
    if any(map(section.is_measured, (found := [cache.nearest_analysis(name, dataset) for name in names]))):
        if not (leads and section is length):
            links.section(key, say(title), partial(rates.show_with_rates, section.show_section, dataset, names))
    else:
        missing += [row.experiment for row in found]
links.section("factorial", say("factorial.title"), partial(mixers.show_factorial, dataset))
links.section("shape", say("shape.title"), partial(mixers.show_shape, dataset))
links.section("collapse", say("collapse.title"), collapse.show_collapse, collapse.CHOICES)
links.section("published", say("ffn.published"), partial(gap.show_published, analysis, variant))
analyses.show_unmeasured(missing)

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C37", "C47", "C46", "C40"))
