"""What snapshots hold, in files that the real qemu-img and qemu-io have made."""

import shutil
import subprocess
from pathlib import Path

import pytest

from limavm.images.snapshotsize import SnapshotSize, snapshot_sizes

MIB = 1 << 20
CLUSTER = 1 << 16

needs_qemu = pytest.mark.skipif(
    not (shutil.which("qemu-img") and shutil.which("qemu-io")), reason="qemu-img and qemu-io are not installed"
)


def image(path: Path, *options: str) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, "64M"], check=True)
    return path


def wrote(path: Path, start: int, length: int, pattern: int = 7) -> None:
    subprocess.run(
        ["qemu-io", "-f", "qcow2", "-c", f"write -P {pattern} {start} {length}", path], check=True, capture_output=True
    )


def took(path: Path, tag: str) -> None:
    subprocess.run(["qemu-img", "snapshot", "-c", tag, path], check=True)


def sizes(path: Path) -> dict[str, SnapshotSize]:
    return {size.tag: size for size in snapshot_sizes(str(path))}


@needs_qemu
@pytest.mark.parametrize("options", [[], ["-o", "compat=0.10"], ["-o", "extended_l2=on"]])
def test_a_snapshot_holds_what_the_disk_had_and_shares_what_it_still_has(tmp_path: Path, options: list[str]) -> None:
    disk = image(tmp_path / "disk", *options)
    wrote(disk, 0, 8 * MIB)
    took(disk, "first")
    wrote(disk, 0, 2 * MIB, 9)
    took(disk, "second, with blanks")

    found = sizes(disk)

    assert list(found) == ["first", "second, with blanks"]
    # Some clusters are tables.
    assert 8 * MIB < found["first"].occupied <= 8 * MIB + 4 * CLUSTER
    assert 2 * MIB < found["first"].own <= 2 * MIB + 4 * CLUSTER
    assert found["second, with blanks"].own <= 2 * CLUSTER
    assert 8 * MIB < found["second, with blanks"].occupied <= 8 * MIB + 4 * CLUSTER


@needs_qemu
def test_what_two_snapshots_have_is_nobodys_own(tmp_path: Path) -> None:
    disk = image(tmp_path / "disk")
    wrote(disk, 0, 4 * MIB)
    took(disk, "a")
    took(disk, "b")
    wrote(disk, 0, 4 * MIB, 9)

    found = sizes(disk)

    assert found["a"].own <= 2 * CLUSTER
    assert found["b"].own <= 2 * CLUSTER


@needs_qemu
def test_a_disk_without_snapshots_has_none(tmp_path: Path) -> None:
    assert snapshot_sizes(str(image(tmp_path / "disk"))) == []


@needs_qemu
@pytest.mark.parametrize("at", [20, 36, 40, 60, 64, 65600])
def test_damage_makes_no_trouble(tmp_path: Path, at: int) -> None:
    disk = image(tmp_path / "disk")
    wrote(disk, 0, MIB)
    took(disk, "a")
    with open(disk, "rb+") as file:
        file.seek(at)
        file.write(b"\xff" * 8)

    assert len(snapshot_sizes(str(disk))) <= 1


@needs_qemu
def test_a_file_that_is_cut_off_makes_no_trouble(tmp_path: Path) -> None:
    disk = image(tmp_path / "disk")
    wrote(disk, 0, MIB)
    took(disk, "a")
    whole = disk.read_bytes()

    for length in (0, 3, 71, 104, CLUSTER, 3 * CLUSTER + 7, len(whole) - 1):
        disk.write_bytes(whole[:length])
        assert len(snapshot_sizes(str(disk))) <= 1


def test_a_raw_disk_has_none(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(100_000))

    assert snapshot_sizes(str(tmp_path / "disk")) == []


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        snapshot_sizes(str(tmp_path / "disk"))
