"""Where forwards listen on the host."""

import socket
import sys
from pathlib import Path

import pytest

from limavm.hostagent.forwarding.hostsocket import bind_address, is_local, listen_tcp, listen_unix
from limavm.hostagent.forwarding.opener import ForwardError


@pytest.mark.parametrize(
    ("address", "platform", "bound"),
    [
        ("127.0.0.1:80", "linux", ("127.0.0.1", 80, False)),
        ("127.0.0.1:80", "darwin", ("0.0.0.0", 80, True)),
        ("127.0.0.1:1023", "darwin", ("0.0.0.0", 1023, True)),
        ("127.0.0.1:1024", "darwin", ("127.0.0.1", 1024, False)),
        ("[::1]:80", "darwin", ("::", 80, True)),
        ("0.0.0.0:80", "darwin", ("0.0.0.0", 80, False)),
        ("192.168.1.2:80", "darwin", ("192.168.1.2", 80, False)),
    ],
)
def test_a_privileged_port_of_macos_is_bound_on_all_addresses(
    address: str, platform: str, bound: tuple[str, int, bool]
) -> None:
    assert bind_address(address, platform) == bound


@pytest.mark.parametrize("address", ["localhost:80", "80", "", "/run/a.sock", "127.0.0.1:", "[::1:80:"])
def test_an_address_that_is_none_is_an_error(address: str) -> None:
    with pytest.raises(ForwardError, match="no address with a port"):
        bind_address(address)


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.8.8", 1), True),
        (("::1", 1, 0, 0), True),
        (("192.168.1.2", 1), False),
        (("fe80::1%eth0", 1, 0, 2), False),
        ("", True),
    ],
)
def test_a_peer_is_local_when_its_address_is_a_loopback_one(peer: object, local: bool) -> None:
    assert is_local(peer) is local


def test_the_same_port_of_ipv4_and_ipv6_are_two() -> None:
    with listen_tcp("0.0.0.0", 0) as four:
        port = four.getsockname()[1]
        with listen_tcp("::", port) as six:
            assert six.getsockname()[1] == port


def test_a_port_that_was_just_used_can_be_had_again() -> None:
    with listen_tcp("127.0.0.1", 0) as server:
        port = server.getsockname()[1]
        server.setblocking(True)
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()

    listen_tcp("127.0.0.1", port).close()


def test_an_address_of_another_machine_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ForwardError, match="the host has no such address") as caught:
        listen_tcp("203.0.113.1", 80)

    assert (caught.value.where, "hostIP" in (caught.value.hint or "")) == ("203.0.113.1:80", True)


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
class TestUnix:
    async def test_directories_are_made(self, tmp_path: Path) -> None:
        (await listen_unix(str(tmp_path / "a" / "b" / "c.sock"))).close()

        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755

    async def test_a_stale_socket_is_replaced(self, tmp_path: Path) -> None:
        path = str(tmp_path / "a.sock")
        (await listen_unix(path)).close()

        (await listen_unix(path)).close()

    async def test_a_socket_on_which_somebody_listens_is_left(self, tmp_path: Path) -> None:
        path = str(tmp_path / "a.sock")
        with await listen_unix(path), pytest.raises(ForwardError, match="somebody else listens"):
            await listen_unix(path)

    async def test_another_kind_of_file_is_left(self, tmp_path: Path) -> None:
        path = tmp_path / "a.sock"
        path.write_text("mine")

        with pytest.raises(ForwardError, match="there is a file that is no socket"):
            await listen_unix(str(path))
        assert path.read_text() == "mine"

    async def test_a_path_that_is_too_long_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ForwardError, match="too long"):
            await listen_unix(str(tmp_path / ("x" * 200)))
