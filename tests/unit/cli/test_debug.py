"""spec/cli.md 6.22: the name server of the host agent, run by hand."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from dnslib import DNSRecord

from limavm.host.net import free_port
from tests.unit.cli.harness import Run


@pytest.mark.parametrize("ports", [["x"], ["53", "-1"], ["65536"], ["1" * 5000], ["\N{SUPERSCRIPT TWO}"], [""]])
def test_a_port_is_a_number_below_65536(limactl: Run, ports: list[str]) -> None:
    result = limactl("debug", "dns", "--", *ports)

    assert result.code == 1
    assert "is not a port" in result.message


@pytest.mark.parametrize("ports", [[], ["1", "2", "3"]])
def test_there_are_one_or_two_ports(limactl: Run, ports: list[str]) -> None:
    assert "takes 1 to 2 arguments" in limactl("debug", "dns", *ports).message


def test_a_taken_port_is_an_error(limactl: Run) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        result = limactl("debug", "dns", str(taken.getsockname()[1]))

    assert result.code == 1
    assert "names cannot be served" in result.message


@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
def test_questions_are_answered_and_shown_until_ctrl_c() -> None:
    port = str(free_port())
    argv = [sys.executable, "-m", "limavm", "--debug", "debug", "dns", port, port]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr
        while f"TCP port {port}" not in child.stderr.readline():
            assert child.poll() is None
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.connect(("127.0.0.1", int(port)))
            client.send(bytes(DNSRecord.question("Localhost", "AAAA").pack()))
            answer = DNSRecord.parse(client.recv(512))
        shown = child.stderr.readline()
        child.send_signal(signal.SIGINT)
        code = child.wait(20)

    assert (answer.header.rcode, answer.rr) == (0, [])
    assert "'Localhost', type 28: result 0" in shown
    assert code == 130
