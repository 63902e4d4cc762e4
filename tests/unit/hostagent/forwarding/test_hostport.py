"""Why the host does not let us listen, and what a user can do about it."""

import errno
import ipaddress
import os
import socket
import sys

import pytest

from limavm.hostagent.forwarding.hostport import check_host_port, errno_of, host_port_error, is_taken
from limavm.hostagent.forwarding.opener import ForwardError
from limavm.hostagent.forwarding.portrules.addresses import Place

LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_taken_port_is_told_from_a_free_one(protocol: str) -> None:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(type=kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            holder.listen()
        host = f"127.0.0.1:{holder.getsockname()[1]}"
        with pytest.raises(ForwardError, match="in use") as taken:
            check_host_port(protocol, host)

    assert is_taken(taken.value)
    check_host_port(protocol, host)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6_is_asked_for_itself() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        check_host_port("tcp", f"[::1]:{holder.getsockname()[1]}")


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(ForwardError, match="no such address") as error:
        check_host_port("tcp", "192.0.2.1:8080")

    assert errno_of(error.value) == errno.EADDRNOTAVAIL
    assert error.value.where == "192.0.2.1:8080"


def test_a_path_is_no_port() -> None:
    check_host_port("tcp", "/run/a.sock")


@pytest.mark.skipif(sys.platform != "linux", reason="names a setting of Linux")
def test_for_a_privileged_port_the_setting_is_named() -> None:
    error = host_port_error(Place(LOOPBACK, 80), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    assert error.message == "an ordinary user may not listen on the host's port"
    assert error.hint
    assert "net.ipv4.ip_unprivileged_port_start=80" in error.hint
    assert "hostPort:" in error.hint


def test_any_other_error_is_quoted() -> None:
    error = host_port_error(Place(LOOPBACK, 8080), OSError(errno.ENOBUFS, "no room"))

    assert error.message == "the host's port cannot be opened: no room"
    assert errno_of(error) is None
