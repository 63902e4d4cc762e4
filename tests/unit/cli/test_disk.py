"""`limactl disk`."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.harness import Run


def test_a_disk_is_created_listed_resized_and_deleted(limactl: Run, home: Path) -> None:
    assert limactl("disk", "create", "data", "--size", "1GiB").code == 0

    assert limactl("disk", "list").out.split() == [
        *("NAME", "SIZE", "FORMAT", "DIR", "IN-USE-BY"),
        *("data", "1GiB", "qcow2", str(home / "_disks" / "data")),
    ]
    assert limactl("disk", "resize", "data", "--size", "2GiB").code == 0
    assert json.loads(limactl("disk", "ls", "--json").out) == {
        "name": "data",
        "size": 2 << 30,
        "format": "qcow2",
        "dir": str(home / "_disks" / "data"),
        "instance": "",
        "instanceDir": "",
        "mountPoint": "/mnt/lima-data",
    }
    assert limactl("disk", "rm", "data").code == 0
    assert "no disks" in limactl("disk", "list").message


def test_a_file_is_imported(limactl: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1024)

    assert limactl("disk", "import", "data", str(tmp_path / "file")).code == 0

    assert (home / "_disks" / "data" / "datadisk").read_bytes() == b"x" * 1024


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["create", "data"], "--size"),
        (["create", "data", "--size", "much"], "much"),
        (["create", "data", "--size", "0"], "0 bytes"),
        (["create", "a/b", "--size", "1"], "a/b"),
        (["create", "x" * 200, "--size", "1"], "longer"),
        (["create", "data", "--size", "1", "--format", "vmdk"], "vmdk"),
        (["import", "data", "/no/such/file"], "no such file"),
        (["resize", "nope", "--size", "1GiB"], "no disk 'nope'"),
        (["delete", "é"], "é"),
        (["create"], "exactly 1"),
    ],
)
def test_bad_input_gets_one_message_and_leaves_nothing(limactl: Run, home: Path, args: list[str], problem: str) -> None:
    done = limactl("disk", *args)

    assert done.code == 1
    assert problem in done.message
    assert not (home / "_disks").exists() or list((home / "_disks").iterdir()) == []


@pytest.mark.parametrize("command", ["delete", "unlock", "list"])
def test_a_missing_disk_is_a_warning(limactl: Run, command: str) -> None:
    done = limactl("disk", command, "nope")

    assert done.code == 0
    assert "level=warning" in done.err


def test_disks_are_completed(limactl: Run, home: Path) -> None:
    for name in ("data", "more"):
        limactl("disk", "create", name, "--size", "1MiB", "--format", "raw")

    assert limactl("__complete", "disk", "delete", "data", "").out == "more\n:4\n"
    assert limactl("__complete", "disk", "resize", "d").out == "data\n:4\n"
    assert limactl("__complete", "disk", "import", "data", "").out == ":0\n"
