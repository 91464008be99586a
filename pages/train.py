"""Train: choose a network, throw its switches, watch it learn, stop it."""

from dataclasses import replace

import streamlit as st

from pages.ui import frame, links
from pages.ui.parts import train
from pages.ui.words import say
from tf_models import settings, zoo
from tf_models.data import names, peek
from tf_models.errors import LabError
from tf_models.runs.spec import LEARNING_RATES, Recipe, RunSpec

frame.ensure()
frame.heading("train")

form, results = st.columns([2, 3], gap="large")
with form:
    variant = links.choose(
        "variant",
        say("train.variant"),
        tuple(zoo.CLASSROOM),
        train.variant_name,
        "vit",
        resets=(*zoo.SWITCHES, "other"),
    )
    dataset = links.choose("data", say("train.dataset"), names(controls=False))
    try:
        known = peek(dataset)
    except LabError as error:
        frame.show_error(error)
        st.stop()
    sizes = ("all", *(str(size) for size in (100, 300, 1000, 3000, 10_000) if size < known.train_images))
    whole = say("train.train_size.all", count=f"{known.train_images:,}")
    left, right = st.columns(2)
    usual = Recipe()
    seeds = links.choose_number("seeds", say("train.seeds"), 1, 5, 1, where=left, help=say("train.seeds_hint"))
    epochs = links.choose_number(
        "epochs",
        say("train.epochs"),
        1,
        min(50, settings.limit("LAB_MAX_EPOCHS")),
        usual.epochs,
        where=right,
        help=say("train.epochs_hint"),
    )
    size = links.choose(
        "images", say("train.train_size"), sizes, lambda s: whole if s == "all" else f"{int(s):,}", where=left
    )
    rate = links.choose(
        "rate",
        say("train.rate"),
        tuple(f"{r:g}" for r in LEARNING_RATES),
        default=f"{usual.learning_rate:g}",
        where=right,
    )
    compare = train.choose_comparison(variant)
    press = st.container()
    switches = train.choose_switches(variant, known.input_shape, known.classes)
    with st.expander(say("train.more"), icon=":material/settings:"):
        again = st.toggle(say("train.again"), key="again", help=say("train.again_hint"), persist_state="session")
        mixed = st.toggle(say("train.mixed"), key="mixed", help=say("train.mixed_hint"), persist_state="session")
    recipe = Recipe(epochs=epochs, learning_rate=float(rate), mixed_precision=mixed)
    try:
        spec = RunSpec(variant, switches, dataset, None if size == "all" else int(size), 0, recipe)
        arms = list(dict.fromkeys([spec, *train.compared(spec, compare)]))
        sizes_of = [
            say(
                "train.size",
                name=arm.name,
                parameters=f"{zoo.parameters(arm.model):,}",
                macs=f"{zoo.macs(arm.model) / 1e6:.1f}",
            )
            for arm in arms
        ]
        with press:
            if st.button(say("train.start"), type="primary", icon=":material/play_arrow:", width="stretch"):
                train.submit([replace(arm, seed=seed) for seed in range(seeds) for arm in arms], again)
            st.caption("  \n".join(sizes_of))
    except LabError as error:
        with press:
            frame.show_error(error)

with results:
    st.subheader(say("train.runs"))
    train.show_runs()
