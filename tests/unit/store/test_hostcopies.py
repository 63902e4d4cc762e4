"""What `deleteOnStop` deletes."""

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.hostagent.mounts.record import Added, Record
from limavm.model.config import Config, CopyToHost, Mount
from limavm.store.hostcopies import delete_copies
from tests.unit.hostagent.plans import CONFIG

if sys.platform == "win32":
    pytest.skip("guests write to no disks of Windows", allow_module_level=True)


def config(*rules: CopyToHost) -> Config:
    return replace(CONFIG, copy_to_host=rules)


def rule(host: Path, *, delete: bool) -> CopyToHost:
    return CopyToHost(guest="/x", host=str(host), delete_on_stop=delete)


def test_only_copies_that_are_to_go_are_deleted(tmp_path: Path) -> None:
    gone, kept = tmp_path / "gone", tmp_path / "kept"
    gone.touch()
    kept.touch()

    delete_copies(
        config(rule(gone, delete=True), rule(kept, delete=False), rule(tmp_path / "never", delete=True)), str(tmp_path)
    )

    assert not gone.exists()
    assert kept.exists()


def test_nothing_is_deleted_through_a_link_that_a_guest_may_have_planted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "link").symlink_to(tmp_path / "outside")

    delete_copies(config(rule(tmp_path / "dev" / "link" / "file", delete=True)), str(tmp_path / "dev"))

    assert (tmp_path / "outside" / "file").exists()
    assert "not followed" in caplog.text


def test_a_directory_that_was_mounted_while_it_ran_is_not_trusted_either(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("outside", "dev", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "outside")
    mount = Mount(location=str(tmp_path / "shared"), mount_point="/srv", writable=True)
    record = Record(str(tmp_path / "dev" / "mounts.json"), "token")
    record.store((Added(mount=mount, type="reverse-sshfs"),), ())

    delete_copies(config(rule(tmp_path / "shared" / "link" / "file", delete=True)), str(tmp_path / "dev"))

    assert (tmp_path / "outside" / "file").exists()
    assert "not followed" in caplog.text


def test_a_directory_that_was_taken_away_again_is_not_trusted_either(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("outside", "dev", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "outside")
    Record(str(tmp_path / "dev" / "mounts.json"), "token").store((), (), (str(tmp_path / "shared"),))

    delete_copies(config(rule(tmp_path / "shared" / "link" / "file", delete=True)), str(tmp_path / "dev"))

    assert (tmp_path / "outside" / "file").exists()
    assert "not followed" in caplog.text


def test_a_damaged_record_of_mounts_hinders_nothing(tmp_path: Path) -> None:
    (tmp_path / "mounts.json").write_bytes(b"\xff[")
    (tmp_path / "copy").touch()

    delete_copies(config(rule(tmp_path / "copy", delete=True)), str(tmp_path))

    assert not (tmp_path / "copy").exists()


def test_a_copy_that_cannot_be_deleted_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "directory").mkdir()

    delete_copies(config(rule(tmp_path / "directory", delete=True)), str(tmp_path))

    assert "cannot be deleted" in caplog.text
