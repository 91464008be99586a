"""A real server and a real browser, for every test that visits pages."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
APP = "document.querySelector('[data-testid=stApp]')"
SETTLED = f"""() => {{
    const height = document.querySelector('[data-testid=stMain]')?.scrollHeight
    const still = height === window.heightBefore
    window.heightBefore = height
    const drawn = !document.querySelector('[data-testid=stSkeleton], [data-testid=stVegaLiteChart]:not(:has(svg))')
    return still && drawn && {APP}?.getAttribute('data-test-script-state') === 'notRunning'
}}"""
expect.set_options(timeout=180_000)  # a busy machine is no failure


class Server:
    """``streamlit run app.py``, or another script, on a free port, with a home of its own."""

    def __init__(self, home: Path, script: str = "app.py"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {"LAB_HOME": str(home), "LAB_WORKERS": "1"}
        options = ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                # The health page only: no session may warm the server before the test's own visit.
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.2)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("home"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def browser():
    system = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        # Without a Chromium of the system's: the one that `playwright install chromium` brings.
        started = playwright.chromium.launch(executable_path=system, args=options)
        yield started
        started.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(180_000)
    yield context.new_page()
    context.close()


def visit(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script is through and what it sent is drawn: charts that follow a little later move what lies
    below them away from under a click.
    """
    page.wait_for_function(SETTLED, polling=100)


def choose(page: Page, label: str, option: str) -> None:
    """Pick `option` in the select box `label` and wait until the page shows it."""
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)
