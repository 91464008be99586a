"""Feature maps: two networks, one image, layer by layer."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import charts, frame, inside, links, loaders, sheets, tables
from pages.ui.words import say
from tf_models.errors import LabError

frame.ensure()
frame.heading("feature_maps")

datasets = loaders.model_datasets()
if not datasets:
    st.info(say("feature_maps.empty"))
    st.stop()
first, second, third = st.columns(3)
dataset = links.choose("trained_on", say("feature_maps.dataset"), datasets, where=first)
models = loaders.model_choices(dataset)
names = {choice: inside.model_name(choice, record) for choice, record in models.items()}
image, label = inside.choose_image(dataset, models, second, third)
if image is None:
    st.stop()

colour_range = links.choose(
    "range",
    say("feature_maps.range"),
    ("layer", "local", "global"),
    lambda value: say(f"feature_maps.range.{value}"),
    kind="segments",
    where=first,
    help=say("feature_maps.range_hint"),
)
choices = list(models)
for side, column in zip(("left", "right"), st.columns(2, gap="large"), strict=True):
    usual = choices[0] if side == "left" else choices[min(1, len(choices) - 1)]
    choice = links.choose(side, say(f"feature_maps.{side}"), choices, names.__getitem__, usual, where=column)
    record = models[choice]
    with column:
        try:
            with st.spinner(say("feature_maps.working"), show_time=True):
                taps = loaders.taps_of(choice, record.spec, image)
        except LabError as error:
            frame.show_error(error)
            continue
        layers = inside.layer_names(record.spec, taps)
        layer = links.choose(f"{side}_layer", say("feature_maps.layer"), list(layers), layers.__getitem__)
        maps = taps[layer]
        low, high = inside.colour_limits(taps, layer, layers, colour_range)
        rows, cells, channels = maps.shape
        shape = "×".join(map(str, image.shape))
        picture = sheets.channel_sheet(maps, low, high)
        st.image(
            picture,
            width="stretch",
            output_format="PNG",
            alt=say("feature_maps.alt", channels=channels, layer=layers[layer], model=names[choice]),
        )
        sizes = {"shape": shape, "channels": channels, "rows": rows, "columns": cells}
        if colour_range == "local":
            st.caption(say("feature_maps.caption_local", **sizes))
        else:
            st.caption(say("feature_maps.caption", **sizes, low=f"{float(low):.2f}", high=f"{float(high):.2f}"))

        classes = inside.class_names(dataset, len(taps["probabilities"]))
        order = np.argsort(-taps["probabilities"])[:5]
        likely = pd.DataFrame({"name": [classes[i] for i in order], "value": 100 * taps["probabilities"][order]})
        chart = charts.probabilities(
            likely,
            say("feature_maps.prediction_title"),
            say("axis.probability"),
            inside.colour_of(record.spec),
        )
        first_name, value = likely.iloc[0]
        st.altair_chart(
            chart,
            key=f"prediction_{side}",
            alt=say("feature_maps.prediction_alt", name=first_name, value=tables.percent(value / 100)),
        )
        inside.show_attention(side, names[choice], record.spec, taps)
if label is None:
    st.caption(say("feature_maps.photo_hint"))
