"""The display of a QEMU: what its monitor is asked, and what becomes of the answers."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from limavm.driver import DisplayError
from limavm.driver.qemu import display, qmp


class Monitor:
    """Answers commands by their names, and keeps what it was asked."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    async def __call__(self, name: str, arguments: Mapping[str, object]) -> object:
        self.asked.append((name, arguments))
        answer = self.answers.get(name.replace("-", "_"), {})
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            Path(str(arguments["filename"])).write_bytes(answer)
        return answer


@pytest.mark.parametrize(
    ("configured", "port", "address"),
    [
        ("127.0.0.1:0,to=9", "5903", "127.0.0.1:3"),
        ("127.0.0.1:0,lossy=on,to=9", "5900", "127.0.0.1:0"),
        ("127.0.0.1:7", "5907", "127.0.0.1:7"),
        (":1,to=5", "5902", ":2"),
        ("[::1]:0,to=9", "5901", "[::1]:1"),
        ("unix:/run/vnc.sock,to=9", "/run/vnc.sock", "unix:/run/vnc.sock"),
        ("127.0.0.1:0,to=9", "", "127.0.0.1:0"),
    ],
)
def test_the_address_is_the_configured_one_with_the_number_that_was_chosen(
    configured: str, port: str, address: str
) -> None:
    assert display.address(configured, port) == address


async def test_the_password_is_set_and_the_port_asked() -> None:
    monitor = Monitor(query_vnc={"enabled": True, "host": "127.0.0.1", "service": "5904"})

    assert await display.protect_vnc(monitor, "127.0.0.1:0,to=9", "Secret12") == "127.0.0.1:4"
    assert monitor.asked == [("change-vnc-password", {"password": "Secret12"}), ("query-vnc", {})]


@pytest.mark.parametrize("configured", [None, ""])
async def test_a_display_that_is_not_configured_is_the_usual_one(configured: str | None) -> None:
    monitor = Monitor(query_vnc={"service": "5900"})

    assert await display.protect_vnc(monitor, configured, "Secret12") == "127.0.0.1:0"


@pytest.mark.parametrize("failure", [qmp.QMPRefused("no VNC"), qmp.QMPLost("it has ended")])
async def test_a_password_that_could_not_be_set_is_an_error_that_does_not_tell_it(failure: Exception) -> None:
    with pytest.raises(DisplayError, match=r"no VNC|it has ended") as caught:
        await display.protect_vnc(Monitor(change_vnc_password=failure), None, "Secret12")

    assert "Secret12" not in str(caught.value)


async def test_a_screen_is_read_from_a_file_that_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "screen.tmp"

    assert await display.screen(Monitor(screendump=b"P6 and so on"), str(path)) == b"P6 and so on"
    assert not path.exists()


async def test_a_refusal_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "screen.tmp"
    path.write_bytes(b"half")

    with pytest.raises(DisplayError, match="no console"):
        await display.screen(Monitor(screendump=qmp.QMPRefused("no console")), str(path))

    assert not path.exists()


async def test_a_file_that_qemu_did_not_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DisplayError, match="cannot be read"):
        await display.screen(Monitor(), str(tmp_path / "screen.tmp"))


async def test_a_picture_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "screen.tmp"

    async def huge(_name: str, _arguments: Mapping[str, object]) -> object:
        with path.open("wb") as file:
            file.truncate(1 << 30)
        return {}

    with pytest.raises(DisplayError, match="larger than 100 MiB"):
        await display.screen(huge, str(path))
