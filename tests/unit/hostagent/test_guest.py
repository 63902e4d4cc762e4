"""The guest over ssh, with a local program in place of ssh."""

import asyncio
import os
from pathlib import Path

import pytest

from limavm.hostagent.guest import Guest, SSHTarget, listens

#: Understands as much of ssh's command line as is used: runs what stands after `--`.
SSH = """#!/bin/sh
echo "$@" >> "$SSH_LOG"
while [ $# -gt 0 ]; do
  case $1 in
  --) shift; exec "$@" ;;
  -N) echo connected; exec cat ;;
  esac
  shift
done
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SSH_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def guest(tmp_path: Path, port: int = 1) -> Guest:
    options = ("User=lima", "ControlMaster=auto", "ControlPath=x", "ControlPersist=yes")
    return Guest(SSHTarget(address="127.0.0.1", port=port, options=options, control_path=str(tmp_path / "ssh.sock")))


def test_the_command_line_names_port_and_address_before_the_command(tmp_path: Path) -> None:
    argv = guest(tmp_path, 4022).argv("uname", "-a")

    assert argv[0] == "ssh"
    assert argv[-6:] == ["-p", "4022", "127.0.0.1", "--", "uname", "-a"]
    assert "ControlMaster=auto" in argv


def test_without_the_master_the_control_options_are_switched_off(tmp_path: Path) -> None:
    argv = guest(tmp_path).argv("true", master=False)

    assert "ControlPath=none" in argv
    assert "ControlMaster=auto" not in argv


async def test_scripts_share_one_session_and_keep_their_status_and_output(tmp_path: Path, log: Path) -> None:
    async with guest(tmp_path).session() as session:
        first = await session.run("echo out; echo err >&2; exit 3", timeout=10)
        second = await session.run("cat; printf 'no newline'", timeout=10)

    assert (first.status, first.stdout) == (3, b"out\nerr\n")
    assert (second.status, second.stdout) == (0, b"no newline")
    assert len(log.read_text().splitlines()) == 1


async def test_a_session_that_ends_is_a_failure_of_ssh_and_the_next_script_gets_another(
    tmp_path: Path, log: Path
) -> None:
    async with guest(tmp_path).session() as session:
        broken = await session.run('kill "$PPID"', timeout=10)
        after = await session.run("true", timeout=10)

    assert broken.status == 255
    assert after.status == 0
    assert len(log.read_text().splitlines()) == 2


async def test_a_script_that_hangs_is_given_up(tmp_path: Path, log: Path) -> None:
    async with guest(tmp_path).session() as session:
        with pytest.raises(TimeoutError):
            await session.run("sleep 60", timeout=0.1)
        assert (await session.run("echo again", timeout=10)).stdout == b"again\n"


async def test_a_guest_that_floods_is_given_up(tmp_path: Path, log: Path) -> None:
    async with guest(tmp_path).session() as session:
        flooded = await session.run("yes", timeout=30)

    assert flooded.status == 255


async def test_the_master_connects_when_a_banner_is_there_and_comes_back_when_killed(tmp_path: Path, log: Path) -> None:
    async def banner(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-test\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(banner, "127.0.0.1", 0)
    async with server:
        one = guest(tmp_path, server.sockets[0].getsockname()[1])
        task = asyncio.create_task(one.supervise_master())
        async with asyncio.timeout(20):
            await one.connected.wait()
            await _until_lines(log, 1)
            # `cat` has no input, so the "master" has ended already, and another one follows.
            await _until_lines(log, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_connection_that_is_never_answered_does_not_delay_the_next(tmp_path: Path) -> None:
    accepted = 0

    async def late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        if accepted > 1:
            writer.write(b"SSH-2.0-test\r\n")
            await writer.drain()
        else:
            await _reader.read()
        writer.close()

    server = await asyncio.start_server(late, "127.0.0.1", 0)
    async with server, asyncio.timeout(3):
        await guest(tmp_path, server.sockets[0].getsockname()[1]).wait_for_banner()

    assert accepted == 2


async def _until_lines(log: Path, count: int) -> None:
    while not log.exists() or len(log.read_text().splitlines()) < count:
        await asyncio.sleep(0.01)


def test_nobody_listens_on_a_missing_or_stale_socket(tmp_path: Path) -> None:
    assert not listens(str(tmp_path / "none"))
    (tmp_path / "file").write_text("")
    assert not listens(str(tmp_path / "file"))
