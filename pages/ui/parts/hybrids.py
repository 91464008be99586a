"""The parts of the page *Hybrids*: convolution and attention alone and together, at equal parameters."""

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import intervals
from pages.ui.drawing import show_chart
from pages.ui.parts import effects
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES
from pages.ui.words import say
from tf_models.study.analysis import Analysis

ARMS = {  # name → family
    "convolution": "convolution",
    "attention": "attention",
    "convolution first": "hybrid",
    "attention first": "hybrid",
    "stem": "hybrid",
}


def arm_rows(analysis: Analysis) -> pd.DataFrame:
    """Accuracy of every arm for `intervals.spans`, the best first."""
    arms = {name: arm for name, arm in analysis.arms.items() if arm.accuracy is not None}
    rows = [
        {
            "label": say(f"hybrids.arm.{name}"),
            "colour": FAMILIES[family],
            **analyses.accuracy(arms[name]),
            "parameters": arms[name].parameters,
            "macs": tables.large(arms[name].macs),
            "seeds": len(arms[name].seeds),
            "runs": ", ".join(arms[name].runs),
        }
        for name, family in ARMS.items()
        if name in arms
    ]
    columns = ["label", "colour", "accuracy", "low", "high", "parameters", "macs", "seeds", "runs"]
    return (
        pd.DataFrame(rows, columns=columns)
        .sort_values("accuracy", ascending=False)
        .rename(columns={"accuracy": "value"})
    )


@drawn_once
def show_arms(analysis: Analysis) -> bool:
    """Every arm with its interval, and in a sentence which is best; False where nothing was measured."""
    data = arm_rows(analysis)
    if data.empty:
        analyses.show_empty(analysis.experiment)
        return False
    names = ("label", "value", "low", "high", "parameters", "macs", "seeds", "runs")
    columns = {name: say(f"hybrids.column.{name}") for name in names}
    title = say("hybrids.chart", scale=analyses.scale_of(analysis))
    chart = intervals.spans(data, title, columns["value"], columns)
    text = say("claims.and").join(
        f"{row['label']} {say('unit.share', value=round(row['value'], 1))}" for row in data.to_dict("records")
    )
    show_chart(chart, key=f"hybrids_{analysis.experiment.dataset}", text=text)
    st.markdown(finding(analysis))
    st.caption(say("hybrids.hint"))
    analyses.show_source(analysis)
    tables.beside(data.drop(columns="colour").round(2).rename(columns=columns))
    return True


def finding(analysis: Analysis) -> str:
    """Best hybrid against best pure network, and which order is better."""
    best = analysis.primary
    words = analyses.fields(best)
    if words is None:
        return say("hybrids.untested")
    names = {"a": say(f"hybrids.arm.{best.a}"), "b": say(f"hybrids.arm.{best.b}")}
    order = analyses.phrase(analysis.contrasts["order"])
    return say("hybrids.finding", scale=analyses.scale_of(analysis), order=order, **names, **words)


@drawn_once
def show_contrasts(analysis: Analysis) -> None:
    """The contrasts with their intervals against δ."""
    labels = {name: say(f"hybrids.measure.{name}") for name in analysis.contrasts}
    families = {name: ARMS.get(row.a, "hybrid") for name, row in analysis.contrasts.items()}
    rows = analyses.effect_rows(analysis, labels, families)
    if rows.empty:
        return
    columns = analyses.column_names()
    chart = effects.effect_chart(rows, say("hybrids.contrasts_title"), "first", columns)
    text = analyses.effect_words(rows)
    show_chart(chart, key=f"hybrid_contrasts_{analysis.experiment.dataset}", text=text)
    analyses.show_reading(analysis.primary.delta)
    analyses.show_effects(rows, columns)
