"""Links that a guest may have planted, and those that are the user's own."""

import contextlib
import errno
import sys
import threading
from pathlib import Path

import pytest

from limavm.host.planted import remove_safely, replacing_safely

if sys.platform == "win32":
    pytest.skip("there are no descriptors of directories", allow_module_level=True)


def write(path: Path, *distrusted: Path, text: str = "new") -> None:
    with replacing_safely(str(path), [str(place) for place in distrusted]) as file:
        file.write(text.encode())


def test_a_link_of_the_users_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "link").symlink_to("dotfiles/../dotfiles")

    write(tmp_path / "link" / "sub" / "file")

    assert (tmp_path / "dotfiles" / "sub" / "file").read_text() == "new"


@pytest.mark.parametrize("target", ["..", "/", "a", "a/../.."])
def test_a_link_in_a_distrusted_directory_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "shared" / "a").mkdir(parents=True)
    (tmp_path / "shared" / "link").symlink_to(target)

    with pytest.raises(OSError, match="not followed") as caught:
        write(tmp_path / "shared" / "link" / "file", tmp_path / "shared")

    assert caught.value.errno == errno.ELOOP
    assert caught.value.filename == str(tmp_path / "shared" / "link" / "file")


def test_a_link_that_leads_into_a_distrusted_directory_is_followed_to_its_edge(tmp_path: Path) -> None:
    (tmp_path / "shared" / "real").mkdir(parents=True)
    (tmp_path / "shared" / "planted").symlink_to("real")
    (tmp_path / "way").symlink_to("shared")
    (tmp_path / "trap").symlink_to("shared/planted")

    write(tmp_path / "way" / "real" / "file", tmp_path / "shared")
    with pytest.raises(OSError, match="not followed"):
        write(tmp_path / "trap" / "file", tmp_path / "shared")

    assert [path.name for path in (tmp_path / "shared" / "real").iterdir()] == ["file"]


def test_a_distrusted_directory_may_be_named_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "name").symlink_to("shared")
    (tmp_path / "shared" / "planted").symlink_to("/")

    with pytest.raises(OSError, match="not followed"):
        write(tmp_path / "shared" / "planted" / "file", tmp_path / "name")


@pytest.mark.parametrize("target", ["victim", "/nowhere/at/all"])
def test_a_link_in_the_place_of_the_file_is_replaced(tmp_path: Path, target: str) -> None:
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "file").symlink_to(target)

    write(tmp_path / "file", tmp_path)

    assert (tmp_path / "victim").read_text() == "untouched"
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_an_error_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")

    def fail() -> None:
        with replacing_safely(str(tmp_path / "file"), []) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_what_a_killed_process_has_left_goes_with_the_next_copy(tmp_path: Path) -> None:
    with replacing_safely(str(tmp_path / "file"), []):
        [partial] = tmp_path.iterdir()
    partial.symlink_to("victim")

    write(tmp_path / "file")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_links_that_go_round_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(OSError, match="not followed"):
        write(tmp_path / "a" / "file")


def test_a_name_of_255_bytes_has_room(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255))

    assert (tmp_path / ("x" * 255)).read_text() == "new"


def test_a_directory_that_is_exchanged_all_the_time_lets_nothing_out(tmp_path: Path) -> None:
    shared, outside = tmp_path / "shared", tmp_path / "outside"
    (shared / "dir").mkdir(parents=True)
    outside.mkdir()
    (outside / "victim").touch()
    over = threading.Event()

    def exchange() -> None:
        while not over.is_set():
            (shared / "dir").rename(shared / "real")
            (shared / "dir").symlink_to(outside)
            (shared / "dir").unlink()
            (shared / "real").rename(shared / "dir")

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                assert not remove_safely(str(shared / "dir" / "victim"), [str(shared)])
    finally:
        over.set()
        thread.join()

    assert (outside / "victim").exists()


def test_what_is_removed_is_the_link_and_not_the_file(tmp_path: Path) -> None:
    (tmp_path / "victim").touch()
    (tmp_path / "link").symlink_to("victim")

    assert remove_safely(str(tmp_path / "link"), [])
    assert not remove_safely(str(tmp_path / "link"), [])
    assert not remove_safely(str(tmp_path / "no" / "such" / "directory"), [])

    assert (tmp_path / "victim").exists()
    assert not (tmp_path / "no").exists()


def test_nothing_is_removed_through_a_planted_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "victim").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "outside")

    with pytest.raises(OSError, match="not followed"):
        remove_safely(str(tmp_path / "shared" / "link" / "victim"), [str(tmp_path / "shared")])

    assert (tmp_path / "outside" / "victim").exists()
