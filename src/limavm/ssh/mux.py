"""A client of the socket on which an OpenSSH control master takes orders (OpenSSH: PROTOCOL.mux).

A forward costs a few hundred bytes to the master that runs already, where `ssh -O forward` costs a
process. Each order has a connection of its own, so that orders never wait for one another; only a
forward on which the guest listens waits for the guest. Nothing here starts or supervises a master.
"""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from limavm.errors import UserError
from limavm.model.printable import printable
from limavm.model.value import Value

_VERSION = 4
_HELLO = 0x00000001
_ALIVE_CHECK = 0x10000004
_TERMINATE = 0x10000005
_OPEN_FORWARD = 0x10000006
_CLOSE_FORWARD = 0x10000007
_STOP_LISTENING = 0x10000009
_OK = 0x80000001
_PERMISSION_DENIED = 0x80000002
_FAILURE = 0x80000003
_ALIVE = 0x80000005
_REMOTE_PORT = 0x80000007

_LOCAL, _REMOTE = 1, 2
#: What stands for a port where the address is the path of a socket.
_NO_PORT = 0xFFFFFFFE
#: The longest answer that is read: they are a few numbers and a sentence.
_LONGEST = 1 << 16
#: The longest word in an order; a path of a socket is far shorter.
_LONGEST_WORD = 4096
#: Answers to others that are skipped before the right one must have come.
_SKIPPED = 16
#: Connections at a time: the master lets 64 wait, and one that finds no room fails in an unclear way.
_AT_A_TIME = 16
#: Seconds for an order and its answer: the guest is asked as well when it is to listen.
_LIMIT = 10.0

_Result = TypeVar("_Result")


class MuxError(UserError):
    """The master refused, cannot be reached (`lost`), or does not keep to the protocol (`lost` as well)."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None, lost: bool = False) -> None:
        super().__init__(message, where=where, hint=hint)
        self.lost = lost


class Forwarding(Value, frozen=True, kw_only=True):
    """One forward: who listens, and where a connection goes.

    Addresses are `127.0.0.1:80`, `[::1]:80` or the absolute path of a unix socket. The host listens and the
    guest connects, or with `remote` the other way round.
    """

    listen: str
    connect: str
    remote: bool = False


class Mux:
    """The master that listens on a socket. An instance holds no connection, and may be used by many tasks."""

    def __init__(self, path: str, *, limit: float = _LIMIT) -> None:
        """`limit`: seconds that an order may take."""
        self.path = path
        self._limit = limit
        self._room = asyncio.Semaphore(_AT_A_TIME)

    async def pid(self) -> int:
        """The PID of the master; raises MuxError when there is none that answers."""
        return await self._order(_ALIVE_CHECK, b"", "alive check", _pid)

    async def open(self, forwarding: Forwarding) -> int:
        """Open a forward; harmless when it is open. Returns the port that the guest chose for port 0, else 0.

        Raises MuxError; nothing has been opened then, unless the answer did not come in time.
        """
        return await self._order(_OPEN_FORWARD, _body(forwarding), f"open {forwarding.listen}", _port)

    async def close(self, forwarding: Forwarding) -> None:
        """Close a forward; connections through it go on. Raises MuxError, also when it is not open."""
        await self._order(_CLOSE_FORWARD, _body(forwarding), f"close {forwarding.listen}", _nothing)

    async def stop_listening(self) -> None:
        """Have the master take no more orders; it ends when its last session does."""
        await self._order(_STOP_LISTENING, b"", "stop listening", _nothing)

    async def terminate(self) -> None:
        """Have the master end, with all that goes through it."""
        await self._order(_TERMINATE, b"", "terminate", _nothing)

    async def _order(self, kind: int, body: bytes, what: str, understand: "Callable[[_Answer], _Result]") -> _Result:
        try:
            async with asyncio.timeout(self._limit), self._room, _connected(self.path) as (reader, writer):
                number = next(_numbers) & 0xFFFFFFFF
                writer.write(_framed(_number(_HELLO) + _number(_VERSION)))
                writer.write(_framed(_number(kind) + _number(number) + body))
                await _hello(reader)
                answer = await _answer_to(number, reader)
        except TimeoutError as error:
            message = f"the ssh master did not answer within {self._limit:g} s ({what})"
            raise MuxError(message, where=self.path, lost=True) from error
        except (OSError, EOFError, _NonsenseError) as error:
            words = str(error) or type(error).__name__
            raise MuxError(f"the ssh master cannot be asked: {words}", where=self.path, lost=True) from error
        return self._judged(answer, what, understand)

    def _judged(self, answer: "_Answer", what: str, understand: "Callable[[_Answer], _Result]") -> _Result:
        try:
            if answer.kind in (_PERMISSION_DENIED, _FAILURE):
                raise MuxError(f"the ssh master refused: {answer.text()} ({what})", where=self.path)
            return understand(answer)
        except _NonsenseError as error:
            raise MuxError(f"the ssh master answered nonsense: {error}", where=self.path, lost=True) from error


_numbers = itertools.count(1)


class _NonsenseError(Exception):
    """What came is not the protocol."""


class _Answer:
    """A packet, read from its front."""

    def __init__(self, data: bytes) -> None:
        self._rest = data
        self.kind = self.number()

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def text(self) -> str:
        """A sentence for people, without what a terminal would take for orders."""
        words = self._take(min(self.number(), _LONGEST)).decode(errors="replace")
        return printable(words[:500], instead=" ")

    def _take(self, size: int) -> bytes:
        if len(self._rest) < size:
            raise _NonsenseError("a packet is too short")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


@contextlib.asynccontextmanager
async def _connected(path: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    if sys.platform == "win32":  # Python has no unix sockets there, and its ssh no control master
        raise OSError("there is no control master on Windows")
    reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _packet(reader: asyncio.StreamReader) -> _Answer:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if not 4 <= size <= _LONGEST:
        raise _NonsenseError(f"a packet of {size} bytes")
    return _Answer(await reader.readexactly(size))


async def _hello(reader: asyncio.StreamReader) -> None:
    """Read the greeting; extensions that it may name are of no use to us."""
    hello = await _packet(reader)
    if hello.kind != _HELLO:
        raise _NonsenseError(f"a greeting of type {hello.kind:#x}")
    if (version := hello.number()) != _VERSION:
        raise _NonsenseError(f"version {version} of the protocol instead of {_VERSION}")


async def _answer_to(number: int, reader: asyncio.StreamReader) -> _Answer:
    for _ in range(_SKIPPED):
        answer = await _packet(reader)
        if answer.number() == number:
            return answer
    raise _NonsenseError("answers to orders that nobody gave")


def _framed(payload: bytes) -> bytes:
    return _number(len(payload)) + payload


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _word(text: str) -> bytes:
    data = text.encode(errors="surrogateescape")
    if len(data) > _LONGEST_WORD or b"\0" in data:
        raise MuxError(f"{text[:80]!r}… cannot be the address of a forward")
    return _number(len(data)) + data


def _body(forwarding: Forwarding) -> bytes:
    kind = _REMOTE if forwarding.remote else _LOCAL
    return _number(kind) + _end(forwarding.listen) + _end(forwarding.connect)


def _end(address: str) -> bytes:
    """One end of a forward, as a host and a port."""
    if address.startswith("/"):
        return _word(address) + _number(_NO_PORT)
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise MuxError(f"{address[:80]!r} cannot be the address of a forward")
    return _word(host.removeprefix("[").removesuffix("]")) + _number(int(port))


def _pid(answer: _Answer) -> int:
    if answer.kind != _ALIVE:
        raise _NonsenseError(f"an answer of type {answer.kind:#x}")
    return answer.number()


def _port(answer: _Answer) -> int:
    if answer.kind == _REMOTE_PORT:
        return answer.number()
    _nothing(answer)
    return 0


def _nothing(answer: _Answer) -> None:
    if answer.kind != _OK:
        raise _NonsenseError(f"an answer of type {answer.kind:#x}")
