"""Feature maps: two networks, one image, all layers."""

from functools import partial

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts.feature_maps import attention, decision, images, layers, levels, networks, number, timelapse
from pages.ui.words import say

frame.ensure()
frame.heading("feature_maps")
links.sections(("number",))

known = cache.networks()
if not known:
    st.info(say("feature_maps.empty"))
    st.stop()
first, *sides = st.columns(3)
dataset = networks.choose_data(known, first)
models = known[dataset]
choices = [networks.choose_model(*side, dataset, models) for side in zip(networks.SIDES, sides, strict=True)]
picture = images.choose_image(models[choices[0]].spec, *st.columns([3, 1]))
if picture is None:
    st.stop()
views = networks.look(choices, models, picture.pixels)
if not views:
    st.stop()

st.header(
    say("feature_maps.glance"),
    help=say("feature_maps.glance_hint") + "\n\n" + say("feature_maps.field_hint"),
    anchor=False,
)
shown, colour_range, together = layers.choose_settings()
networks.choose_side(views)
overview, enlarged = st.columns([5, 7], gap="medium")
places = {view.side: enlarged.container(key=view.place("layer")) for view in views}
chosen = layers.choose_layers(views, together, places)
with overview:
    layers.show_steps(views, together)
    layers.show_glance(views, chosen, shown, together)
for view in views:
    with places[view.side]:
        layers.show_layer(view, chosen[view.side], colour_range)
links.section("number", say("number.section"), partial(number.show_number, views), holds=number.CHOICES)

st.header(say("feature_maps.decision"), help=say("feature_maps.cam_hint"), anchor=False)
if picture.hint:
    st.caption(picture.hint)
for view, column in zip(views, st.columns(2, gap="large"), strict=False):
    with column.container(key=view.place("decision")):
        decision.show_decision(view, picture.truth)

levels.show_levels(views, picture.truth)

st.header(say("feature_maps.attention"), help=say("feature_maps.rollout_hint"), anchor=False)
attention.show_both(views, chosen)
timelapse.show_timelapse(views, chosen)
more = say("feature_maps.more")
st.page_link("pages/train.py", label=say("overview.open_train"), icon=frame.PAGES["train"], help=more)
