"""Train: choose a network, throw its switches, watch it learn, stop it."""

from dataclasses import replace
from functools import partial

import streamlit as st

from pages.ui import cache, frame, links
from pages.ui.parts import own_pictures
from pages.ui.parts.train import form, outcome, runs
from pages.ui.words import say
from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.runs.spec import RunSpec

frame.ensure()
frame.heading("train")

asked, results = st.columns([2, 3], gap="large")
with asked:
    variant = form.choose_network()
    dataset = links.choose_data(say("train.dataset"), own_pictures.choices(), named=own_pictures.title)
    try:
        if own_pictures.wait_for(dataset):
            st.stop()
        known = peek(dataset)
    except LabError as error:
        frame.show_error(error)
        own_pictures.ask()
        st.stop()
    own_pictures.show_preview(known)
    main = st.container()
    compare = form.choose_comparison(variant)
    seeds, epochs = form.choose_length(*st.columns(2))
    press = st.container()
    advanced = st.expander(say("train.advanced"), icon=":material/tune:", key="advanced", on_change="rerun")
    places = form.Places(main, advanced)
    switches = form.choose_switches(variant, known.input_shape, known.classes, places)
    asked_for = RunSpec(variant, switches, dataset)
    rates = partial(outcome.lab_rates, asked_for, form.beside(asked_for, compare))
    size, recipe = form.choose_recipe(known, epochs, places, rates)
    with press:
        try:
            spec = replace(asked_for, train_size=size, recipe=recipe)
            arms = list(dict.fromkeys([spec, *form.compared(spec, compare)]))
            sizes = [form.size_words(arm) for arm in arms]
            cache.prepare(spec)
            if st.button(say("train.start"), type="primary", icon=":material/play_arrow:", width="stretch"):
                runs.submit([replace(arm, seed=seed) for seed in range(seeds) for arm in arms])
            st.caption("  \n".join(sizes))
        except LabError as error:
            frame.show_error(error)
    own_pictures.ask()

with results:
    st.header(say("train.runs"), anchor=False)
    runs.show_runs(variant, dataset)
