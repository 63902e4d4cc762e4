import select
import socket
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent.perf import TRACEPOINT, Event, Wakers
from limavm.guestagent.tracepoints import Tracepoints, numbers


@pytest.fixture
def tracepoints() -> Iterator[Tracepoints]:
    if sys.platform != "linux":
        pytest.skip("perf events are Linux's")
    tracepoints = Tracepoints()
    if not tracepoints.open():
        tracepoints.close()
        pytest.skip("the kernel gives us no events")
    yield tracepoints
    tracepoints.close()


def test_a_socket_that_listens_wakes_when_it_begins_and_when_it_ends(tracepoints: Tracepoints) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        tracepoints.happened(0.05)
        server.listen()
        assert tracepoints.happened(5)
    assert tracepoints.happened(5)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_udp_socket_that_is_bound_wakes(tracepoints: Tracepoints, family: int, address: str) -> None:
    tracepoints.happened()
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        try:
            bound.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6")

        assert tracepoints.happened(5)


def test_the_descriptor_can_be_polled(tracepoints: Tracepoints) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))

        assert select.select([tracepoints], [], [], 5)[0]


def test_events_can_be_set_up_again(tracepoints: Tracepoints) -> None:
    assert tracepoints.open()
    assert not tracepoints.outdated()


@pytest.mark.skipif(sys.platform != "linux", reason="perf events are Linux's")
def test_an_event_that_does_not_exist_is_refused_and_nothing_stays_open() -> None:
    waker = Wakers()

    with pytest.raises(OSError, match=r".+"):
        waker.add(Event(TRACEPOINT, config=2**40), 0)
    waker.close()


@pytest.mark.parametrize(
    ("text", "found"), [("0", [0]), ("0-3", [0, 1, 2, 3]), ("0-1,4,6-7\n", [0, 1, 4, 6, 7]), ("", [])]
)
def test_processors_are_told_in_ranges(text: str, found: list[int]) -> None:
    assert numbers(text) == found


@given(st.sets(st.integers(0, 200)))
def test_every_processor_is_found(cpus: set[int]) -> None:
    assert numbers(",".join(map(str, sorted(cpus)))) == sorted(cpus)
