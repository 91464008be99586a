"""The parts of the page *Cost*: what n tokens cost by each way of mixing them, counted and measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import curves, intervals
from pages.ui.parts.claims.verdicts import provenance
from pages.ui.replay import drawn_once
from pages.ui.words import say, sentences
from tf_models.study.exact import exact_measures, exact_series
from tf_models.zoo import PUBLISHED

KINDS = ("seconds", "macs", "memory")
MARKS = {  # colour and dash of every case
    "attention_core": ("#D55E00", [1, 0]),
    "masked": ("#E69F00", [6, 3]),
    "banded": ("#CC79A7", [2, 2]),
    "window": ("#56B4E9", [8, 2, 2, 2]),
    "convolution": ("#0072B2", [1, 0]),
    "depthwise": ("#009E73", [4, 4]),
    "ffn": ("#7F7F7F", [1, 0]),
}
POWERS = {"seconds": "time", "memory": "memory", "macs": "macs"}  # what a slope is called


def rows_of(series: Mapping[str, Any], kind: str) -> pd.DataFrame:
    """What `curves.growth` draws: the middle of the repeats, and their span."""
    key = {"seconds": "seconds", "macs": "macs", "memory": "memory_mib"}[kind]
    sizes = series["memory_sizes" if kind == "memory" else "sizes"]
    rows = []
    for case in MARKS:
        if case not in series[key]:
            continue
        values = np.atleast_2d(np.array(series[key][case], float))  # (rounds, sizes)
        factor = 1000 if kind == "seconds" else 1
        for tokens, column in zip(sizes, values.T, strict=True):
            numbers = {"value": np.median(column), "low": column.min(), "high": column.max()}
            row = {"case": say(f"cost.case.{case}"), "tokens": tokens}
            rows.append(row | {name: factor * float(value) for name, value in numbers.items()})
    # less memory than can be seen has no place on a log scale
    rows = [row for row in rows if row["low"] > 0]
    return pd.DataFrame(rows, columns=["case", "tokens", "value", "low", "high"])


@drawn_once
def show_growth(kind: str) -> bool:
    """Cost against the number of tokens, and in a sentence what was found; False where nothing was measured."""
    series = exact_series()["cost"]
    if not series:
        analyses.show_no_exact("cost")
        return False
    data = rows_of(series, kind)
    columns = {name: say(f"cost.column.{name}") for name in ("case", "value", "low", "high")}
    marks = {say(f"cost.case.{case}"): mark for case, mark in MARKS.items()}
    title, axis, figures = say(f"cost.chart.{kind}"), say(f"cost.axis.{kind}"), "~s" if kind == "macs" else "~g"
    chart = curves.growth(data, title, say("cost.tokens"), axis, columns, marks, figures)
    found = finding(kind)
    st.altair_chart(chart, key=f"growth_{kind}", alt=say("cost.alt", text=found))
    st.markdown(found)
    st.caption(sentences(say("cost.hint", width=series["width"]), provenance("cost")))
    tables.beside(data.rename(columns=columns | {"tokens": say("cost.tokens")}))
    return True


def finding(kind: str) -> str:
    """The exponents of what is shown, and the crossover of what has one, in sentences."""
    measures = exact_measures()["cost"]
    cases = {"attention": "attention_core", "convolution": "convolution", "banded": "banded", "masked": "masked"}
    exponents = {name: _exponent(f"slope.{POWERS[kind]}.{case}") for name, case in cases.items()}
    found = [say(f"cost.finding.{kind}", **exponents)]
    if kind == "memory":
        return found[0]
    formula = measures["crossover.vit_b16"].value if "crossover.vit_b16" in measures else None
    share = measures["quadratic_share.vit_b16"].value if "quadratic_share.vit_b16" in measures else None
    if (crossing := measures.get("crossover.time")) is not None:
        numbers = {name: f"{getattr(crossing, name):,.0f}" for name in ("value", "low", "high")}
        found.append(say("cost.crossing", **numbers))
    if (counted := counted_crossing(exact_series()["cost"])) is not None:
        width = exact_series()["cost"]["width"]
        found.append(say("cost.crossing_here", width=width, tokens=f"{counted:,.0f}"))
    if formula is not None and share is not None:
        vit = PUBLISHED["vit_b16"]
        usual = vit.grid[0] * vit.grid[1] + vit.stem.class_token
        numbers = {"width": vit.blocks[0].width, "usual": usual, "share": f"{100 * share:.1f}"}
        found.append(say("cost.crossing_formula", tokens=f"{formula:,.0f}", **numbers))
    return sentences(*found)


def counted_crossing(series: Mapping[str, Any]) -> float | None:
    """Tokens at which attention's core and the FFN need equally many multiply-adds: one grows as n², the other as n."""
    counts = series.get("macs", {})
    if "attention_core" not in counts or "ffn" not in counts:
        return None
    return series["sizes"][-1] * counts["ffn"][-1] / counts["attention_core"][-1]


def _exponent(key: str) -> str:
    measure = exact_measures()["cost"].get(key)
    if measure is None:
        return say("verdict.untested")
    power = f"{measure.value:.2f}".translate(tables.RAISED)
    if measure.low == measure.high:  # counted
        return f"n{power}"
    return f"n{power} [{measure.low:.2f}, {measure.high:.2f}]"


@drawn_once
def show_exponents() -> None:
    """The fitted powers of n with their intervals, beside the counted ones."""
    measures = exact_measures()["cost"]
    rows = []
    for kind in KINDS:
        for case in MARKS:
            measure = measures.get(f"slope.{POWERS[kind]}.{case}")
            if measure is None:
                continue
            numbers = {name: getattr(measure, name) for name in ("value", "low", "high")}
            label = f"{say(f'cost.case.{case}')} · {say(f'cost.kind.{kind}')}"
            rows.append({"label": label, "colour": MARKS[case][0], **numbers, "case": case})
    if not rows:
        return
    order = list(MARKS)
    data = pd.DataFrame(rows).sort_values("case", key=lambda column: column.map(order.index), kind="stable")
    columns = {name: say(f"cost.column.{name}") for name in ("label", "value", "low", "high")}
    chart = intervals.spans(data, "", say("cost.exponent"), columns, (1, 2))
    text = say("claims.and").join(f"{row['label']} {row['value']:.2f}" for row in rows)
    st.altair_chart(chart, key="exponents", alt=text)
    st.caption(say("cost.exponents_hint"))
    tables.beside(data.filter(items=list(columns)).round(3).rename(columns=columns))


@drawn_once
def show_savings() -> None:
    """What windows save, counted."""
    measures = exact_measures()["cost"]
    for name in ("window_saving.swin_t", "window_saving.1024"):
        if name in measures:
            st.markdown("- " + say(f"cost.{name}", ratio=f"{measures[name].value:.3g}"))
