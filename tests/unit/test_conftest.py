"""The guard of the unit tests: what it stops, and what it lets pass."""

import socket
import subprocess
import sys

import pytest

from tests.conftest import forbidden


def test_a_unit_test_cannot_reach_another_host() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside,
        pytest.raises(pytest.fail.Exception, match="reach the network"),
    ):
        outside.connect(("192.0.2.1", 9))


def test_a_unit_test_cannot_look_up_a_name() -> None:
    with pytest.raises(pytest.fail.Exception, match="look up a name"):
        socket.getaddrinfo("limavm.invalid", 80)


def test_a_unit_test_cannot_start_a_hypervisor() -> None:
    with pytest.raises(pytest.fail.Exception, match="start a hypervisor"):
        subprocess.Popen(["/usr/bin/qemu-system-x86_64", "-S"])


def test_a_unit_test_may_use_the_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_a_unit_test_may_start_other_programs() -> None:
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0


@pytest.mark.parametrize("host", ["127.0.0.53", "::1", "localhost", b"127.0.0.1"])
def test_the_loopback_has_several_names(host: object) -> None:
    assert forbidden("socket.getaddrinfo", (host, 80)) is None
