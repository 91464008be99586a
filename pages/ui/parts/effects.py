"""Differences between networks as a picture, on whatever page."""

from collections.abc import Mapping

import pandas as pd

from pages.ui.charts import intervals
from pages.ui.charts.layout import Chart
from pages.ui.words import say


def effect_chart(rows: pd.DataFrame, title: str, ends: str, columns: Mapping[str, str]) -> Chart:
    """`analyses.effect_rows` as a picture; ``chart.ENDS.worse`` and ``.better`` say what lies on which side of zero."""
    sides = say(f"chart.{ends}.worse"), say(f"chart.{ends}.better")
    return intervals.effects(rows, title, say("ffn.gap_axis"), columns, sides, say("chart.small"))
