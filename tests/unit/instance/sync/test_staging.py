import os
import sys
from pathlib import Path

import pytest

from limavm.host.files import locked
from limavm.instance.sync.staging import discard, inside, open_directories, staging

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "parent" / "root"
    directory.mkdir(parents=True)
    return directory


def test_files_land_beside_the_directory_where_only_we_can_read_them(root: Path) -> None:
    with staging(str(root)) as path:
        outer = os.path.dirname(path)
        assert os.path.dirname(outer) == str(root.parent)
        os.chmod(path, 0o777)  # as rsync does when the guest's directory is open to all
        assert os.stat(outer).st_mode & 0o777 == 0o700
        assert inside(path, str(root)) is None


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_they_land_inside_where_the_parent_cannot_be_written(root: Path) -> None:
    root.parent.chmod(0o500)
    try:
        with staging(str(root)) as path:
            assert inside(path, str(root)) == os.path.basename(os.path.dirname(path))
    finally:
        root.parent.chmod(0o700)


def test_nothing_is_left_behind_even_of_directories_that_forbid_everything(root: Path) -> None:
    with staging(str(root)) as path:
        closed = Path(path, "a", "b")
        closed.mkdir(parents=True)
        (closed / "file").touch()
        closed.chmod(0)
        closed.parent.chmod(0o500)

    assert list(root.parent.iterdir()) == [root]


@pytest.mark.parametrize("name", ["d", "d" * 100])
def test_nothing_is_left_of_a_thousand_directories_one_in_the_other(root: Path, name: str) -> None:
    """With names of a hundred letters the path is longer than the system takes one."""
    with staging(str(root)) as path:
        descend(path, name, 1000)
        if len(name) == 1:
            open_directories(path)

    assert list(root.parent.iterdir()) == [root]


def descend(top: str, name: str, levels: int) -> None:
    """Make directories one in the other."""
    here = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_an_error_leaves_nothing_behind_either(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staging(str(root)):
        raise KeyboardInterrupt

    assert list(root.parent.iterdir()) == [root]


def test_what_a_killed_command_has_left_is_removed_and_what_is_in_use_is_not(root: Path) -> None:
    left = root.parent / ".lima-sync-left"
    used = root.parent / ".lima-sync-used"
    left.mkdir()
    used.mkdir()
    (root.parent / ".lima-sync-file").touch()

    with locked(str(used)), staging(str(root)):
        assert not left.exists()
        assert used.exists()

    assert (root.parent / ".lima-sync-file").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a directory away")
def test_what_another_user_has_named_so_is_left_alone(root: Path) -> None:
    other = root.parent / ".lima-sync-other"
    other.mkdir()
    if sys.platform != "win32":
        os.chown(other, 65534, 65534)

    with staging(str(root)):
        assert other.exists()


def test_links_are_removed_and_not_followed(root: Path) -> None:
    (root / "precious").touch()
    with staging(str(root)) as path:
        os.symlink(root, os.path.join(path, "link"))

    assert (root / "precious").exists()


def test_a_directory_that_is_gone_is_discarded_already(tmp_path: Path) -> None:
    discard(str(tmp_path / "gone"))
