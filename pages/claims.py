"""Claims: is the text right? The score, what it gets wrong, the card of one statement, and the list of all."""

from functools import partial

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts.claims import card, listing, power, text_tables
from pages.ui.words import say

frame.ensure()
frame.title("claims")
links.sections((*card.SECTIONS, *listing.SECTIONS, "tables", "power"))
found = cache.claim_results()

top, below = st.container(), st.container(key="list_of_claims")
with below:
    section = listing.list_section()
    with section if section.open else below:  # where a bad value is seen
        fitting, results = listing.choose_filters(found, section)
with top:
    claim = listing.choose_claim(list(fitting))
    deciding = listing.decided(found)
    if claim is None:
        listing.show_opening(deciding)
    else:
        card.show_card(claim, found[claim.id])
with below:
    if section.open:
        with section:
            listing.show_list(fitting, results)
    if claim is None:
        listing.find_place()
if claim is None:
    links.section("tables", say("claims.tables"), partial(text_tables.show_rows, deciding))
    links.section("power", say("claims.power"), power.show_power)
