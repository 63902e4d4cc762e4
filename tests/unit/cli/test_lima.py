import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.cli import lima
from limavm.host import pidfile
from tests.unit.cli.harness import make_identity, make_instance
from tests.unit.cli.test_remote import FAKE_SSH

CODE = "import sys; from limavm.__main__ import lima; lima()"


def run_lima(*args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **extra},
    )


@pytest.fixture
def ssh(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ssh"
    path.write_text(FAKE_SSH)
    path.chmod(stat.S_IRWXU)
    monkeypatch.setenv("SSH", str(path))
    make_identity(home)
    return path


@pytest.mark.parametrize(
    ("args", "environment", "script"),
    [
        ([], {}, "false ; exec /bin/bash -l"),
        (["uname", "-a"], {}, "false ; exec /bin/bash -l -c 'uname -a'"),
        (["--", "ls"], {}, "false ; exec /bin/bash -l -c ls"),
        (["-h", "x"], {}, None),
        (["ls"], {"LIMA_SHELL": "/bin/sh", "LIMA_WORKDIR": "/tmp"}, "cd /tmp || exit 1 ; exec /bin/sh -l -c ls"),
        (["--shell=/bin/dash", "ls"], {"LIMA_SHELL": "/bin/sh"}, "false ; exec /bin/dash -l -c ls"),
    ],
)
def test_it_is_shell_in_the_default_instance(
    home: Path, ssh: Path, args: list[str], environment: dict[str, str], script: str | None
) -> None:
    directory = make_instance(home, "default")
    (directory / "ssh.config").write_text("Host lima-default\n  Port 60022\n")
    with pidfile.held(str(directory / "ha.pid")):
        done = run_lima(*args, **environment)

    if script is None:
        assert "Usage" in done.stdout
    else:
        assert json.loads(done.stdout)[-1] == script


def test_lima_instance_names_the_instance(home: Path, ssh: Path) -> None:
    done = run_lima("true", LIMA_INSTANCE="other")

    assert done.returncode == 1
    assert "'other'" in done.stderr


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_the_command_and_the_variables(home: Path, capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert lima.main([flag]) == 0
    out = capsys.readouterr().out
    assert "limactl shell" in out
    assert "LIMA_INSTANCE" in out


@pytest.mark.parametrize("flag", ["-v", "--version"])
def test_the_version_is_that_of_limactl(home: Path, capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert lima.main([flag]) == 0
    assert capsys.readouterr().out.startswith("limactl version ")


def test_another_limactl_can_be_chosen(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text('#!/bin/sh\nfor arg; do echo "$arg"; done; echo "$MSYS2_ARG_CONV_EXCL"\n')
    other.chmod(stat.S_IRWXU)

    done = run_lima("ls", "-l", LIMACTL=str(other), LIMA_WORKDIR="/w")

    assert done.stdout.splitlines() == ["shell", "--workdir", "/w", "--instance", "default", "ls", "-l", "*"]
    assert run_lima("-v", LIMACTL=str(other)).stdout.splitlines() == ["-v", "*"]


def test_another_limactl_that_is_missing_is_an_error(home: Path) -> None:
    done = run_lima("ls", LIMACTL="/nowhere/limactl")

    assert done.returncode == 1
    assert "/nowhere/limactl" in done.stderr
