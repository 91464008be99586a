"""Places of the text, as the rows of claims name them: "1.1", "table1.row3.cnn", "summary"."""

from pages.ui.words import say
from tf_models.study.claims import Claim

# Those without a number of their own → the heading under which they are counted.
OUTSIDE = {
    **{"table1": "1.4", "table2": "2.2", "table3": "3"},
    **{"why_alike": "1.5", "summary": "1.5", "conclusion": "3"},
}


def heading(place: str) -> str:
    """The heading of the text under which a place is counted."""
    outside = OUTSIDE.get(place.split(".")[0])  # of a table with its rows and cells
    return outside or ("3" if place.startswith("3") else ".".join(place.split(".")[:2]))


def heading_of(claim: Claim) -> str:
    """The heading under which a claim is counted: that of its main place."""
    return heading(claim.sections[0])


def heading_name(heading: str) -> str:
    """A heading with its words."""
    return f"{heading} {say(f'claims.section.{heading}')}"


def place_name(place: str) -> str:
    """A place, as written on the card."""
    if place.startswith("table"):
        table, row = place.removeprefix("table").split(".")[:2]
        return say("claims.table_row", table=table, row=row.removeprefix("row"))
    return say(f"claims.place.{place}") if place in OUTSIDE else say("claims.place", section=place)
