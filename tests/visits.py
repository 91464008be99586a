"""Pages through `app.py`, without a browser."""

from conftest import ROOT
from streamlit.testing.v1 import AppTest


def open_page(page: str, language: str = "en", **query: str) -> AppTest:
    """The page as a link opens it."""
    app = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    app.query_params["lang"] = language
    for key, value in query.items():
        app.query_params[key] = value
    if page != "overview":  # the page itself is the first that runs: the overview would cost every test a second
        app.switch_page(f"pages/{page}.py")
    return app.run()


def text_of(app: AppTest) -> str:
    """What can be read on the page, without escapes and marks that nobody sees."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.title, app.header, app.subheader)
    return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\\", "").replace("\u2060", "")
