"""`limactl ports`, on an agent that tells of ports."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host import pidfile
from limavm.model.forward import PortState, PortStatus
from tests.fakes.portagent import PortAgent, port_agent
from tests.unit.cli.harness import Run, Terminal, make_instance
from tests.unit.cli.test_portstable import LEFT, TAKEN, WEB

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

LIMACTL = [sys.executable, "-P", "-m", "limavm", "ports"]
EVIL = PortStatus(protocol="tcp", guest_addr="\x1b]0;x\x07:1", state=PortState.IGNORED, reason="\x1b[2J\x9b2J\n")


@pytest.fixture
def dev(home: Path) -> Path:
    return make_instance(home, "dev")


@pytest.fixture
def agent(dev: Path) -> Iterator[PortAgent]:
    with port_agent(dev, [WEB, TAKEN]) as running:
        yield running


def test_ports_are_a_table(limactl: Run, agent: PortAgent) -> None:
    done = limactl("ports", "dev")

    assert done.code == 0
    assert [line.split()[:4] for line in done.out.splitlines()] == [
        ["PROTO", "GUEST", "HOST", "VIA"],
        ["tcp", "0.0.0.0:80", "127.0.0.1:8080", "hostfwd"],
        ["tcp", "127.0.0.1:443", "127.0.0.1:443", "ssh"],
    ]
    assert "held by nginx (PID 71)" in done.out


def test_as_json_they_are_an_object_a_line(limactl: Run, agent: PortAgent) -> None:
    lines = limactl("ports", "dev", "--json").out.splitlines()

    assert [json.loads(line)["guestAddr"] for line in lines] == ["0.0.0.0:80", "127.0.0.1:443"]


def test_the_instance_may_be_left_out(limactl: Run, home: Path) -> None:
    with port_agent(make_instance(home, "default"), [WEB]):
        assert "0.0.0.0:80" in limactl("ports").out


def test_what_was_written_by_others_does_not_drive_the_terminal(limactl: Run, agent: PortAgent) -> None:
    agent.change(EVIL)

    for flags in ([], ["--json"]):
        out = limactl("ports", "dev", *flags).out
        assert out.replace("\n", "").isprintable()
        assert len(out.splitlines()) == (1 if flags else 2)


def test_a_stopped_instance_and_an_old_agent_are_errors(limactl: Run, dev: Path) -> None:
    for flags in ([], ["--json"], ["--watch"], ["--watch", "--json"]):
        done = limactl("ports", "dev", *flags)
        assert (done.code, done.out) == (1, "")
        assert "'dev' is not running" in done.message

    with port_agent(dev, None):
        done = limactl("ports", "dev")
        assert done.code == 1
        assert "host agent is too old" in done.message


def test_more_than_one_name_is_too_many(limactl: Run, dev: Path) -> None:
    assert limactl("ports", "dev", "dev").code == 1


def watching(*flags: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*LIMACTL, "dev", "--watch", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_each_change_is_a_line_of_json(agent: PortAgent) -> None:
    with watching("--json") as child:
        assert child.stdout
        assert len(json.loads(child.stdout.readline())["ports"]) == 2
        agent.change(LEFT)
        assert json.loads(child.stdout.readline())["ports"][0]["guestAddr"] == "172.17.0.1:53"

        child.send_signal(signal.SIGINT)
        rest = child.communicate()

    assert (rest, child.returncode) == (("", ""), 130)


def test_each_change_is_a_whole_table_where_there_is_no_terminal(agent: PortAgent) -> None:
    with watching() as child:
        assert child.stdout
        first = [child.stdout.readline() for _ in range(4)]
        agent.change(LEFT)
        second = [child.stdout.readline() for _ in range(3)]

        child.send_signal(signal.SIGINT)
        _, err = child.communicate()

    assert [line.split(" ")[0].strip() for line in first] == ["PROTO", "tcp", "tcp", ""]
    assert [line.split(" ")[0].strip() for line in second] == ["PROTO", "udp", ""]
    assert (err, child.returncode) == ("", 130)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_the_end_of_the_instance_is_told_in_a_line(flags: list[str], dev: Path) -> None:
    with PortAgent(dev, [WEB]) as agent:
        with pidfile.held(str(dev / "ha.pid")):
            child = watching(*flags)
            assert child.stdout
            child.stdout.readline()
        agent.end()
        _, err = child.communicate()

    assert "The instance 'dev' has stopped" in err
    assert (len(err.splitlines()), child.returncode) == (1, 0)


def test_a_reader_that_leaves_is_no_error(agent: PortAgent) -> None:
    with watching() as child:
        assert child.stdout
        child.stdout.readline()
        child.stdout.close()
        child.stdout = None
        _, err = child.communicate()  # although nothing changes

    assert err == ""
    assert child.returncode == 141


def test_a_terminal_is_redrawn_and_ctrl_c_says_nothing(agent: PortAgent) -> None:
    terminal = Terminal([*LIMACTL, "dev", "--watch"], columns=60)
    try:
        terminal.expect("127.0.0.1:443")
        agent.change(LEFT)
        shown = terminal.expect("172.17.0.1:53")
        terminal.interrupt()
        code = terminal.ended()
    finally:
        terminal.close()

    assert code == 130
    assert "interrupted" not in terminal.shown
    assert "\x1b[3F\x1b[J" in shown
    assert all(len(line) <= 60 for line in shown.replace("\x1b[3F\x1b[J", "").splitlines())
