"""The parts of the page *Cost*: what n tokens cost by each way of mixing them, counted and measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import analyses, links, tables
from pages.ui.charts import bars, growth
from pages.ui.drawing import show_chart
from pages.ui.parts.claims.verdicts import provenance
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES
from pages.ui.words import plain, say, sentences
from tf_models.study.exact import exact_measures, exact_series
from tf_models.zoo import PUBLISHED
from tf_models.zoo.cost_cases import GRIDS

KINDS = ("seconds", "macs", "memory")
MARKS = {  # colour, its family's, and dash of every case
    "attention_core": (FAMILIES["attention"], [1, 0]),
    "masked": (FAMILIES["attention"], [6, 3]),
    "banded": (FAMILIES["attention"], [2, 2]),
    "window": (FAMILIES["attention"], [8, 2, 2, 2]),
    "convolution": (FAMILIES["convolution"], [1, 0]),
    "depthwise": (FAMILIES["convolution"], [4, 4]),
    "ffn": ("#7F7F7F", [1, 0]),
}
USUAL = ("attention_core", "convolution", "ffn")  # the three that the question is about
TRIANGLES = {"attention_core": True, "convolution": False}  # n² over its line, n under it
FIRST_SIZE, PATCH = "256", 16  # tokens, and pixels of the side of a patch
POWERS = {"seconds": "time", "memory": "memory", "macs": "macs"}  # what a slope is called


def rows_of(series: Mapping[str, Any], kind: str) -> pd.DataFrame:
    """What `growth.growth` draws: the middle of the repeats, and their span."""
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


def choose_lines() -> tuple[str, ...]:
    """Which cases are drawn, kept in the link; the usual ones where none is chosen."""
    chosen = links.choose_many("lines", say("cost.lines"), tuple(MARKS), lambda case: say(f"cost.case.{case}"), USUAL)
    return tuple(chosen) or USUAL


@drawn_once
def show_growth(kind: str, chosen: tuple[str, ...]) -> bool:
    """Cost against the number of tokens, and in a sentence what was found; False where nothing was measured."""
    series = exact_series()["cost"]
    if not series:
        analyses.show_no_exact("cost")
        return False
    data = rows_of(series, kind)
    columns = {name: say(f"cost.column.{name}") for name in ("case", "value", "low", "high")}
    marks = {say(f"cost.case.{case}"): mark for case, mark in MARKS.items() if case in chosen}
    title, axis, figures = say(f"cost.chart.{kind}"), say(f"cost.axis.{kind}"), "~s" if kind == "macs" else "~g"
    crossing = _crossing(kind) if {"attention_core", "ffn"} <= set(chosen) else None
    mark = None if crossing is None else (crossing, say("cost.crossing_mark", tokens=f"{crossing:,.0f}"))
    shown = data.query("case in @marks")
    legs = last_step(shown, kind)
    chart = growth.growth(shown, title, say("cost.tokens"), axis, columns, marks, figures, mark, legs)
    first, *rest = findings(kind)
    show_chart(chart, key=f"growth_{kind}", text=plain(say("cost.alt", text=finding(kind))))
    st.markdown(first, help=sentences(*rest) or None)
    st.caption(say("cost.reading"), help=sentences(say("cost.hint", width=series["width"]), provenance("cost")))
    tables.beside(data.rename(columns=columns | {"tokens": say("cost.tokens")}))
    return True


def last_step(data: pd.DataFrame, kind: str) -> pd.DataFrame:
    """What `growth.growth` draws as triangles: how attention and the convolution grow between the two largest sizes."""
    rows = []
    for case, over in TRIANGLES.items():
        name = say(f"cost.case.{case}")
        ends = [row for row in data.sort_values("tokens").to_dict("records") if row["case"] == name][-2:]
        if len(ends) < 2:
            continue
        before, last = ends
        times = {"tokens": last["tokens"] / before["tokens"], "cost": last["value"] / before["value"]}
        figures = {of: f"{ratio:.2g}" for of, ratio in times.items()}
        words = say("cost.step", kind=say(f"cost.kind.{kind}"), **figures)
        leg = {"until": last["tokens"], "grown": last["value"], "words": words, "over": over}
        rows.append({name: before[name] for name in ("case", "tokens", "value")} | leg)
    return pd.DataFrame(rows, columns=["case", "tokens", "value", "until", "grown", "words", "over"])


def choose_size(kind: str) -> int:
    """For how many tokens costs stand side by side, of those that were measured; kept in the link."""
    series = exact_series()["cost"]
    sizes = [str(size) for size in series["memory_sizes" if kind == "memory" else "sizes"]]
    return int(links.choose("tokens", say("cost.tokens"), sizes, _size, FIRST_SIZE, "slider"))


def _size(tokens: str) -> str:
    return f"{int(tokens):,}"


@drawn_once
def show_size(kind: str, chosen: tuple[str, ...], tokens: int) -> None:
    """What each layer costs at this number of tokens."""
    names = {say(f"cost.case.{case}"): colour for case, (colour, _) in MARKS.items() if case in chosen}
    data = rows_of(exact_series()["cost"], kind).query("case in @names and tokens == @tokens")
    if data.empty:
        return
    texts = [tables.large(round(value)) if kind == "macs" else f"{value:#.3g}".rstrip(".") for value in data["value"]]
    data = data.assign(label=data["case"], colour=[names[name] for name in data["case"]])
    data = data.assign(text=[say(f"cost.figure.{kind}", value=text) for text in texts])
    title = say("cost.at", what=say(f"cost.chart.{kind}"), tokens=f"{tokens:,}")
    columns = {"label": say("cost.column.case"), "value": say(f"cost.axis.{kind}")}
    told = say("lab.comma").join(f"{row['label']} {row['text']}" for row in data.to_dict("records"))
    show_chart(bars.amounts(data, title, columns), key=f"size_{kind}", text=told)
    height, width = (PATCH * side for side in GRIDS[tokens])
    st.caption(say("cost.image", tokens=f"{tokens:,}", patch=PATCH, height=f"{height:,}", width=f"{width:,}"))


def _crossing(kind: str) -> float | None:
    """Tokens from which attention costs more than the FFN, where that is measured or counted."""
    if kind == "macs":
        return counted_crossing(exact_series()["cost"])
    crossing = exact_measures()["cost"].get("crossover.time")
    return crossing.value if kind == "seconds" and crossing is not None else None


def finding(kind: str) -> str:
    """The crossover of what is shown, where it has one, and its exponents, in sentences."""
    return sentences(*findings(kind))


def findings(kind: str) -> list[str]:
    """The sentences of `finding`, the most important first."""
    measures = exact_measures()["cost"]
    cases = {"attention": "attention_core", "convolution": "convolution", "banded": "banded", "masked": "masked"}
    exponents = {name: _exponent(f"slope.{POWERS[kind]}.{case}") for name, case in cases.items()}
    grows = say(f"cost.finding.{kind}", **exponents)
    if kind == "memory":
        return [grows]
    timed, counted = [], []
    if (crossing := measures.get("crossover.time")) is not None:
        numbers = {name: f"{getattr(crossing, name):,.0f}" for name in ("value", "low", "high")}
        timed.append(say("cost.crossing", **numbers))
    if (tokens := counted_crossing(exact_series()["cost"])) is not None:
        width = exact_series()["cost"]["width"]
        counted.append(say("cost.crossing_here", width=width, tokens=f"{tokens:,.0f}"))
    formula, share = (measures.get(name) for name in ("crossover.vit_b16", "quadratic_share.vit_b16"))
    if formula is not None and share is not None:
        vit = PUBLISHED["vit_b16"]
        usual = vit.grid[0] * vit.grid[1] + vit.stem.class_token
        numbers = {"width": vit.blocks[0].width, "usual": usual, "share": f"{100 * share.value:.1f}"}
        counted.append(say("cost.crossing_formula", tokens=f"{formula.value:,.0f}", **numbers))
    return [*counted, grows, *timed] if kind == "macs" else [*timed, grows, *counted]


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
    """The fitted powers of n with their intervals, beside the counted ones, as a table."""
    measures = exact_measures()["cost"]
    rows = []
    for case in MARKS:
        names = [f"slope.{POWERS[kind]}.{case}" for kind in KINDS]
        if measures.keys() & set(names):
            cells = [_exponent(name) if name in measures else "–" for name in names]
            rows.append([say(f"cost.case.{case}"), *cells])
    if not rows:
        return
    head = [say("cost.column.case"), *(say(f"cost.kind.{kind}") for kind in KINDS)]
    lines = [head, ["---"] * len(head), *rows]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines), help=say("cost.exponents_hint"))


@drawn_once
def show_savings() -> None:
    """What windows save, counted."""
    measures = exact_measures()["cost"]
    for name in ("window_saving.swin_t", "window_saving.1024"):
        if name in measures:
            st.markdown("- " + say(f"cost.{name}", ratio=f"{measures[name].value:.3g}"))
