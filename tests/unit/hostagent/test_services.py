"""The services of a run put together, with a guest agent and a machine that only are there."""

import asyncio
import contextlib
import io
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import dnslib
import pytest
from msgspec.structs import replace

from limavm.host.net import free_port
from limavm.hostagent.events import Emitter
from limavm.hostagent.forwarding.portrules import Preference, route
from limavm.hostagent.guest import Guest
from limavm.hostagent.master import SSHTarget
from limavm.hostagent.services import Services, has_guest_agent, names_served, policy
from limavm.model.config import HostResolver, PortForward, needs_guest_agent
from limavm.model.forward import PortState, Route
from limavm.model.plan import Plan
from tests.fakes.guestagent import FakeAgent, served_agent
from tests.fakes.machine import FakeMachine
from tests.unit.hostagent.forwarding.test_tunnels import echo, guest, split, until
from tests.unit.hostagent.plans import CONFIG, a_machine

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    machine = a_machine(tmp_path, agent_socket=str(tmp_path / "ga.sock"))
    return Plan(machine=machine, config=CONFIG, ssh_options=())


@contextlib.asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[tuple[Services, FakeMachine, io.StringIO]]:
    vm, events = FakeMachine(machine=plan.machine), io.StringIO()
    target = SSHTarget(address="127.0.0.1", port=1, options=(), control_path=f"{plan.machine.directory}/ssh.sock")
    services = Services(plan, vm, Guest(target), Emitter(events))
    async with services.running():
        yield services, vm, events


async def test_what_listens_in_the_guest_appears_on_the_host_while_the_services_run(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMA_SSH_PORT_FORWARDER", "false")
    agent = FakeAgent()
    async with guest(echo) as inside, served_agent(plan.machine.agent_socket, agent):
        ip, port = split(inside)
        other = free_port()
        rule = PortForward(guest_port_range=(port, port), host_port_range=(other, other))
        async with running(replace(plan, config=replace(CONFIG, port_forwards=(rule,)))) as (services, vm, events):
            assert await services.answered() == []
            agent.listen(port, ip)
            await until(lambda: "forwarding" in events.getvalue())

            reader, writer = await asyncio.open_connection("127.0.0.1", other)
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            writer.close()
            [status] = services.forwarder.ports()
            assert (status.state, status.route) == (PortState.FORWARDED, Route.GRPC)

    assert set(vm.told) == {"on_change", "on_reset", "on_resume", "on_agent_port", "on_share"}
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", other)


async def test_an_agent_that_a_rule_needs_is_waited_for_and_leaves_the_guest_degraded(
    plan: Plan, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ruled = replace(plan, config=replace(CONFIG, port_forwards=(PortForward(guest_port_range=(80, 80)),)))
    async with running(ruled) as (services, _, events):
        [error] = await services.answered(limit=0.05)

    assert "Waiting for the guest agent to be running" in caplog.messages
    assert "has not answered within 0.05 s" in error
    assert events.getvalue() == ""


async def test_an_agent_that_no_rule_needs_holds_nobody_up_and_is_missed_later(plan: Plan) -> None:
    async with running(plan) as (services, _, events):
        assert await services.answered(late=0.05) == []
        await until(events.getvalue)

    status = json.loads(events.getvalue())["status"]
    assert status["degraded"]
    assert "has not answered" in status["errors"][0]


@pytest.mark.parametrize(
    ("rules", "needs"),
    [
        ((), False),
        ((PortForward(ignore=True),), False),
        ((PortForward(static=True, guest_port_range=(80, 80)),), False),
        ((PortForward(guest_socket="/run/x.sock", host_socket="/tmp/x.sock"),), False),
        ((PortForward(ignore=True), PortForward(guest_port_range=(80, 80))), True),
    ],
)
def test_only_rules_about_ports_that_come_and_go_need_the_agent(rules: tuple[PortForward, ...], needs: bool) -> None:
    assert needs_guest_agent(replace(CONFIG, port_forwards=rules)) is needs


async def test_the_agent_gets_the_token_whatever_way_leads_to_it(plan: Plan) -> None:
    agent = FakeAgent("secret")
    async with served_agent(plan.machine.agent_socket, agent), running(replace(plan, agent_token="secret")):
        await until(lambda: agent.metadata)

    assert set(agent.metadata) == {"secret"}


async def test_a_plain_guest_has_no_agent_to_wait_for(plan: Plan) -> None:
    plain = replace(plan, config=replace(CONFIG, plain=True))

    async with running(plain) as (services, vm, _):
        assert await services.answered(limit=0) == []
    assert not has_guest_agent(plain)
    assert "on_agent_port" not in vm.told


@pytest.mark.parametrize(
    ("value", "wish"), [("true", Preference.SSH), ("false", Preference.GRPC), ("", Preference.BEST)]
)
def test_the_environment_chooses_the_route(plan: Plan, monkeypatch: pytest.MonkeyPatch, value: str, wish: str) -> None:
    monkeypatch.setenv("LIMA_SSH_PORT_FORWARDER", value)

    assert policy(plan, hostfwd=True, grpc=True).abilities.preference == wish


@pytest.mark.parametrize(("platform", "way"), [("darwin", Route.GRPC), ("linux", Route.HOSTFWD)])
def test_low_ports_go_through_the_guest_agent_where_a_user_may_have_them_on_all_addresses_only(
    plan: Plan, platform: str, way: Route
) -> None:
    abilities = policy(plan, hostfwd=True, grpc=True, platform=platform).abilities

    assert route("tcp", "0.0.0.0:80", "127.0.0.1:80", abilities) == way
    assert route("tcp", "0.0.0.0:8080", "127.0.0.1:8080", abilities) == Route.HOSTFWD


def test_a_value_of_the_environment_that_is_unclear_is_warned_of(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LIMA_SSH_PORT_FORWARDER", "perhaps")

    assert policy(plan, hostfwd=True, grpc=True).abilities.preference == Preference.GRPC
    assert "'perhaps'" in caplog.text


async def test_names_are_served_on_the_ports_of_the_plan(plan: Plan) -> None:
    port = free_port()
    config = replace(CONFIG, host_resolver=HostResolver(hosts={"db.example": "192.0.2.7"}))
    question = dnslib.DNSRecord.question("db.example")

    async with names_served(replace(plan, config=config, dns_udp_port=port, dns_tcp_port=port)):
        answer = dnslib.DNSRecord.parse(await asyncio.to_thread(question.send, "127.0.0.1", port, timeout=5))

    assert [str(record.rdata) for record in answer.rr] == ["192.0.2.7"]
