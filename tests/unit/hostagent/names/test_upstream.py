"""Forwarding: UDP to each server, then TCP to each, and nobody else's answer (spec/runtime.md 10.1)."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from dnslib import EDNS0, RR, DNSRecord

from limavm.hostagent.names import upstream as dnsupstream
from limavm.hostagent.names.message import Query, read_query
from limavm.hostagent.names.resolvconf import Server
from limavm.hostagent.names.upstream import Upstream
from tests.fakes.nameserver import FakeServer, name_server, zone

ZONE = zone("www.example 60 A 10.0.0.1", "www.example 60 MX 5 mail.example", "txt.example 60 TXT one two")


def query(name: str = "www.example", kind: str = "MX", *, edns: bool = False) -> Query:
    request = DNSRecord.question(name, kind)
    if edns:
        request.add_ar(EDNS0(udp_len=4096))
    found = read_query(bytes(request.pack()))
    assert found
    return found


async def asked(*servers: Server, of: Query | None = None, patience: float = 2) -> DNSRecord | None:
    reply = await Upstream(lambda: servers, udp_patience=patience).ask(of or query())
    return DNSRecord.parse(reply) if reply else None


@pytest.fixture
async def closed() -> AsyncIterator[Server]:
    """A port on which nobody listens."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        udp.connect(("127.0.0.1", 9))
        yield Server(*tcp.getsockname())


async def test_a_question_is_handed_on_as_it_is() -> None:
    wanted = query("WWW.example", edns=True)
    async with name_server(ZONE) as fake:
        reply = await Upstream(lambda: [fake.server]).ask(wanted)

    assert fake.requests[0][2:] == wanted.message[2:]
    assert reply
    assert reply[:2] == wanted.message[:2]
    answer = DNSRecord.parse(reply)
    assert [str(rr.rdata) for rr in answer.rr] == ["5 mail.example."]
    assert answer.q.qname.label == (b"WWW", b"example")
    assert fake.asked == [("udp", "WWW.example.")]


async def test_each_question_has_an_id_and_a_port_of_its_own() -> None:
    async with name_server(ZONE) as fake:
        upstream = Upstream(lambda: [fake.server])
        for _ in range(8):
            await upstream.ask(query())

    assert len({message[:2] for message in fake.requests}) > 4
    assert len(fake.peers) > 4


async def test_an_error_is_an_answer() -> None:
    async with name_server(ZONE) as first, name_server(ZONE) as second:
        answer = await asked(first.server, second.server, of=query("none.example"))

    assert answer
    assert answer.header.rcode == 3
    assert second.asked == []


async def test_servers_are_asked_in_turn_and_one_that_is_silent_comes_last_next_time(closed: Server) -> None:
    async with name_server(ZONE) as fake:
        upstream = Upstream(lambda: [closed, fake.server])
        first = await upstream.ask(query())
        order = upstream._in_order()

    assert first
    assert order == [fake.server, closed]


async def test_tcp_is_tried_when_udp_gets_no_answer() -> None:
    async with name_server(ZONE, udp=False) as fake:
        answer = await asked(fake.server)

    assert answer
    assert fake.asked == [("tcp", "www.example.")]


def long(request: DNSRecord, how: str) -> list[bytes]:
    reply = request.reply()
    if how == "udp":
        reply.header.tc = 1
    else:
        reply.add_answer(*RR.fromZone("\n".join(f'www.example 60 TXT "{"x" * 200}"' for _ in range(100))))
    return [bytes(reply.pack())]


async def test_an_answer_that_is_cut_is_fetched_whole_by_tcp() -> None:
    async with name_server(long) as fake:
        answer = await asked(fake.server, of=query(kind="TXT"))

    assert answer
    assert (len(answer.rr), answer.header.tc) == (100, 0)
    assert [how for how, _ in fake.asked] == ["udp", "tcp"]


async def test_a_cut_answer_is_better_than_none() -> None:
    def answer(request: DNSRecord, how: str) -> list[bytes]:
        return long(request, how) if how == "udp" else [b"\0" * 12]

    async with name_server(answer) as fake:
        got = await asked(fake.server)

    assert got
    assert got.header.tc == 1


async def test_forged_answers_are_passed_over() -> None:
    def answer(request: DNSRecord, how: str) -> list[bytes]:
        honest = ZONE(request, how)[0]
        other_id = bytes([honest[0] ^ 1]) + honest[1:]
        other_question = honest.replace(b"example", b"exampel", 1)
        not_an_answer = honest[:2] + b"\1\0" + honest[4:]
        return [other_id, other_question, not_an_answer, b"", b"\xff" * 3, honest]

    async with name_server(answer) as fake:
        got = await asked(fake.server)

    assert got
    assert [str(rr.rdata) for rr in got.rr] == ["5 mail.example."]


async def test_an_answer_from_another_address_is_passed_over() -> None:
    stranger = socket.socket(type=socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))

    with stranger:
        async with name_server(lambda request, how: []) as fake:

            def answer(request: DNSRecord, how: str) -> list[bytes]:
                for peer in fake.peers:
                    stranger.sendto(ZONE(request, how)[0], peer)
                return [] if how == "udp" else ZONE(request, how)

            fake.answer = answer
            got = await asked(fake.server, patience=0.05)

    assert got
    assert [how for how, _ in fake.asked] == ["udp", "tcp"]


async def test_a_tcp_server_that_says_something_else_is_no_server() -> None:
    async with name_server(lambda request, how: [b"\0" * 20], udp=False) as fake:
        assert await asked(fake.server) is None


async def test_ipv6_servers_are_asked_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        async with name_server(ZONE, host="::1") as fake:
            answer = await asked(fake.server)
    except OSError:
        pytest.skip("needs IPv6 on the loopback")
    assert answer


async def test_nobody_is_no_answer_and_is_told_once(closed: Server, caplog: pytest.LogCaptureFixture) -> None:
    servers: list[Server] = []
    upstream = Upstream(lambda: servers)
    replies = [await upstream.ask(query())]
    servers.append(closed)
    replies += [await upstream.ask(query()), await upstream.ask(query())]

    assert replies == [None] * 3
    assert len(caplog.messages) == 1


async def test_we_do_not_ask_ourselves() -> None:
    async with name_server(ZONE) as fake:
        upstream = Upstream(lambda: [fake.server])
        upstream.ourselves = frozenset({fake.server})

        assert await upstream.ask(query()) is None


async def test_questions_under_way_are_bounded() -> None:
    most = 0
    open_now: list[DNSRecord] = []

    def answer(request: DNSRecord, how: str) -> list[bytes]:
        nonlocal most
        open_now.append(request)
        most = max(most, len(open_now))
        return []

    fake: FakeServer
    async with name_server(answer) as fake:
        upstream = Upstream(lambda: [fake.server])
        tasks = [asyncio.ensure_future(upstream.ask(query(f"n{index}.example"))) for index in range(300)]
        async with asyncio.timeout(10):
            while len(open_now) < dnsupstream.MOST:
                await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert most == dnsupstream.MOST
