"""What files take, seen on real files; what the kernel tells of shared stretches, on its own format."""

import os
import struct
import sys
from pathlib import Path

import pytest

from limavm.host.files import _reflink
from limavm.host.space import parsed, shared_stretches, spaces
from limavm.model.space import Pools

if sys.platform == "win32":
    pytest.skip("st_blocks", allow_module_level=True)

MIB = 1 << 20


def test_a_hole_takes_nothing(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(100 * MIB)
        file.write(os.urandom(MIB))
        os.fsync(file.fileno())

    (found,) = spaces(str(tmp_path / "sparse"))

    assert MIB <= found.size < 2 * MIB


def test_directories_and_all_below_are_counted_and_links_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(os.urandom(MIB))
    thing = tmp_path / "thing"
    (thing / "deep").mkdir(parents=True)
    (thing / "deep" / "file").write_bytes(os.urandom(MIB))
    (thing / "link").symlink_to(tmp_path / "outside")
    (thing / "directories").symlink_to(tmp_path)

    found = spaces(str(thing))

    inodes = {one.inode for one in found}
    assert len(found) == 5
    assert (thing / "deep" / "file").stat().st_ino in inodes
    assert (tmp_path / "outside").stat().st_ino not in inodes


def test_names_of_one_file_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(MIB))
    os.link(tmp_path / "a", tmp_path / "b")

    first, second = spaces(str(tmp_path / "a")) + spaces(str(tmp_path / "b"))

    assert first == second
    assert first.links == 2


@pytest.mark.parametrize("name", ["missing", "pipe", "directory", "link"])
def test_what_is_no_file_has_no_stretches(name: str, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("pipes with names")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("missing")

    assert shared_stretches(str(tmp_path / name)) == []


def test_what_is_missing_takes_nothing(tmp_path: Path) -> None:
    assert spaces(str(tmp_path / "missing")) == []


def test_a_clone_shares_its_stretches_where_the_file_system_can(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(2 * MIB))
    with open(tmp_path / "a", "rb") as source, open(tmp_path / "b", "wb") as target:
        if not _reflink(source.fileno(), target.fileno()):
            pytest.skip("this file system shares nothing")
        os.fsync(target.fileno())

    pools = Pools([spaces(str(tmp_path / name)) for name in "ab"])

    assert pools.total() < 3 * MIB
    assert pools.part(0).own < MIB
    assert pools.freed([0, 1]) >= 2 * MIB


def answer(*extents: tuple[int, int, int, int], room: int = 500) -> bytes:
    head = struct.pack("=QQIIII", 0, 0, 0, len(extents), room, 0)
    body = b"".join(struct.pack("=QQQ16xI12x", *extent) for extent in extents)
    return head + body + bytes(56)


def test_the_kernels_extents_are_read_in_their_order() -> None:
    extents = [(0, 4096, 8192, 0x2000), (8192, 1 << 40, 4096, 0x1)]

    assert parsed(answer(*extents)) == extents


def test_no_more_extents_are_read_than_there_are() -> None:
    assert parsed(answer()) == []
    assert parsed(answer((0, 1, 2, 3), (2, 3, 4, 5), room=1)) == [(0, 1, 2, 3)]
