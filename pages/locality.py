"""Locality: how far trained layers and heads see, and who may look where."""

import streamlit as st

from pages.ui import frame, inside
from pages.ui.parts import locality
from pages.ui.parts.claims import listing
from pages.ui.words import say

frame.ensure()
frame.heading("locality")
dataset, sides = inside.choose()
if chosen := list(dict.fromkeys(sides)):
    names, depth = inside.networks(dataset), inside.choose_depth()
    fields = {choice: inside.found(dataset, choice, "receptive-field") for choice in chosen}
    locality.show_fields(dataset, chosen, depth, fields)

    st.header(say("locality.maps"), help=say("locality.maps_hint"), anchor=False)
    for choice, found in fields.items():
        locality.show_maps(dataset, choice, names[choice], depth, found)

    heads = {"body": say("locality.heads"), "help": say("locality.heads_hint"), "anchor": False}
    if locality.has_positions(dataset):
        left, right = st.columns(2, gap="large")
        left.subheader(**heads)
        places = [left] * len(chosen)
        with right:
            st.subheader(say("locality.positions"), anchor=False)
            locality.show_positions(dataset)
    else:
        st.subheader(**heads)
        places = st.columns(2, gap="large")
    for choice, place in zip(chosen, places, strict=False):
        with place:
            locality.show_heads(dataset, choice, names[choice], depth)

st.header(say("locality.patterns"), anchor=False)
locality.show_patterns(locality.choose_position())

st.header(say("topic.claims"), anchor=False)
listing.show_links(("C01", "C02", "C03", "C04", "C05", "C06"))
