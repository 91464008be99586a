"""Which tasks need an FFN, on *Overview* and *FFN*: a row per task, a column for what each position does alone."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import heat
from pages.ui.drawing import show_chart
from pages.ui.replay import drawn_once
from pages.ui.words import plain, say, sentences
from tf_models.study.analysis import Analysis

SOLVED = 0.95  # the mean test accuracy from which a task counts as solved
CHANNELS = ("on", "off", "activation", "linear", "ffn_only")  # columns, from the usual block to the FFN alone
PAIR = ("on", "off")  # those that are compared in words
LINEAR_TASK = "product_1"  # which a linear model solves too
FEW = ("on", "off", "ffn_only")  # those that *Overview* shows
# Title and hint of the matrix of an experiment.
WORDS = {
    "necessity": ("necessity.chart", "necessity.hint"),
    "sequence": ("necessity.chart_sequence", "necessity.hint_sequence"),
}

COLUMNS = ("row", "column", "accuracy", "low", "high", "seeds")


def is_measured(analysis: Analysis) -> bool:
    """Whether anything is known of any task."""
    return bool(analysis.measures)


def task_rows(analysis: Analysis) -> pd.DataFrame:
    """What `heat.matrix` draws, `solved`: whether the accuracy is at least `SOLVED`, and `withheld`: whether the
    network was not trained well enough to count.
    """
    rows = []
    for name, row in analysis.contrasts.items():
        found, at = row.measure, row.contrast.at
        if found is None or not name.startswith("solved.") or at["channel"] not in CHANNELS:
            continue
        numbers = {"accuracy": found.value, "low": found.low, "high": found.high}
        solved, percent = found.value >= SOLVED, tables.percent(found.value)
        words = {
            "row": say("necessity.row", task=say(f"task.{at['task']}"), norm=say(f"norm.{at['norm']}")),
            "column": say(f"necessity.network.{at['channel']}"),
            "text": f"({percent})" if found.withheld else f"✓ {percent}" if solved else percent,
        }
        shown = {key: 100 * value for key, value in numbers.items()}
        rows.append({**words, **shown, "seeds": found.seeds, "solved": solved, "withheld": bool(found.withheld), **at})
    data = pd.DataFrame(rows, columns=[*COLUMNS, "text", "solved", "withheld", "task", "norm", "channel"])
    places = {"channel": CHANNELS.index, "norm": ("layer", "none").index}
    return data.sort_values(list(places), key=lambda found: found.map(places[str(found.name)]), kind="stable")


def necessity_words(data: pd.DataFrame) -> str:
    """How many tasks that no linear model solves attention solves without an FFN and with it, with LayerNorm and
    without.
    """
    layer, none = (_solved(data, norm) for norm in ("layer", "none"))
    key = "no_task" if not layer["off"] else "same" if layer["on"] == layer["off"] else "layer"
    told = [(key, layer), ("none", none)]
    return sentences(*(say(f"necessity.found.{key}", **counts) for key, counts in told if counts["tasks"]))


def _solved(data: pd.DataFrame, norm: str) -> dict[str, int]:
    """How many nonlinear tasks there are under a norm, and how many are solved with an FFN and without: of those for
    which both networks are known and trained well enough.
    """
    counted = data[(data["norm"] == norm) & (data["task"] != LINEAR_TASK) & ~data["withheld"].astype(bool)]
    marks = {channel: dict(counted.loc[counted["channel"] == channel, ["task", "solved"]].values) for channel in PAIR}
    tasks = marks["on"].keys() & marks["off"].keys()
    return {"tasks": len(tasks)} | {channel: sum(marks[channel][task] for task in tasks) for channel in PAIR}


@drawn_once
def show_matrix(analysis: Analysis, channels: Sequence[str] = CHANNELS, linear: bool = True) -> bool:
    """The sentence and the matrix of these columns, with the task that a linear model solves or without it; False, and
    nothing, where nothing is measured.
    """
    data = task_rows(analysis)
    if data.empty:
        return False
    found, shown = necessity_words(data), data.loc[data["channel"].isin(channels)]
    shown = shown if linear else shown.loc[shown["task"] != LINEAR_TASK]
    st.markdown(found)
    title, hint = WORDS[analysis.experiment.name]
    chart = heat.matrix(shown, say(title), {name: say(f"necessity.column.{name}") for name in COLUMNS})
    show_chart(chart, key=f"matrix_{analysis.experiment.name}", text=plain(say("necessity.alt", text=found)))
    st.caption(say(hint, solved=f"{100 * SOLVED:g}"))
    analyses.show_withheld(analysis)
    return True


@drawn_once
def show_section(*experiments: Analysis) -> None:
    """The matrix of every experiment with its table and its source."""
    for analysis in experiments:
        if not show_matrix(analysis):
            analyses.show_empty(analysis.experiment)
            continue
        analyses.show_source(analysis)
        names = {name: say(f"necessity.column.{name}") for name in COLUMNS}
        tables.beside(task_rows(analysis).filter(items=list(COLUMNS)).round(2).rename(columns=names))
