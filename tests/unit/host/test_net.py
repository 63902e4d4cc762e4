import socket

import pytest

from limavm.host.net import free_port, free_tcp_port, tcp_port_is_free


def test_a_free_port_can_be_bound() -> None:
    port = free_tcp_port()

    with socket.create_server(("127.0.0.1", port)):
        assert not tcp_port_is_free(port)
    assert tcp_port_is_free(port)


def test_a_port_that_is_free_for_both_can_be_bound_by_both() -> None:
    port = free_port()

    with (
        socket.create_server(("127.0.0.1", port)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", port))


@pytest.mark.parametrize("port", [-1, 65536, 1 << 40])
def test_what_is_no_port_is_not_free(port: int) -> None:
    assert not tcp_port_is_free(port)
