"""Every page through `app.py`, in both languages, full and empty; charts; the catalogue; bad links."""

import json
import string
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import charts, frame, loaders, sheets, tables, theme
from pages.ui.words import ERRORS_ZH, WORDS
from tf_models import __main__ as command_line
from tf_models.errors import MESSAGES
from tf_models.study import shipped
from tf_models.zoo import CLASSROOM

ROOT = Path(__file__).parents[1]
PAGES = list(frame.PAGES)
LANGUAGES = list(WORDS)


@pytest.fixture(autouse=True)
def fresh_server():
    """Nothing cached by an earlier test, and no queue left open."""
    import streamlit as st

    st.cache_data.clear()
    yield
    for opened in ("jobs", "store"):
        if opened in loaders._opened:
            loaders._opened.pop(opened).close()


@pytest.fixture
def nothing_shipped(monkeypatch, tmp_path):
    """As after deleting `tf_models/study/results`."""
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")


def open_page(page: str, language: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60)
    app.query_params["lang"] = language
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return app.switch_page(f"pages/{page}.py").run() if page != "overview" else app


def charts_of(app: AppTest) -> list:
    return app.get("vega_lite_chart")


def text_of(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.title, app.header, app.subheader)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_full_at_first_sight(page, language):
    app = open_page(page, language)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == WORDS[language][f"{page}.title"]
    assert charts_of(app)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_deleting_the_results_empties_every_measured_figure(nothing_shipped, page, language):
    app = open_page(page, language)
    assert not app.exception
    assert app.title[0].value == WORDS[language][f"{page}.title"]
    shown = charts_of(app)
    if page == "ffn":  # the published figures stay
        assert len(shown) == 1
        assert not app.dataframe
    else:
        assert not shown
    if page == "overview":
        measured = [value for table in app.table for value in table.value.iloc[:, -1]]
        assert measured == [WORDS[language]["verdict.untested"]] * 10


def test_the_ffn_page_shows_the_intervals_that_the_command_line_prints(capsys):
    assert command_line.main(["run", "ffn-gap", "--dataset", "digits", "--seeds", "5", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    shown = loaders.ffn_gap("digits")
    assert printed["contrasts"] == shown["contrasts"]
    assert all(row["mean"] is not None for row in printed["contrasts"])
    whole = tables.contrast_rows(shown)
    whole = whole[whole["seed"].isna()]
    assert whole["mean"].tolist() == pytest.approx([100 * row["mean"] for row in printed["contrasts"]])


def test_the_server_never_loads_tensorflow(tmp_path):
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60).run()
assert not app.exception
for page in {PAGES!r}:
    app.switch_page(f"pages/{{page}}.py").run()
    assert not app.exception, page
loaded = {{"tensorflow", "keras", "jax"}} & sys.modules.keys()
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_the_catalogue_says_everything_in_both_languages():
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, chinese = WORDS["en"], WORDS["zh"]
    assert english.keys() == chinese.keys()
    assert MESSAGES.keys() == ERRORS_ZH.keys()
    for key, text in english.items():
        assert fields(text) == fields(chinese[key]), key
        assert text.strip()
        assert chinese[key].strip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("page", "key"), [("train", "variant"), ("train", "data"), ("train", "epochs"), ("ffn", "dataset")]
)
def test_an_unknown_value_in_the_link_is_named_and_nothing_else_changes(page, key, language):
    app = open_page(page, language, **{key: "nonsense"})
    assert not app.exception
    assert any("nonsense" in warning.value and key in warning.value for warning in app.warning)
    assert app.title[0].value == WORDS[language][f"{page}.title"]


def test_an_unknown_language_in_the_link_is_named():
    app = open_page("overview", "tlh")
    assert any("tlh" in warning.value for warning in app.warning)
    assert app.title[0].value == WORDS["en"]["overview.title"]


@pytest.mark.parametrize("page", PAGES)
def test_a_home_that_cannot_be_written_leaves_the_shipped_results(monkeypatch, tmp_path, page):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("LAB_HOME", str(blocker / "home"))
    app = open_page(page)
    assert not app.exception
    assert charts_of(app)


def test_training_without_a_writable_home_says_why(monkeypatch, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("LAB_HOME", str(blocker / "home"))
    app = open_page("train")
    next(button for button in app.button if button.label == WORDS["en"]["train.start"]).click().run()
    assert not app.exception
    assert any(str(blocker) in error.value.replace("\\", "") for error in app.error)


def test_a_switch_that_does_not_fit_the_image_is_one_sentence():
    app = open_page("train", patch="7")
    assert not app.exception
    assert any("patch 7" in error.value for error in app.error)


def test_every_variant_has_a_name_and_its_familys_colour():
    for name, spec in CLASSROOM.items():
        assert WORDS["en"][f"train.variant.{name}"]
        assert theme.FAMILIES[spec.family]


def test_a_chart_of_intervals_draws_means_spans_seeds_and_delta():
    columns = tables.column_names()
    data = pd.DataFrame(
        [
            {"label": "a", "mean": 3.0, "low": 2.0, "high": 4.0, "delta": 1.5, "verdict": "v", "colour": "#009E73"},
            {"label": "a", "mean": 2.5, "seed": 0},
        ]
    ).astype({"seed": "float"})
    drawn = charts.intervals(data, "title", "axis", columns).to_dict()
    marks = [layer["mark"]["type"] for layer in drawn["layer"]]
    assert marks == ["rule", "tick", "point", "rule", "point"]
    values = drawn["datasets"]
    assert any(row.get("delta") == 1.5 for rows in values.values() for row in rows)
    assert any(row.get("low") == 2.0 and row.get("high") == 4.0 for rows in values.values() for row in rows)


def test_a_contact_sheet_keeps_every_channel_and_its_brightest_pixel():
    import numpy as np

    maps = np.zeros((4, 4, 6))
    maps[1, 2, :] = np.arange(6)  # channel c peaks with value c at row 1, column 2
    together = sheets.channel_sheet(maps, 0.0, 5.0, width=300)
    alone = sheets.channel_sheet(maps, maps.min(axis=(0, 1)), maps.max(axis=(0, 1)), width=300)
    bright, dark = theme.colours(np.array(1.0)), theme.colours(np.array(0.0))

    def share(sheet, colour):
        return (sheet == [*colour, 255]).all(axis=2).sum()

    assert share(together, bright) > 0
    assert share(alone, bright) == 5 * share(together, bright)  # every channel but the constant one reaches its end
    assert share(together, dark) > 0
