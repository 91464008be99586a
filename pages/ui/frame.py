"""The frame around every page: title, language, navigation."""

from copy import copy
from functools import lru_cache
from pathlib import Path

import streamlit as st

from pages.ui import browser, cache, links
from pages.ui.names import variant_name
from pages.ui.words import language, quote, say, set_language
from tf_models import locale, settings
from tf_models.errors import LabError
from tf_models.zoo import CLASSROOM

SECTIONS = {  # in the order in which one teaches: a page's name, which is also its address, and its icon
    "understand": {
        "overview": ":material/home:",
        "anatomy": ":material/account_tree:",
        "feature_maps": ":material/grid_view:",
    },
    "measure": {
        "ffn": ":material/compare_arrows:",
        "parameters": ":material/scatter_plot:",
        "cost": ":material/timer:",
        "hybrids": ":material/join:",
        "locality": ":material/visibility:",
        "hierarchy": ":material/stairs:",
        "weight_sharing": ":material/open_with:",
        "convergence": ":material/compare:",
    },
    "do": {
        "train": ":material/model_training:",
        "runs": ":material/receipt_long:",
    },
    "evidence": {
        "claims": ":material/fact_check:",
    },
}
PAGES = {name: icon for pages in SECTIONS.values() for name, icon in pages.items()}
FRONT = next(iter(PAGES))
PRESENT = "present"  # in the link: 1 for a page that is shown to a room


def navigation() -> st.Page:  # pyright: ignore[reportInvalidTypeForm]
    """Streamlit's own navigation over the lab's pages."""
    made = _pages(language())
    return st.navigation(
        {say(f"lab.section.{section}"): [copy(made[name]) for name in pages] for section, pages in SECTIONS.items()},
        expanded=True,  # otherwise Streamlit hides the last ones
    )


@lru_cache
def _pages(language: str) -> dict[str, st.Page]:  # pyright: ignore[reportInvalidTypeForm]
    """The pages as Streamlit knows them, made once, since it looks for the file of each; every visitor gets copies, in
    which it notes which one is drawn.
    """
    return {
        name: st.Page(
            f"pages/{name}.py",
            title=locale.say(language, f"{name}.nav"),
            icon=icon,
            url_path="" if name == FRONT else name,
            default=name == FRONT,
        )
        for name, icon in PAGES.items()
    }


def open_page() -> None:
    """Draw the frame and the page that the address names."""
    st.session_state["in_frame"] = True
    unknown = set_language(st.query_params.get("lang"), st.context.locale)
    presenting = _presenting()
    st.set_page_config(
        page_title=say("lab.title"),
        page_icon=str(Path(__file__).with_name("icon.png")),
        layout="wide",
        initial_sidebar_state="collapsed" if presenting else "auto",
    )
    page = navigation()
    _language_switch()
    _presenter_switch(presenting)
    st.sidebar.popover(say("lab.glossary"), icon=":material/menu_book:").markdown(say("lab.words"))
    browser.show_styles(presenting)
    browser.show_language()
    if unknown is not None:
        st.warning(say("error.unknown_language", value=quote(unknown[:40]), choices=", ".join(locale.LANGUAGES)))
    try:
        settings.check()
        with cache.held_still():
            page.run()
    except LabError as error:
        show_error(error)


def ensure() -> None:
    """First line of every page.

    On a server that nobody has visited yet, Streamlit runs the page file by itself, without `app.py`, when a visitor
    follows a link to it: name the navigation, and start again inside the frame.
    """
    if "in_frame" not in st.session_state:
        navigation()
        st.rerun()


def _language_switch() -> None:
    current = language()

    def change() -> None:
        st.query_params["lang"] = st.session_state["language_switch"]

    st.session_state["language_switch"] = current
    st.sidebar.segmented_control(
        " / ".join(locale.say(name, "lab.switch") for name in locale.LANGUAGES),
        locale.LANGUAGES,
        format_func=lambda name: locale.say(name, "lab.language"),
        key="language_switch",
        required=True,
        on_change=change,
    )
    if st.query_params.get("lang") != current:
        st.query_params["lang"] = current


def _presenting() -> bool:
    """Whether words are large and the sidebar closed, for a room: the link says so, or what was chosen before."""
    if (asked := st.query_params.get(PRESENT)) is not None:
        st.session_state["presenting"] = asked == "1"
    return st.session_state.get("presenting", False)


def _presenter_switch(on: bool) -> None:
    def change() -> None:
        st.session_state["presenting"] = st.session_state["presenter_switch"]
        if st.session_state["presenting"]:
            st.query_params[PRESENT] = "1"
        else:
            st.query_params.pop(PRESENT, None)

    st.session_state["presenter_switch"] = on
    st.sidebar.toggle(say("lab.presenter"), key="presenter_switch", on_change=change, help=say("lab.presenter_hint"))
    if on and st.query_params.get(PRESENT) != "1":
        st.query_params[PRESENT] = "1"


def title(page: str) -> None:
    """The page's title, the first of what every page shows."""
    links.arrive(page)
    st.title(say(f"{page}.title"), anchor=False)


def heading(page: str) -> None:
    """The page's title and what it asks."""
    title(page)
    st.markdown(say(f"{page}.lead"))


def error_text(error: LabError) -> str:
    """The sentence of a `LabError` in the visitor's language; a network goes by its name."""
    values = {key: quote(value) for key, value in error.values.items()}
    if (variant := error.values.get("variant")) in CLASSROOM:
        values["variant"] = variant_name(variant)
    return say(f"error.{error.code}", **values)


def show_error(error: LabError) -> None:
    """One clear sentence, nothing else changes."""
    st.error(error_text(error), icon=":material/error:")
