"""What a network can learn by heart with its FFN and without, on *Overview* and *FFN*."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import bars
from pages.ui.names import data_title
from pages.ui.parts.ffn import rates
from pages.ui.replay import drawn_once
from pages.ui.theme import ARMS, FAMILIES
from pages.ui.words import plain, say
from tf_models.study.analysis import Analysis

PAIR = ("on", "off", "off_wider")  # with and without, and without at equal parameters


def is_measured(analysis: Analysis) -> bool:
    """Whether it is known what any network learned."""
    return not capacity_rows(analysis, tuple(analysis.arms)).empty


def capacity_rows(analysis: Analysis, arms: Sequence[str]) -> pd.DataFrame:
    """What `bars.measured` draws: the share of shuffled labels that was learned, in percent."""
    rows = []
    for name in arms:
        if (found := analysis.measures.get(f"learned.{name}")) is None:
            continue
        numbers = {"value": found.value, "low": found.low, "high": found.high}
        colour = ARMS.get(name, FAMILIES["convolution"])
        shown = {key: 100 * value for key, value in numbers.items()}
        rows.append({"label": rates.arm_words(analysis.arms[name]), **shown, "seeds": found.seeds, "colour": colour})
    return pd.DataFrame(rows, columns=["label", "value", "low", "high", "seeds", "colour"])


def capacity_words(analysis: Analysis) -> str:
    """How much was learned with the FFN and without; empty where one of them is not measured."""
    learned = {name: analysis.measures.get(f"learned.{name}") for name in PAIR}
    shares = {name: tables.percent(found.value) for name, found in learned.items() if found is not None}
    if not {"on", "off"} <= shares.keys():
        return ""
    key = "capacity.found_wider" if "off_wider" in shares else "capacity.found"
    return say(key, images=f"{analysis.scale.train_images:,}", **shares)


@drawn_once
def show_bars(analysis: Analysis, arms: Sequence[str] = PAIR) -> None:
    """The bars and their sentence."""
    data = capacity_rows(analysis, arms)
    columns = {name: say(f"capacity.column.{name}") for name in ("label", "value", "low", "high", "seeds")}
    chart = bars.measured(data, say("capacity.chart"), say("capacity.axis"), columns)
    found = capacity_words(analysis)
    st.markdown(found)
    st.altair_chart(chart, key="capacity", alt=plain(say("capacity.alt", text=found)))
    scale = analysis.scale
    st.caption(
        say("capacity.hint", dataset=data_title(analysis.experiment.dataset), epochs=scale.epochs, seeds=scale.seeds)
    )
    analyses.show_withheld(analysis)


@drawn_once
def show_section(analysis: Analysis) -> None:
    """The bars of all arms with their table and source."""
    show_bars(analysis, tuple(analysis.arms))
    analyses.show_source(analysis)
    names = {name: say(f"capacity.column.{name}") for name in ("label", "value", "low", "high", "seeds")}
    data = capacity_rows(analysis, tuple(analysis.arms)).drop(columns="colour").round(2).rename(columns=names)
    tables.beside(data)
