import select
import socket
import sys
from collections.abc import Iterator

import pytest

from limavm.guestagent.destroyed import Destroyed
from limavm.guestagent.ports import Port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it")


@pytest.fixture
def destroyed() -> Iterator[Destroyed]:
    try:
        destroyed = Destroyed()
    except OSError as error:
        pytest.skip(f"the kernel does not tell: {error}")
    yield destroyed
    destroyed.close()


def readable(destroyed: Destroyed) -> bool:
    return bool(select.select([destroyed], [], [], 5)[0])


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_known_udp_socket_that_is_closed_is_told(destroyed: Destroyed, family: int, address: str) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        try:
            bound.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6")
        port = Port("udp", address, bound.getsockname()[1])

    assert readable(destroyed)
    assert destroyed.take(frozenset({port}))


def test_nobody_is_told_of_sockets_that_nobody_knew(destroyed: Destroyed) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        number = bound.getsockname()[1]

    assert readable(destroyed)
    assert not destroyed.take(frozenset({Port("tcp", "127.0.0.1", number)}))


def test_a_socket_with_a_peer_as_every_look_up_of_a_name_has_wakes_nobody(destroyed: Destroyed) -> None:
    numbers = set()
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected:
            connected.connect(("127.0.0.1", 9))
            numbers.add(connected.getsockname()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.bind(("127.0.0.1", 0))
        end = last.getsockname()[1]

    # The kernel tells in order: whatever it had to tell of the others is there when the last is.
    told = taken(destroyed, end)
    assert not numbers & told


def taken(destroyed: Destroyed, end: int) -> set[int]:
    """The numbers of the sockets that are told until one is."""
    told: set[int] = set()
    while end not in told:
        assert readable(destroyed)
        message = destroyed._socket.recv(256)
        told.add(int.from_bytes(message[20:22], "big"))
    return told


def test_the_last_one_of_a_storm_is_not_lost(destroyed: Destroyed) -> None:
    number = 0
    for _ in range(500):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
            bound.bind(("127.0.0.1", 0))
            number = bound.getsockname()[1]
    told = False
    while not told:
        assert readable(destroyed)
        told = destroyed.take(frozenset({Port("udp", "127.0.0.1", number)}))

    assert told
