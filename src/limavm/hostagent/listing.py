"""Lists that clients of `ha.sock` may read once or, with `?watch=true`, again at each change.

An answer is one JSON object, `{"NAME":[…]}`; a stream has one such object a line, always the full list.
Changes that come faster than a person reads are told together.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from urllib.parse import parse_qs

import msgspec

from limavm.hostagent.api import Handler, Response, Stream, error_response, json_response

#: Least time between two lists of a stream, in seconds.
PAUSE = 0.1
#: A long list costs its watchers' agent a part of a CPU only: so many times as long as it took, nothing is told.
_REST = 4
_TRUE, _FALSE = ("true", "1"), ("false", "0", "")


def list_handler(
    name: str, values: Callable[[], Sequence[object]], changed: Callable[[], Awaitable[None]], *, pause: float = PAUSE
) -> Handler:
    """A handler that answers `values`; `changed` returns when they differ from what they were when it was called."""

    def handle(query: str) -> Response | Stream:
        watch = flag(query, "watch")
        if watch is None:
            return error_response(400, "watch is true or false")
        return Stream(parts=_lists(name, values, changed, pause)) if watch else json_response({name: values()})

    return handle


def flag(query: str, key: str) -> bool | None:
    """Whether a query string sets `key`; None when it has another value than true and false."""
    value = parse_qs(query, keep_blank_values=True).get(key, ["false"])[-1]
    return value in _TRUE if value in (*_TRUE, *_FALSE) else None


async def _lists(
    name: str, values: Callable[[], Sequence[object]], changed: Callable[[], Awaitable[None]], pause: float
) -> AsyncGenerator[bytes, None]:
    told = b""
    while True:
        # It listens for the next change before it looks, so that none falls between the two.
        change = asyncio.ensure_future(changed())
        try:
            await asyncio.sleep(0)
            began = time.monotonic()
            line = msgspec.json.encode({name: values()}) + b"\n"
            took = time.monotonic() - began
            if line != told:
                told = line
                yield line
            await asyncio.sleep(max(pause, _REST * took))
            await change
        finally:
            change.cancel()
