import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.instance.sync.changes import Action, Change
from limavm.instance.sync.manifest import manifest
from limavm.instance.sync.writeback import Writeback
from tests.unit.instance.sync.box import Box, contents, write

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)

FILES = {"a": "a", "dir/b": "b", "dir/deep/c": "c"}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path, FILES)


def test_the_host_becomes_what_the_guest_is(box: Box) -> None:
    guest = box.guest
    write(guest / "a", "changed", 2_000_000_001)
    write(guest / "-new\nfile", "new")
    write(guest / "fresh" / "below" / "x", "x")
    (guest / "link").symlink_to("../anywhere")
    (guest / "empty").mkdir()
    shutil.rmtree(guest / "dir" / "deep")
    (guest / "dir" / "b").chmod(0o755)

    outcome = box.brought_back()

    assert box.host() == contents(guest)
    assert not outcome.conflicts
    assert not outcome.stayed
    assert (box.root / "a").stat().st_mtime_ns == 2_000_000_001
    assert (box.root / "dir" / "b").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("was", ["file", "dir", "link"])
@pytest.mark.parametrize("becomes", ["file", "dir", "link"])
def test_one_kind_becomes_another(tmp_path: Path, was: str, becomes: str) -> None:
    def make(path: Path, kind: str, text: str) -> None:
        if kind == "dir":
            write(path / "deep" / text, text)
        elif kind == "link":
            path.symlink_to(text)
        else:
            write(path, text, len(text))

    box = Box(tmp_path, {})
    make(box.root / "x", was, "one")
    shutil.copytree(box.root, box.guest, symlinks=True, dirs_exist_ok=True)
    box.base = manifest(str(box.root))
    if was == "dir":
        shutil.rmtree(box.guest / "x")
    else:
        (box.guest / "x").unlink()
    make(box.guest / "x", becomes, "other")

    box.brought_back()

    assert box.host() == contents(box.guest)


def test_what_appeared_on_the_host_meanwhile_stays_with_its_directory(box: Box) -> None:
    write(box.root / "dir" / "deep" / "mine", "mine")
    shutil.rmtree(box.guest / "dir")

    outcome = box.brought_back()

    assert box.host() == {"a": "a", "dir": "/", "dir/deep": "/", "dir/deep/mine": "mine"}
    assert set(outcome.stayed) == {"dir", "dir/deep"}


def test_what_the_host_has_changed_since_the_decision_stays(box: Box) -> None:
    write(box.guest / "a", "guest", 2)
    (box.guest / "dir" / "b").unlink()
    write(box.guest / "new", "guest")
    plan = box.fetched()
    write(box.root / "a", "host", 3)
    write(box.root / "dir" / "b", "host", 3)
    write(box.root / "new", "host")

    outcome = box.brought_back(plan)

    assert {"a": "host", "dir/b": "host", "new": "host"}.items() <= box.host().items()
    assert {change.path for change in outcome.conflicts} == {"a", "dir/b", "new"}
    assert outcome.done == 0


def test_a_link_that_took_the_place_of_a_directory_is_not_followed(box: Box, tmp_path: Path) -> None:
    write(box.guest / "dir" / "b", "guest", 2)
    write(box.guest / "dir" / "deep" / "new", "guest")
    plan = box.fetched()
    outside = tmp_path / "outside"
    (box.root / "dir").rename(outside)
    (box.root / "dir").symlink_to(outside)

    outcome = box.brought_back(plan)

    assert contents(outside) == {"b": "b", "deep": "/", "deep/c": "c"}
    assert {change.path for change in outcome.conflicts} == {"dir/b", "dir/deep/new"}


def test_a_file_is_replaced_and_never_written_into(box: Box) -> None:
    os.link(box.root / "a", box.root.parent / "backup")
    write(box.guest / "a", "guest", 2)

    box.brought_back()

    assert (box.root / "a").read_text() == "guest"
    assert (box.root.parent / "backup").read_text() == "a"


def test_no_file_becomes_setuid_by_coming_back(box: Box) -> None:
    write(box.guest / "new", "x")
    (box.guest / "new").chmod(0o6755)
    write(box.guest / "a", "changed", 2)
    (box.guest / "a").chmod(0o4711)

    box.brought_back()

    assert (box.root / "new").stat().st_mode & 0o7777 == 0o755
    assert (box.root / "a").stat().st_mode & 0o7777 == 0o711


def test_directories_of_a_guest_may_forbid_to_write(box: Box) -> None:
    write(box.guest / "closed" / "below" / "x", "x")
    (box.guest / "closed" / "below").chmod(0o555)
    (box.guest / "closed").chmod(0o555)

    box.brought_back()

    assert (box.root / "closed" / "below" / "x").read_text() == "x"
    assert (box.root / "closed").stat().st_mode & 0o777 == 0o555
    for path in (box.guest, box.root):
        (path / "closed").chmod(0o755)
        (path / "closed" / "below").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_what_the_host_forbids_leaves_each_file_old_or_new(box: Box) -> None:
    write(box.guest / "a", "guest", 2)
    write(box.guest / "dir" / "b", "guest", 2)
    plan = box.fetched()
    (box.root / "dir").chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            box.brought_back(plan)
        assert {"a": "guest", "dir/b": "b"}.items() <= box.host().items()
    finally:
        (box.root / "dir").chmod(0o700)


def test_a_moved_file_is_never_absent_from_both_places(box: Box) -> None:
    (box.guest / "a").rename(box.guest / "z")

    plan = box.fetched()

    assert [change.action for change in plan.changes] == [Action.DELETE, Action.ADD]
    seen = []

    class Watching(Writeback):
        def _attempt(self, change: Change, carry_out: Callable[[Change, int, str], bool]) -> None:
            super()._attempt(change, carry_out)
            seen.append(sorted(path.name for path in box.root.iterdir()))

    with Watching(str(box.root), str(box.staging)) as writeback:
        writeback.apply(plan.changes)
    assert seen == [["a", "dir", "z"], ["dir", "z"]]


def test_a_conflict_can_be_put_beside(box: Box) -> None:
    write(box.guest / "dir" / "b", "guest", 2)
    write(box.root / "dir" / "b", "host", 3)
    write(box.root / "dir" / "b.from-guest", "earlier")
    (box.guest / "a").unlink()
    (box.guest / "a").symlink_to("b")
    write(box.root / "a", "host", 3)
    plan = box.fetched()

    with Writeback(str(box.root), str(box.staging)) as writeback:
        names = [writeback.put_beside(change) for change in plan.conflicts]

    assert names == ["a.from-guest", "dir/b.from-guest.1"]
    host = box.host()
    assert (host["dir/b"], host["dir/b.from-guest"], host["dir/b.from-guest.1"]) == ("host", "earlier", "guest")
    assert (host["a"], host["a.from-guest"]) == ("host", "-> b")


def test_a_deletion_or_a_directory_cannot_be_put_beside(box: Box) -> None:
    (box.guest / "a").unlink()
    write(box.root / "a", "host", 3)
    (box.guest / "new").mkdir()
    write(box.root / "new", "host", 3)
    plan = box.fetched()

    with Writeback(str(box.root), str(box.staging)) as writeback:
        assert [writeback.put_beside(change) for change in plan.conflicts] == [None, None]


def test_overwriting_takes_the_host_as_it_was_seen(box: Box) -> None:
    write(box.guest / "a", "guest", 2)
    write(box.root / "a", "host", 3)
    plan = box.fetched()

    with Writeback(str(box.root), str(box.staging)) as writeback:
        outcome = writeback.apply(plan.conflicts)

    assert outcome.done == 1
    assert box.host()["a"] == "guest"


@pytest.mark.parametrize("kind", ["new", "instead of a file"])
def test_a_disk_that_gets_full_leaves_every_file_whole_and_a_second_try_goes_on(
    box: Box, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    write(box.guest / "dir" / "b", "changed", 2)
    if kind == "new":
        write(box.guest / "early" / "x", "x")
        (box.guest / "early").chmod(0o755)
        write(box.guest / "full" / "y", "y")
    else:
        write(box.root / "full", "a file", 2)
        shutil.copytree(box.root / "dir", box.guest / "full")
        box.base = manifest(str(box.root))
    (box.guest / "a").unlink()
    mkdir = os.mkdir

    def without_room(path: str, mode: int, *, dir_fd: int) -> None:
        # A directory takes a block; what is moved into place has its blocks already.
        if path != "early":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mkdir(path, mode, dir_fd=dir_fd)

    plan = box.fetched()
    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", without_room)
        with pytest.raises(OSError, match="No space"):
            box.brought_back(plan)
    left = box.host()
    shutil.rmtree(box.staging)
    again = box.fetched()
    outcome = box.brought_back(again)

    assert left["a"] == "a"
    assert left["dir/b"] == "changed"
    assert left.get("full") == (None if kind == "new" else "a file")
    assert not again.conflicts
    assert not outcome.conflicts
    assert box.host() == contents(box.guest)
