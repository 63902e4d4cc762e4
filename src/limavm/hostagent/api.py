"""The HTTP API of the host agent on `ha.sock` (spec/runtime.md 3.5), parsed by h11.

One request a connection, a deadline on every client. A stream goes on until its client leaves; one that
does not read is sent nothing more, and is let go in the end: whoever connects cannot make the agent hold
more than the answer that it is just being sent.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping

import h11
import msgspec

from limavm.errors import UserError
from limavm.model.value import Value

log = logging.getLogger(__name__)

_DEADLINE = 10.0
_LARGEST_REQUEST = 64 * 1024
#: How long a client of a stream may be stopped, or be busy, before it is let go, in seconds.
_STALLED = 60.0


class Response(Value, frozen=True, kw_only=True):
    """What a handler answers."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"


class Stream(Value, frozen=True, kw_only=True):
    """What a handler answers that goes on: `parts` is asked for the next one when the client has the last."""

    parts: AsyncGenerator[bytes, None]
    content_type: str = "application/x-ndjson"


#: A handler gets the query string of a `GET` and answers.
Handler = Callable[[str], Response | Stream]
#: An action gets the query string and the body of a request that changes something. It has a limit of its own, and
#: goes on when its client leaves.
Action = Callable[[str, bytes], Awaitable[Response]]
#: Actions by method and path.
Actions = Mapping[tuple[str, str], Action]


def json_response(value: object, status: int = 200) -> Response:
    """A value as a JSON response."""
    return Response(status=status, body=msgspec.json.encode(value))


def error_response(status: int, message: str, hint: str | None = None) -> Response:
    """An error in the form that clients read: `{"message": …}`, and a `hint` where there is one."""
    return json_response({"message": message} | ({"hint": hint} if hint else {}), status)


@contextlib.asynccontextmanager
async def serving(
    path: str, routes: Mapping[str, Handler], actions: Actions | None = None, *, stalled: float = _STALLED
) -> AsyncIterator[None]:
    """Serve requests on a unix socket that only its owner may connect to, until the context ends.

    The socket is bound under another name and renamed, so a stale one is replaced without a gap. Streams
    end with the context, and when their client reads nothing for `stalled` seconds.
    """
    if sys.platform == "win32":
        raise UserError("the host agent does not run on Windows yet", where=path)

    clients: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        try:
            await _serve(reader, writer, _Routes(routes, actions or {}), stalled)
        except (OSError, TimeoutError, h11.RemoteProtocolError) as error:
            log.debug("a client of the API was dropped: %r", error)
        except asyncio.CancelledError:  # by us, at the end; asyncio 3.11 would log a cancelled task as a defect
            log.debug("a client of the API was still there at the end")
        finally:
            clients.discard(task)
            writer.transport.abort()  # what was drained is with the kernel, and nobody waits for the rest

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
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


class _Routes:
    """What there is at which path."""

    def __init__(self, handlers: Mapping[str, Handler], actions: Actions) -> None:
        self._handlers = handlers
        self._actions = actions

    def respond(self, request: h11.Request, body: bytes) -> Response | Stream | Awaitable[Response]:
        path, _, query = request.target.decode("ascii", "replace").partition("?")
        method = request.method.decode("ascii", "replace")
        if action := self._actions.get((method, path)):
            return action(query, body)
        allowed = [known for known, place in self._actions if place == path]
        if path in self._handlers:
            if method == "GET":
                return self._handlers[path](query)
            allowed = ["GET", *allowed]
        if allowed:
            return error_response(405, f"{path} is for {', '.join(allowed)}")
        return error_response(404, f"there is nothing at {path}")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, routes: _Routes, stalled: float) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_REQUEST)
    writer.transport.set_write_buffer_limits(high=0)  # `drain` returns when the kernel has it all
    async with asyncio.timeout(_DEADLINE):
        request = await _request(connection, reader)
        if request is None:
            return
        body = await _body(connection, reader)
        answer = error_response(413, "the request is too long") if body is None else routes.respond(request, body)
    if isinstance(answer, Stream):
        async with contextlib.aclosing(answer.parts):
            await _stream(connection, reader, writer, answer, stalled)
        return
    response = answer if isinstance(answer, Response) else await _done(answer)
    async with asyncio.timeout(_DEADLINE):
        await _answer(connection, writer, response)


async def _done(action: Awaitable[Response]) -> Response:
    """What an action answers; what goes wrong in it that it did not expect is an answer too."""
    try:
        return await action
    except OSError as error:  # a full disk, too many files
        log.warning("a request failed: %s", error)
        return error_response(500, str(error))
    except Exception as error:
        log.exception("an action of the API has a defect")
        return error_response(500, f"the host agent has a defect: {error!r}", "its log, ha.stderr.log, tells more")


async def _answer(connection: h11.Connection, writer: asyncio.StreamWriter, response: Response) -> None:
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


async def _stream(
    connection: h11.Connection,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    stream: Stream,
    stalled: float,
) -> None:
    """Send the parts one by one, until there are no more or the client leaves."""
    sending = asyncio.create_task(_send_parts(connection, writer, stream, stalled), name="stream")
    leaving = asyncio.create_task(_left(reader), name="client leaves")
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        leaving.cancel()
        results = await asyncio.gather(sending, leaving, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _send_parts(connection: h11.Connection, writer: asyncio.StreamWriter, stream: Stream, stalled: float) -> None:
    async def send(event: h11.Event) -> None:
        if data := connection.send(event):
            writer.write(data)
            async with asyncio.timeout(stalled):
                await writer.drain()

    headers = [("Content-Type", stream.content_type), ("Connection", "close")]
    await send(h11.Response(status_code=200, headers=headers))
    async for part in stream.parts:
        await send(h11.Data(data=part))
    await send(h11.EndOfMessage())


async def _left(reader: asyncio.StreamReader) -> None:
    """Return when the client has closed its side; what it says until then is of no interest."""
    while await reader.read(_LARGEST_REQUEST):
        pass


async def _body(connection: h11.Connection, reader: asyncio.StreamReader) -> bytes | None:
    """All that comes with a request; None when that is too much."""
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_LARGEST_REQUEST))
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _LARGEST_REQUEST:
                return None
        else:
            return bytes(body)


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        connection.receive_data(await reader.read(_LARGEST_REQUEST))
