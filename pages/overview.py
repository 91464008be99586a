"""Overview: the question, the headline figure, and the text's three tables with verdicts."""

import streamlit as st

from pages.ui import analyses, cache, frame
from pages.ui.charts import intervals
from pages.ui.parts import overview
from pages.ui.parts.claims import listing, text_tables
from pages.ui.parts.ffn import gap
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.study.answers import ffn_answers

frame.ensure()
frame.heading("overview")

answers = [answer for dataset in STUDIED for answer in ffn_answers(dataset, "vit", cache.analysis)]
if answers:
    rows = overview.answer_rows(answers)
    chart = intervals.effects(rows, say("overview.headline"), say("ffn.gap_axis"), analyses.column_names())
    st.altair_chart(chart, key="headline", alt=say("overview.headline_alt"))
else:
    st.info(say("overview.no_finding"))
for answer in answers:
    st.markdown(gap.answer_words(answer, "vit"))
st.markdown(say("overview.where"))
st.caption(say("data.hint"))
for column, (page, key) in zip(
    st.columns(3),
    (("ffn", "overview.open_ffn"), ("feature_maps", "overview.open_maps"), ("train", "overview.open_train")),
    strict=True,
):
    column.page_link(f"pages/{page}.py", label=say(key), icon=frame.PAGES[page])

st.header(say("overview.tables"))
deciding = listing.decided(cache.claim_results())
st.markdown(listing.score_words(deciding))
if wrong := listing.wrong_statements(deciding):
    st.subheader(say("claims.wrong"), anchor=False)
    listing.show_links([result.claim.id for result in wrong], why=True, mark=False)
st.page_link("pages/claims.py", label=say("overview.open_claims"), icon=frame.PAGES["claims"])
st.caption(say("overview.tables_hint"))
text_tables.show_tables(deciding)
st.caption(say("overview.published_hint"))
