"""What a network can learn by heart with its FFN and without, on *Overview* and *FFN*."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import curves
from pages.ui.drawing import show_chart
from pages.ui.names import data_title
from pages.ui.parts.ffn import rates
from pages.ui.replay import drawn_once
from pages.ui.theme import ARMS, DASHES, FAMILIES
from pages.ui.words import plain, say
from tf_models.study.analysis import Analysis

PAIR = ("on", "off", "off_wider")  # with and without, and without at equal parameters


def is_measured(analysis: Analysis) -> bool:
    """Whether it is known what any network learned."""
    return not capacity_rows(analysis, tuple(analysis.arms)).empty


def capacity_rows(analysis: Analysis, arms: Sequence[str]) -> pd.DataFrame:
    """The share of shuffled labels that each network had learned in the end, in percent."""
    rows = []
    for name in arms:
        if found := analysis.measures.get(f"learned.{name}"):
            shown = {key: 100 * getattr(found, key) for key in ("value", "low", "high")}
            rows.append({"label": rates.arm_words(analysis.arms[name]), **shown, "seeds": found.seeds})
    return pd.DataFrame(rows, columns=["label", "value", "low", "high", "seeds"])


def course_rows(analysis: Analysis, arms: Sequence[str]) -> pd.DataFrame:
    """What `curves.seed_curves` draws: the share of right labels during an epoch, while the weights change, in percent,
    by epoch and run. `capacity_rows` has the final networks.
    """
    rows = [
        {"network": rates.arm_words(analysis.arms[name]), "run": record.run_id, "seed": record.spec.seed}
        | {"epoch": row["epoch"], "accuracy": 100 * row["accuracy"]}
        for name in arms
        if f"learned.{name}" in analysis.measures
        for record in analysis.arms[name].records.values()
        for row in record.history
    ]
    return pd.DataFrame(rows, columns=["network", "run", "seed", "epoch", "accuracy"])


def capacity_words(analysis: Analysis) -> str:
    """How much was learned with the FFN and without; empty where one of them is not measured."""
    learned = {name: analysis.measures.get(f"learned.{name}") for name in PAIR}
    shares = {name: tables.percent(found.value) for name, found in learned.items() if found is not None}
    if not {"on", "off"} <= shares.keys():
        return ""
    key = "capacity.found_wider" if "off_wider" in shares else "capacity.found"
    return say(key, images=f"{analysis.scale.train_images:,}", **shares)


@drawn_once
def show_course(analysis: Analysis, arms: Sequence[str] = PAIR) -> None:
    """How the labels are learned by heart, epoch by epoch, and a sentence of what is known in the end."""
    shown = [name for name in arms if f"learned.{name}" in analysis.measures]
    colours = {name: (ARMS.get(name, FAMILIES["convolution"]), DASHES.get(name, DASHES["on"])) for name in shown}
    looks = {rates.arm_words(analysis.arms[name]): look for name, look in colours.items()}
    columns = {"network": say("capacity.column.label"), "accuracy": say("capacity.axis")}
    columns |= {"epoch": say("axis.epoch"), "seed": say("column.seed")}
    scale, found = analysis.scale, capacity_words(analysis)
    chart = curves.seed_curves(course_rows(analysis, shown), scale.epochs, say("capacity.chart"), columns, looks)
    st.markdown(found)
    show_chart(chart, key="capacity", text=plain(say("capacity.alt", text=found)))
    st.caption(
        say("capacity.hint", dataset=data_title(analysis.experiment.dataset), epochs=scale.epochs, seeds=scale.seeds)
    )
    analyses.show_withheld(analysis)


@drawn_once
def show_section(analysis: Analysis) -> None:
    """The same of all arms, with their table and source."""
    show_course(analysis, tuple(analysis.arms))
    analyses.show_source(analysis)
    names = {name: say(f"capacity.column.{name}") for name in ("label", "value", "low", "high", "seeds")}
    tables.beside(capacity_rows(analysis, tuple(analysis.arms)).round(2).rename(columns=names))
