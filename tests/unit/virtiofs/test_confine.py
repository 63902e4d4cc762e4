"""A directory that is read-only for one program, whatever the program does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("virtiofs is for Linux hosts", allow_module_level=True)
assert sys.platform == "linux"


def run(directory: Path, script: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", "-m", "limavm.virtiofs.confine", str(directory), "/bin/sh", "-c", script]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture(autouse=True)
def namespaces() -> None:
    if subprocess.run(["unshare", "--user", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this host makes no namespaces")


def test_nothing_can_be_written_below_it(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_text("as it was")

    done = run(tmp_path, f"echo new >{tmp_path}/below/file; cat {tmp_path}/below/file")

    assert done.stdout == "as it was"
    assert "Read-only file system" in done.stderr


def test_what_lies_elsewhere_is_as_before(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()

    run(tmp_path / "shared", f"echo new >{tmp_path}/file")

    assert (tmp_path / "file").read_text() == "new\n"


def test_the_program_is_the_same_user(tmp_path: Path) -> None:
    assert run(tmp_path, "id -u").stdout == f"{os.getuid()}\n"


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "absent", "true")

    assert done.returncode == 1
    assert "No such file" in done.stderr
