"""Cost: n against n², counted and measured, and where the square begins to matter."""

import streamlit as st

from pages.ui import frame, links
from pages.ui.parts import cost
from pages.ui.parts.claims import listing
from pages.ui.words import say

frame.ensure()
frame.heading("cost")
kind = links.choose(
    "what", say("cost.what"), cost.KINDS, lambda name: say(f"cost.kind.{name}"), kind="segments", wrap=True
)
lines = cost.choose_lines()
if cost.show_growth(kind, lines):
    cost.show_size(kind, lines, cost.choose_size(kind))

    st.header(say("cost.exponents"), anchor=False)
    cost.show_exponents()

    st.header(say("cost.savings"), anchor=False)
    cost.show_savings()

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C18", "C04", "C43"))
