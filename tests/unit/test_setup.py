"""scripts/setup says what it needs when it cannot get it, and leaves everything as it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

if sys.platform == "win32":
    IS_ROOT = False
else:
    IS_ROOT = os.geteuid() == 0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is for POSIX systems")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the script in it, and `bin` for the only programs that it shall find."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for name in ("dirname", "id", "sh", "uname"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name}"))
    return tmp_path


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def setup(checkout: Path, *args: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "setup", *args],
        env={"PATH": str(checkout / "bin"), "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_that_is_too_old_is_refused_with_its_version(checkout: Path) -> None:
    old = program(checkout / "old", '[ "$1" = --version ] && echo Python 3.9.2')

    done = setup(checkout, "--python", python=old)

    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "is Python 3.9.2" in done.stderr
    assert not (checkout / ".venv").exists()


def test_without_apt_the_missing_packages_are_named(checkout: Path) -> None:
    done = setup(checkout)

    assert done.returncode == 1
    assert "no apt-get" in done.stderr
    assert " qemu-utils" in done.stderr
    assert " openssh-client" in done.stderr


@pytest.mark.skipif(IS_ROOT, reason="root needs no sudo")
def test_without_sudo_the_command_for_root_is_shown(checkout: Path) -> None:
    program(checkout / "bin" / "apt-get", "exit 9")

    done = setup(checkout)

    assert done.returncode == 1
    assert "as root, run: apt-get update && apt-get install" in done.stderr


@pytest.mark.skipif(not IS_ROOT, reason="only root calls apt-get without sudo")
def test_what_is_installed_is_said_and_a_failure_of_apt_is_shown(checkout: Path) -> None:
    program(checkout / "bin" / "apt-get", 'echo "E: no mirror for $*"; exit 100')
    (checkout / "bin" / "env").symlink_to(shutil.which("env") or "")

    done = setup(checkout)

    assert done.returncode == 1
    assert "installing Debian packages: " in done.stderr
    assert "E: no mirror for" in done.stderr
    assert "apt-get install failed" in done.stderr


def test_an_unknown_argument_is_an_error(checkout: Path) -> None:
    assert "unknown argument --everything" in setup(checkout, "--everything").stderr
