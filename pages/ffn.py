"""FFN: the gap with its intervals, how the arms learn, what the gap depends on, and whether the experiment holds."""

import pandas as pd
import streamlit as st

from pages.ui import charts, frame, links, loaders, tables
from pages.ui.theme import ARMS
from pages.ui.words import say
from tf_models.study.published import FFN_ABLATIONS

frame.ensure()
frame.heading("ffn")
dataset = links.choose("dataset", say("ffn.dataset"), loaders.EXPERIMENT_DATASETS, kind="segments")
result = loaders.ffn_gap(dataset)
contrasts = tables.contrast_rows(result)
delta = 100 * result["contrasts"][0]["delta"]
labels = {arm: say(f"arm.{arm}") for arm in ARMS}

if contrasts.empty:
    st.info(say("ffn.empty", dataset=dataset))
else:
    if any(row["withheld"] for row in result["contrasts"]):
        st.warning(say("ffn.withheld"))
    text = "; ".join(filter(None, (tables.effect_text(result, row["b"]) for row in result["contrasts"])))
    delta_words = say("ffn.delta", delta=f"{delta:g}")
    chart = charts.intervals(
        contrasts, say("ffn.gap_title"), say("ffn.gap_axis"), delta, delta_words, tables.column_names()
    )
    st.altair_chart(chart, key=f"gap_{dataset}", alt=say("ffn.gap_alt", text=text))
    st.markdown(tables.finding(result))
    st.caption(say("verdict.hint", delta=f"{delta:g}"))
    wanted = ["label", "mean", "low", "high", "verdict", "seed"]
    tables.beside(contrasts[wanted].rename(columns=tables.column_names()), f"ffn-gap-{dataset}")

    st.header(say("ffn.arms"))
    st.caption(say("ffn.arms_hint"))
    arms = [
        {
            say("column.arm"): labels[arm["name"]],
            say("column.accuracy"): round(100 * arm["test_accuracy"], 2),
            say("column.loss"): round(arm["test_loss"], 3),
            say("column.parameters"): arm["parameters"],
            say("column.rate"): arm["learning_rate"],
            say("column.seeds"): len(arm["seeds"]),
            say("column.run"): ", ".join(arm["runs"]),
        }
        for arm in result["arms"]
        if arm["test_accuracy"] is not None
    ]
    thousands = {say("column.parameters"): st.column_config.NumberColumn(format="localized")}
    st.dataframe(pd.DataFrame(arms), hide_index=True, width="stretch", column_config=thousands)

    curves = pd.DataFrame(loaders.arm_histories(dataset))
    curves = curves.assign(validation=100 * curves["validation_accuracy"])
    grouped = curves.groupby(["arm", "epoch"])["validation"].agg(mean="mean", low="min", high="max").reset_index()
    chart = charts.learning_curves(
        grouped, say("ffn.curves"), say("axis.epoch"), say("column.validation"), labels, say("column.arm")
    )
    st.altair_chart(chart, key=f"curves_{dataset}", alt=say("ffn.curves_alt"))

    st.header(say("ffn.grid"))
    cells = pd.DataFrame([cell for cell in result["grid"] if cell["mean"] is not None])
    if cells.empty:
        st.info(say("ffn.grid_empty"))
    else:
        cells = cells.assign(**{name: 100 * cells[name] for name in ("mean", "low", "high")})
        chart = charts.gap_grid(
            cells, say("ffn.grid_title"), say("axis.depth"), say("column.mean"), say("axis.train_images"), delta
        )
        st.altair_chart(chart, key=f"grid_{dataset}", alt=say("ffn.grid_alt"))
        tables.beside(
            cells[["depth", "train_images", "mean", "low", "high", "seeds", "verdict"]], f"ffn-grid-{dataset}"
        )

    st.header(say("ffn.controls"))
    positive, again = result["controls"]
    shares = {
        arm: ", ".join(f"{100 * value:.1f} %" for value in positive[key]) or say("ffn.control.missing")
        for arm, key in (("on", "with_ffn"), ("off", "without_ffn"))
    }
    verdict = say(f"verdict.{again['verdict']}")
    lines = [
        (positive["passed"], say("ffn.control.positive", **shares)),
        (
            again["passed"],
            say(
                "ffn.control.same_arm_twice",
                **{name: tables.points(again[name]) for name in ("mean", "low", "high")},
                verdict=verdict,
            ),
        ),
    ]
    for passed, words in lines:
        icon = {True: ":material/check_circle:", False: ":material/cancel:", None: ":material/help:"}[passed]
        st.markdown(f"{icon} {words}")

st.header(say("ffn.published"))
st.caption(say("ffn.published_hint"))
with_without = (("column.with", "with_ffn"), ("column.without", "without_ffn"))
published = [
    {"label": f"{row.system}, {row.data}", "which": say(key), "value": getattr(row, field)}
    for row in FFN_ABLATIONS
    for key, field in with_without
]
here = [
    {"label": f"ViT, {dataset}", "which": say(key), "value": 100 * arm["test_accuracy"]}
    for key, name in (("column.with", "on"), ("column.without", "off"))
    for arm in result["arms"]
    if arm["name"] == name and arm["test_accuracy"] is not None
]
chart = charts.published_gaps(
    pd.DataFrame(here + published),
    say("ffn.published"),
    say("ffn.published_axis"),
    "",
    (ARMS["on"], ARMS["off"]),
)
st.altair_chart(chart, key="published", alt=say("ffn.published_alt"))
for row in FFN_ABLATIONS:
    st.markdown(f"- {row.system}, {row.data}, {row.metric}: [{row.source}]({row.link}). {say(row.note)}")
