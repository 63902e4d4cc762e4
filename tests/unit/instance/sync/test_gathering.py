import os
import sys
from pathlib import Path

import pytest

from limavm.instance.sync.changes import Action
from limavm.instance.sync.gathering import gathered, guest_tree
from limavm.instance.sync.listing import Listing
from limavm.instance.sync.manifest import Entry, Kind, manifest
from tests.unit.instance.sync.box import MUNGED, Box, write

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)

ONE, TWO = Entry(kind=Kind.FILE, size=1, mtime_ns=1), Entry(kind=Kind.FILE, size=1, mtime_ns=2)


def test_what_was_not_fetched_is_as_on_the_host() -> None:
    listing = Listing(paths=frozenset({"fetched", "same", "just gone"}))

    tree = guest_tree({"just gone": ONE}, {"same": ONE, "fetched": ONE, "unlisted": ONE}, {"fetched": TWO}, listing)

    assert tree == {"fetched": TWO, "same": ONE, "just gone": ONE}


def test_links_lead_again_to_where_the_guest_had_them_lead() -> None:
    fetched = {"link": Entry(kind=Kind.LINK, target=f"{MUNGED}/etc/passwd")}

    tree = guest_tree({}, {}, fetched, Listing(paths=frozenset(fetched)))

    assert tree["link"].target == "/etc/passwd"


def test_a_file_that_was_touched_has_another_time_and_no_other_content(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "text", "b": "text"})
    os.utime(box.guest / "a", ns=(5, 5))
    write(box.guest / "b", "TEXT", 5)

    found = box.fetched()

    assert [change.action for change in found.changes] == [Action.METADATA, Action.MODIFY]
    box.brought_back(found)
    assert (box.root / "a").stat().st_mtime_ns == 5


def test_the_same_text_on_both_sides_is_no_conflict(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "old"})
    write(box.guest / "a", "new", 5)
    write(box.root / "a", "new", 6)

    assert not box.fetched()


def test_the_same_text_with_another_mode_is_one(tmp_path: Path) -> None:
    box = Box(tmp_path, {"a": "old"})
    write(box.guest / "a", "new", 5)
    (box.guest / "a").chmod(0o700)
    write(box.root / "a", "new", 6)

    assert [change.path for change in box.fetched().conflicts] == ["a"]


def test_a_staging_directory_inside_is_not_part_of_the_tree(tmp_path: Path) -> None:
    write(tmp_path / "a", "a")
    base = manifest(str(tmp_path))
    staging = tmp_path / ".lima-sync-x"
    write(staging / "b", "b")

    found = gathered(base, str(tmp_path), str(staging), Listing(paths=frozenset({"a", "b"})))

    assert [(change.path, change.action) for change in found.changes] == [("b", Action.ADD)]
