"""Directories of the host that are to be mounted, and what else may have their names."""

import os
import sys
from pathlib import Path

import pytest

from limavm.hostagent.mounts.source import SourceError, identity, prepared

if sys.platform == "win32":
    pytest.skip("unix permissions and links", allow_module_level=True)


def test_what_is_missing_is_made_for_everybody_to_read(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"

    found = prepared(str(path))

    assert path.stat().st_mode & 0o777 == 0o755
    assert found == (path.stat().st_dev, path.stat().st_ino)


def test_what_vanished_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist any more"):
        prepared(str(tmp_path / "a"), make=False)
    assert not (tmp_path / "a").exists()


def test_a_link_to_a_directory_is_that_directory(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")

    assert prepared(str(tmp_path / "link")) == prepared(str(tmp_path / "a"))


def test_what_cannot_be_mounted_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in (
        ("file", "it is no directory"),
        ("file/below", "what is above it is no directory"),
        ("dangling", "a symbolic link to nothing"),
        ("dangling/below", "cannot be mounted"),
        ("loop", "a loop of symbolic links"),
        ("x" * 300, "its name is too long"),
        ("zero\0byte", "cannot be mounted"),
    ):
        with pytest.raises(SourceError, match=reason):
            prepared(str(tmp_path / name))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o300)

    with pytest.raises(SourceError, match="permissions"):
        prepared(str(tmp_path / "a"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may make everything")
def test_one_that_is_missing_and_cannot_be_made_says_both(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(SourceError, match="does not exist, and our permissions do not let us make it"):
        prepared(str(tmp_path / "a"))


def test_another_directory_of_the_same_name_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    before = prepared(str(path))
    path.rename(tmp_path / "b")
    path.mkdir()
    (tmp_path / "file").touch()

    [now, moved, *none] = map(identity, map(str, (path, tmp_path / "b", tmp_path / "c", tmp_path / "file", "\0")))

    assert (moved, none) == (before, [None, None, None])
    assert now not in (None, before)
