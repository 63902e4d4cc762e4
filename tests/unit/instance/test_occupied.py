"""What is counted, where, and how often."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.images.cache import entry_dir
from limavm.instance.occupied import Item, Kind, disk_names, things, usage

MIB = 1 << 20

if sys.platform == "win32":
    pytest.skip("st_blocks", allow_module_level=True)


def filled(path: Path, size: int = MIB) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(os.urandom(size))
        os.fsync(file.fileno())
    return path


def the(items: tuple[Item, ...], name: str) -> Item:
    (found,) = (item for item in items if item.name == name)
    return found


def test_there_may_be_nothing(home: Path) -> None:
    assert usage().items == ()
    assert usage().total == 0
    assert disk_names() == []


def test_instances_disks_leftovers_and_the_cache_are_listed(home: Path) -> None:
    for name in ("web", "db", "_config", "_disks/data", ".gone.999999999.deleting", f".here.{os.getpid()}.creating"):
        (home / name).mkdir(parents=True)
    filled(Path(entry_dir("https://a.test/x.img")) / "data")

    assert [(thing.kind, thing.name) for thing in things()] == [
        (Kind.INSTANCE, "db"),
        (Kind.INSTANCE, "web"),
        (Kind.DISK, "data"),
        (Kind.LEFTOVER, ".gone.999999999.deleting"),
        (Kind.DOWNLOAD, Path(entry_dir("https://a.test/x.img")).name),
    ]


def test_an_image_of_the_cache_that_an_instance_links_is_counted_once_and_not_prunable(home: Path) -> None:
    image = filled(Path(entry_dir("https://a.test/x.img")) / "data", 2 * MIB)
    filled(Path(entry_dir("https://a.test/y.img")) / "data", 3 * MIB)
    filled(home / "dev" / "disk")
    os.link(image, home / "dev" / "basedisk")

    found = usage()

    dev = the(found.items, "dev")
    assert 3 * MIB <= dev.occupied < 4 * MIB
    assert 2 * MIB <= dev.shared < 3 * MIB
    assert MIB <= dev.own < 2 * MIB
    assert dev.occupied == dev.shared + dev.own
    assert 6 * MIB <= found.total < 7 * MIB
    assert 3 * MIB <= found.prunable < 4 * MIB


def test_of_an_image_that_nobody_uses_any_more_prune_frees_all(home: Path) -> None:
    image = filled(Path(entry_dir("https://a.test/x.img")) / "data")
    os.link(image, image.with_name("decompressed"))

    assert MIB <= usage().prunable < 2 * MIB


def test_with_names_only_these_are_shown_and_all_are_looked_at(home: Path) -> None:
    filled(home / "web" / "basedisk")
    (home / "db").mkdir()
    os.link(home / "web" / "basedisk", home / "db" / "basedisk")
    filled(home / "_disks" / "data" / "datadisk")
    filled(home / "other" / "disk")

    found = usage(["db", "data", "nope"])

    assert [item.name for item in found.items] == ["db", "data"]
    assert the(found.items, "db").shared >= MIB
    assert 2 * MIB <= found.total < 3 * MIB


@pytest.mark.parametrize("names", [None, ["dev"]])
def test_snapshots_are_shown_below_their_instance_and_counted_with_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str] | None
) -> None:
    # Not the stand-in that other tests want.
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[2])
    if not shutil.which("qemu-io"):
        pytest.skip("qemu-io is not installed")
    (home / "dev").mkdir()
    disk = str(home / "dev" / "disk")
    for argv in (
        ["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"],
        ["qemu-io", "-c", "write 0 4M", disk],
        ["qemu-img", "snapshot", "-c", "clean", disk],
        ["qemu-io", "-c", "write 0 1M", disk],
    ):
        subprocess.run(argv, check=True, capture_output=True)

    found = usage(names)

    assert [(item.kind, item.name) for item in found.items] == [
        (Kind.INSTANCE, "dev"),
        (Kind.SNAPSHOT, "dev/clean"),
    ]
    snapshot = the(found.items, "dev/clean")
    assert 4 * MIB < snapshot.occupied < 5 * MIB
    assert MIB < snapshot.own < 2 * MIB
    assert found.total == the(found.items, "dev").occupied
