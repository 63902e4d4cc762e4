"""The limit of sshd, with local programs in the place of ssh and sshd."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from limavm.hostagent.guest import Guest
from limavm.hostagent.master import SSHTarget
from limavm.hostagent.sshlimit import keep_raised, our_limit, wanted
from tests.fakes.programs import install

if sys.platform != "linux":
    pytest.skip("sshd's process is found in /proc of Linux", allow_module_level=True)

#: Has a process named as sshd's run the command, with a shell in between.
SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
sshd-session "$*"
"""
SSHD = """#!/bin/sh
ulimit -Sn $SOFT
ulimit -Hn ${HARD:-$(ulimit -Hn)}
sh -c "$1; exit \\$?"
status=$?
ulimit -Sn >> "$GUEST/limits"
exit $status
"""


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guest:
    install("sshd-session", SSHD, tmp_path, monkeypatch)
    install("ssh", SSH, tmp_path, monkeypatch)
    monkeypatch.setenv("GUEST", str(tmp_path))
    monkeypatch.setenv("SOFT", "200")
    return Guest(SSHTarget(address="127.0.0.1", port=1, options=(), control_path=str(tmp_path / "ssh.sock")))


@asynccontextmanager
async def kept_raised(guest: Guest) -> AsyncIterator[asyncio.Event]:
    """`keep_raised` at work, with a master; it is given the event that the guest is ready."""
    ready = asyncio.Event()
    guest.master.connected.set()
    guest.master.disconnected.clear()
    task = asyncio.create_task(keep_raised(guest, ready))
    try:
        async with asyncio.timeout(20):
            yield ready
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def limits(tmp_path: Path) -> list[str]:
    """The limit that sshd had at the end of each session."""
    path = tmp_path / "limits"
    return path.read_text().split() if path.exists() else []


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_the_limit_of_sshd_is_raised_for_each_master(guest: Guest, tmp_path: Path) -> None:
    async with kept_raised(guest) as ready:
        ready.set()
        await _until(lambda: len(limits(tmp_path)) == 1)

        guest.master.disconnected.set()
        await _until(lambda: len(limits(tmp_path)) > 1)

    assert limits(tmp_path)[:2] == [str(wanted(our_limit()))] * 2


@pytest.mark.parametrize(("ours", "sshd"), [(1 << 30, 16384), (20000, 16384), (16384, 16128), (4096, 3840), (200, 0)])
def test_sshd_runs_out_of_descriptors_before_the_master_does(ours: int, sshd: int) -> None:
    assert wanted(ours) == sshd


async def test_nothing_is_asked_of_a_guest_that_boots(guest: Guest, tmp_path: Path) -> None:
    async with kept_raised(guest):
        for _ in range(10):
            await asyncio.sleep(0)

    assert limits(tmp_path) == []


async def test_the_hard_limit_is_the_bound(guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARD", "700")
    async with kept_raised(guest) as ready:
        ready.set()
        await _until(lambda: limits(tmp_path) != [])

    assert limits(tmp_path) == ["700"]


async def test_a_higher_limit_stays(guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOFT", str(our_limit()))
    async with kept_raised(guest) as ready:
        ready.set()
        await _until(lambda: limits(tmp_path) != [])

    assert limits(tmp_path) == [str(our_limit())]


async def test_a_guest_without_prlimit_is_left_alone(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install("prlimit", "#!/bin/sh\necho not here >&2\nexit 127\n", tmp_path, monkeypatch)
    with caplog.at_level(logging.DEBUG):
        async with kept_raised(guest) as ready:
            ready.set()
            await _until(lambda: "not here" in caplog.text)

    assert limits(tmp_path) == ["200"]


async def test_a_session_that_is_not_of_sshd_is_no_error(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install("dropbear", SSHD, tmp_path, monkeypatch)
    install("ssh", SSH.replace("sshd-session", "dropbear"), tmp_path, monkeypatch)
    with caplog.at_level(logging.DEBUG):
        async with kept_raised(guest) as ready:
            ready.set()
            await _until(lambda: limits(tmp_path) != [])

    assert limits(tmp_path) == ["200"]
    assert "not raised" not in caplog.text
