"""What a link says is what opens, also of what was out of sight for a while, and of data that are or are not here."""

import pytest
from streamlit.testing.v1 import AppTest
from visits import open_page, text_of

from pages.ui.names import data_name
from tf_models.data import STUDIED
from tf_models.locale import say

pytestmark = pytest.mark.usefixtures("fresh_server")
PHOTOS = STUDIED[-1]


def _two_numbers() -> None:
    import streamlit as st

    from pages.ui import links

    links.arrive("a page")
    if not st.checkbox("hide"):
        links.choose_number("across", "Right", -3, 3, 0)


def test_a_number_that_was_out_of_sight_is_the_one_of_the_link_again():
    """A moved image was back in its place after its patches had been shuffled."""
    script = AppTest.from_function(_two_numbers)
    script.query_params["across"] = "2"
    app = script.run()
    for hidden in (True, False):
        app.checkbox[0].set_value(hidden).run()
    assert app.slider[0].value == 2 and app.query_params["across"] in ("2", ["2"])


def test_a_link_to_photographs_trains_on_them_where_they_are_here(small_images):
    small_images(PHOTOS)
    app = open_page("train", data=PHOTOS)
    assert not app.exception and not app.warning
    assert app.session_state["choice_data"] == PHOTOS and app.query_params["data"] in (PHOTOS, [PHOTOS])


def test_where_they_are_not_here_that_is_said_and_another_data_set_is_shown():
    app = open_page("train", data=PHOTOS)
    assert app.session_state["choice_data"] == STUDIED[0] and not app.warning
    names = {"chosen": data_name(PHOTOS), "shown": data_name(STUDIED[0])}
    assert say("en", "data.other", **names) in text_of(app)
