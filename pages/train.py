"""Train: choose a network, throw its switches, watch it learn, stop it."""

from dataclasses import replace

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts import own_pictures
from pages.ui.parts.train import form, runs
from pages.ui.words import say
from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.runs.spec import RunSpec

frame.ensure()
frame.heading("train")

asked, results = st.columns([2, 3], gap="large")
with asked:
    variant = form.choose_network()
    dataset = links.choose("data", say("train.dataset"), own_pictures.choices(), own_pictures.data_name)
    own_pictures.ask()
    try:
        if own_pictures.wait_for(dataset):
            st.stop()
        known = peek(dataset)
    except LabError as error:
        frame.show_error(error)
        st.stop()
    own_pictures.show_preview(known)
    seeds, size, recipe = form.choose_training(known, *st.columns(2))
    compare = form.choose_comparison(variant)
    press = st.container()
    switches = form.choose_switches(variant, known.input_shape, known.classes)
    with st.expander(say("train.more"), icon=":material/settings:"):
        again = st.toggle(say("train.again"), key="again", help=say("train.again_hint"), persist_state="session")
        mixed = st.toggle(say("train.mixed"), key="mixed", help=say("train.mixed_hint"), persist_state="session")
    with press:
        try:
            spec = RunSpec(variant, switches, dataset, size, 0, replace(recipe, mixed_precision=mixed))
            arms = list(dict.fromkeys([spec, *form.compared(spec, compare)]))
            sizes = [form.size_words(arm) for arm in arms]
            cache.prepare(spec)
            if st.button(say("train.start"), type="primary", icon=":material/play_arrow:", width="stretch"):
                runs.submit([replace(arm, seed=seed) for seed in range(seeds) for arm in arms], again)
            st.caption("  \n".join(sizes))
        except LabError as error:
            frame.show_error(error)

with results:
    st.subheader(say("train.runs"))
    runs.show_runs()
