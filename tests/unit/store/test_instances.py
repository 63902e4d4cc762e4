"""Instance directories appear whole and vanish whole, whenever their maker is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import BusyError, UserError
from limavm.store import instances

if sys.platform == "win32":
    pytest.skip("SIGKILL", allow_module_level=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path))
    return tmp_path


def test_there_are_no_instances_without_a_home(home: Path) -> None:
    home.rmdir()

    assert instances.names() == []


def test_reserved_and_hidden_directories_files_and_links_are_no_instances(home: Path) -> None:
    for name in ("b", "a.1", "_config", ".hidden", "Z"):
        (home / name).mkdir()
    (home / "file").write_text("")
    (home / "link").symlink_to(home / "b")

    assert instances.names() == ["Z", "a.1", "b"]


def test_an_instance_appears_only_when_it_is_complete(home: Path) -> None:
    with instances.created("dev") as hidden:
        Path(hidden, "lima.yaml").write_text("{}")
        assert instances.names() == []

    assert instances.names() == ["dev"]
    assert instances.is_instance("dev")


def test_nothing_is_left_of_a_failed_creation(home: Path) -> None:
    def fail() -> None:
        with instances.created("dev") as hidden:
            Path(hidden, "sub").mkdir()
            Path(hidden, "sub", "file").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert list(home.iterdir()) == []


def test_a_taken_name_is_refused_before_and_after_the_work(home: Path) -> None:
    (home / "dev").mkdir()
    with pytest.raises(UserError, match="exists already"), instances.created("dev"):
        pass

    def overtaken() -> None:
        with instances.created("web"):
            (home / "web").mkdir()
            (home / "web" / "lima.yaml").write_text("{}")

    with pytest.raises(UserError, match="exists already"):
        overtaken()
    assert (home / "web" / "lima.yaml").exists()


def killed_in(home: Path, body: str) -> None:
    """Run Python code that prints a line and waits; kill it there."""
    code = f"from limavm.store import instances\nimport os, sys\n{body}"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, env={**os.environ}
    )
    assert child.stdout
    assert child.stdin
    assert child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    child.stdin.close()


def test_what_a_killed_creation_left_is_invisible_and_swept_by_the_next(home: Path) -> None:
    killed_in(home, "with instances.created('dev') as d:\n print(d, flush=True); sys.stdin.read()")
    assert instances.names() == []
    assert len(list(home.iterdir())) == 1

    with instances.created("other"):
        pass

    assert [path.name for path in home.iterdir()] == ["other"]


def test_what_a_living_command_makes_is_not_swept(home: Path) -> None:
    with instances.created("dev") as hidden:
        instances.sweep()

        assert os.path.isdir(hidden)


def test_a_removed_instance_is_gone_with_write_protected_content(home: Path) -> None:
    with instances.created("dev") as hidden:
        Path(hidden, "lima-version").write_text("1")
        os.chmod(Path(hidden, "lima-version"), 0o400)
        Path(hidden, "sock").mkdir()

    instances.remove("dev")

    assert list(home.iterdir()) == []


def test_only_one_command_at_a_time_changes_an_instance(home: Path) -> None:
    (home / "dev").mkdir()
    with (
        instances.exclusive("dev"),
        pytest.raises(BusyError, match="another limactl command is at work on instance 'dev'"),
        instances.exclusive("dev"),
    ):
        pass


def test_the_lock_goes_with_a_killed_command(home: Path) -> None:
    (home / "dev").mkdir()
    killed_in(home, "with instances.exclusive('dev'):\n print('held', flush=True); sys.stdin.read()")

    with instances.exclusive("dev"):
        pass


def test_a_lima_home_that_is_a_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "home"))

    with pytest.raises(UserError, match="LIMA_HOME is no directory"), instances.created("dev"):
        pass


def test_a_name_that_another_command_is_making_is_refused_at_once(home: Path) -> None:
    with (
        instances.created("dev"),
        pytest.raises(BusyError, match="another limactl command is making 'dev'"),
        instances.created("dev"),
    ):
        pass

    assert instances.names() == ["dev"]


def test_a_leftover_does_not_keep_its_name(home: Path) -> None:
    # Its number is that of a process that lives, and has nothing to do with it.
    (home / f".dev.{os.getppid()}.creating").mkdir()

    instances.check_free("dev")


def test_a_new_instance_is_held_until_it_is_done(home: Path) -> None:
    with instances.created("dev") as hidden:
        os.rename(hidden, home / "dev")
        with pytest.raises(BusyError), instances.exclusive("dev"):
            pass
        os.rename(home / "dev", hidden)

    with instances.exclusive("dev"):
        pass


def test_an_instance_gets_another_name_with_its_lock(home: Path) -> None:
    (home / "dev").mkdir()
    (home / "taken").mkdir()
    with instances.exclusive("dev"):
        with pytest.raises(UserError, match="exists already"):
            instances.rename("dev", "taken")
        instances.rename("dev", "web")
        with pytest.raises(BusyError), instances.exclusive("web"):
            pass

    assert instances.names() == ["taken", "web"]
