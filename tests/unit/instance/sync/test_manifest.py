import os
import sys
from pathlib import Path

import pytest

from limavm.instance.sync.manifest import Entry, Kind, alike, entry_at, manifest

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)


def test_a_manifest_names_files_directories_links_and_what_is_none_of_these(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "-new\nline").write_text("text")
    os.utime(tmp_path / "a" / "b" / "-new\nline", ns=(1, 1234567891))
    (tmp_path / "a" / "b" / "-new\nline").chmod(0o4640)
    (tmp_path / "out").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")

    tree = manifest(str(tmp_path))

    assert {path: entry.kind for path, entry in tree.items()} == {
        "a": Kind.DIRECTORY,
        "a/b": Kind.DIRECTORY,
        "a/b/-new\nline": Kind.FILE,
        "out": Kind.LINK,
        "pipe": Kind.SPECIAL,
    }
    file = tree["a/b/-new\nline"]
    assert (file.mode, file.size, file.mtime_ns) == (0o640, 4, 1234567891)
    assert tree["out"].target == "/etc"


def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff", "w"):
        pass

    assert os.fsencode(next(iter(manifest(str(tmp_path))))) == b"\xff"


def test_a_root_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        manifest(str(tmp_path / "gone"))


def test_there_is_no_entry_for_what_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert entry_at(str(tmp_path / "gone")) is None
    assert entry_at(str(tmp_path / "file" / "below")) is None


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Entry(kind=Kind.FILE, mode=0o644, size=1, mtime_ns=5), True),
        (Entry(kind=Kind.FILE, mode=0o644, size=1, mtime_ns=6, inode=7), False),
        (Entry(kind=Kind.FILE, mode=0o600, size=1, mtime_ns=5, inode=7), False),
        (Entry(kind=Kind.LINK), False),
        (None, False),
    ],
)
def test_the_other_side_has_other_inodes(other: Entry | None, expected: bool) -> None:
    assert alike(Entry(kind=Kind.FILE, mode=0o644, size=1, mtime_ns=5, inode=7), other) is expected
