"""What listens, asked of the kernel: four dumps of NETLINK_SOCK_DIAG over one socket that stays open.

Only sockets of our own network namespace are told, as the kernel answers for no other. What can be saved is saved,
as this runs several times a second in an idle guest: one buffer, and an answer that is the same as last time is not
parsed again (the sequence number in it is always 1; a dump that was not read to its end closes the socket, so that
none of its rest can be taken for the next answer).
"""

import errno
import logging
import socket
from collections.abc import Generator, Iterator, Set
from typing import NamedTuple

from limavm.guestagent import procnet
from limavm.guestagent.diagwire import INET, INET6, Chunk, parse, request
from limavm.guestagent.ports import Port

log = logging.getLogger(__name__)

_NETLINK = 16  # AF_NETLINK; other systems have no name for it
_SOCK_DIAG = 4
#: The kernel fills up to 32 KiB at a time, if it is asked for so much.
_BUFFER = 32 << 10
_ATTEMPTS = 3
_QUERIES = tuple((protocol, request(protocol, family)) for protocol in ("tcp", "udp") for family in (INET, INET6))
#: The kernel was built without it (or a sandbox forbids it); everything else may be over at the next attempt.
_NEVER = (errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EPERM)


class Found(NamedTuple):
    """What listens. `exact`: nothing can be missing because it was moved while we read."""

    ports: frozenset[Port]
    exact: bool


class SockDiag:
    """Looks at what listens."""

    def __init__(self, *, forbidden: Set[str] = frozenset()) -> None:
        """`forbidden`: protocols that are read from /proc/net from the beginning."""
        self._proc = set(forbidden)
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._socket: socket.socket | None = None
        self._known: dict[tuple[str, int], Chunk] = {}

    def close(self) -> None:
        """Give the socket back; the next look opens another."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def now(self) -> Found:
        """Everything at once."""
        found: list[Found] = []

        def to_the_end() -> Iterator[None]:
            found.append((yield from self.look()))

        for _ in to_the_end():
            pass
        return found[0]

    def look(self) -> Generator[None, None, Found]:
        """Everything in small steps, between which others may run; raises OSError if the kernel does not answer."""
        ports: set[Port] = set()
        exact = True
        known: dict[tuple[str, int], Chunk] = {}
        for protocol, question in _QUERIES:
            chunks = yield from self._query(protocol, question, known)
            exact &= len(chunks) <= 2  # what was found, and the end
            for chunk in chunks:
                ports.update(chunk.ports)
        self._known = known
        for protocol in self._proc:
            for at, port in enumerate(procnet.listening(protocol)):
                ports.add(port)
                if at % 256 == 255:
                    yield
                    exact = False
        return Found(frozenset(ports), exact)

    def _query(
        self, protocol: str, question: bytes, known: dict[tuple[str, int], Chunk]
    ) -> Generator[None, None, list[Chunk]]:
        """One dump, again if it was disturbed; nothing where /proc/net has to do."""
        attempt = 0
        while protocol not in self._proc:
            attempt += 1
            try:
                return (yield from self._dump(protocol, question, known))
            except OSError as error:
                if error.errno in _NEVER:
                    log.warning("no socket diagnosis for %s (%s): reading /proc/net", protocol, error.strerror)
                    self._proc.add(protocol)
                elif attempt == _ATTEMPTS:
                    raise
        return []

    def _dump(
        self, protocol: str, question: bytes, known: dict[tuple[str, int], Chunk]
    ) -> Generator[None, None, list[Chunk]]:
        chunks: list[Chunk] = []
        complete = False
        try:
            self._ask(question)
            for data in self._answers():
                key = (protocol, hash(data))
                chunk = self._known.get(key) or parse(data, protocol)
                if chunk.error:
                    raise OSError(chunk.error, errno.errorcode.get(chunk.error, "unknown error"))
                known[key] = chunk
                chunks.append(chunk)
                if chunk.end:
                    complete = True
                    return chunks
                yield
        finally:
            if not complete:
                self.close()
        raise OSError(errno.EAGAIN, "the answer has no end")

    def _ask(self, question: bytes) -> None:
        if not self._socket:
            self._socket = socket.socket(_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
            self._socket.setblocking(False)  # the kernel answers within the call: there is nothing to wait for
            self._socket.connect((0, 0))  # and nobody but the kernel
        self._socket.send(question)

    def _answers(self) -> Iterator[bytes]:
        """Each read of an answer."""
        while self._socket:
            # With MSG_TRUNC it is the length of what there was, not of what there was room for.
            size = self._socket.recv_into(self._buffer, 0, socket.MSG_TRUNC)
            if not 0 < size <= _BUFFER:
                raise OSError(errno.EMSGSIZE, "the answer does not fit")
            yield bytes(self._view[:size])
