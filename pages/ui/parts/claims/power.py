"""How often the rule errs, and how often it finds what is there, as simulated."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.statistics.power import shipped_power

# What is asked of the rule → the test and the true effects, in δ, over which the share of “supported” is the largest.
ASKED = {
    "false": ("difference", lambda size: size <= 1),
    "found": ("difference", lambda size: size == 2),
    "false_equal": ("no_difference", lambda size: size >= 1),
    "found_equal": ("no_difference", lambda size: size == 0),
}


@drawn_once
def show_power() -> None:
    """The error rates as a table; nothing where none are shipped."""
    rows = power_rows(shipped_power())
    if rows.empty:
        return
    st.markdown(say("claims.power_hint"))
    st.table(rows.set_index(rows.columns[0]))


def power_rows(simulated: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A line for every data set and number of seeds: false and found differences, false and found equalities."""
    shares: dict[tuple, dict[str, float]] = {}
    for row in simulated:
        found = shares.setdefault((row["dataset"], row["seeds"], row["looks"]), {})
        for name, (rule, counts) in ASKED.items():
            if row["rule"] == rule and counts(round(row["true"][0] / row["delta"], 3)):
                found[name] = max(found.get(name, 0.0), row["shares"]["supported"])
    rows = []
    for (dataset, seeds, looks), found in shares.items():
        plan = say("claims.power.seeds" if looks == 1 else "claims.power.extended", seeds=seeds)
        cells = {name: say("unit.share", value=f"{100 * found[name]:.1f}") if name in found else "–" for name in ASKED}
        row = {say("claims.power.plan"): f"{dataset} · {plan}"}
        rows.append(row | {say(f"claims.power.{name}"): cell for name, cell in cells.items()})
    return pd.DataFrame(rows)
