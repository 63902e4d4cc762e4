"""`/v1/ports`: what is forwarded, once or, with `?watch=true`, again at each change.

An answer is `{"ports":[…]}` with a `PortStatus` each; a stream has one such object a line, always the
full list. Changes that come faster than a person reads are told together.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from urllib.parse import parse_qs

import msgspec

from limavm.hostagent.api import Handler, Response, Stream, error_response, json_response
from limavm.model.forward import PortStatus

#: Least time between two lists of a stream, in seconds.
_PAUSE = 0.1
#: A long list costs its watchers' agent a part of a CPU only: so many times as long as it took, nothing is told.
_REST = 4
_TRUE, _FALSE = ("true", "1"), ("false", "0", "")


def ports_handler(
    ports: Callable[[], Sequence[PortStatus]], changed: Callable[[], Awaitable[None]], *, pause: float = _PAUSE
) -> Handler:
    """The handler of `/v1/ports`; `changed` returns when `ports` gives another list than when it was called."""

    def handle(query: str) -> Response | Stream:
        watch = parse_qs(query, keep_blank_values=True).get("watch", ["false"])[-1]
        if watch in _TRUE:
            return Stream(parts=_lists(ports, changed, pause))
        if watch in _FALSE:
            return json_response({"ports": ports()})
        return error_response(400, "watch is true or false")

    return handle


async def _lists(
    ports: Callable[[], Sequence[PortStatus]], changed: Callable[[], Awaitable[None]], pause: float
) -> AsyncGenerator[bytes, None]:
    told = b""
    while True:
        # It listens for the next change before it looks, so that none falls between the two.
        change = asyncio.ensure_future(changed())
        try:
            await asyncio.sleep(0)
            began = time.monotonic()
            line = msgspec.json.encode({"ports": ports()}) + b"\n"
            took = time.monotonic() - began
            if line != told:
                told = line
                yield line
            await asyncio.sleep(max(pause, _REST * took))
            await change
        finally:
            change.cancel()
