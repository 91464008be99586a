"""The parts of the page *Overview*: what a Transformer's FFN is worth, per data set and scale."""

import pandas as pd
import streamlit as st

from pages.ui import analyses
from pages.ui.drawing import show_chart
from pages.ui.names import short_data_name
from pages.ui.parts import effects
from pages.ui.parts.ffn import capacity, necessity
from pages.ui.replay import drawn_once
from pages.ui.words import say
from tf_models.study.analysis import Analysis
from tf_models.study.answers import Answer


def answer_rows(answers: list[Answer]) -> pd.DataFrame:
    """Every answer for `intervals.effects`, by data set and epochs."""

    def rows(answer: Answer) -> pd.DataFrame:
        dataset, epochs = short_data_name(answer.analysis.experiment.dataset), answer.analysis.scale.epochs
        return analyses.effect_rows(
            answer.analysis, {answer.name: say("overview.scale", dataset=dataset, epochs=epochs)}
        )

    return pd.concat(map(rows, answers))


@drawn_once
def show_answers(answers: list[Answer]) -> None:
    """Every answer as an interval, where the gap over the length of training is not measured."""
    if not answers:
        st.info(say("overview.no_finding"))
        return
    rows = answer_rows(answers)
    chart = effects.effect_chart(rows, say("overview.headline"), "ffn", analyses.column_names())
    show_chart(chart, key="headline", text=say("overview.headline_alt"))


@drawn_once
def show_evidence(tasks: Analysis, labels: Analysis) -> None:
    """Which tasks need the FFN, and what is learned by heart, beside each other; nothing that is not measured."""
    measured = not necessity.task_rows(tasks).empty, not capacity.capacity_rows(labels, capacity.PAIR).empty
    left, right = st.columns([3, 2], gap="large") if all(measured) else (st.container(), st.container())
    if measured[0]:
        with left:
            necessity.show_matrix(tasks, necessity.FEW, linear=False)
    if measured[1]:
        with right:
            capacity.show_course(labels)
