"""A name server in the loop of the test, made of dnslib: what it answers is a function of the test's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

from dnslib import RR, DNSRecord

from limavm.host.net import free_port
from limavm.hostagent.names.resolvconf import Server

#: The messages to send for a request that came by `udp` or `tcp`; none leaves the client waiting.
Answer = Callable[[DNSRecord, str], list[bytes]]


class FakeServer(asyncio.DatagramProtocol):
    """Counts what it is asked, by `udp` or `tcp` and the question."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.server = Server("127.0.0.1", 0)
        self.asked: list[tuple[str, str]] = []
        self.requests: list[bytes] = []
        self.peers: set[tuple[str, int]] = set()
        self.clients: dict[asyncio.StreamWriter, asyncio.Task[object] | None] = {}

    def respond(self, message: bytes, how: str) -> list[bytes]:
        request = DNSRecord.parse(message)
        self.requests.append(message)
        self.asked.append((how, str(request.q.qname) if request.questions else ""))
        return self.answer(request, how)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.peers.add(addr)
        for reply in self.respond(data, "udp"):
            self.transport.sendto(reply, addr)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients[writer] = asyncio.current_task()
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                message = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                for reply in self.respond(message, "tcp"):
                    writer.write(len(reply).to_bytes(2, "big") + reply)
        writer.close()


@contextlib.asynccontextmanager
async def name_server(answer: Answer, *, udp: bool = True, host: str = "127.0.0.1") -> AsyncIterator[FakeServer]:
    """The server on a free port, `.server` says which; without `udp` that port is closed for UDP."""
    fake = FakeServer(answer)
    port = free_port()
    tcp = await asyncio.start_server(fake.serve_tcp, host, port)
    fake.server = Server(host, port)
    transport: asyncio.BaseTransport | None = None
    try:
        if udp:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: fake, local_addr=(host, port)
            )
        yield fake
    finally:
        tcp.close()
        for writer in fake.clients:
            writer.transport.abort()
        await asyncio.gather(*filter(None, fake.clients.values()))
        if transport:
            transport.close()


def zone(*records: str) -> Answer:
    """Answers from records in zone file format; NXDOMAIN for names that have none."""
    known = [record for text in records for record in RR.fromZone(text)]

    def answer(request: DNSRecord, _how: str) -> list[bytes]:
        reply = request.reply()
        for record in known:
            if record.rname == request.q.qname and record.rtype == request.q.qtype:
                reply.add_answer(record)
        if request.q.qname not in [record.rname for record in known]:
            reply.header.rcode = 3
        return [bytes(reply.pack())]

    return answer
