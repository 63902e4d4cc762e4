"""Snapshots of a disk that no machine has, by the real qemu-img."""

from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host.process import run
from limavm.images import snapshots


@pytest.fixture
def disk(tmp_path: Path) -> str:
    path = str(tmp_path / "disk")
    run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1M"])
    return path


def test_a_snapshot_is_made_listed_applied_and_deleted(disk: str) -> None:
    assert snapshots.table(disk) == ""

    snapshots.create(disk, "one")
    snapshots.apply(disk, "one")

    head, row = snapshots.table(disk).splitlines()
    assert (head.split()[1], row.split()[1]) == ("TAG", "one")
    snapshots.delete(disk, "one")
    assert snapshots.table(disk) == ""


def test_a_tag_is_given_once(disk: str) -> None:
    snapshots.create(disk, "one")

    with pytest.raises(UserError, match="already"):
        snapshots.create(disk, "one")

    assert list(snapshots.tags(disk)) == ["one"]


def test_a_tag_that_is_the_id_of_another_snapshot_means_the_tag(disk: str) -> None:
    snapshots.create(disk, "2")
    snapshots.create(disk, "other")

    run(["qemu-io", "-f", "qcow2", "-c", "write -P 1 0 512", disk])
    snapshots.create(disk, "1")

    snapshots.apply(disk, "1")
    assert b"verification failed" not in run(["qemu-io", "-f", "qcow2", "-c", "read -P 1 0 512", disk])
    snapshots.delete(disk, "2")

    assert list(snapshots.tags(disk)) == ["other", "1"]


def test_an_unknown_tag_is_told(disk: str) -> None:
    for act in (snapshots.apply, snapshots.delete):
        with pytest.raises(UserError, match="no snapshot"):
            act(disk, "nope")


def test_a_raw_disk_and_none_have_no_snapshots(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(4096))

    with pytest.raises(UserError, match="raw"):
        snapshots.create(str(tmp_path / "raw"), "one")
    with pytest.raises(UserError, match="no disk"):
        snapshots.create(str(tmp_path / "nothing"), "one")
