import os
import shutil
import threading
from pathlib import Path

import pytest

from limavm.errors import BusyError
from limavm.host import files
from limavm.images.build.entry import NAMES, is_whole, keys, locked_entry, new_entry, removing, sweep


def fill(directory: str) -> None:
    for name in NAMES:
        Path(directory, name).write_text(name)


def test_an_entry_appears_whole_under_its_name(tmp_path: Path) -> None:
    with locked_entry(str(tmp_path), "key") as entry:
        with new_entry(str(tmp_path), "key", shutil.rmtree) as directory:
            assert not os.path.exists(entry)
            fill(directory)

        assert is_whole(entry)
    assert sorted(os.listdir(tmp_path)) == ["key", "key.lock"]


def test_a_build_that_fails_leaves_nothing_but_its_lock(tmp_path: Path) -> None:
    def fail() -> None:
        with locked_entry(str(tmp_path), "key"), new_entry(str(tmp_path), "key", shutil.rmtree) as directory:
            fill(directory)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert os.listdir(tmp_path) == ["key.lock"]


def test_an_entry_with_a_file_missing_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    fill(str(tmp_path / "key"))
    (tmp_path / "key" / NAMES[1]).unlink()

    assert not is_whole(str(tmp_path / "key"))
    with new_entry(str(tmp_path), "key", shutil.rmtree) as directory:
        fill(directory)
    assert is_whole(str(tmp_path / "key"))


def test_leftovers_of_killed_builds_are_swept(tmp_path: Path) -> None:
    (tmp_path / "dead.tmp" / "root").mkdir(parents=True)
    (tmp_path / "dead.lock").touch()
    (tmp_path / "whole").mkdir()

    sweep(str(tmp_path), shutil.rmtree)

    assert sorted(os.listdir(tmp_path)) == ["dead.lock", "whole"]


def test_a_build_that_goes_on_is_let_alone(tmp_path: Path) -> None:
    (tmp_path / "busy.tmp").mkdir()
    (tmp_path / "busy.lock").touch()

    with files.locked(str(tmp_path / "busy.lock")):
        sweep(str(tmp_path), shutil.rmtree)

    assert (tmp_path / "busy.tmp").is_dir()


def test_a_leftover_without_a_lock_is_swept(tmp_path: Path) -> None:
    (tmp_path / "odd.tmp").mkdir()

    sweep(str(tmp_path), shutil.rmtree)

    assert not (tmp_path / "odd.tmp").exists()


def test_all_that_there_is_of_an_entry_has_its_key(tmp_path: Path) -> None:
    for name in ("a", "b.tmp"):
        (tmp_path / name).mkdir()
    for name in ("a.lock", "b.lock", "c.lock"):
        (tmp_path / name).touch()

    assert keys(str(tmp_path)) == ["a", "b", "c"]
    assert keys(str(tmp_path / "none")) == []


def test_an_entry_is_removed_with_its_lock_and_can_be_made_again(tmp_path: Path) -> None:
    with locked_entry(str(tmp_path), "key") as entry:
        os.mkdir(entry)

    with removing(str(tmp_path), "key"):
        os.rmdir(entry)

    assert os.listdir(tmp_path) == []
    with locked_entry(str(tmp_path), "key"):
        assert os.listdir(tmp_path) == ["key.lock"]


def test_an_entry_that_somebody_uses_is_not_removed(tmp_path: Path) -> None:
    with locked_entry(str(tmp_path), "key"), pytest.raises(BusyError), removing(str(tmp_path), "key"):
        raise AssertionError

    assert os.listdir(tmp_path) == ["key.lock"]


def test_who_waited_while_an_entry_was_removed_holds_a_new_lock(tmp_path: Path) -> None:
    order = []

    def wait() -> None:
        with locked_entry(str(tmp_path), "key"):
            order.append("held")

    waiter = threading.Thread(target=wait)
    with removing(str(tmp_path), "key"):
        waiter.start()
        order.append("removed")
    waiter.join(10)

    assert order == ["removed", "held"]
    assert os.listdir(tmp_path) == ["key.lock"]
