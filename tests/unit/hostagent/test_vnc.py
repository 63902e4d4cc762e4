"""The VNC display: its password and its files, whoever takes the machine over."""

import asyncio
import contextlib
import logging
import string
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from limavm.driver import DisplayError
from limavm.hostagent.vnc import VNCDisplay, forget, new_password
from tests.fakes.machine import FakeMachine


@contextlib.asynccontextmanager
async def protected(vm: FakeMachine, directory: Path) -> AsyncIterator[None]:
    task = asyncio.create_task(VNCDisplay(vm, str(directory)).run())
    try:
        await until(lambda: vm.passwords or vm.display_failure)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def test_a_password_has_eight_different_characters_of_which_two_are_digits() -> None:
    passwords = {new_password() for _ in range(200)}

    assert len(passwords) == 200
    for password in passwords:
        assert len(set(password)) == len(password) == 8
        assert sum(character in string.digits for character in password) == 2
        assert set(password) <= {*string.ascii_letters, *string.digits}


async def test_the_files_tell_where_the_display_is_and_its_password_and_are_the_users_own(tmp_path: Path) -> None:
    vm = FakeMachine()

    async with protected(vm, tmp_path):
        display, password = tmp_path / "vncdisplay", tmp_path / "vncpassword"
        await until(display.exists)

    assert display.read_text() == "127.0.0.1:3"
    assert [password.read_text()] == vm.passwords
    assert {path.stat().st_mode & 0o777 for path in (display, password)} == {0o600}


async def test_the_password_stays_when_a_host_agent_takes_over(tmp_path: Path) -> None:
    (tmp_path / "vncpassword").write_text("Aa0Bb1Cc")
    vm = FakeMachine()

    async with protected(vm, tmp_path):
        assert vm.passwords == ["Aa0Bb1Cc"]


@pytest.mark.parametrize("text", ["", "short", "Aa0Bb1Cc\n", "much longer than eight", "a b c d ", "äöü"])
async def test_a_file_that_is_no_password_of_ours_is_replaced(text: str, tmp_path: Path) -> None:
    (tmp_path / "vncpassword").write_text(text)
    vm = FakeMachine()

    async with protected(vm, tmp_path):
        await until((tmp_path / "vncdisplay").exists)

    assert vm.passwords != [text]
    assert (tmp_path / "vncpassword").read_text() == vm.passwords[0]


async def test_a_hypervisor_that_was_started_again_is_given_the_password_again(tmp_path: Path) -> None:
    vm = FakeMachine()

    async with protected(vm, tmp_path):
        for callback in vm.told["on_change"]:
            callback(None)
        await until(lambda: len(vm.passwords) == 2)

    assert vm.passwords[0] == vm.passwords[1]


async def test_a_display_without_a_password_is_told_and_has_no_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vm = FakeMachine()
    vm.display_failure = DisplayError("QEMU refused")

    with caplog.at_level(logging.WARNING):
        async with protected(vm, tmp_path):
            await until(lambda: caplog.messages)

    assert "Nobody can use the VNC display yet: QEMU refused" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_when_the_run_is_over(tmp_path: Path) -> None:
    for name in ("vncdisplay", "vncpassword", "disk"):
        (tmp_path / name).touch()

    forget(str(tmp_path))
    forget(str(tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == ["disk"]
