"""The queue of another process' listening socket is made longer; other sockets stay as they are."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from limavm.host.backlog import lengthen_backlog, lengthen_backlogs

if sys.platform != "linux":
    pytest.skip("other systems share no sockets in this way", allow_module_level=True)

#: Listens with a queue of one and accepts nothing; a connection to itself has the same address.
LISTENER = (
    "import socket, sys\n"
    "udp = socket.socket(type=socket.SOCK_DGRAM)\n"
    "while True:\n"
    "    try: s = socket.create_server(('127.0.0.1', 0), backlog=1); udp.bind(s.getsockname()); break\n"
    "    except OSError: pass\n"  # another program has the number
    "c = socket.create_connection(s.getsockname()); a, _ = s.accept()\n"
    "print(s.getsockname()[1], flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.fixture
def listener() -> Iterator[tuple[int, int]]:
    """A child that listens: its PID and its port."""
    child = subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout
        yield child.pid, int(child.stdout.readline())
        child.kill()


def test_a_longer_queue_takes_what_the_short_one_did_not(listener: tuple[int, int]) -> None:
    pid, port = listener
    if not lengthen_backlog(pid, "127.0.0.1", port):
        pytest.skip("this kernel does not share descriptors with us")

    peers = [socket.create_connection(("127.0.0.1", port), timeout=0.9) for _ in range(20)]

    for peer in peers:
        peer.close()


def test_every_socket_on_which_a_process_listens_gets_a_longer_queue(listener: tuple[int, int]) -> None:
    pid, port = listener
    if not lengthen_backlogs(pid):
        pytest.skip("this kernel does not share descriptors with us")

    assert lengthen_backlogs(pid) == 1
    peers = [socket.create_connection(("127.0.0.1", port), timeout=0.9) for _ in range(20)]

    for peer in peers:
        peer.close()


def test_a_port_on_which_the_process_does_not_listen_is_left_alone(listener: tuple[int, int]) -> None:
    pid, port = listener

    assert not lengthen_backlog(pid, "127.0.0.2", port)
    assert not lengthen_backlog(pid, "127.0.0.1", port - 1)


def test_a_process_that_is_gone_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert not lengthen_backlog(child.pid, "127.0.0.1", 80)
    assert lengthen_backlogs(child.pid) == 0
