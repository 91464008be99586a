"""The text's three tables in our own words, each cell with the verdicts of the statements that check it."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.ui.parts.claims.verdicts import claim_badge, reason
from pages.ui.replay import drawn_once
from pages.ui.words import say, verbatim
from tf_models.study.claims import CLAIMS
from tf_models.study.judging import Result

TABLES = {"table1": 4, "table2": 3, "table3": 3}  # how many rows each has
COLUMNS = ("cnn", "transformer")


def claims_of(row: str, column: str) -> list[str]:
    """The statements that check a cell, such as ``table1.row3`` in the column ``cnn``: its own and those of its row."""
    return [claim.id for claim in CLAIMS if {row, f"{row}.{column}"} & set(claim.sections)]


def verdict_cell(row: str, column: str, results: Mapping[str, Result]) -> str:
    """The verdicts of a cell as Markdown."""
    return " ".join(claim_badge(results[claim], claim) for claim in claims_of(row, column) if claim in results)


def whys(row: str, results: Mapping[str, Result]) -> list[str]:
    """Why the verdicts of a row are what they are: the wording, where they are decided, else what is missing."""
    lines = []
    for claim in dict.fromkeys(claim for column in COLUMNS for claim in claims_of(row, column)):
        if claim not in results:
            continue
        result = results[claim]
        decided = {"supported": "right", "partly": "wrong", "not_supported": "wrong"}
        words = verbatim(result.claim.words(decided[result.verdict])) if result.verdict in decided else ""
        lines.append(f"- **{claim}** {words or reason(result)}")
    return lines


@drawn_once
def show_tables(results: Mapping[str, Result]) -> None:
    """The three tables, each cell with its verdicts."""
    st.caption(say("overview.tables_hint"))
    for table, rows in TABLES.items():
        st.subheader(say(table), anchor=False)
        lines = [
            {say("table.aspect"): say(row)}
            | {
                say(f"table.{column}"): f"{say(f'{row}.{column}')} {verdict_cell(row, column, results)}"
                for column in COLUMNS
            }
            for row in _rows(table, rows)
        ]
        st.table(pd.DataFrame(lines).set_index(say("table.aspect")))
    st.caption(say("overview.published_hint"))


@drawn_once
def show_rows(results: Mapping[str, Result]) -> None:
    """The three tables with one box per row, which has room for the reasons on a phone too."""
    st.caption(say("overview.tables_hint"))
    for table, rows in TABLES.items():
        st.subheader(say(table), anchor=False)
        for row in _rows(table, rows):
            with st.container(border=True):
                st.markdown(f"**{say(row)}**")
                for column, cell in zip(COLUMNS, st.columns(2), strict=True):
                    said = say(f"{row}.{column}")
                    cell.markdown(say("claims.place_of", place=f"**{say(f'table.{column}')}**", text=said))
                    cell.markdown(verdict_cell(row, column, results))
                st.markdown("\n".join(whys(row, results)))


def _rows(table: str, rows: int) -> list[str]:
    return [f"{table}.row{number}" for number in range(1, rows + 1)]
