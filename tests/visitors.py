"""Visitors without a browser, so that it is the server that is measured: they open a page over Streamlit's websocket.

What a browser and the server say to each other is private to Streamlit: another version may need another client.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

OPEN_SECONDS = 120.0


@dataclass
class Visit:
    """One page as one visitor saw it: seconds until it was whole, and its elements by their kind."""

    seconds: float = float("nan")
    elements: Counter = field(default_factory=Counter)
    failed: str = ""

    @property
    def shown(self) -> int:
        return sum(self.elements.values())


async def visit(port: int, page: str = "", query: str = "lang=en") -> Visit:
    """Open a page and read until it is whole; with an empty `page` the front page."""
    found, began = Visit(), time.perf_counter()
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await _open(found, port, page, query)
    except (OSError, TimeoutError, websockets.WebSocketException) as error:
        found.failed = repr(error)
    found.seconds = time.perf_counter() - began
    return found


async def _open(found: Visit, port: int, page: str, query: str) -> None:
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None, compression=None) as socket:
        ask = BackMsg()
        ask.rerun_script.query_string, ask.rerun_script.page_name = query, page
        await socket.send(ask.SerializeToString())
        async for data in socket:
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                found.elements[message.delta.new_element.WhichOneof("type")] += 1
                if message.delta.new_element.WhichOneof("type") == "exception":
                    found.failed = message.delta.new_element.exception.message
            elif kind == "ref_hash":
                found.elements["known"] += 1
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return
            elif kind == "new_session":
                found.elements.clear()


async def crowd(port: int, page: str, people: int, query: str = "lang=en") -> list[Visit]:
    """That many visitors at once."""
    return await asyncio.gather(*(visit(port, page, query) for _ in range(people)))
