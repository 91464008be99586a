"""What the FFN is worth after so many updates, on *Overview* and *FFN*: test accuracy and training loss."""

import re

import pandas as pd
import streamlit as st

from pages.ui import analyses, tables
from pages.ui.charts import intervals
from pages.ui.drawing import show_chart
from pages.ui.names import data_title
from pages.ui.replay import drawn_once
from pages.ui.theme import ARMS
from pages.ui.words import say, sentences
from tf_models.statistics.effects import Measure
from tf_models.study.analysis import Analysis
from tf_models.study.experiments.ffn_gap import CLASSROOM_DEPTH

# The series of the charts: contrast, words, colour.
SERIES = {"gain": ("length.equal_depth", ARMS["on"]), "gain.wider": ("length.equal_parameters", ARMS["off_wider"])}
# Its panels: what follows the name of the contrast, by how much it is multiplied, how it is written.
PANELS = {"accuracy": ("", 100, "+.2f"), "loss": (".fit_loss", 1, "+.3f")}


def is_measured(analysis: Analysis) -> bool:
    """Whether the gap is known after any length of training."""
    return bool(measured_lengths(analysis))


def measured_lengths(analysis: Analysis) -> list[int]:
    """The epochs after which the gap was measured, rising."""
    found = (re.fullmatch(r"gain\.(\d+)", name) for name in analysis.measures)
    return sorted(int(match[1]) for match in found if match)


def updates_after(analysis: Analysis, epochs: int) -> int:
    """Optimizer steps of the network with its FFN."""
    return max((record.updates or 0 for record in analysis.arms[f"on.{epochs}"].records.values()), default=0)


def length_rows(analysis: Analysis, panel: str) -> pd.DataFrame:
    """What `intervals.along` draws of one of `PANELS`: points of accuracy or nats, over updates."""
    infix, factor, _ = PANELS[panel]
    rows = []
    for name, (words, _) in SERIES.items():
        for epochs in measured_lengths(analysis):
            found = analysis.measures.get(f"{name}{infix}.{epochs}")
            if found is not None:
                values = {key: factor * getattr(found, key) for key in ("value", "low", "high")}
                place = {"series": say(words), "at": updates_after(analysis, epochs)}
                rows.append({**place, **values, "seeds": found.seeds})
    return pd.DataFrame(rows, columns=["series", "at", "value", "low", "high", "seeds"])


def _fields(found: Measure) -> dict[str, str]:
    """Mean and interval as the fields of a sentence, without their unit."""
    numbers = {"mean": found.value, "low": found.low, "high": found.high}
    return {name: tables.figure(value, found.unit, bare=True) for name, value in numbers.items()}


def length_words(analysis: Analysis) -> str:
    """What the FFN is worth after the longest training, for a class."""
    last = measured_lengths(analysis)[-1]
    found = analysis.measures[f"gain.{last}"]
    decided = found.low > 0 or found.high < 0
    key = ("more" if found.value > 0 else "fewer") if decided else "open"
    updates = f"{updates_after(analysis, last):,}"
    mean = tables.points(abs(found.value), sign=False)
    told = [say(f"length.{key}", updates=updates, depth=CLASSROOM_DEPTH, **_fields(found) | {"mean": mean})]
    if wider := analysis.measures.get(f"gain.wider.{last}"):
        open_ = wider.low <= 0 <= wider.high
        told.append(say("length.wider_open" if open_ else "length.wider", **_fields(wider)))
    return sentences(*told)


def first_words(analysis: Analysis) -> str:
    """What it was after the shortest training, at equal depth and at equal parameters."""
    lengths, told = measured_lengths(analysis), []
    first, last = lengths[0], lengths[-1]
    if first != last:
        updates = f"{updates_after(analysis, first):,}"
        told.append(say("length.first", updates=updates, **_fields(analysis.measures[f"gain.{first}"])))
        if wider := analysis.measures.get(f"gain.wider.{first}"):
            told.append(say("length.first_wider", **_fields(wider)))
    return sentences(*told)


def loss_words(analysis: Analysis) -> str:
    """By how much it lowers the training loss, after the shortest and the longest training."""
    lengths = measured_lengths(analysis)
    losses = [
        say("length.loss_after", updates=f"{updates_after(analysis, epochs):,}", **_fields(found))
        for epochs in dict.fromkeys((lengths[0], lengths[-1]))
        if (found := analysis.measures.get(f"gain.fit_loss.{epochs}"))
    ]
    return say("length.loss", found=say("claims.and").join(losses)) if losses else ""


@drawn_once
def show_panels(analysis: Analysis) -> None:
    """Test accuracy and training loss over updates, beside each other, on a phone below each other."""
    names = ("series", "value", "low", "high", "seeds")
    columns = {name: say(f"length.column.{name}") for name in names}
    for place, (panel, (_, _, figures)) in zip(st.columns(2), PANELS.items(), strict=True):
        data = length_rows(analysis, panel)
        if data.empty:
            continue
        colours = {say(words): colour for words, colour in SERIES.values() if say(words) in set(data["series"])}
        titles = {"title": say(f"length.{panel}_title"), "x": say("length.updates"), "y": say(f"length.{panel}_axis")}
        chart = intervals.along(data, columns=columns, colours=colours, figures=figures, **titles)
        show_chart(chart, key=f"length_{panel}", text=say(f"length.{panel}_alt"), where=place)


@drawn_once
def show_headline(analysis: Analysis) -> None:
    """The sentence and the two panels, as *Overview* opens."""
    st.markdown(length_words(analysis))
    analyses.show_withheld(analysis)
    show_panels(analysis)
    st.caption(sentences(first_words(analysis), _scale(analysis)))


@drawn_once
def show_section(analysis: Analysis) -> None:
    """The same with its table and its source."""
    show_panels(analysis)
    analyses.show_withheld(analysis)
    st.markdown(sentences(length_words(analysis), first_words(analysis), loss_words(analysis)))
    st.caption(_scale(analysis))
    analyses.show_source(analysis)
    parts = {panel: length_rows(analysis, panel).assign(panel=say(f"length.{panel}_axis")) for panel in PANELS}
    names = {name: say(f"length.column.{name}") for name in ("series", "value", "low", "high", "seeds", "panel")}
    data = pd.concat(list(parts.values())).round(4).rename(columns=names | {"at": say("length.updates")})
    tables.beside(data)


def _scale(analysis: Analysis) -> str:
    scale = analysis.scale
    return say(
        "length.hint",
        dataset=data_title(analysis.experiment.dataset),
        images=f"{scale.train_images:,}",
        seeds=scale.seeds,
    )
