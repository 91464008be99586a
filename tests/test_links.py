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


def _visit(app: AppTest, page: str, **query: str) -> AppTest:
    """The page by a link inside the lab: the sidebar's says nothing."""
    app.query_params.clear()
    app.query_params["lang"] = "en"
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(f"pages/{page}.py").run()


def _said(app: AppTest) -> dict[str, str]:
    """What the link says, without the language."""
    found = {key: value if isinstance(value, str) else value[-1] for key, value in app.query_params.items()}
    return {key: value for key, value in found.items() if key != "lang"}


def test_a_page_is_found_again_as_it_was_left():
    asked = {"variant": "swin", "data": "digits", "open": "published"}
    app = open_page("ffn", **asked)
    assert _said(_visit(app, "hybrids")) == {"data": "digits"}
    assert _said(_visit(app, "ffn")) == asked and not app.warning
    assert _said(_visit(app, "ffn", variant="mixer"))["variant"] == "mixer", "what a link says goes first"
    app.query_params.pop("variant")  # as by the sidebar's link to the page that is shown
    assert _said(app.run()) == {}


def test_a_data_set_that_was_chosen_elsewhere_is_shown_with_the_other_choices_of_a_page():
    app = open_page("ffn", variant="swin", data="digits")
    _visit(app, "hybrids").session_state["choice_data"] = PHOTOS
    app.run()
    assert _said(app) == {}, "photographs are what the page shows by itself"
    assert _said(_visit(app, "ffn")) == {"variant": "swin"}, "though only digits have something to show of it"
    assert app.session_state["choice_data"] == PHOTOS and app.session_state["choice_variant"] == "swin"


def test_a_page_without_a_data_set_is_left_as_it_was():
    app = open_page("anatomy", left="classroom-swin")
    _visit(app, "cost")
    assert _said(_visit(app, "anatomy")) == {"left": "classroom-swin"}


def test_the_way_back_does_not_make_a_choice_that_a_link_implied():
    app = open_page("ffn", variant="mobilevit")
    assert _said(app) == {"variant": "mobilevit", "data": "digits"}
    _visit(app, "hybrids")
    _visit(app, "ffn")
    assert _said(app) == {"variant": "mobilevit", "data": "digits"}
    assert _said(_visit(app, "parameters")) == {}
