"""spec/runtime.md 10.1 through real sockets: the name server of an instance, the host and the servers beyond."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import pytest
from dnslib import EDNS0, QTYPE, RCODE, RR, DNSRecord

from limavm.errors import UserError
from limavm.host.net import free_port
from limavm.hostagent.names import nameserver
from limavm.hostagent.names.answers import hosts_of
from limavm.hostagent.names.nameserver import NameServer
from limavm.hostagent.names.resolvconf import Server
from limavm.hostagent.names.tcp import MOST_CONNECTIONS
from tests.fakes.nameserver import FakeServer, name_server, zone

HOSTS = hosts_of(
    {"own.example": "10.1.1.1", "alias.example": "own.example", "away.example": "www.example"},
    "lima-default",
    gateway="192.168.5.2",
    guest="192.168.5.15",
)
KNOWN = {("www.example", False): ("10.0.0.1", "10.0.0.2"), ("www.example", True): ("2001:db8::1",)}


def known(name: str, v6: bool) -> Sequence[str]:
    return KNOWN.get((name, v6), ())


class Client:
    """Asks as a guest does; answers are whole messages."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def udp(self, message: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.setblocking(False)
            own.connect(("127.0.0.1", self.port))
            for _ in range(40):  # the kernel may drop what comes amid a flood; every client asks again
                own.send(message)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        return await loop.sock_recv(own, 65535)
        raise TimeoutError("no answer")

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def tcp(self, message: bytes) -> bytes:
        async with self.connected() as (reader, writer):
            writer.write(framed(message))
            return await unframed(reader)

    async def ask(self, name: str, kind: str = "A", *, edns: int | None = None, tcp: bool = False) -> DNSRecord:
        message = question(name, kind, edns=edns)
        return DNSRecord.parse(await (self.tcp(message) if tcp else self.udp(message)))


def question(name: str, kind: str = "A", *, edns: int | None = None) -> bytes:
    request = DNSRecord.question(name, kind)
    if edns is not None:
        request.add_ar(EDNS0(udp_len=edns))
    return bytes(request.pack())


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


async def unframed(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


@contextlib.asynccontextmanager
async def serving(
    *,
    hosts: Mapping[str, str] = HOSTS,
    ipv6: bool = False,
    lookup: Callable[[str, bool], Sequence[str]] = known,
    servers: Sequence[Server] = (),
) -> AsyncIterator[Client]:
    port = free_port()
    made = NameServer(hosts, ipv6=ipv6, lookup=lookup, servers=lambda: tuple(servers))
    async with made.serving(port, port):
        yield Client(port)


def data(answer: DNSRecord) -> list[str]:
    return [str(rr.rdata) for rr in answer.rr]


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("host.lima.internal", ["192.168.5.2"]),
        ("HOST.Lima.Internal", ["192.168.5.2"]),
        ("lima-default", ["192.168.5.15"]),
        ("alias.example", ["10.1.1.1"]),
        ("away.example", ["10.0.0.1", "10.0.0.2"]),
        ("www.example", ["10.0.0.1", "10.0.0.2"]),
    ],
)
async def test_names_have_addresses(name: str, expected: list[str], tcp: bool) -> None:
    async with serving() as client:
        answer = await client.ask(name, tcp=tcp)

    assert data(answer) == expected
    assert {(rr.ttl, rr.rname.label) for rr in answer.rr} == {(5, answer.q.qname.label)}
    assert str(answer.q.qname) == name + "."


async def test_ipv6_addresses_are_told_where_they_are_wanted() -> None:
    async with serving() as client:
        without = await client.ask("www.example", "AAAA")
    async with serving(ipv6=True) as client:
        with_ipv6 = await client.ask("www.example", "AAAA")
        static = await client.ask("host.lima.internal", "AAAA")

    assert (without.header.rcode, data(without)) == (RCODE.NOERROR, [])
    assert data(with_ipv6) == ["2001:db8::1"]
    assert (static.header.rcode, data(static)) == (RCODE.NOERROR, [])


RECORDS = """
other.example 60 A 10.9.9.9
www.example 60 MX 5 mail.example
www.example 60 NS ns.example
www.example 60 CAA 0 issue "ca.example"
_sip._tcp.example 60 SRV 1 2 5060 sip.example
www.example 60 TXT "one" "two"
cname.example 60 CNAME www.example
1.0.0.10.in-addr.arpa 60 PTR www.example
"""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("www.example", "MX"),
        ("www.example", "NS"),
        ("www.example", "TXT"),
        ("_sip._tcp.example", "SRV"),
        ("cname.example", "CNAME"),
        ("1.0.0.10.in-addr.arpa", "PTR"),
        ("other.example", "A"),
    ],
)
async def test_what_the_host_cannot_tell_comes_from_its_servers_as_it_is(name: str, kind: str) -> None:
    async with name_server(zone(RECORDS)) as beyond, serving(servers=[beyond.server]) as client:
        answer = await client.ask(name, kind)

    assert [(QTYPE[rr.rtype], rr.ttl) for rr in answer.rr] == [(kind, 60)]


async def test_a_name_that_nobody_knows_does_not_exist() -> None:
    async with name_server(zone(RECORDS)) as beyond, serving(servers=[beyond.server]) as client:
        answer = await client.ask("none.example")

    assert answer.header.rcode == RCODE.NXDOMAIN


async def test_a_name_of_the_configuration_exists_whatever_a_server_says() -> None:
    async with name_server(zone(RECORDS)) as beyond, serving(servers=[beyond.server]) as client:
        answer = await client.ask("host.lima.internal", "MX")

    assert beyond.asked
    assert (answer.header.rcode, data(answer)) == (RCODE.NOERROR, [])


async def test_without_a_server_the_answer_is_a_failure() -> None:
    async with serving() as client:
        answers = [await client.ask("none.example"), await client.ask("www.example", "MX", tcp=True)]

    assert [answer.header.rcode for answer in answers] == [RCODE.SERVFAIL] * 2


def many(request: DNSRecord, how: str) -> list[bytes]:
    reply = request.reply()
    for index in range(80):
        reply.add_answer(*RR.fromZone(f'many.example 60 TXT "{index:02}{"x" * 50}"'))
    if how == "udp":
        reply.rr = []
        reply.header.tc = 1
    return [bytes(reply.pack())]


@pytest.mark.parametrize(("edns", "limit"), [(None, 512), (1232, 1232), (65000, 4096)])
async def test_answers_by_udp_are_cut_to_what_the_client_takes(edns: int | None, limit: int) -> None:
    async with name_server(many) as beyond, serving(servers=[beyond.server]) as client:
        cut = DNSRecord.parse(reply := await client.udp(question("many.example", "TXT", edns=edns)))
        whole = await client.ask("many.example", "TXT", tcp=True)

    assert limit - 80 < len(reply) <= limit
    assert cut.header.tc == 1
    assert len(cut.rr) >= 5
    assert (whole.header.tc, len(whole.rr)) == (0, 80)


async def test_the_same_question_is_asked_once_at_a_time() -> None:
    counted = []
    released = threading.Event()

    def lookup(name: str, v6: bool) -> Sequence[str]:
        counted.append(name)
        released.wait(20)
        return ("10.0.0.1",)

    async with serving(lookup=lookup) as client, asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(client.ask("www.example")) for _ in range(20)]
        async with asyncio.timeout(10):
            while not counted:
                await asyncio.sleep(0.01)
        released.set()

    assert [data(task.result()) for task in asking] == [["10.0.0.1"]] * 20
    assert len(counted) < 20


async def test_a_resolver_that_hangs_does_not_hold_up_other_names() -> None:
    released = threading.Event()

    def lookup(name: str, v6: bool) -> Sequence[str]:
        if name.startswith("slow"):
            released.wait(20)
        return known(name, v6)

    async with serving(lookup=lookup) as client, asyncio.TaskGroup() as tasks:
        slow = [tasks.create_task(client.ask(f"slow{index}.example")) for index in range(10)]
        answers = [await client.ask("www.example"), await client.ask("host.lima.internal")]
        released.set()

    assert [data(answer) for answer in answers] == [["10.0.0.1", "10.0.0.2"], ["192.168.5.2"]]
    assert [task.result().header.rcode for task in slow] == [RCODE.SERVFAIL] * 10


async def test_questions_on_one_connection_are_answered_as_answers_come() -> None:
    released = threading.Event()

    def lookup(name: str, v6: bool) -> Sequence[str]:
        released.wait(20)
        return known(name, v6)

    async with serving(lookup=lookup) as client, client.connected() as (reader, writer):
        slow = question("www.example")
        writer.write(framed(slow) + b"".join(framed(question("own.example")) for _ in range(100))[:-1])
        quick = [DNSRecord.parse(await unframed(reader)) for _ in range(99)]
        released.set()
        last = await unframed(reader)

    assert {tuple(data(answer)) for answer in quick} == {("10.1.1.1",)}
    assert last[:2] == slow[:2]


async def test_more_questions_than_fit_wait_on_their_connection() -> None:
    released = threading.Event()

    def lookup(name: str, v6: bool) -> Sequence[str]:
        released.wait(20)
        return ("10.0.0.1",)

    async with serving(lookup=lookup) as client, client.connected() as (reader, writer):
        writer.write(b"".join(framed(question(f"n{index}.example")) for index in range(100)))
        writer.write_eof()
        released.set()
        answers = [DNSRecord.parse(await unframed(reader)) for _ in range(100)]
        rest = await reader.read()

    assert {tuple(data(answer)) for answer in answers} == {("10.0.0.1",)}
    assert rest == b"", "the client has said that it asks no more"


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"\xff\xff" + b"x" * 100, id="a length beyond all questions"),
        pytest.param(b"\0\0", id="no message"),
        pytest.param(framed(b"\0\1\x80\0" + b"\0" * 8), id="an answer"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
    ],
)
async def test_a_connection_that_talks_nonsense_is_closed(garbage: bytes) -> None:
    async with serving() as client:
        async with client.connected() as (reader, writer):
            writer.write(garbage)
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
        assert data(await client.ask("own.example", tcp=True)) == ["10.1.1.1"]


async def test_a_flood_of_garbage_leaves_the_server_at_work(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as client:
        with socket.socket(type=socket.SOCK_DGRAM) as flood:
            flood.connect(("127.0.0.1", client.port))
            for index in range(3000):
                flood.send(bytes([index % 256]) * (index % 300))
                if not index % 100:
                    await asyncio.sleep(0)
        assert data(await client.ask("own.example")) == ["10.1.1.1"]

    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_more_connections_than_we_keep_push_out_the_quietest() -> None:
    async with serving() as client, contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(client.connected())
        second = await stack.enter_async_context(client.connected())
        first[1].write(framed(question("own.example")))
        await unframed(first[0])
        for _ in range(MOST_CONNECTIONS - 1):
            await stack.enter_async_context(client.connected())
        assert data(await client.ask("own.example")) == ["10.1.1.1"]

        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await second[0].read() == b""
        first[1].write(framed(question("own.example")))
        assert data(DNSRecord.parse(await unframed(first[0]))) == ["10.1.1.1"]


async def test_a_question_that_comes_back_in_a_circle_ends() -> None:
    port = free_port()
    servers: list[Server] = []
    made = NameServer({}, ipv6=False, lookup=known, servers=lambda: tuple(servers))

    async def back(fake: FakeServer, message: bytes) -> None:
        with contextlib.suppress(OSError):
            fake.transport.sendto(await Client(port).udp(message), next(iter(fake.peers)))

    async with asyncio.TaskGroup() as tasks, made.serving(port, port):
        fake: FakeServer

        def answer(request: DNSRecord, how: str) -> list[bytes]:
            if len(fake.asked) < 20:
                tasks.create_task(back(fake, fake.requests[-1]))
            return [] if how == "udp" else [b"\0" * 20]

        async with name_server(answer) as fake:
            servers.append(fake.server)
            servers.append(Server("127.0.0.1", port))
            async with asyncio.timeout(30):
                reply = await Client(port).ask("www.example", "MX")

    assert reply.header.rcode == RCODE.SERVFAIL
    assert len(fake.asked) < 5


async def test_a_taken_port_is_served_as_soon_as_it_is_free(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    made = NameServer(HOSTS, ipv6=False, lookup=known, servers=lambda: ())
    taken = socket.socket(type=socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", port))

    async with made.serving(port, port):
        by_tcp = await Client(port).ask("own.example", tcp=True)
        taken.close()
        async with asyncio.timeout(10):
            by_udp = None
            while not by_udp:
                with contextlib.suppress(ConnectionRefusedError):
                    by_udp = await Client(port).ask("own.example")
                await asyncio.sleep(0.01)

    assert data(by_tcp) == data(by_udp) == ["10.1.1.1"]
    assert len([message for message in caplog.messages if str(port) in message and "yet" in message]) == 1


async def test_a_port_of_0_is_not_served() -> None:
    port = free_port()
    made = NameServer(HOSTS, ipv6=False, lookup=known, servers=lambda: ())

    async with made.serving(port, 0):
        answer = await Client(port).ask("own.example")
        with pytest.raises(ConnectionRefusedError):
            await Client(port).ask("own.example", tcp=True)

    assert data(answer) == ["10.1.1.1"]


async def test_nothing_is_left_when_the_server_ends_amid_questions() -> None:
    released = threading.Event()

    def lookup(name: str, v6: bool) -> Sequence[str]:
        released.wait(20)
        return ()

    before = asyncio.all_tasks()
    async with serving(lookup=lookup) as client, client.connected() as (_, writer):
        writer.write(framed(question("www.example")))
        await writer.drain()
        assert data(await client.ask("own.example")) == ["10.1.1.1"]
    released.set()

    assert asyncio.all_tasks() == before


def test_names_that_cannot_be_are_told(caplog: pytest.LogCaptureFixture) -> None:
    async def make() -> None:
        NameServer({"a..b": "1.1.1.1"}, ipv6=False)

    asyncio.run(make())

    assert "a..b" in caplog.text


def test_by_hand_a_taken_port_is_an_error() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(UserError, match="in use"):
            nameserver.run(taken.getsockname()[1], 0, ipv6=False)
