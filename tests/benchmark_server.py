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
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psutil
from browsing import Server, settle
from browsing import visit as open_page
from playwright.sync_api import Browser, Page, sync_playwright
from visitors import Visit, crowd, visit

from pages.ui.frame import PAGES
from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import ACTIVE, RunStore

# The pages

PEOPLE = 50
# As many elements as a page of the lab has, of the same kinds and fixed content: what Streamlit itself takes for them.
STATIC = """
import pandas as pd
import streamlit as st
rows = [{"x": x, "y": x * x, "kind": kind} for x in range(20) for kind in "ab"]
marks = {"x": {"field": "x"}, "y": {"field": "y"}, "color": {"field": "kind"}}
picture = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
text = "Text as long as a caption or a short paragraph of the lab. " * 3
draw = {
    "vega_lite_chart": lambda key: st.vega_lite_chart(
        {"data": {"values": rows}, "mark": "line", "encoding": marks}, key=key
    ),
    "dataframe": lambda key: st.dataframe(pd.DataFrame(rows)),
    "table": lambda key: st.table(pd.DataFrame(rows[:6])),
    "imgs": lambda key: st.image(picture),
    "heading": lambda key: st.header(f"Heading {key}"),
    "page_link": lambda key: st.page_link("https://example.org", label=f"Link {key}"),
    "selectbox": lambda key: st.selectbox("Choice", list("abcdefgh"), key=key),
    "button_group": lambda key: st.segmented_control("Choice", list("abc"), key=key),
    "slider": lambda key: st.slider("Number", 0, 10, key=key),
    "checkbox": lambda key: st.toggle("Choice", key=key),
    "button": lambda key: st.button("Press", key=key),
    "download_button": lambda key: st.download_button("Press", "text", key=key),
}
for name, count in [part.split(":") for part in st.query_params["elements"].split(",")]:
    for number in range(int(count)):
        draw.get(name, lambda key: st.markdown(text + key))(f"{name}{number}")
"""
TEXTS_BUT = ("vega_lite_chart", "dataframe")  # a page without widgets, as the lab compared itself with at first


def page(options: argparse.Namespace) -> None:
    """Fifty visitors at once on every page, beside a static page; then a cold server in a browser."""
    _crowds()
    _cold_server()


def _crowds() -> None:
    """Median seconds until the page of one of `PEOPLE` visitors is whole, all at once, and seconds of one alone.

    And the server's milliseconds of CPU for each of them, which other processes on the machine disturb less; beside a
    static page of the same elements, and beside one that has texts in the place of all but charts and tables.
    """
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
                few = {kind: count for kind, count in one.elements.items() if kind in TEXTS_BUT}
                texts = few | {"text": one.shown - sum(few.values())}
                found, spent = _crowd(lab, address, "lang=en")
                (plain, usual_spent), (_, texts_spent) = (
                    _crowd(static, "", f"elements={','.join(f'{kind}:{count}' for kind, count in kinds.items())}")
                    for kinds in (one.elements, texts)
                )
                seconds, usual = (median(seen.seconds for seen in many) for many in (found, plain))
                failed = [seen.failed for seen in (*found, *plain) if seen.failed]
                worst = max(worst, spent / usual_spent)
                print(
                    f"{name:13} {one.shown:4} elements: alone {one.seconds:.2f} s; {PEOPLE} at once {seconds:5.2f} s, "
                    f"static {usual:5.2f} s, ratio {seconds / usual:.2f}; CPU {spent:4.0f} ms, static "
                    f"{usual_spent:4.0f} ms, ratio {spent / usual_spent:.2f} (of texts {spent / texts_spent:.2f}); "
                    f"errors {len(failed)} {failed[:1] or ''}",
                    flush=True,
                )
            own, plain = (psutil.Process(one.process.pid).memory_info().rss / 1e6 for one in (lab, static))
            memory = f"server after that {own:.0f} MB (bar 300), the static one {plain:.0f} MB"
            print(f"largest ratio of CPU {worst:.2f} (bar 1.5); {memory}")
        finally:
            lab.close()
            static.close()


def _crowd(server: Server, page: str, query: str) -> tuple[list[Visit], float]:
    """`PEOPLE` visitors at once, and the server's milliseconds of CPU for each."""
    process = psutil.Process(server.process.pid)
    before = sum(process.cpu_times()[:2])
    found = asyncio.run(crowd(server.port, page, PEOPLE, query))
    return found, 1000 * (sum(process.cpu_times()[:2]) - before) / PEOPLE


def _cold_server() -> None:
    """Seconds to the first figure, and from a click on Train to life."""
    with tempfile.TemporaryDirectory() as home, a_browser() as browser, a_server(Path(home)) as server:
        tab = browser.new_page()
        began = time.perf_counter()
        tab.goto(server.url)
        tab.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
        print(f"first figure of a cold server: {time.perf_counter() - began:.1f} s (bar 2.5)")
        open_page(tab, f"{server.url}/train?lang=en")
        began = time.perf_counter()
        tab.get_by_role("button", name="Train", exact=True).click()
        tab.get_by_text(re.compile("starting:|waiting,|epoch 1 of")).first.wait_for()
        print(f"from a click on Train to life: {time.perf_counter() - began:.1f} s")
        settle(tab)


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


# A change on Feature maps

SEEN = "[data-testid=stImage] img"  # pictures: of an input, of maps, of what attention takes


def looking(options: argparse.Namespace) -> None:
    """Seconds until a change shows on *Feature maps*, of the networks that came with the lab: layer, image, epoch."""
    with tempfile.TemporaryDirectory() as home, a_browser() as browser, a_server(Path(home)) as server:
        tab = browser.new_page(viewport={"width": 1280, "height": 4000})
        open_page(tab, f"{server.url}/feature_maps?lang=en&data=digits&left=cnn&right=vit")
        tab.wait_for_timeout(2000)
        slider = tab.get_by_role("slider", name="Epoch").last
        slider.focus()
        for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
            _until_changed(tab, f"epoch, {key}", lambda key=key: tab.keyboard.press(key), 0.3)
        for image in ("5", "7", "5"):
            picked = tab.get_by_role("radio", name=image, exact=True).first
            _until_changed(tab, f"image {image}", picked.click, 0.3)
        for turn in ("first", "second"):
            tab.get_by_role("combobox", name=re.compile("layer")).first.click()
            option = tab.get_by_role("option").nth(3 if turn == "first" else 5)
            _until_changed(tab, f"layer, {turn}", option.click, 0.3)


def _until_changed(tab: Page, name: str, change: Callable[[], object], bar: float) -> None:
    """Does `change` and prints the seconds until a picture on the page has become another one."""
    seen = f"[...document.querySelectorAll('{SEEN}')].map(picture => picture.src).join()"
    before, began = tab.evaluate(seen), time.perf_counter()
    change()
    tab.wait_for_function(f"before => {seen} !== before", arg=before, polling=10)
    print(f"{name}: {time.perf_counter() - began:.2f} s (bar {bar:g})", flush=True)
    settle(tab)
    tab.wait_for_timeout(1000)


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
    open_page(tab, f"{server.url}/train?lang=en&variant={variant}&depth={depth}&epochs=3")
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
