import errno
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from limavm.guestagent.ports import Port
from limavm.guestagent.sockdiag import SockDiag

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")

FAMILIES = [
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "::"),
    (socket.AF_INET, "0.0.0.0"),
]
KINDS = [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)]


@pytest.fixture
def diag() -> Iterator[SockDiag]:
    diag = SockDiag()
    yield diag
    diag.close()


def waiting(family: int, kind: int, address: str, *, v6only: bool = False) -> socket.socket:
    bound = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        bound.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            bound.listen()
    except OSError as error:
        bound.close()
        pytest.skip(f"{address}: {error}")
    return bound


@pytest.mark.parametrize(("protocol", "kind"), KINDS)
@pytest.mark.parametrize(("family", "address"), FAMILIES)
def test_a_socket_that_waits_is_found_while_it_does(
    diag: SockDiag, family: int, address: str, protocol: str, kind: int
) -> None:
    with waiting(family, kind, address) as bound:
        port = Port(protocol, address, bound.getsockname()[1])

        assert port in diag.now().ports
    assert port not in diag.now().ports


@pytest.mark.parametrize(("protocol", "kind"), KINDS)
def test_a_wildcard_socket_of_ipv6_alone_is_told_as_such(diag: SockDiag, protocol: str, kind: int) -> None:
    with waiting(socket.AF_INET6, kind, "::", v6only=True) as bound:
        assert Port(protocol, "::", bound.getsockname()[1], v6only=True) in diag.now().ports


def test_sockets_that_do_not_wait_are_not_told(diag: SockDiag) -> None:
    with (
        waiting(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1") as server,
        socket.create_connection(server.getsockname()) as client,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected,
        socket.socket() as bound,
    ):
        connected.connect(("127.0.0.1", 9))
        bound.bind(("127.0.0.1", 0))
        ports = diag.now().ports

        for quiet, protocol in ((client, "tcp"), (connected, "udp"), (bound, "tcp")):
            assert Port(protocol, "127.0.0.1", quiet.getsockname()[1]) not in ports


def test_a_list_of_many_reads_is_complete_and_called_inexact(diag: SockDiag) -> None:
    many = [waiting(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1") for _ in range(700)]
    try:
        found = diag.now()

        assert {Port("tcp", "127.0.0.1", one.getsockname()[1]) for one in many} <= found.ports
        assert not found.exact
    finally:
        for one in many:
            one.close()


def test_a_look_that_was_given_up_does_not_disturb_the_next_one(diag: SockDiag) -> None:
    with waiting(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1") as bound:
        for steps in (0, 1, 2, 3):
            look = diag.look()
            for _ in range(steps):
                next(look, None)
            look.close()

            assert Port("udp", "127.0.0.1", bound.getsockname()[1]) in diag.now().ports


@pytest.mark.parametrize("forbidden", [{"udp"}, {"tcp"}, {"tcp", "udp"}])
def test_proc_tells_the_same_where_the_kernel_cannot_be_asked(forbidden: set[str]) -> None:
    diag = SockDiag(forbidden=forbidden)
    with (
        waiting(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1") as tcp,
        waiting(socket.AF_INET6, socket.SOCK_DGRAM, "::1") as udp,
    ):
        ports = diag.now().ports
        diag.close()

        assert {
            Port("tcp", "127.0.0.1", tcp.getsockname()[1]),
            Port("udp", "::1", udp.getsockname()[1]),
        } <= ports


class Deaf(SockDiag):
    """A kernel that answers some requests with an error."""

    def __init__(self, *answers: int) -> None:
        super().__init__()
        self.answers = list(answers)

    def _ask(self, question: bytes) -> None:
        if self.answers:
            number = self.answers.pop(0)
            raise OSError(number, os.strerror(number))
        super()._ask(question)


def test_a_kernel_without_the_diagnosis_of_a_protocol_is_read_in_proc() -> None:
    diag = Deaf(errno.ENOENT)
    with waiting(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1") as bound:
        for _ in range(2):
            assert Port("tcp", "127.0.0.1", bound.getsockname()[1]) in diag.now().ports
    diag.close()


def test_what_is_over_soon_is_tried_again() -> None:
    diag = Deaf(errno.ENOBUFS, errno.EAGAIN)
    with waiting(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1") as bound:
        assert Port("tcp", "127.0.0.1", bound.getsockname()[1]) in diag.now().ports
    diag.close()


def test_a_kernel_that_does_not_answer_is_an_error_and_may_answer_later() -> None:
    diag = Deaf(errno.ENOBUFS, errno.ENOBUFS, errno.ENOBUFS)

    with pytest.raises(OSError, match="buffer"):
        diag.now()
    assert diag.now().ports is not None
    diag.close()
