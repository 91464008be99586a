"""Results to the rows of tables and charts, in the visitor's language."""

from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.theme import VERDICTS
from pages.ui.words import say
from tf_models.study.experiments.ffn_gap import CLASSROOM_DEPTH

IN_POINTS = ("accuracy", "doubling", "per_mmac")  # units that are shares, and shown as points
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
    if unit == "share":
        text = f"{100 * value:.3g}" + ("" if bare else " %")
    elif value == int(value) and abs(value) < 1e6:
        text = f"{value:,.0f}"
    elif abs(value) < 1e-3 or abs(value) >= 1e6:
        digits, power = f"{value:.1e}".split("e")
        factor = "" if digits == "1.0" else f"{digits}·"
        text = f"{factor}10{str(int(power)).translate(RAISED)}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


def contrast_rows(result: dict[str, Any], primary_only: bool = False) -> pd.DataFrame:
    """The contrasts of an analysis for `intervals.effects`, single seeds included where each has its own test set."""
    accuracies = {arm["name"]: dict(zip(arm["seeds"], arm["test_accuracies"], strict=True)) for arm in result["arms"]}
    rows = []
    for contrast in result["contrasts"]:
        if contrast["mean"] is None or (primary_only and not contrast["primary"]):
            continue
        verdict = contrast["verdict"]
        label = result["dataset"] if primary_only else say(f"arm.{contrast['b']}")
        label = f"{label} · {say(f'verdict.{verdict}')}"
        rows.append(
            {
                "label": label,
                **{name: 100 * contrast[name] for name in ("mean", "low", "high", "delta")},
                "verdict": say(f"verdict.{verdict}"),
                "colour": VERDICTS[verdict],
                "seed": None,
            }
        )
        first, second = accuracies[contrast["a"]], accuracies[contrast["b"]]
        for seed in first.keys() & second.keys():
            rows.append({"label": label, "mean": 100 * (first[seed] - second[seed]), "seed": seed})
    columns = ["label", "mean", "low", "high", "delta", "verdict", "colour", "seed"]
    return pd.DataFrame(rows, columns=columns).astype({"seed": "float"})


def finding(result: dict[str, Any]) -> str | None:
    """The primary contrast of an analysis as a sentence, None where it is untested."""
    primary = result["contrasts"][0]
    if primary["mean"] is None:
        return None
    variant = result["variant"]
    network = say("overview.vit", depth=CLASSROOM_DEPTH) if variant == "vit" else say(f"train.variant.{variant}")
    return say(
        "overview.finding",
        dataset=result["dataset"],
        images=f"{result['train_images']:,}",
        epochs=result["epochs"],
        seeds=primary["seeds"],
        network=network,
        mean=points(abs(primary["mean"]), sign=False),
        better=say("overview.better" if primary["mean"] >= 0 else "overview.worse"),
        low=points(primary["low"]),
        high=points(primary["high"]),
        verdict=say(f"verdict.{primary['verdict']}"),
        delta=f"{100 * primary['delta']:g}",
    )


def effect_text(result: dict[str, Any], b: str) -> str | None:
    """One contrast of an analysis as a phrase, None where it is untested."""
    for contrast in result["contrasts"]:
        if contrast["b"] == b and contrast["mean"] is not None:
            return say(
                "measured.effect",
                dataset=result["dataset"],
                mean=points(contrast["mean"]),
                low=points(contrast["low"]),
                high=points(contrast["high"]),
                verdict=say(f"verdict.{contrast['verdict']}"),
            )
    return None


def column_names() -> dict[str, str]:
    """Every column's heading."""
    names = ("label", "mean", "low", "high", "verdict", "delta", "seed", "seeds", "wins")
    return {name: say(f"column.{name}") for name in names}


def beside(data: pd.DataFrame, name: str) -> None:
    """The figures of a chart as a table and as CSV."""
    with st.expander(say("data.table")):
        st.dataframe(data, hide_index=True, width="stretch")
        st.download_button(
            say("data.download"), data.to_csv(index=False).encode(), f"{name}.csv", "text/csv", key=f"csv_{name}"
        )
