"""How the bundle gets on the guest's disk: unpacked, compiled, with a program that starts it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from limavm.guestagent.install import Service
from limavm.guestagent.unpack import main, put, unpack, write_launcher

FILES = {
    "limavm/__init__.py": b"",
    "limavm/guestagent/__init__.py": b"",
    "limavm/guestagent/main.py": b"""\
import sys

def main(argv):
    print(sys.path[0], argv, sys.modules['ssl'])
    return 3
""",
    "newer.py": b"this is no Python that anybody knows\n",
    "LICENSES/x/LICENSE": b"free\n",
}


def read(name: str) -> bytes:
    return "".join(f"{file}\n" for file in FILES).encode() if name == "CONTENTS" else FILES[name]


@pytest.fixture
def there(tmp_path: Path) -> Path:
    unpack(f"{tmp_path}/lib", read)
    return tmp_path / "lib"


def test_every_file_is_unpacked(there: Path) -> None:
    assert {name: (there / name).read_bytes() for name in FILES} == FILES


def test_what_an_earlier_attempt_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "lib/old/directory").mkdir(parents=True)
    (tmp_path / "lib/link").symlink_to(tmp_path)

    unpack(f"{tmp_path}/lib", read)

    assert not (tmp_path / "lib/old").exists()
    assert not (tmp_path / "lib/link").is_symlink()
    assert tmp_path.is_dir()


def test_files_are_compiled_as_an_import_would_do_it(there: Path) -> None:
    compiled = {str(path): path.stat().st_mtime_ns for path in there.rglob("*.pyc")}
    program = "import limavm.guestagent.main as m; print(m.__cached__)"

    subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path[0:0] = [{str(there)!r}]; {program}"], check=True)

    assert len(compiled) == 3
    assert {str(path): path.stat().st_mtime_ns for path in there.rglob("*.pyc")} == compiled


def test_the_program_imports_what_was_unpacked_and_nothing_else(there: Path, tmp_path: Path) -> None:
    (tmp_path / "limavm.py").write_text("raise SystemExit('wrong one')")
    write_launcher(f"{tmp_path}/bin/agent", sys.executable, str(there))

    done = subprocess.run(
        [f"{tmp_path}/bin/agent", "daemon", "--x"],
        env={"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nonexistent"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (3, f"{there} ['daemon', '--x'] None\n")
    assert os.stat(f"{tmp_path}/bin/agent").st_mode & 0o777 == 0o755


class Guest:
    """Where the agent is put; notes the services that are started, and what was there then."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "lib/lima-guestagent"
        self.started: list[Service] = []
        self.stamped: list[bool] = []

    def put(self, stamp: str, *flags: str, status: int = 0) -> int:
        def start(agent: Service) -> int:
            self.started.append(agent)
            self.stamped.append((self.home / "installed").exists())
            return status

        return put(str(self.root), stamp, flags, read, start)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.home.iterdir())


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    return Guest(tmp_path)


def test_the_stamp_is_written_when_everything_is_in_place(guest: Guest) -> None:
    assert guest.put("first --debug", "--debug") == 0

    program = str(guest.root / "bin/lima-guestagent")
    assert guest.started == [Service(program=program, debug=True, guestagent_updated=True)]
    assert guest.stamped == [False]
    assert (guest.home / "installed").read_text() == "first --debug\n"
    assert guest.names == ["first", "installed"]


def test_the_same_agent_with_other_flags_is_not_unpacked_again(guest: Guest) -> None:
    guest.put("first")
    (guest.home / "first/newer.py").unlink()

    guest.put("first --debug", "--debug")

    assert not (guest.home / "first/newer.py").exists()
    assert [agent.debug for agent in guest.started] == [False, True]
    assert (guest.home / "installed").read_text() == "first --debug\n"


def test_another_agent_takes_the_place_of_the_one_before(guest: Guest) -> None:
    guest.put("first")
    guest.put("second")

    assert guest.names == ["installed", "second"]
    assert str(guest.home / "second") in (guest.root / "bin/lima-guestagent").read_text()


@pytest.mark.parametrize("remains", [None, b"", b"\xff", b"older\n"])
def test_an_installation_that_was_not_finished_is_done_again(guest: Guest, remains: bytes | None) -> None:
    guest.put("first")
    (guest.home / "first/newer.py").unlink()
    if remains is None:
        (guest.home / "installed").unlink()
    else:
        (guest.home / "installed").write_bytes(remains)

    guest.put("first")

    assert (guest.home / "first/newer.py").exists()


def test_a_service_that_does_not_start_is_told(guest: Guest) -> None:
    assert guest.put("first", status=5) == 5


@pytest.mark.skipif(os.name == "nt", reason="a guest is no Windows")
def test_two_who_install_at_once_do_it_one_after_the_other(guest: Guest) -> None:
    order: list[str] = []

    def start_second(_: Service) -> int:
        order.append("second")
        return 0

    other = threading.Thread(target=lambda: put(str(guest.root), "second", (), read, start_second))

    def start_first(_: Service) -> int:
        other.start()
        other.join(0.1)
        order.append("first")
        return 0

    put(str(guest.root), "first", (), read, start_first)
    other.join()

    assert order == ["first", "second"]
    assert guest.names == ["installed", "second"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may be in a hurry again")
def test_only_unpacking_is_patient(guest: Guest) -> None:
    priorities = []

    def noting(name: str) -> bytes:
        priorities.append(_niceness())
        return read(name)

    before = _niceness()

    assert put(str(guest.root), "first", (), noting, lambda _: _niceness(), niceness=1) == before
    assert set(priorities) == {before + 1}


def _niceness() -> int:
    if sys.platform == "win32":
        return 0
    return os.nice(0)


def test_a_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], read) == 2
    assert "PREFIX STAMP" in capsys.readouterr().err
