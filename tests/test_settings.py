"""Settings: what cannot be read is named, on the command line and on every page."""

import re

import pytest
from conftest import ROOT
from streamlit.testing.v1 import AppTest

from tf_models import settings
from tf_models.__main__ import main
from tf_models.errors import LabError

UNREADABLE = {
    "LAB_MAX_QUEUE": ("ten", "0", "-1", "1.5", "²", "9" * 12),
    "LAB_MAX_EPOCHS": ("many",),
    "LAB_MAX_SECONDS": ("1h",),
    "LAB_WORKERS": ("two",),
    "LAB_DATA_DIR": ("/no/such/folder", __file__),
    "DASK_SCHEDULER_ADDRESS": ("tcp://host", "host"),
    "KERAS_BACKEND": ("theano",),
    "LAB_MAX_UPLOAD_MB": ("1GB",),
    "LAB_FRAME_SITES": ("moodle.example.org", "https://a.org;script-src", "https://a.org/page", "*"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in UNREADABLE.items() for value in values])
def test_a_setting_that_cannot_be_read_is_named_with_its_value_and_rule(name, value, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    with pytest.raises(LabError, match=f"{name} (is|has) “{re.escape(value)}”: it must be"):
        settings.check()
    assert main(["claims", "--json"]) == 2
    out, err = capsys.readouterr()
    assert (
        out == ""
        and err.startswith((f"error: {name} is “{value}”", f"error: {name} has “{value}”"))
        and err.count("\n") == 1
    )


def test_a_page_says_which_setting_cannot_be_read(monkeypatch):
    monkeypatch.setenv("LAB_MAX_QUEUE", "ten")
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not page.exception and [error.value for error in page.error] == [
        "LAB\\_MAX\\_QUEUE is “ten”: it must be a whole number, 1 or more."
    ]


def test_settings_are_read_when_they_are_asked_for(monkeypatch, tmp_path, lab_home):
    assert settings.limit("LAB_MAX_QUEUE") == 500 and settings.workers() is None and settings.data_folder() is None
    assert settings.home() == lab_home and settings.scheduler_address() is None
    for name, value in (("LAB_MAX_QUEUE", " 7 "), ("LAB_WORKERS", "3"), ("LAB_DATA_DIR", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tls://host:8786")
    assert settings.limit("LAB_MAX_QUEUE") == 7 and settings.workers() == 3 and settings.data_folder() == tmp_path
    assert settings.scheduler_address() == "tls://host:8786"
    settings.check()
