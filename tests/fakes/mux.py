"""An ssh control master of one process: takes orders as OpenSSH's PROTOCOL.mux says, and forwards on this host.

Host and "guest" are both this machine, so every forward is a listener here that connects to somewhere here.
Written from the protocol document; `limavm.ssh.mux` was tried against OpenSSH 9.2 as well.
"""

import asyncio
import contextlib
import os
import struct
import sys
from collections.abc import AsyncIterator

Ends = tuple[int, str, int, str, int]
_NO_PORT = 0xFFFFFFFE
_TERMINATE = 0x10000005


class FakeMaster:
    """`forwards` is what is open; `log` the orders that came; `deaf` keeps it from answering."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.forwards: dict[Ends, asyncio.Server] = {}
        self.log: list[str] = []
        self.deaf = False
        self.refuses = ""
        self.connections = 0
        self._orders: asyncio.Server | None = None
        self._peers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeMaster"]:
        await self.start()
        try:
            yield self
        finally:
            await self.end()

    async def start(self) -> None:
        if sys.platform == "win32":
            raise NotImplementedError("unix sockets")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._orders = await asyncio.start_unix_server(self._serve, self.path)

    async def end(self) -> None:
        """End as a master does that is killed: sockets of forwards stay behind."""
        self.hang_up()

    def hang_up(self) -> None:
        for server in (self._orders, *self.forwards.values()):
            if server:
                server.close()
        for writer in self._peers:
            writer.transport.abort()
        self._orders = None
        self.forwards.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._peers.add(writer)
        writer.write(_packet(struct.pack(">II", 1, 4)))
        try:
            assert await _read(reader) == struct.pack(">II", 1, 4)
            while True:
                order = await _read(reader)
                if not self.deaf:
                    writer.write(_packet(await self._answer(order)))
        except (EOFError, OSError):
            pass
        finally:
            self._peers.discard(writer)
            writer.transport.abort()

    async def _answer(self, order: bytes) -> bytes:
        kind, number = struct.unpack_from(">II", order)
        match kind:
            case 0x10000004:
                return struct.pack(">III", 0x80000005, number, os.getpid())
            case 0x10000006 | 0x10000007 if self.refuses:
                return _failure(number, self.refuses)
            case 0x10000006:
                return await self._open(number, _ends(order[8:]))
            case 0x10000007:
                return self._close(number, _ends(order[8:]))
            case _:
                self.log.append(f"order {kind:#x}")
                if kind == _TERMINATE:
                    asyncio.get_running_loop().call_soon(self.hang_up)  # once it is answered
                return struct.pack(">II", 0x80000001, number)

    async def _open(self, number: int, ends: Ends) -> bytes:
        self.log.append(f"open {ends[1]}:{ends[2]}")
        if ends not in self.forwards:
            try:
                self.forwards[ends] = await _listener(ends)
            except OSError:
                return _failure(number, "Port forwarding failed")
        if ends[0] == 2 and ends[2] == 0:
            return struct.pack(">III", 0x80000007, number, self.forwards[ends].sockets[0].getsockname()[1])
        return struct.pack(">II", 0x80000001, number)

    def _close(self, number: int, ends: Ends) -> bytes:
        self.log.append(f"close {ends[1]}:{ends[2]}")
        server = self.forwards.pop(ends, None)
        if server is None:
            return _failure(number, "port not forwarded")
        server.close()
        return struct.pack(">II", 0x80000001, number)


async def _listener(ends: Ends) -> asyncio.Server:
    if sys.platform == "win32":
        raise NotImplementedError("unix sockets")
    _, host, port, target, target_port = ends

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if sys.platform == "win32":
            raise NotImplementedError("unix sockets")
        try:
            if target_port == _NO_PORT:
                there = await asyncio.open_unix_connection(target)
            else:
                there = await asyncio.open_connection(target, target_port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        for end in (writer, there[1]):
            end.close()

    if port != _NO_PORT:
        return await asyncio.start_server(connected, host, port)
    if os.path.lexists(host):  # asyncio would take away a socket that is there; ssh does not
        raise FileExistsError(host)
    return await asyncio.start_unix_server(connected, host)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _read(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    return await reader.readexactly(size)


def _packet(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _failure(number: int, reason: str) -> bytes:
    return struct.pack(">III", 0x80000003, number, len(reason)) + reason.encode()


def _ends(data: bytes) -> Ends:
    (kind,) = struct.unpack_from(">I", data)
    listen_host, listen_port, data = _end(data[4:])
    connect_host, connect_port, _ = _end(data)
    return kind, listen_host, listen_port, connect_host, connect_port


def _end(data: bytes) -> tuple[str, int, bytes]:
    (size,) = struct.unpack_from(">I", data)
    (port,) = struct.unpack_from(">I", data, 4 + size)
    return data[4 : 4 + size].decode(), port, data[8 + size :]
