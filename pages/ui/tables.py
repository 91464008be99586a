"""Numbers as they are written, in the visitor's language, and the figures of a chart as a table."""

import pandas as pd
import streamlit as st

from pages.ui.words import say
from tf_models.statistics.effects import Measure

IN_POINTS = ("accuracy", "doubling")  # units that are shares, and shown as points
RAISED = str.maketrans("-.0123456789", "⁻˙⁰¹²³⁴⁵⁶⁷⁸⁹")


def points(value: float | None, sign: bool = True) -> str:
    """A share as points: 0.0123 → +1.23, with a real minus."""
    if value is None:
        return "–"
    return decimal(100 * value, 2, sign)


def margin(value: float) -> str:
    """A share that matters, such as δ, as points: 0.015 → 1.5 points, 0.01 → 1 point."""
    written = f"{100 * value:g}"
    return say("unit.point" if written == "1" else "unit.points", value=written)


def percent(value: float | None) -> str:
    """A share in percent, one decimal."""
    return "–" if value is None else f"{100 * value:.1f}"


def decimal(value: float, digits: int = 2, sign: bool = False) -> str:
    """A number with so many digits behind the point, with a real minus."""
    value = round(value, digits) or 0.0  # no −0.00
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def span(effect: Measure, digits: int = 2, sign: bool = False) -> str:
    """A value with its interval, such as 0.01 [−0.02, 0.04]."""
    value, low, high = (decimal(number, digits, sign) for number in (effect.value, effect.low, effect.high))
    return f"{value} [{low}, {high}]"


def figure(value: float, unit: str, sign: bool = True, bare: bool = False) -> str:
    """A measure in its unit (`bare` leaves the unit out): points of accuracy, a share in percent, a number."""
    if unit in IN_POINTS:
        return points(value, sign) + ("" if bare else f" {say(f'unit.{unit}')}")
    if unit == "nats":
        return decimal(value, 3, sign) + ("" if bare else f" {say('unit.nats')}")
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
