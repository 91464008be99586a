"""What visitors wait for, and what many of them cost: sections of ``benchmark.py``."""

import argparse
import asyncio
import contextlib
import itertools
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil
import test_browser
from playwright.sync_api import Browser, Page, sync_playwright
from test_browser import Server
from visitors import Visit, crowd, visit

from pages.ui.frame import PAGES
from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import ACTIVE, RunStore

# The pages

PEOPLE = 50
# As many elements as a page of the lab has, of fixed content: what Streamlit itself takes for a page of this size.
STATIC = """
import pandas as pd
import streamlit as st
rows = [{"x": x, "y": x * x, "kind": kind} for x in range(20) for kind in "ab"]
marks = {"x": {"field": "x"}, "y": {"field": "y"}, "color": {"field": "kind"}}
for number in range(int(st.query_params["charts"])):
    st.vega_lite_chart({"data": {"values": rows}, "mark": "line", "encoding": marks}, key=f"chart{number}")
for number in range(int(st.query_params["tables"])):
    st.dataframe(pd.DataFrame(rows))
for number in range(int(st.query_params["texts"])):
    st.markdown(f"Text {number}: " + "as long as a caption or a short paragraph of the lab. " * 3)
"""


def page(options: argparse.Namespace) -> None:
    """Fifty visitors at once on every page, beside a static page; then a cold server in a browser."""
    _crowds()
    _cold_server()


def _crowds() -> None:
    """Median seconds until the page of one of `PEOPLE` visitors is whole, all at once, and seconds of one alone."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "static.py"
        script.write_text(STATIC)
        lab, static = Server(Path(folder) / "lab"), Server(Path(folder) / "static", str(script))
        try:
            worst = 0.0
            for name in PAGES:
                address = "" if name == "overview" else name
                asyncio.run(visit(lab.port, address))  # whoever comes first draws what is kept
                one = asyncio.run(visit(lab.port, address))
                charts, tables = (one.elements[kind] for kind in ("vega_lite_chart", "dataframe"))
                query = f"charts={charts}&tables={tables}&texts={one.shown - charts - tables}"
                plain = asyncio.run(crowd(static.port, "", PEOPLE, query))
                found = asyncio.run(crowd(lab.port, address, PEOPLE))
                seconds, usual = (median(seen.seconds for seen in many) for many in (found, plain))
                failed = [seen.failed for seen in (*found, *plain) if seen.failed]
                worst = max(worst, seconds / usual)
                print(
                    f"{name:13} {one.shown:4} elements: alone {one.seconds:.2f} s; {PEOPLE} at once {seconds:5.2f} s, "
                    f"static {usual:5.2f} s, ratio {seconds / usual:.2f}; errors {len(failed)} {failed[:1] or ''}",
                    flush=True,
                )
            own = psutil.Process(lab.process.pid).memory_info().rss
            print(f"largest ratio {worst:.2f} (bar 1.5); server after that {own / 1e6:.0f} MB (bar 300)")
        finally:
            lab.close()
            static.close()


def _cold_server() -> None:
    """Seconds to the first figure, and from a click on Train to life."""
    with tempfile.TemporaryDirectory() as home, a_browser() as browser, a_server(Path(home)) as server:
        tab = browser.new_page()
        began = time.perf_counter()
        tab.goto(server.url)
        tab.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
        print(f"first figure of a cold server: {time.perf_counter() - began:.1f} s (bar 2.5)")
        test_browser.visit(tab, f"{server.url}/train?lang=en")
        began = time.perf_counter()
        tab.get_by_role("button", name="Train", exact=True).click()
        tab.get_by_text(re.compile("starting:|waiting,|epoch 1 of")).first.wait_for()
        print(f"from a click on Train to life: {time.perf_counter() - began:.1f} s")
        test_browser.settle(tab)


@contextlib.contextmanager
def a_server(home: Path, script: str = "app.py") -> Iterator[Server]:
    server = Server(home, script)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)


# From the wish for a training to the first point of its curve

NEVER_TRACED = ("cnn", "convnext", "swin")
PREPARED = "mixer"


def curve(options: argparse.Namespace) -> None:
    """Seconds from asking for a training on digits to its first epoch: cold lab, traced, never traced, prepared."""
    with tempfile.TemporaryDirectory() as home:
        jobs = Jobs(RunStore(Path(home)))

        def first_point(name: str, variant: str, bar: float, seed: int = 0) -> None:
            began, asked = time.perf_counter(), RunSpec(variant, {}, "digits", None, seed, Recipe(learning_rate=3e-3))
            run_id = jobs.submit(asked, fresh=True).run_id
            while not jobs.store.epochs(run_id):
                time.sleep(0.02)
            print(f"{name}, {variant}: {time.perf_counter() - began:.1f} s (bar {bar:g})", flush=True)
            jobs.wait([run_id])

        first_point("cold lab", "vit", 9)
        first_point("traced before", "vit", 1, seed=1)
        for variant in NEVER_TRACED:
            first_point("never traced", variant, 4)
        jobs.prepare(RunSpec(PREPARED, {}, "digits"))
        time.sleep(20)  # in which the visitor thinks
        first_point("prepared by opening Train", PREPARED, 1)
        jobs.close()


# A class for five minutes

SOAK_MINUTES = 5
GUESTS = 20
CHOICES = itertools.cycle(itertools.product(("vit", "cnn", "mixer", "convnext", "resnet"), (1, 2, 3)))  # network, depth


def soak(options: argparse.Namespace) -> None:
    """Memory by the minute, while `GUESTS` open page after page and one visitor trains network after network."""
    with tempfile.TemporaryDirectory() as home, a_browser() as browser, a_server(Path(home)) as server:
        ended, opened = threading.Event(), []
        guests = threading.Thread(target=lambda: asyncio.run(_guests(server.port, ended, opened)))
        guests.start()
        tab, store, began = browser.new_page(), RunStore(Path(home)), time.monotonic()
        for minute in range(SOAK_MINUTES + 1):
            while time.monotonic() - began < 60 * minute:
                _train_one(tab, server, store, *next(CHOICES))
            main = psutil.Process(server.process.pid)
            memory = [process.memory_info().rss / 1e6 for process in (main, *main.children(recursive=True))]
            failed = [seen.failed for seen in opened if seen.failed]
            print(
                f"minute {minute}: server {memory[0]:.0f} MB, its other processes {sum(memory[1:]):.0f} MB, "
                f"of which the largest {max(memory[1:], default=0):.0f} MB; {len(store.finished_ids())} trainings, "
                f"{len(opened)} pages, errors {len(failed)} {failed[:1] or ''}",
                flush=True,
            )
        ended.set()
        guests.join()
        store.close()


def _train_one(tab: Page, server: Server, store: RunStore, variant: str, depth: int) -> None:
    """By clicking, and with another visitor's eyes until the store has the result."""
    before = len(store.finished_ids())
    test_browser.visit(tab, f"{server.url}/train?lang=en&variant={variant}&depth={depth}&epochs=3")
    tab.get_by_role("button", name="Train", exact=True).click()
    deadline = time.monotonic() + 120
    while (len(store.finished_ids()) == before or store.runs(ACTIVE)) and time.monotonic() < deadline:
        time.sleep(0.2)


async def _guests(port: int, ended: threading.Event, opened: list[Visit]) -> None:
    """Each opens a page, looks at it for a second, and opens the next."""

    async def guest(number: int) -> None:
        for name in itertools.islice(itertools.cycle(PAGES), number % len(PAGES), None):
            if ended.is_set():
                return
            opened.append(await visit(port, "" if name == "overview" else name))
            await asyncio.sleep(1)

    await asyncio.gather(*(guest(number) for number in range(GUESTS)))
