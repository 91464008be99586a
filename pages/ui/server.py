"""Around the pages: the headers of every answer, a bound on what visitors send, and what is made ready at the start."""

import contextlib
import ctypes
import gc
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qsl

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from pages.ui import cache, frame, words
from tf_models import settings
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.jobs import machine

PAGE = {"text/html", "application/xhtml+xml"}  # what a browser asks for when it opens an address
UPLOADS = "/_stcore/upload_file/"  # then a session's id, which is that of an open tab, and the file's
MOST_PER_TAB = 60  # MB of pictures, twice the largest
# No policy for scripts: Streamlit and its charts need inline styles and generated code.
POLICY = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


class SafeHeaders:
    """Adds `HEADERS` and `POLICY` to every answer; the sites of LAB_FRAME_SITES may show the lab in a frame."""

    def __init__(self, app: ASGIApp):
        self.app, sites = app, []
        with contextlib.suppress(LabError):  # every page says what is wrong with a setting
            sites = settings.frame_sites()
        self.headers = HEADERS | {"Content-Security-Policy": " ".join((POLICY, *sites))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_safely)


class SpokenAddress:
    """Sends whoever opens a page by an address without a language to the same one with the browser's.

    Streamlit would add it to the address after the page is there, and the first step back would lead nowhere.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._address(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        await (answer or self.app)(scope, receive, send)

    @staticmethod
    def _address(scope: Scope) -> RedirectResponse | None:
        headers, query = Headers(scope=scope), scope["query_string"].decode("ascii", "ignore")
        page = scope["path"].rstrip("/").rpartition("/")[2]
        asks = PAGE & {kind.partition(";")[0].strip() for kind in headers.get("accept", "").split(",")}
        if not asks or "lang" in dict(parse_qsl(query, keep_blank_values=True)) or page not in {"", *frame.PAGES}:
            return None
        spoken = headers.get("accept-language", "").partition(",")[0].partition(";")[0]
        said = f"lang={words.spoken(spoken)}"
        return RedirectResponse(f"?{query}&{said}" if query else f"?{said}", 307, {"Vary": "Accept-Language"})


class BoundedUploads:
    """Refuses a file that would bring what is kept of visitors' files over `MOST_PER_TAB` or LAB_MAX_UPLOAD_MB.

    Streamlit bounds each file, and keeps it in memory until it is replaced or its tab has been closed.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self.coming: Counter[str] = Counter()  # session → bytes on their way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT" or UPLOADS not in scope["path"]:
            await self.app(scope, receive, send)
            return
        session = scope["path"].partition(UPLOADS)[2].partition("/")[0]
        told = Headers(scope=scope).get("content-length", "")
        if refusal := self._refusal(session, told):
            await refusal(scope, receive, send)
            return
        self.coming[session] += int(told)
        try:
            await self.app(scope, receive, send)
        finally:
            self.coming -= {session: int(told)}  # and forgets who sends nothing any more

    def _refusal(self, session: str, told: str) -> PlainTextResponse | None:
        if not (told.isascii() and told.isdigit()):
            return PlainTextResponse("The size of the file must be told first", 411)
        here = self.coming + kept_uploads()
        for held, most in ((here[session], MOST_PER_TAB), (here.total(), settings.limit("LAB_MAX_UPLOAD_MB"))):
            if held + int(told) > most * 10**6:
                return PlainTextResponse(
                    f"More than {most} MB of pictures at once: remove one, or try again later", 413
                )
        return None


def kept_uploads() -> Counter[str]:
    """Session → bytes of its files that Streamlit keeps."""
    manager = runtime.get_instance().uploaded_file_mgr
    kept = manager.file_storage.copy() if isinstance(manager, MemoryUploadedFileManager) else {}
    return Counter({session: sum(len(file.data) for file in list(files.values())) for session, files in kept.items()})


def _libc(function: str, *arguments: int) -> None:
    """A call of glibc's allocator; of another C library, nothing."""
    with contextlib.suppress(OSError, AttributeError):
        getattr(ctypes.CDLL("libc.so.6"), function)(*arguments)


M_ARENA_MAX = -8  # of malloc.h


@contextlib.contextmanager
def _spared() -> Iterator[None]:
    """What is made here stays: Python need not look through it for garbage, which takes a tenth of the time that it
    takes to make it, and later a quarter of a second in which every visitor waits.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def warm_up() -> None:
    """What whoever comes first would wait for, in the order in which *Overview* needs it.

    Verdicts wait until no page is being drawn: whoever is there already would share the processor with them.
    """
    with contextlib.suppress(LabError):  # every page says it
        with _spared():
            import altair  # noqa: F401 (to have them loaded)
            import pandas  # noqa: F401

            for dataset in STUDIED:
                cache.analysis("mixers", dataset)
            cache.analysis("training-length", STUDIED[-1])
        while cache.is_drawing():
            time.sleep(0.05)
        with _spared():
            cache.claim_results()
        _libc("malloc_trim", 0)  # what reading all the records took meanwhile


@contextlib.asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    _libc("mallopt", M_ARENA_MAX, 1)  # else every visitor's thread keeps in a heap of its own what it has freed
    threading.Thread(target=warm_up, name="warm up", daemon=True).start()
    machine.keep_to_one_core()  # as visitors' threads do, which this one starts
    yield


MIDDLEWARE = [Middleware(SafeHeaders), Middleware(SpokenAddress), Middleware(BoundedUploads)]
