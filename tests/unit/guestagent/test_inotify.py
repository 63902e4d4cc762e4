import logging
import os
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from limavm.guestagent.inotify import touch
from limavm.wire.guestservice_pb2 import Inotify

WHEN = Timestamp(seconds=1_700_000_000, nanos=123_456_789)


async def test_an_existing_file_gets_the_times_of_the_host(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()

    await touch(Inotify(mount_path=str(file), time=WHEN))

    assert file.stat().st_mtime_ns == file.stat().st_atime_ns == 1_700_000_000_123_456_789


@pytest.mark.skipif(os.utime not in os.supports_follow_symlinks, reason="a guest is Linux")
async def test_what_a_link_leads_to_stays_as_it_is(tmp_path: Path) -> None:
    file, link = tmp_path / "roots", tmp_path / "link"
    file.touch()
    before = file.stat().st_mtime_ns
    link.symlink_to(file)

    await touch(Inotify(mount_path=str(link), time=WHEN))

    assert file.stat().st_mtime_ns == before
    assert link.lstat().st_mtime_ns == 1_700_000_000_123_456_789


async def test_a_file_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    await touch(Inotify(mount_path=str(tmp_path / "none"), time=WHEN))

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("", 1), ("relative", 1), ("/a\0b", 1), ("/" + "x" * 5000, 1), ("/dev/null/x", 1), ("/dev/null", -1)],
)
async def test_what_is_wrong_is_logged_and_skipped(path: str, seconds: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await touch(Inotify(mount_path=path, time=Timestamp(seconds=seconds)))

    assert caplog.records
    assert len(caplog.text) < 500
