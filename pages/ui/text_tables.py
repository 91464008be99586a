"""The text's three tables in our own words, with the verdicts of the statements that check each row."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.ui.judged import badge, reason
from pages.ui.words import pick, say
from tf_models.study.claims import CLAIMS
from tf_models.study.judging import Result

TABLES = {"table1": 4, "table2": 3, "table3": 3}  # how many rows each has


def claims_of(row: str) -> list[str]:
    """The statements that check a row, such as ``table1.row3``."""
    return [claim.id for claim in CLAIMS if row in claim.sections]


def verdict_cell(row: str, results: Mapping[str, Result]) -> str:
    """The verdicts of a row as Markdown."""
    cells = [
        badge(results[claim].verdict, f"{claim} {say(f'verdict.{results[claim].verdict}')}")
        for claim in claims_of(row)
        if claim in results
    ]
    return " ".join(cells) or say("claims.row_none")


def whys(row: str, results: Mapping[str, Result]) -> list[str]:
    """Why the verdicts of a row are what they are: the wording, where they are decided, else what is missing."""
    lines = []
    for claim in claims_of(row):
        if claim not in results:
            continue
        result = results[claim]
        decided = {"supported": result.claim.right, "partly": result.claim.wrong, "not_supported": result.claim.wrong}
        words = pick(decided[result.verdict]) if result.verdict in decided else ""
        lines.append(f"- **{claim}** {words or reason(result)}")
    return lines


def show_tables(results: Mapping[str, Result]) -> None:
    """The three tables, each row with its verdicts."""
    for table, rows in TABLES.items():
        st.subheader(say(table))
        lines = [
            {
                say("table.aspect"): say(row),
                say("table.cnn"): say(f"{row}.cnn"),
                say("table.transformer"): say(f"{row}.transformer"),
                say("claims.table.verdict"): verdict_cell(row, results),
            }
            for row in _rows(table, rows)
        ]
        st.table(pd.DataFrame(lines).set_index(say("table.aspect")))


def show_rows(results: Mapping[str, Result]) -> None:
    """The three tables with a box a row, which has room for the reasons on a phone too."""
    for table, rows in TABLES.items():
        st.subheader(say(table))
        for row in _rows(table, rows):
            with st.container(border=True):
                says, found = st.columns([3, 4])
                says.markdown(f"**{say(row)}**")
                for column in ("cnn", "transformer"):
                    says.markdown(f"*{say(f'table.{column}')}:* {say(f'{row}.{column}')}")
                found.markdown(verdict_cell(row, results))
                found.markdown("\n".join(whys(row, results)))


def _rows(table: str, rows: int) -> list[str]:
    return [f"{table}.row{number}" for number in range(1, rows + 1)]
