"""The parts of the page *Hybrids*: convolution and attention alone and together, at equal parameters."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, tables
from pages.ui.charts import intervals
from pages.ui.parts.anatomy import count
from pages.ui.parts.ffn import factorial
from pages.ui.theme import FAMILIES, VERDICTS
from pages.ui.words import say

ARMS = {  # name → family, in the order of the chart
    "convolution": "convolution",
    "attention": "attention",
    "convolution first": "hybrid",
    "attention first": "hybrid",
    "stem": "hybrid",
}
MEASURES = ("best_hybrid_over_best_pure", "order", "stem_over_pure_attention", "conv_over_attention")


def arm_rows(result: Mapping[str, Any]) -> pd.DataFrame:
    """Accuracy of every arm for `intervals.spans`."""
    arms = factorial.arms_by_name(result)
    rows = [
        {
            "label": say(f"hybrids.arm.{name}"),
            "colour": FAMILIES[family],
            "value": 100 * arms[name]["test_accuracy"],
            "low": 100 * arms[name]["low"],
            "high": 100 * arms[name]["high"],
            "parameters": arms[name]["parameters"],
            "macs": count(arms[name]["macs"]),
            "seeds": len(arms[name]["seeds"]),
            "runs": ", ".join(arms[name]["runs"]),
        }
        for name, family in ARMS.items()
        if name in arms
    ]
    columns = ["label", "colour", "value", "low", "high", "parameters", "macs", "seeds", "runs"]
    return pd.DataFrame(rows, columns=columns)


def show_arms(dataset: str) -> bool:
    """Every arm with its interval, and in a sentence which is best; False where nothing was measured."""
    result = cache.experiment_result("hybrids", dataset)
    data = arm_rows(result)
    if data.empty:
        factorial.show_empty("hybrids", dataset)
        return False
    names = ("label", "value", "low", "high", "parameters", "macs", "seeds", "runs")
    columns = {name: say(f"hybrids.column.{name}") for name in names}
    chart = intervals.spans(data, say("hybrids.chart", scale=factorial.scale_of(result)), columns["value"], columns)
    text = "; ".join(f"{row['label']} {row['value']:.1f} %" for row in data.to_dict("records"))
    st.altair_chart(chart, key=f"hybrids_{dataset}", alt=text)
    st.markdown(finding(result))
    st.caption(say("hybrids.hint"))
    thousands = {columns["parameters"]: st.column_config.NumberColumn(format="localized")}
    shown = data.drop(columns="colour").round(2).rename(columns=columns)
    st.dataframe(shown, hide_index=True, width="stretch", column_config=thousands)
    return True


def finding(result: Mapping[str, Any]) -> str:
    """Best hybrid against best pure network, and which order is better."""
    best = result["measures"].get("best_hybrid_over_best_pure", {})
    words = factorial.finding(result, "best_hybrid_over_best_pure")
    if words is None:
        return say("hybrids.untested")
    names = {side: say(f"hybrids.arm.{best[side]}") for side in ("a", "b")}
    order = factorial.phrase(result, "order")
    return say("hybrids.finding", scale=factorial.scale_of(result), order=order, **names, **words)


def show_contrasts(dataset: str) -> None:
    """The contrasts with their intervals against δ."""
    result = cache.experiment_result("hybrids", dataset)
    rows = []
    for name in MEASURES:
        row = result["measures"].get(name, {})
        if row.get("value") is not None:
            numbers = {key: 100 * row[key] for key in ("value", "low", "high")}
            verdict = say(f"verdict.{row['verdict']}")
            label = f"{say(f'hybrids.measure.{name}')} · {verdict}"
            rows.append({"label": label, "colour": VERDICTS[row["verdict"]], **numbers, "delta": 100 * row["delta"]})
    if not rows:
        return
    data = pd.DataFrame(rows)
    columns = {name: say(f"hybrids.column.{name}") for name in ("label", "value", "low", "high")}
    columns["value"] = say("column.mean")
    delta = float(data["delta"].iloc[0])
    chart = intervals.spans(data, "", say("ffn.gap_axis"), columns, (0, delta), "+.2f")
    text = "; ".join(f"{row['label']} {row['value']:+.2f}" for row in rows)
    st.altair_chart(chart, key=f"hybrid_contrasts_{dataset}", alt=text)
    st.caption(say("hybrids.contrasts_hint", delta=f"{delta:g}"))
    tables.beside(data.filter(items=list(columns)).round(2).rename(columns=columns), f"hybrids-{dataset}")
