"""The guest over ssh, with a local program in place of ssh."""

from pathlib import Path

import pytest

from limavm.hostagent.guest import Guest
from limavm.hostagent.master import SSHTarget
from tests.fakes.programs import install

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
    install("ssh", SSH, tmp_path, monkeypatch)
    monkeypatch.setenv("SSH_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def guest(tmp_path: Path, port: int = 1) -> Guest:
    options = ("User=lima", "ControlMaster=auto", "ControlPath=x", "ControlPersist=yes")
    return Guest(SSHTarget(address="127.0.0.1", port=port, options=options, control_path=str(tmp_path / "ssh.sock")))


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
