"""How firm the verdict on every part of a claim is, as a table: kind, power, the A/A swap, the date of its rule."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from pages.ui import tables
from pages.ui.charts.layout import lines
from pages.ui.names import short_data_name
from pages.ui.parts.claims import verdicts
from pages.ui.parts.claims.verdicts import probability, what_settles
from pages.ui.words import say
from tf_models.data import peek
from tf_models.statistics.rule import looks
from tf_models.study.judging import EXACT, ONCE, PartResult, Result, key_of

PART, PART_LETTERS = 340, 46  # the column of what a part says: pixels, and the letters of a line in it
LINE, CELL = 20, 14  # pixels of such a line, and around all of them
WRAPS = 3  # lines that a row must have room for, or Streamlit breaks none
NOTHING = "–"  # where a column asks what a part does not have
COLUMNS = ("part", "dataset", "verdict", "smallest", "settles", "swap", "rule", "kind", "p", "experiment")


def part_table(found: Iterable[tuple[Result, PartResult]]) -> pd.DataFrame:
    """A row for every measured part on every data set, its columns as they are written."""
    rows = [_row(result, part) for result, part in found if part.measure is not None]
    names = {name: say(f"firmness.{name}") for name in COLUMNS}
    return pd.DataFrame(rows, columns=list(COLUMNS)).rename(columns=names)


def _row(result: Result, part: PartResult) -> dict[str, str]:
    asked = part.part
    assert part.measure is not None
    exact = asked.experiment in EXACT
    return {
        "part": say(asked.words),
        "dataset": NOTHING if asked.experiment in ONCE else short_data_name(result.dataset),
        "kind": say(f"firmness.kind.{asked.kind}"),
        "experiment": _experiment(part),
        "verdict": say(f"verdict.{part.verdict}"),
        "p": NOTHING if part.p is None else probability(part.p).removeprefix("= "),
        "smallest": _smallest(part) or NOTHING,
        "settles": _settles(result, part) or NOTHING,
        "swap": NOTHING if part.survives_swap is None else say(f"firmness.swap.{part.survives_swap}"),
        "rule": NOTHING if exact else rule_words(part),
    }


def _smallest(part: PartResult) -> str:
    """What the design would find; empty where that is unknown, or no share."""
    if part.power is None or part.measure is None:
        return ""
    share = verdicts.unit_of(part.measure, part.part.measure) == "share"
    return "" if share and not 0 <= part.power.smallest <= 1 else tables.figure(part.power.smallest, part.measure.unit)


def _settles(result: Result, part: PartResult) -> str:
    if part.power is None or part.part.experiment in EXACT:  # whose seeds no data set declares
        return ""
    _, dataset = key_of(part.part.experiment, result.dataset)
    _, allowed = looks(peek(dataset).seeds)
    return what_settles(part.power, allowed)


def _experiment(part: PartResult) -> str:
    """Its name, and whether it only explores."""
    explores = part.scale is not None and part.scale.exploratory
    return f"{part.part.experiment} ({say('tier.exploratory')})" if explores else part.part.experiment


def rule_words(part: PartResult) -> str:
    """Since when the rule has been as it is: a date before the runs, or that there is none."""
    if part.rule_changed:
        return say("firmness.rule.changed")
    return part.rule_date or say("firmness.rule.unrecorded")


def show_table(found: Iterable[tuple[Result, PartResult]]) -> None:
    """The table under its heading; nothing where nothing is measured."""
    data = part_table(found)
    if data.empty:
        return
    st.subheader(say("firmness.title"), anchor=False)
    column = say("firmness.part")
    broken = max(len(lines(words, PART_LETTERS)) for words in data[column])
    whole = st.column_config.TextColumn(width=PART, pinned=True)
    st.dataframe(
        data,
        hide_index=True,
        width="stretch",
        column_config={column: whole},
        height="content",
        row_height=LINE * max(broken, WRAPS) + CELL if broken > 1 else None,
    )
    st.caption(say("firmness.hint"))
