"""`mounts.json`: what an agent that takes a run over learns of its mounts."""

import logging
from pathlib import Path

import pytest

from limavm.hostagent.mounts.record import Added, Changes, Record
from limavm.model.config import Mount

ADDED = Added(mount=Mount(location="/a", mount_point="/b", writable=True), type="reverse-sshfs")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mounts.json"


def test_what_was_added_and_removed_comes_back_in_the_same_run(path: Path) -> None:
    Record(str(path), "boot-1").store((ADDED,), ("/c",))

    assert Record(str(path), "boot-1").load() == Changes(boot_token="boot-1", added=(ADDED,), removed=("/c",))


def test_of_an_earlier_run_nothing_comes_back(path: Path) -> None:
    Record(str(path), "boot-1").store((ADDED,), ("/c",))

    assert Record(str(path), "boot-2").load() == Changes(boot_token="boot-2")


def test_without_changes_there_is_no_file(path: Path) -> None:
    record = Record(str(path), "boot-1")
    record.store((ADDED,), ())
    record.store((), ())

    assert not path.exists()
    assert record.load() == Changes(boot_token="boot-1")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"bootToken": 1}', b"\xff\xfe", b'{"bootToken": "boot-1", "a']
)
def test_a_damaged_file_is_told_and_left_out(path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(content)

    assert Record(str(path), "boot-1").load() == Changes(boot_token="boot-1")
    assert str(path) in caplog.text


def test_a_record_that_cannot_be_written_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Record(str(path / "not" / "there"), "boot-1").store((ADDED,), ())

    assert "cannot be recorded" in caplog.text
