"""The ssh control master, with a local program in place of ssh."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from limavm.hostagent.master import Master, SSHTarget, open_unix
from tests.fakes.mux import FakeMaster
from tests.fakes.programs import install

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

#: A master that lasts until it is killed.
SSH = """#!/bin/sh
echo "$@" >> "$SSH_LOG"
echo connected
exec sleep 600
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install("ssh", SSH, tmp_path, monkeypatch)
    monkeypatch.setenv("SSH_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def target(tmp_path: Path, port: int = 1) -> SSHTarget:
    options = ("User=lima", "ControlMaster=auto", "ControlPath=x", "ControlPersist=yes")
    return SSHTarget(address="127.0.0.1", port=port, options=options, control_path=str(tmp_path / "ssh.sock"))


@contextlib.asynccontextmanager
async def supervised(tmp_path: Path) -> AsyncIterator[tuple[Master, "asyncio.Queue[bool]"]]:
    """A master that is supervised, beside an ssh server that does no more than greet."""

    async def banner(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-test\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(banner, "127.0.0.1", 0)
    told: asyncio.Queue[bool] = asyncio.Queue()
    async with server, asyncio.timeout(20):
        master = Master(target(tmp_path, server.sockets[0].getsockname()[1]))
        master.on_change(told.put_nowait)
        task = asyncio.create_task(master.supervise())
        try:
            yield master, told
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def test_the_command_line_names_port_and_address_before_the_command(tmp_path: Path) -> None:
    argv = target(tmp_path, 4022).argv("uname", "-a")

    assert argv[0] == "ssh"
    assert argv[-6:] == ["-p", "4022", "127.0.0.1", "--", "uname", "-a"]
    assert "ControlMaster=auto" in argv


def test_without_the_master_the_control_options_are_switched_off(tmp_path: Path) -> None:
    argv = target(tmp_path).argv("true", master=False)

    assert "ControlPath=none" in argv
    assert "ControlMaster=auto" not in argv


async def test_a_master_that_ends_is_told_and_comes_back(tmp_path: Path, log: Path) -> None:
    (tmp_path / "bin" / "ssh").write_text('#!/bin/sh\necho "$@" >> "$SSH_LOG"\necho connected\n')
    async with supervised(tmp_path) as (_, told):
        assert [await told.get() for _ in range(3)] == [True, False, True]

    assert len(log.read_text().splitlines()) >= 2


async def test_a_master_whose_guest_went_away_is_given_up_on_request(tmp_path: Path, log: Path) -> None:
    async with supervised(tmp_path) as (master, told):
        assert await told.get()
        master.reconnect()
        assert [await told.get() for _ in range(2)] == [False, True]

    assert len(log.read_text().splitlines()) == 2


async def test_a_master_of_somebody_else_is_used_until_it_hangs_up(tmp_path: Path, log: Path) -> None:
    peers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    theirs = await asyncio.start_unix_server(lambda _, writer: peers.put_nowait(writer), tmp_path / "ssh.sock")
    async with supervised(tmp_path) as (master, told):
        assert await told.get()
        assert master.connected.is_set()
        assert not log.exists()
        theirs.close()
        (await peers.get()).close()
        assert [await told.get() for _ in range(2)] == [False, True]

    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize("how", ["it ends", "its guest went away"])
async def test_an_ssh_that_was_first_at_the_socket_is_the_master_although_ours_runs_as_well(
    how: str, tmp_path: Path, log: Path
) -> None:
    """OpenSSH says `ControlSocket already exists, disabling multiplexing`, and goes on."""
    late = f"while [ ! -S {tmp_path}/ssh.sock ]; do sleep 0.01; done"
    (tmp_path / "bin" / "ssh").write_text(SSH.replace("echo connected", f"{late}; echo connected"))
    async with supervised(tmp_path) as (master, told):
        await _until_lines(log, 1)
        theirs = FakeMaster(str(tmp_path / "ssh.sock"))
        async with theirs.serving():
            assert await told.get()
            if how == "its guest went away":
                master.reconnect()
                assert not await told.get()
                await _until(lambda: "order 0x10000005" in theirs.log)  # MUX_C_TERMINATE
        if how == "it ends":
            assert not await told.get()
            await _until_lines(log, 2)


async def test_a_refused_login_is_tried_again(tmp_path: Path, log: Path) -> None:
    (tmp_path / "bin" / "ssh").write_text('#!/bin/sh\necho no >> "$SSH_LOG"\necho denied >&2; exit 255\n')
    async with supervised(tmp_path) as (master, told):
        await _until_lines(log, 2)
        assert told.empty()
        assert not master.connected.is_set()


async def test_a_master_of_somebody_else_whose_guest_went_away_is_ended_on_request(tmp_path: Path, log: Path) -> None:
    # As the agent before us leaves one, that was killed.
    async with FakeMaster(str(tmp_path / "ssh.sock")).serving() as theirs, supervised(tmp_path) as (master, told):
        assert await told.get()
        master.reconnect()
        assert [await told.get() for _ in range(2)] == [False, True]

    assert theirs.log == ["order 0x10000005"]  # MUX_C_TERMINATE
    assert len(log.read_text().splitlines()) == 1


async def test_a_login_that_hangs_is_given_up_on_request(tmp_path: Path, log: Path) -> None:
    (tmp_path / "bin" / "ssh").write_text('#!/bin/sh\necho "$@" >> "$SSH_LOG"\nexec sleep 600\n')
    async with supervised(tmp_path) as (master, told):
        await _until_lines(log, 1)
        master.reconnect()
        await _until_lines(log, 2)

    assert told.empty()


async def test_a_master_that_never_stops_to_complain_is_listened_to(tmp_path: Path, log: Path) -> None:
    complaints = "head -c 1000000 /dev/zero >&2"
    (tmp_path / "bin" / "ssh").write_text(f'#!/bin/sh\necho connected\n{complaints}\necho end >> "$SSH_LOG"\n')
    async with supervised(tmp_path) as (_, told):
        assert [await told.get() for _ in range(3)] == [True, False, True]

    assert log.read_text().startswith("end\n")


async def _until_lines(log: Path, count: int) -> None:
    await _until(lambda: log.exists() and len(log.read_text().splitlines()) >= count)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_nobody_listens_on_a_missing_or_stale_socket(tmp_path: Path) -> None:
    assert await open_unix(str(tmp_path / "none")) is None
    (tmp_path / "file").write_text("")
    assert await open_unix(str(tmp_path / "file")) is None


@pytest.mark.parametrize(("leaves", "expected"), [(False, "INFO"), (True, "DEBUG")])
async def test_the_goodbye_of_a_guest_that_is_shut_down_is_no_news(
    tmp_path: Path, log: Path, caplog: pytest.LogCaptureFixture, *, leaves: bool, expected: str
) -> None:
    (tmp_path / "bin" / "ssh").write_text("#!/bin/sh\necho connected\n")
    with caplog.at_level(logging.DEBUG, "limavm.hostagent.master"):
        async with supervised(tmp_path) as (master, told):
            if leaves:
                master.leave()
            assert [await told.get() for _ in range(3)] == [True, False, True]

    levels = {record.levelname for record in caplog.records if "has ended" in record.getMessage()}
    assert levels == {expected}
