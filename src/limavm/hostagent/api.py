"""The HTTP API of the host agent on `ha.sock` (spec/runtime.md 3.5), parsed by h11.

One request a connection, small bodies, a deadline on every client: whoever connects cannot make the
agent hold more than a few kilobytes.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping

import h11
import msgspec

from limavm.errors import UserError
from limavm.model.value import Value

log = logging.getLogger(__name__)

_DEADLINE = 10.0
_LARGEST_REQUEST = 64 * 1024


class Response(Value, frozen=True, kw_only=True):
    """What a handler answers."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"


#: A handler gets the query string and answers.
Handler = Callable[[str], Response]


def json_response(value: object, status: int = 200) -> Response:
    """A value as a JSON response."""
    return Response(status=status, body=msgspec.json.encode(value))


def error_response(status: int, message: str) -> Response:
    """An error in the form that clients read: `{"message": …}`."""
    return json_response({"message": message}, status)


@contextlib.asynccontextmanager
async def serving(path: str, routes: Mapping[str, Handler]) -> AsyncIterator[None]:
    """Serve `GET` requests on a unix socket that only its owner may connect to, until the context ends.

    The socket is bound under another name and renamed, so a stale one is replaced without a gap.
    """
    if sys.platform == "win32":
        raise UserError("the host agent does not run on Windows yet", where=path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_DEADLINE):
                await _answer(reader, writer, routes)
        except (OSError, TimeoutError, h11.RemoteProtocolError) as error:
            log.debug("a client of the API was dropped: %r", error)
        finally:
            writer.close()

    partial = path + ".tmp"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    server = await asyncio.start_unix_server(serve, partial, limit=_LARGEST_REQUEST)
    os.chmod(partial, 0o600)
    os.replace(partial, path)
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, routes: Mapping[str, Handler]) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_REQUEST)
    request = await _request(connection, reader)
    if request is None:
        return
    response = _respond(request, routes)
    headers = [
        ("Content-Type", response.content_type),
        ("Content-Length", str(len(response.body))),
        ("Connection", "close"),
    ]
    for event in (
        h11.Response(status_code=response.status, headers=headers),
        h11.Data(data=response.body),
        h11.EndOfMessage(),
    ):
        if data := connection.send(event):
            writer.write(data)
    await writer.drain()


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        connection.receive_data(await reader.read(_LARGEST_REQUEST))


def _respond(request: h11.Request, routes: Mapping[str, Handler]) -> Response:
    path, _, query = request.target.decode("ascii", "replace").partition("?")
    handler = routes.get(path)
    if handler is None:
        return error_response(404, f"there is nothing at {path}")
    if request.method != b"GET":
        return error_response(405, f"{path} is for GET")
    return handler(query)
