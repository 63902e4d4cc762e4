import os
import shutil
from pathlib import Path

import pytest

from limavm.host import files
from limavm.images.build.entry import NAMES, is_whole, locked_entry, new_entry, sweep


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
