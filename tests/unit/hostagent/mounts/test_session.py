"""What is heard from the two ends of a mount."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE

import pytest

from limavm.host import aprocess
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.session import Session
from limavm.model.config import Mount

if sys.platform == "win32":
    pytest.skip("unix programs", allow_module_level=True)

FULL = "limavm.sftp: a request failed: No space left on device"


@pytest.fixture
def entry() -> Entry:
    return Entry(Mount(location="/a", mount_point="/m"), "reverse-sshfs", lambda: None)


async def ended(entry: Entry, server: str) -> str:
    """How a mount ends whose server is that shell script."""
    ssh = await aprocess.start(["sh", "-c", "exec cat"], stdin=PIPE)
    async with aprocess.ended(ssh), asyncio.timeout(30):
        child = await aprocess.start(["sh", "-c", server])
        async with aprocess.ended(child):
            return await Session(entry, ssh, child, "LIMA-").ended()


async def test_what_the_server_says_of_the_host_is_in_the_log(entry: Entry, caplog: pytest.LogCaptureFixture) -> None:
    reason = await ended(entry, f"echo '{FULL}' >&2; exit 1")

    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == 'The server of "/a" on "/m": a request failed: No space left on device'
    assert reason == "the SFTP server has ended with status 1: a request failed: No space left on device"


async def test_a_server_that_says_the_same_for_ever_does_not_fill_the_log(
    entry: Entry, caplog: pytest.LogCaptureFixture
) -> None:
    await ended(entry, "i=0; while [ $i -lt 3000 ]; do echo no; i=$((i + 1)); done >&2")

    assert len(caplog.records) == 100


async def test_what_it_says_while_the_guest_shuts_down_is_no_news(
    entry: Entry, caplog: pytest.LogCaptureFixture
) -> None:
    entry.leaving = True
    with caplog.at_level(logging.INFO):
        await ended(entry, f"echo '{FULL}' >&2; exit 1")

    assert caplog.records == []
