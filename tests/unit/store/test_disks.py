"""Data disks on the host: whole or not there, and whose they are."""

import os
import sys
import threading
from pathlib import Path

import pytest

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.host.files import locked
from limavm.store import disks

if sys.platform != "win32":
    import fcntl


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def make(name: str) -> None:
    with disks.created(name) as directory:
        (Path(directory) / "datadisk").write_bytes(b"")


def test_a_disk_appears_when_it_is_complete(home: Path) -> None:
    with disks.created("data") as directory:
        assert disks.names() == []
        assert Path(directory).stat().st_mode & 0o777 == 0o700

    assert disks.names() == ["data"]
    assert list((home / "_disks").iterdir()) == [home / "_disks" / "data"]


def test_nothing_is_left_of_a_disk_that_could_not_be_made(home: Path) -> None:
    with pytest.raises(UserError, match="no room"), disks.created("data"):
        raise UserError("no room")

    assert list((home / "_disks").iterdir()) == []


def test_of_two_that_make_a_disk_of_one_name_the_second_gets_nothing(home: Path) -> None:
    with pytest.raises(UserError, match="exists already"), disks.created("data"):
        (home / "_disks" / "data").mkdir()

    assert disks.names() == ["data"]


def test_what_killed_commands_left_goes_and_what_others_are_at_stays(home: Path) -> None:
    left, busy = (home / "_disks" / f".{name}.1.creating" for name in ("left", "busy"))
    left.mkdir(parents=True)
    busy.mkdir()

    with locked(str(busy)):
        make("data")

    assert sorted(path.name for path in (home / "_disks").iterdir()) == [".busy.1.creating", "data"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "é", "a b", "-f", "x" * 200])
def test_what_is_no_name_makes_no_disk(home: Path, name: str) -> None:
    with pytest.raises(UserError, match="name"), disks.created(name):
        pass

    assert not (home / "_disks").exists()


def test_a_disk_that_is_removed_is_gone(home: Path) -> None:
    make("data")

    with disks.held("data"):
        disks.remove("data")

    assert os.listdir(home / "_disks") == []
    with pytest.raises(NotFoundError), disks.held("data"):
        pass


def test_the_half_made_link_of_a_killed_command_goes_with_the_next_one(home: Path) -> None:
    make("data")
    (home / "_disks" / "data" / "in_use_by.1.tmp").symlink_to("/gone")

    with disks.held("data"):
        disks.assign("data", str(home / "dev"))

    assert sorted(os.listdir(home / "_disks" / "data")) == ["datadisk", "in_use_by"]


if sys.platform != "win32":  # there are no shared locks

    def test_whether_an_instance_is_alive_is_asked_without_disturbing_who_wants_to_start_it(home: Path) -> None:
        (home / "dev").mkdir()

        with locked(str(home / "dev")):
            assert disks.is_alive(str(home / "dev"))
        asking = os.open(home / "dev", os.O_RDONLY)
        fcntl.flock(asking, fcntl.LOCK_SH)
        release = threading.Timer(0.02, os.close, [asking])
        release.start()
        with locked(str(home / "dev"), wait=False):
            release.join()


def test_one_command_at_a_time_holds_a_disk(home: Path) -> None:
    make("data")

    with disks.held("data"), pytest.raises(BusyError), disks.held("data"):
        pass


def test_a_disk_is_of_the_instance_to_which_its_link_leads(home: Path) -> None:
    make("data")
    assert disks.owner("data") == ""

    for name in ("one", "two"):
        disks.assign("data", str(home / name))

    assert os.readlink(home / "_disks" / "data" / "in_use_by") == str(home / "two")
    assert disks.owner("data") == str(home / "two")


def test_an_instance_that_has_ended_frees_its_own_disks_only(home: Path) -> None:
    for name, user in (("a", "one"), ("b", "two"), ("c", "one")):
        make(name)
        disks.assign(name, str(home / user))

    assert disks.release(str(home / "one")) == ["a", "c"]

    assert [disks.owner(name) for name in "abc"] == ["", str(home / "two"), ""]


def test_the_lock_of_an_instance_that_is_gone_or_does_not_run_counts_for_nothing(home: Path) -> None:
    make("data")
    disks.assign("data", str(home / "gone"))
    assert disks.in_use("data") == ""

    (home / "gone").mkdir()

    assert disks.in_use("data") == ""


def test_an_instance_that_a_command_is_at_work_on_has_its_disks(home: Path) -> None:
    make("data")
    (home / "dev").mkdir()
    disks.assign("data", str(home / "dev"))

    with locked(str(home / "dev")):
        assert disks.in_use("data") == str(home / "dev")
        assert disks.in_use("data", but=str(home / "dev")) == ""


def test_an_instance_whose_pid_file_cannot_be_read_counts_as_alive(home: Path) -> None:
    (home / "dev").mkdir()
    (home / "dev" / "ha.pid").write_text("what?\n")

    assert disks.is_alive(str(home / "dev"))


def test_a_file_where_the_link_belongs_is_told(home: Path) -> None:
    make("data")
    (home / "_disks" / "data" / "in_use_by").write_text("")

    with pytest.raises(UserError, match="no link"):
        disks.owner("data")
