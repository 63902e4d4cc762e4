"""The display of a machine: by VNC with a password, and as a picture."""

import socket
import sys
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl, wait_for
from tests.vm.vncclient import lets_in

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm


def test_a_viewer_is_let_in_with_the_password_in_the_instance_and_with_no_other(limactl: Limactl, machine: str) -> None:
    display, password = (limactl.home / machine / name for name in ("vncdisplay", "vncpassword"))
    wait_for("the display's address", display.exists)
    host, _, number = display.read_text().rpartition(":")
    port = 5900 + int(number)

    assert lets_in(host, port, password.read_text())
    assert not lets_in(host, port, "")
    assert not lets_in(host, port, "a guess")
    assert password.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("wish", "kind", "begin"), [("", "png", b"\x89PNG\r\n"), ("?format=bmp", "bmp", b"BM")])
def test_the_host_agent_gives_a_picture_of_the_display(
    wish: str, kind: str, begin: bytes, limactl: Limactl, machine: str
) -> None:
    head, _, picture = got(limactl.home / machine / "ha.sock", f"/v1/screenshot{wish}").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"content-type: image/{kind}".encode() in head.lower()
    assert picture.startswith(begin)
    assert len(picture) > 1000


def got(path: Path, target: str) -> bytes:
    """The whole answer of the host agent."""
    if sys.platform == "win32":
        raise NotImplementedError("unix sockets")
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(30)
        peer.connect(str(path))
        peer.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while chunk := peer.recv(1 << 16):
            found += chunk
    return found
