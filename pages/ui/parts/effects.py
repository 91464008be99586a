"""Differences between networks as a picture, on whatever page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pages.ui.charts import intervals
from pages.ui.charts.layout import Chart
from pages.ui.words import say
from tf_models.runs.record import RunRecord
from tf_models.statistics.effects import paired_effect


def effect_chart(
    rows: pd.DataFrame, title: str, ends: str, columns: Mapping[str, str], marks: str = "chart.matters"
) -> Chart:
    """`analyses.effect_rows` as a picture; ``chart.ENDS.worse`` and ``.better`` say what lies on which side of zero.

    `marks` is the key of the question that the marks at the right edge answer, empty where they speak for themselves.
    """
    sides, asked = (say(f"chart.{ends}.worse"), say(f"chart.{ends}.better")), say(marks) if marks else ""
    return intervals.effects(rows, title, say("ffn.gap_axis"), columns, sides, say("chart.small"), asked)


def pair_rows(
    label: str, first: Sequence[RunRecord], second: Sequence[RunRecord], delta: float, colour: str
) -> list[dict[str, Any]]:
    """For such a picture: the mean of `first` − `second` with its interval, None with one seed, and every seed."""
    effect = paired_effect(first, second)
    differences = [a.test_accuracy - b.test_accuracy for a, b in zip(first, second, strict=True)]
    numbers = {"mean": float(np.mean(differences)), "low": None, "high": None, "delta": delta}
    if effect is not None:
        numbers |= {"low": effect.low, "high": effect.high}
    shown = {name: None if value is None else 100 * value for name, value in numbers.items()}
    seeds = [
        {"label": label, "mean": 100 * value, "seed": record.spec.seed}
        for value, record in zip(differences, first, strict=True)
    ]
    return [{"label": label, **shown, "mark": "", "colour": colour}, *seeds]
