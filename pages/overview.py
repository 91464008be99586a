"""Overview: the question, what the FFN is worth and where, and the text's three tables with verdicts."""

from functools import partial

import streamlit as st

from pages.ui import blocks, cache, frame, links
from pages.ui.parts import overview
from pages.ui.parts.claims import listing, text_tables
from pages.ui.parts.ffn import gap, length, worth
from pages.ui.words import language, say
from tf_models.data import STUDIED
from tf_models.study.answers import ffn_answers

frame.ensure()
frame.title("overview")
links.sections(("tables",))
blocks.show_blocks()
st.markdown(say("overview.lead"))

worth.show_headline([cache.analysis("mixers", dataset) for dataset in reversed(STUDIED)])
training = cache.analysis("training-length", STUDIED[-1])
if measured := length.is_measured(training):
    length.show_headline(training)
answers = [answer for dataset in STUDIED for answer in ffn_answers(dataset, "vit", cache.analysis)]
if measured:
    answers = [answer for answer in answers if not answer.analysis.experiment.exploratory]
else:
    overview.show_answers(answers)
for answer in answers:
    gap.show_answer(answer, "vit", st.caption if measured else st.markdown)
overview.show_evidence(cache.analysis("necessity", STUDIED[-1]), cache.largest_analysis("capacity"))
st.caption(say("overview.where"), help=say("data.hint"))
deciding_data = {"data": STUDIED[-1]} if measured else {}  # what this page has told is that page's beginning
for column, (page, key, query) in zip(
    st.columns(3),
    (
        ("ffn", "overview.open_ffn", deciding_data),
        ("feature_maps", "overview.open_maps", {}),
        ("train", "overview.open_train", {}),
    ),
    strict=True,
):
    address, icon = query | {"lang": language()}, frame.PAGES[page]
    column.page_link(f"pages/{page}.py", label=say(key), icon=icon, query_params=address)

st.header(say("overview.tables"), anchor=False)
deciding = listing.decided(cache.claim_results())
st.markdown(listing.score_words(deciding))
if wrong := listing.wrong_statements(deciding):
    st.subheader(say("claims.wrong"), anchor=False)
    listing.show_links([result.claim.id for result in wrong], why=True, mark=False)
st.page_link("pages/claims.py", label=say("overview.open_claims"), icon=frame.PAGES["claims"])
links.section("tables", say("claims.tables"), partial(text_tables.show_tables, deciding))
