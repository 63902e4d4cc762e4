"""What is open on the host follows what listens in the guest, whatever goes wrong in between."""

import asyncio
import json
import logging
import random
import time
from pathlib import Path

import msgspec
import pytest

from limavm.hostagent.forwarding import forwarder
from limavm.hostagent.forwarding.opener import RouteLostError
from limavm.model.config import PortForward
from limavm.model.forward import Forward, Listener, PortState, Route
from tests.unit.hostagent.forwarding.forwards import KeptOpener, listener, running

FORWARDED, PENDING, FAILED = PortState.FORWARDED, PortState.PENDING, PortState.FAILED


def openers() -> tuple[dict[Route, KeptOpener], KeptOpener, KeptOpener]:
    every = {route: KeptOpener() for route in Route}
    return every, every[Route.SSH], every[Route.HOSTFWD]


async def test_a_port_of_the_guest_appears_and_goes_with_its_listener(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    every, ssh, hostfwd = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(8080), listener(53, "0.0.0.0", "udp"), listener(9000, "10.1.2.3"))
        await one.until(lambda: len(one.events) == 3)
        assert {forward.host for forward in ssh.open_now} == {"127.0.0.1:8080"}
        assert {forward.host for forward in hostfwd.open_now} == {"127.0.0.1:53"}
        assert sorted(one.states().values()) == ["forwarded", "forwarded", "ignored"]
        one.listen()
        await one.until(lambda: len(one.events) == 5)
        await one.until(lambda: not ssh.open_now | hostfwd.open_now)
        assert one.forwarder.ports() == []

    assert sorted(one.told()) == [
        "forwarding 127.0.0.1:53",
        "forwarding 127.0.0.1:8080",
        "not-forwarding 10.1.2.3:9000",
        "stopping 127.0.0.1:53",
        "stopping 127.0.0.1:8080",
    ]
    assert set(caplog.messages) == {
        "Forwarding UDP from 0.0.0.0:53 to 127.0.0.1:53",
        "Forwarding TCP from 127.0.0.1:8080 to 127.0.0.1:8080",
        "Not forwarding TCP 10.1.2.3:9000",
        "Stopping forwarding UDP from 0.0.0.0:53 to 127.0.0.1:53",
        "Stopping forwarding TCP from 127.0.0.1:8080 to 127.0.0.1:8080",
    }


async def test_static_rules_and_sockets_need_no_listener(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    static = PortForward(guest_port_range=(80, 80), host_port_range=(8080, 8080), static=True, proto="tcp")
    socket = PortForward(guest_socket="/run/a.sock", host_socket="/tmp/a.sock")
    reverse = PortForward(guest_socket="/run/b.sock", host_socket="/tmp/b.sock", reverse=True)
    every, ssh, _ = openers()
    async with running(every, tmp_path, [static, socket, reverse]):
        await asyncio.wait_for(_until(lambda: len(ssh.open_now) == 3), 10)

    assert set(caplog.messages) == {
        "Setting up static TCP forwarding from 127.0.0.1:80 to 127.0.0.1:8080",
        'Forwarding "/run/a.sock" (guest) to "/tmp/a.sock" (host)',
        'Forwarding "/tmp/b.sock" (host) to "/run/b.sock" (guest)',
        # The end of sockets is told; that of all ports goes without saying.
        'Stopping forwarding "/run/a.sock" (guest) to "/tmp/a.sock" (host)',
        'Stopping forwarding "/tmp/b.sock" (host) to "/run/b.sock" (guest)',
    }
    assert ssh.open_now == set()


async def test_a_listener_just_where_a_static_rule_expects_it_is_listed_once(tmp_path: Path) -> None:
    static = PortForward(guest_port_range=(80, 80), host_port_range=(8080, 8080), static=True, proto="tcp")
    every, _, _ = openers()
    async with running(every, tmp_path, [static]) as one:
        one.listen(listener(80), listener(80, "0.0.0.0"))
        await one.until(lambda: len(one.forwarder.ports()) > 1)

        assert [port.guest_addr for port in one.forwarder.ports()] == ["127.0.0.1:80", "0.0.0.0:80"]


async def test_static_ports_are_opened_and_told_in_their_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    static = PortForward(guest_port_range=(80, 89), host_port_range=(8080, 8089), static=True, proto="tcp")
    every, ssh, _ = openers()
    async with running(every, tmp_path, [static]):
        await asyncio.wait_for(_until(lambda: len(ssh.open_now) == 10), 10)

    assert [line.rpartition(" ")[2] for line in caplog.messages] == [f"127.0.0.1:{port}" for port in range(8080, 8090)]


async def _until(condition: object) -> None:
    assert callable(condition)
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_port_that_closes_and_opens_again_at_once_keeps_its_forward(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(8080))
        await one.until_states(p8080=FORWARDED)
        one.listen()
        await one.until(lambda: not one.states())
        one.listen(listener(8080), listener(8081))
        await one.until_states(p8080=FORWARDED, p8081=FORWARDED)

        assert ssh.log == ["open 127.0.0.1:8080", "open 127.0.0.1:8081"]


async def test_a_removal_reaches_the_host_within_half_a_second(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(8080))
        await one.until_states(p8080=FORWARDED)
        began = time.monotonic()
        one.listen()
        await one.until(lambda: not ssh.open_now)

    assert time.monotonic() - began < 0.45


async def test_a_forward_that_is_in_the_way_of_another_goes_first(tmp_path: Path) -> None:
    every, ssh, hostfwd = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(8080, "0.0.0.0"))
        await one.until(lambda: hostfwd.open_now)
        one.listen(listener(8080))
        await one.until(lambda: ssh.open_now)

        assert hostfwd.open_now == set()


async def test_a_taken_port_is_told_with_its_holder_once_and_forwarded_when_it_is_free(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    every, ssh, _ = openers()
    ssh.taken.add("127.0.0.1:8080")
    async with running(every, tmp_path) as one:
        one.listen(listener(8080))
        await one.until_states(p8080=FAILED)
        (status,) = one.forwarder.ports()
        assert status.reason == "the host's port is in use"
        await one.until(lambda: len(ssh.log) == 2)
        assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
            "failed to listen tcp: 127.0.0.1:8080"
        ]
        ssh.taken.clear()
        await one.until_states(p8080=FORWARDED)
        assert one.told() == ["failed 127.0.0.1:8080", "forwarding 127.0.0.1:8080"]


@pytest.mark.parametrize(("protocol", "port"), [("tcp", 53), ("udp", 53), ("udp", 323), ("udp", 5353), ("udp", 5355)])
async def test_taken_ports_that_every_system_has_are_not_worth_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, protocol: str, port: int
) -> None:
    caplog.set_level(logging.INFO)
    every, _, _ = openers()
    for opener in every.values():
        opener.taken.add(f"127.0.0.1:{port}")
    async with running(every, tmp_path) as one:
        one.listen(listener(port, protocol=protocol))
        await one.until(lambda: one.events)

    assert caplog.messages == [f"Not forwarding {protocol.upper()} 127.0.0.1:{port}"]


async def test_a_defect_of_an_opener_is_a_failure_of_one_forward(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    ssh.broken.add("127.0.0.1:8080")
    async with running(every, tmp_path) as one:
        one.listen(listener(8080), listener(8081))
        await one.until_states(p8080=FAILED, p8081=FORWARDED)


async def test_what_was_lost_with_ssh_comes_back_with_it_without_a_word(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    async with running(every, tmp_path) as one:
        one.listen(*(listener(port) for port in range(8000, 8100)))
        await one.until(lambda: len(ssh.open_now) == 100)
        await one.until(lambda: set(one.states().values()) == {FORWARDED})
        ssh.ready = False
        ssh.open_now.clear()
        one.forwarder.lost(Route.SSH)
        assert {(one.state, one.reason) for one in one.forwarder.ports()} == {(PENDING, "ssh is not connected")}
        one.listen(*(listener(port) for port in range(8050, 8150)))
        await one.until(lambda: len(one.forwarder.ports()) == 100 and "127.0.0.1:8149" in one.states())
        ssh.ready = True
        began = time.monotonic()
        one.forwarder.restored(Route.SSH)
        await one.until(lambda: set(one.states().values()) == {FORWARDED})

        assert time.monotonic() - began < 2
        assert len(ssh.open_now) == 100
        assert sorted(one.told())[:100] == sorted(f"forwarding 127.0.0.1:{port}" for port in range(8000, 8150))[:100]
        assert sum(event.type == "stopping" for event in one.events) == 50


async def test_a_way_that_is_gone_before_we_hear_of_it_is_no_failure_of_the_port(tmp_path: Path) -> None:
    class Gone(KeptOpener):
        async def open(self, forward: Forward) -> None:
            self.log.append(forward.host)
            raise RouteLostError("nobody answers")

    ssh = Gone()
    async with running({Route.SSH: ssh}, tmp_path) as one:
        one.listen(listener(8080))
        await one.until(lambda: len(ssh.log) == 2)

        assert one.states() == {"127.0.0.1:8080": PENDING}
        assert one.events == []


async def test_what_succeeds_after_its_way_was_lost_is_opened_again(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    async with running(every, tmp_path) as one:
        ssh.goes_on.clear()
        one.listen(listener(8080))
        await one.until(lambda: ssh.log)
        one.forwarder.lost(Route.SSH)
        one.forwarder.restored(Route.SSH)
        ssh.goes_on.set()
        await one.until_states(p8080=FORWARDED)

        assert ssh.log == ["open 127.0.0.1:8080"] * 2


async def test_whoever_ends_the_forwarder_in_the_middle_leaves_nothing_open(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    async with running(every, tmp_path) as one:
        one.listen(*(listener(port) for port in range(8000, 8100)))
        await one.until(lambda: len(ssh.open_now) > 10)

    assert ssh.open_now == set()
    assert not (tmp_path / "forwards.json").exists()


async def test_what_is_open_is_recorded_for_the_agent_after_us(tmp_path: Path) -> None:
    every, _, _ = openers()
    record = tmp_path / "forwards.json"
    async with running(every, tmp_path) as one:
        one.listen(listener(8080), listener(8081, protocol="udp"))
        await one.until(lambda: record.exists() and len(json.loads(record.read_bytes())) == 1)
        assert json.loads(record.read_bytes())[0]["host"] == "127.0.0.1:8080"
        assert record.stat().st_mode & 0o777 == 0o600


async def test_an_agent_that_takes_over_closes_what_nobody_wants_once_it_knows(tmp_path: Path) -> None:
    every, ssh, _ = openers()
    kept, unwanted = (
        Forward(protocol="tcp", guest=f"127.0.0.1:{port}", host=f"127.0.0.1:{port}", route=Route.SSH)
        for port in (8080, 8081)
    )
    ssh.open_now |= {kept, unwanted}
    (tmp_path / "forwards.json").write_bytes(msgspec.json.encode([kept, unwanted]))

    async with running(every, tmp_path) as one:
        await asyncio.sleep(0.15)
        assert ssh.log == []
        one.listen(listener(8080))
        await one.until(lambda: ssh.open_now == {kept})
        await one.until_states(p8080=FORWARDED)
        assert ssh.log == ["open 127.0.0.1:8080", "close 127.0.0.1:8081"]


async def test_the_opener_knows_better_than_the_record_what_is_open(tmp_path: Path) -> None:
    left = Forward(protocol="tcp", guest="192.168.5.15:80", host="127.0.0.1:80", route=Route.HOSTFWD)
    gone = Forward(protocol="tcp", guest="192.168.5.15:81", host="127.0.0.1:81", route=Route.HOSTFWD)

    class Knowing(KeptOpener):
        async def leftovers(self) -> list[Forward]:
            return [left]

    hostfwd = Knowing()
    (tmp_path / "forwards.json").write_bytes(msgspec.json.encode([gone]))
    async with running({Route.HOSTFWD: hostfwd}, tmp_path) as one:
        one.listen()
        await one.until(lambda: hostfwd.log)

    assert hostfwd.log == ["close 127.0.0.1:80"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"protocol": "tcp"}]', "\x00" * 100])
async def test_a_damaged_record_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "forwards.json").write_text(text)
    every, _, _ = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(8080))
        await one.until_states(p8080=FORWARDED)


async def test_two_listeners_may_share_a_forward(tmp_path: Path) -> None:
    every, _, hostfwd = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(80, "0.0.0.0"), listener(80, "::"))
        await one.until(lambda: len(one.states()) == 2 and set(one.states().values()) == {FORWARDED})
        one.listen(listener(80, "::"))
        await one.until(lambda: len(one.states()) == 1)
        await one.until(lambda: set(one.states().values()) == {FORWARDED})

        assert hostfwd.log == ["open 127.0.0.1:80"]


async def test_whoever_watches_is_told_of_each_change(tmp_path: Path) -> None:
    every, _, _ = openers()
    async with running(every, tmp_path) as one:
        one.listen(listener(8080))
        async with asyncio.timeout(10):
            while one.states() != {"127.0.0.1:8080": FORWARDED}:
                await one.forwarder.changed()


async def test_a_guest_that_listens_everywhere_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    every, ssh, _ = openers()
    async with running(every, tmp_path) as one:
        one.forwarder.listeners(frozenset(listener(port) for port in range(1024, 65536)))
        await one.until(lambda: len(ssh.open_now) >= forwarder.MOST_FORWARDS)
        await one.until(lambda: list(one.states().values()).count(FORWARDED) == forwarder.MOST_FORWARDS)
        assert len(one.forwarder.ports()) == forwarder.MOST_LISTENERS

    assert sorted(record.message for record in caplog.records if record.levelno == logging.WARNING) == [
        "ports of the guest change without end; the log and the events leave some out",
        "there are more than 32768 ports that listen in the guest; the others are not forwarded",
        "there are more than 4096 ports to forward; the others are not forwarded",
    ]
    assert ssh.open_now == set()
    assert ssh.most_at_once <= 32


async def test_after_a_storm_what_is_open_is_what_listens(tmp_path: Path) -> None:
    every, ssh, hostfwd = openers()
    dice = random.Random(4)
    ports = [listener(port, dice.choice(["127.0.0.1", "0.0.0.0"])) for port in range(9000, 9200)]
    async with running(every, tmp_path) as one:
        now: set[Listener] = set()
        for _ in range(3000):
            now ^= {dice.choice(ports)}
            one.listen(*now)
            await asyncio.sleep(0)
        await one.until(lambda: {f.host for f in ssh.open_now | hostfwd.open_now} == {_host(one) for one in now})
        await one.until(lambda: set(one.states().values()) <= {FORWARDED})
        began = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - began < 0.1

    assert ssh.open_now | hostfwd.open_now == set()


def _host(one: Listener) -> str:
    return f"127.0.0.1:{one.port}"
