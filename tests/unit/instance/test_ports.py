"""The ports of an instance, and what is said when they cannot be told."""

import sys
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.host import pidfile
from limavm.hostagent.client import AgentError
from limavm.instance.ports import ports, watch
from limavm.model.forward import PortState, PortStatus
from tests.fakes.portagent import PortAgent, port_agent

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

WEB = PortStatus(protocol="tcp", guest_addr="0.0.0.0:80", host_addr="127.0.0.1:80", state=PortState.FORWARDED)


def test_the_agent_tells_the_ports(dev: Path) -> None:
    with port_agent(dev, [WEB]):
        assert ports("dev") == (WEB,)
        assert next(watch("dev")) == (WEB,)


def test_changes_are_told_as_they_come(dev: Path) -> None:
    with port_agent(dev, [WEB]) as agent:
        lists = watch("dev")

        assert next(lists) == (WEB,)
        agent.change()
        assert next(lists) == ()


def test_an_instance_that_does_not_run_has_none(dev: Path) -> None:
    for ask in (ports, lambda name: next(watch(name))):
        with pytest.raises(UserError, match=r"'dev' is not running: its status is Stopped\n") as caught:
            ask("dev")
        assert "limactl start dev" in (caught.value.hint or "")


def test_no_instance_has_none(dev: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no instance 'nope'"):
        ports("nope")


def test_a_damaged_instance_has_none(dev: Path) -> None:
    (dev / "ha.pid").write_text("what?")

    with pytest.raises(UserError, match=r"ha\.pid"):
        ports("dev")


@pytest.mark.parametrize("name", ["../dev", "", "a/b", "dev\n"])
def test_a_name_is_checked(dev: Path, name: str) -> None:
    with pytest.raises(UserError):
        ports(name)


def test_an_agent_of_lima_is_too_old(dev: Path) -> None:
    with port_agent(dev, None):
        for ask in (ports, lambda name: next(watch(name))):
            with pytest.raises(AgentError, match="host agent is too old"):
                ask("dev")


def test_the_end_of_the_instance_is_the_end_of_what_is_watched(dev: Path) -> None:
    agent = PortAgent(dev, [WEB])
    with agent:
        with pidfile.held(str(dev / "ha.pid")):
            lists = watch("dev")
            next(lists)
            agent.end()

        assert list(lists) == []


def test_an_agent_that_was_killed_is_told_while_it_is_watched(dev: Path) -> None:
    agent = PortAgent(dev, [WEB])
    with agent:
        with pidfile.held(str(dev / "ha.pid")):
            lists = watch("dev")
            next(lists)
        (dev / "ha.pid").write_text(f"{(1 << 22) + 1}\n")
        agent.end()

        with pytest.raises(UserError, match="the host agent of 'dev' has ended"):
            next(lists)


def test_a_socket_that_nobody_serves_is_an_error(dev: Path) -> None:
    with pidfile.held(str(dev / "ha.pid")), pytest.raises(AgentError, match="does not answer"):
        ports("dev")
