"""Feature maps: two networks, one image, layer by layer."""

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts import feature_maps
from pages.ui.words import say
from tf_models.errors import LabError

frame.ensure()
frame.heading("feature_maps")

networks = cache.networks()
if not networks:
    st.info(say("feature_maps.empty"))
    st.stop()
first, second, third = st.columns(3)
sides = [(side, *(f"{side}_{part}" for part in feature_maps.PARTS)) for side in ("left", "right")]
dataset = links.choose(
    "data", say("feature_maps.dataset"), tuple(networks), where=first, resets=("image", *sides[0], *sides[1])
)
models = networks[dataset]
names = {choice: feature_maps.model_name(choice, record) for choice, record in models.items()}
image, hint = feature_maps.choose_image(dataset, models, second, third)
if image is None:
    st.stop()

colour_range = links.choose(
    "range",
    say("feature_maps.range"),
    ("layer", "local", "global"),
    lambda value: say(f"feature_maps.range.{value}"),
    kind="segments",
    where=first,
    wrap=True,
    help=say("feature_maps.range_hint"),
)
for side, column in zip(("left", "right"), st.columns(2, gap="large"), strict=True):
    choice = feature_maps.choose_model(side, dataset, names, column)
    record = models[choice]
    with column:
        try:
            with st.spinner(say("feature_maps.working"), show_time=True):
                taps = cache.taps_of(choice, record.spec, image)
        except LabError as error:
            frame.show_error(error)
            continue
        feature_maps.show_network(side, names[choice], record.spec, taps, dataset, colour_range)
if hint:
    st.caption(hint)
st.caption(say("feature_maps.more"))
st.page_link("pages/train.py", label=say("overview.open_train"), icon=frame.PAGES["train"])
