"""Runs inside the guest, sent there by `guest.py`: a line of JSON in, a line of JSON out, one at a time.

It opens ports that answer `got ` and what was sent once the peer has said all, and looks at the guest's world.
Nothing but the standard library of Python 3.10.
"""

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

assert sys.platform != "win32"

#: What calls itself "local" by vsock (VMADDR_CID_LOCAL in linux/vm_sockets.h).
VSOCK_OURSELVES = 1

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, peer: Any) -> None:
        self.transport.sendto(b"got " + data, peer)


class World:
    """What is open, and the commands."""

    def __init__(self) -> None:
        self.open: dict[str, Any] = {}
        self.peers = 0
        self.resets = 0
        self.last = ""

    async def do_open(self, protocol: str, ip: str, port: int, manner: str = "echo", v6only: bool = False) -> None:
        """Listen; `manner` says what becomes of a TCP peer: echo, reset, first (we speak first), swallow, pour."""
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        if protocol == "tcp":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((ip, port))
        self.open[f"{protocol} {ip} {port}"] = await (
            self._datagrams(sock) if protocol == "udp" else self._stream(sock, manner)
        )

    async def _datagrams(self, sock: socket.socket) -> Any:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, sock=sock)
        return transport

    async def _stream(self, sock: socket.socket, manner: str) -> Any:
        return await asyncio.start_server(self._served(getattr(self, "_" + manner)), sock=sock, backlog=1000)

    async def do_open_to_vsock(self, port: int, vsock_port: int) -> None:
        """Listen on the loopback, and pass each connection on to a vsock port of this very guest."""

        async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if sys.platform != "linux":
                raise NotImplementedError("vsock")
            sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
            sock.connect((VSOCK_OURSELVES, vsock_port))
            other_reader, other_writer = await asyncio.open_connection(sock=sock)
            await asyncio.gather(poured(reader, other_writer), poured(other_reader, writer))

        self.open[f"vsock {port}"] = await asyncio.start_server(self._served(passed_on), "127.0.0.1", port)

    async def do_unix(self, path: str) -> None:
        """Listen on a unix socket that everybody may use."""
        self.open[path] = await asyncio.start_unix_server(self._served(self._echo), path)
        os.chmod(path, 0o666)

    async def do_close(self, *words: object) -> None:
        self.open.pop(" ".join(str(word) for word in words)).close()

    async def do_close_all(self) -> None:
        while self.open:
            self.open.popitem()[1].close()

    async def do_say_unix(self, path: str, text: str) -> str:
        """What the other end of a unix socket answers."""
        return await said(*await asyncio.open_unix_connection(path), text)

    async def do_say_tcp(self, host: str, port: int, text: str) -> str:
        """What the other end of a connection out of the guest answers."""
        return await said(*await asyncio.open_connection(host, port), text)

    async def do_peers(self) -> list[int]:
        """How many TCP peers are served now, and how many have reset their connection."""
        return [self.peers, self.resets]

    async def do_clock(self) -> int:
        return time.time_ns()

    async def do_shift_clock(self, seconds: float) -> None:
        """Set the clock off, as it is after a pause that the guest knows nothing of."""
        status, output = await self.do_run("sudo", "-n", "date", "-s", f"@{time.time() + seconds:.3f}")
        if status:
            raise OSError(output)

    async def do_run(self, *argv: str) -> list[object]:
        """Status and output of a program."""
        child = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await child.communicate()
        return [child.returncode, output.decode(errors="replace")]

    async def do_resolve(self, name: str, family: str = "INET") -> list[str]:
        """The addresses of a name, as programs of the guest get them."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(name, None, family=getattr(socket, "AF_" + family), type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            return [f"error {error.errno}"]
        return sorted({str(address[4][0]) for address in found})

    async def do_ask(self, query: str, over_tcp: bool = False) -> str:
        """The reply of the guest's name server to a query; both in hexadecimal."""
        server = dns_server()
        data = bytes.fromhex(query)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if over_tcp else socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.connect((server, 53))
            sock.sendall(struct.pack("!H", len(data)) + data if over_tcp else data)
            if not over_tcp:
                return sock.recv(65535).hex()
            stream = sock.makefile("rb")
            return stream.read(*struct.unpack("!H", stream.read(2))).hex()

    async def do_churn(self, ports: list[int], seconds: float, rate: float) -> int:
        """Open and close ports at random, `rate` times a second if that is possible; in the end all are closed."""
        began, done = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            port = random.choice(ports)
            protocol, ip = ("tcp", "udp")[port % 2], ("0.0.0.0", "127.0.0.1")[port // 2 % 2]
            if f"{protocol} {ip} {port}" in self.open:
                await self.do_close(protocol, ip, port)
            else:
                await self.do_open(protocol, ip, port)
            done += 1
            # What a change took is no part of the pause, or the rate would be half of it in an emulated guest.
            await asyncio.sleep(max(began + done / rate - time.monotonic(), 0))
        await self.do_close_all()
        return done

    def _served(self, serve: Serve) -> Serve:
        return lambda reader, writer: self._peer(serve, reader, writer)

    async def _peer(self, serve: Serve, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers += 1
        try:
            await serve(reader, writer)
        except OSError:
            self.resets += 1
        finally:
            self.peers -= 1
            with contextlib.suppress(OSError):
                writer.close()

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read()
        writer.write(b"got " + data)
        await writer.drain()

    async def _first(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.write_eof()
        data = await reader.read()
        self.last = data.decode()

    async def do_last(self) -> str:
        """What the last peer said after it had heard our end."""
        return self.last

    async def _reset(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1 << 20):
            pass

    async def _pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        block = bytes(1 << 16)
        while True:
            writer.write(block)
            await writer.drain()


async def poured(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on all that comes, and then its end."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> str:
    """Say something and our end; what comes back until the peer's end."""
    writer.write(text.encode())
    writer.write_eof()
    try:
        return (await asyncio.wait_for(reader.read(), 10)).decode()
    finally:
        writer.close()


def dns_server() -> str:
    """The first name server of the guest; a stub of the guest's own is passed over."""
    for path in ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"):
        with contextlib.suppress(OSError), open(path) as file:
            for line in file:
                words = line.split()
                if words[:1] == ["nameserver"] and not words[1].startswith("127."):
                    return words[1]
    raise LookupError("no name server")


def tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main() -> None:
    world = World()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tell({"result": "ready"})
    while line := await reader.readline():
        name, *arguments = json.loads(line)
        try:
            answer = {"result": await getattr(world, "do_" + name)(*arguments)}
        except Exception as error:  # noqa: BLE001 - told to the test
            answer = {"error": f"{name}{arguments}: {error!r}"[:1000]}
        tell(answer)


asyncio.run(main())
