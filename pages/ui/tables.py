"""Numbers as they are written, in the visitor's language, and the figures of a chart as a table."""

import pandas as pd
import streamlit as st

from pages.ui.words import say

IN_POINTS = ("accuracy", "doubling")  # units that are shares, and shown as points
RAISED = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")


def points(value: float | None, sign: bool = True) -> str:
    """A share as points: 0.0123 → +1.23, with a real minus."""
    if value is None:
        return "–"
    value = round(100 * value, 2) or 0.0  # no −0.00
    return (f"{value:+.2f}" if sign else f"{value:.2f}").replace("-", "−")


def percent(value: float | None) -> str:
    """A share in percent, one decimal."""
    return "–" if value is None else f"{100 * value:.1f}"


def figure(value: float, unit: str, sign: bool = True, bare: bool = False) -> str:
    """A measure in its unit (`bare` leaves the unit out): points of accuracy, a share in percent, a number."""
    if unit in IN_POINTS:
        return points(value, sign) + ("" if bare else f" {say(f'unit.{unit}')}")
    if unit == "nats":
        text = f"{value:+.3f}" if sign else f"{value:.3f}"
        return text.replace("-", "−") + ("" if bare else f" {say('unit.nats')}")
    if unit == "share":
        text = f"{100 * value:.3g}"
        text = text if bare else say("unit.share", value=text)
    elif value == int(value) and abs(value) < 1e6:
        text = f"{value:,.0f}"
    elif abs(value) < 1e-3 or abs(value) >= 1e6:
        digits, power = f"{value:.1e}".split("e")
        factor = "" if digits == "1.0" else f"{digits}·"
        text = f"{factor}10{str(int(power)).translate(RAISED)}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


def large(number: int) -> str:
    """Such as 17.56 G or 14.9 M; in Chinese, which counts by ten thousands, 175.6 亿."""
    for row in say("unit.large").split(", "):
        unit, size, digits = row.split()
        if number >= float(size):
            return f"{number / float(size):.{digits}f} {unit}"
    return str(number)


def beside(data: pd.DataFrame) -> None:
    """The figures of a chart as a table, which its own menu saves as CSV."""
    with st.expander(say("data.table")):
        st.dataframe(data, hide_index=True, width="stretch")
