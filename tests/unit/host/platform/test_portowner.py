"""Who holds a port of the host: real sockets of this process on Linux, and the output of lsof as its manual has it."""

import ipaddress
import os
import socket
import sys
from pathlib import Path

import pytest

from limavm.host.platform import portowner
from limavm.host.platform.portowner import Owner, linux_owner, parse_lsof, port_owner

LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture(autouse=True)
def fresh() -> None:
    """What the test before has seen is no use."""
    portowner._socket_owners.cache_clear()


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::"])
def test_a_listener_of_ours_is_found_by_its_port(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        owner = port_owner("tcp", LOOPBACK, server.getsockname()[1])

    assert owner
    assert owner.pid == os.getpid()
    assert owner.name
    assert owner.argv


@linux
def test_a_datagram_socket_is_found_and_is_no_listener_of_tcp() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]

        assert port_owner("tcp", LOOPBACK, port) is None
        owner = port_owner("udp", LOOPBACK, port)

    assert owner
    assert owner.pid == os.getpid()


@linux
def test_another_address_is_not_in_the_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert port_owner("tcp", ipaddress.ip_address("127.0.0.2"), port) is None


def test_of_another_users_process_its_user_is_known(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 x 100"
    (tmp_path / "net" / "tcp").write_text(f"  sl  local_address rem_address\n{line}\n")
    (tmp_path / "71").mkdir()

    owner = linux_owner("tcp", LOOPBACK, 8080, str(tmp_path))

    assert owner
    assert owner.pid == 0
    assert owner.user in ("root", "0")


def test_lsof_names_process_and_command() -> None:
    assert parse_lsof("p71\ncnginx\nf6\np72\ncother\n") == Owner(71, "nginx")
    assert parse_lsof("") is None
