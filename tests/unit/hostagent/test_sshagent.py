"""The link to the ssh agent, with a local program in place of ssh."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.hostagent.guest import Guest
from limavm.hostagent.master import SSHTarget
from limavm.hostagent.sshagent import keep_linked
from tests.fakes.programs import install

#: A "guest" that is this host with another /run.
SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
echo run >> "$GUEST/log"
sed "s#/run/#$GUEST/#g" | SSH_AUTH_SOCK=$AGENT "$@"
"""


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guest:
    install("ssh", SSH, tmp_path, monkeypatch)
    monkeypatch.setenv("GUEST", str(tmp_path))
    monkeypatch.setenv("AGENT", "/tmp/ssh-first/agent")
    return Guest(SSHTarget(address="127.0.0.1", port=1, options=(), control_path=str(tmp_path / "ssh.sock")))


async def test_each_connection_gets_its_link_once_the_directory_is_there(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = asyncio.create_task(keep_linked(guest))
    link = tmp_path / "host-services" / "ssh-auth.sock"
    async with asyncio.timeout(20):
        guest.master.connected.set()
        guest.master.disconnected.clear()
        await _until((tmp_path / "log").exists)
        link.parent.mkdir()
        await _until(lambda: os.path.islink(link) and os.readlink(link) == "/tmp/ssh-first/agent")

        monkeypatch.setenv("AGENT", "/tmp/ssh-second/agent")
        guest.master.disconnected.set()
        await _until(lambda: os.readlink(link) == "/tmp/ssh-second/agent")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_an_agent_on_the_host_the_log_says_so(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AGENT", "")
    guest.master.connected.set()
    guest.master.disconnected.clear()
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(keep_linked(guest))
        async with asyncio.timeout(20):
            await _until(lambda: "no ssh agent" in caplog.text)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert len((tmp_path / "log").read_text().splitlines()) == 1


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)
