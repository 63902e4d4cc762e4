"""How the bundle gets on the guest's disk: unpacked, compiled, with a program that starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.guestagent.unpack import main, unpack, write_launcher

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


def test_a_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], read) == 2
    assert "PREFIX STAMP" in capsys.readouterr().err
