"""How the learning rates of an experiment were chosen: loss against learning rate, arm by arm."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from pages.ui import cache, links
from pages.ui.charts import curves
from pages.ui.drawing import show_chart
from pages.ui.names import NAMES
from pages.ui.replay import drawn_once
from pages.ui.theme import ARMS
from pages.ui.words import say
from tf_models.study.analysis import Analysis
from tf_models.study.arms import ArmResult


def arm_words(arm: ArmResult) -> str:
    """What a position does alone in this arm, else the network's name."""
    if channel := arm.arm.at.get("channel"):
        return say(f"channel.{str(channel).replace('_', ' ')}")
    return say(f"arm.{arm.name}") if arm.name in ARMS else NAMES.get(arm.name, arm.name)


def group_words(arm: ArmResult) -> str:
    """Where an arm stands on the other axes of its experiment, "" where there are none."""
    at, words = arm.arm.at, []
    if "task" in at:
        words += [say(f"task.{at['task']}"), say(f"norm.{at['norm']}")]
    if "mixer" in at:
        words.append(say(f"mixer.{at['mixer']}"))
    if "depth" in at:
        words.append(say("rates.depth", depth=at["depth"]))
    if at.get("skip") == "off":
        words.append(say("rates.bare"))
    return " · ".join(words)


def full_name(arm: ArmResult) -> str:
    """Both, for a table of arms of any experiment."""
    return " · ".join(filter(None, (group_words(arm), arm_words(arm))))


def curve_rows(analysis: Analysis) -> dict[str, pd.DataFrame]:
    """Group → arm, rate, loss (nats) and whether it was chosen: a row for every rate that was tried."""
    rows: dict[str, list[dict]] = {}
    for arm in analysis.arms.values():
        for rate, loss in sorted(arm.curve.items()):
            row = {"arm": arm_words(arm), "rate": rate, "loss": loss, "chosen": rate == arm.learning_rate}
            rows.setdefault(group_words(arm), []).append(row)
    return {group: pd.DataFrame(found) for group, found in rows.items()}


def show_with_rates(show: Callable[..., None], dataset: str, names: Sequence[str]) -> None:
    """What `show` draws of the analyses of experiments, and how the rates of each were chosen."""
    found = [cache.nearest_analysis(name, dataset) for name in names]
    show(*found)
    for analysis in found:
        show_curves(analysis)


def show_curves(analysis: Analysis) -> None:
    """The curves behind a click; nothing before the rates are chosen."""
    data, name = curve_rows(analysis), analysis.experiment.name
    if not data:
        return
    with st.expander(say("rates.title"), icon=":material/tune:"):
        group, *others = data
        if others:
            words = say("rates.others")
            state = f"rates_{name}"
            names = {group: group or words for group in data}
            links.keep_choice(state, names.values())
            group = st.selectbox(say("rates.group"), data, format_func=names.__getitem__, key=state)
        _show_group(analysis, group)


@drawn_once
def _show_group(analysis: Analysis, group: str) -> None:
    search, name = analysis.experiment.search, analysis.experiment.name
    loss = say(f"rates.loss.{search.images}")
    titles = {"title": say("rates.chart", loss=loss), "x": say("column.rate"), "y": say("rates.axis", loss=loss)}
    chart = curves.rate_curves(curve_rows(analysis)[group], columns={"arm": say("column.arm")}, **titles)
    show_chart(chart, key=f"rate_curves_{name}", text=say("rates.alt", loss=loss))
    st.caption(say("rates.hint", seeds=len(search.seeds), loss=loss))
