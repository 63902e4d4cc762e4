"""limactl without a process of its own, and instances that need no machine."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from limavm.cli.main import main

YAML = """\
images:
- location: /nowhere/image.qcow2
  arch: x86_64
arch: x86_64
cpus: 2
memory: 1GiB
disk: 10GiB
mounts: []
containerd:
  system: false
  user: false
"""


@dataclass(frozen=True)
class Limactl:
    """What one command left."""

    code: int
    out: str
    err: str

    @classmethod
    def run(cls, args: Sequence[str], capsys: pytest.CaptureFixture[str]) -> "Limactl":
        capsys.readouterr()
        code = main(args)
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        return cls(code, out, err)

    @property
    def message(self) -> str:
        """The message of the last log line."""
        found = re.search(r'level=\w+ msg=("(?:[^"\\]|\\.)*"|\S+)', self.err.splitlines()[-1])
        assert found, self.err
        return found[1].strip('"').replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t")


Run = Callable[..., Limactl]


def make_instance(home: Path, name: str, text: str = YAML) -> Path:
    """An instance directory, as `create` would leave it."""
    directory = home / name
    directory.mkdir(mode=0o700)
    (directory / "lima.yaml").write_text(text)
    (directory / "lima-version").write_text("2.2.0\n")
    return directory


def make_identity(home: Path) -> Path:
    """A file where the private key is expected."""
    key = home / "_config" / "user"
    key.parent.mkdir(exist_ok=True)
    key.write_text("not a key\n")
    return key


def python(code: str, *args: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    """A new interpreter that runs some code, with our environment."""
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )


def limactl_process(*args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """limactl as a program of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "limavm", *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **extra},
    )


def open_terminal(columns: int) -> tuple[int, int]:
    """Both ends of a new pseudo-terminal."""
    if sys.platform == "win32":
        pytest.skip("this needs a POSIX system")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    return master, slave


def settings(terminal: int) -> list[object]:
    """What `stty` tells and sets."""
    if sys.platform == "win32":
        pytest.skip("this needs a POSIX system")
    found: list[object] = termios.tcgetattr(terminal)
    return found


class Terminal:
    """A program on a pseudo-terminal: what it shows is read until something appears, keys are typed."""

    def __init__(self, argv: Sequence[str], *, cwd: str | None = None, columns: int = 80) -> None:
        self._master, self._slave = open_terminal(columns)
        self.before = settings(self._slave)
        slave = self._slave
        self._child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, start_new_session=True, close_fds=True
        )
        self.shown = ""

    def expect(self, text: str, *, within: float = 30.0) -> str:
        """Read until `text` is shown; returns all that was."""
        deadline = time.monotonic() + within
        while text not in self.shown:
            if not select.select([self._master], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise AssertionError(f"{text!r} was not shown within {within} s, but {self.shown!r}")
            self.shown += os.read(self._master, 65536).decode()
        return self.shown

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def interrupt(self) -> None:
        """What Ctrl-C does outside of raw mode: SIGINT for the program and all that it has started."""
        if sys.platform == "win32":
            pytest.skip("this needs a POSIX system")
        os.killpg(self._child.pid, signal.SIGINT)

    def ended(self) -> int:
        """Wait for the end; returns the exit code. What is shown by then is in `shown`."""
        code = self._child.wait(30)
        while select.select([self._master], [], [], 0)[0]:
            self.shown += os.read(self._master, 65536).decode()
        return code

    @property
    def settings(self) -> list[object]:
        """The settings of the terminal now."""
        return settings(self._slave)

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        os.close(self._master)
        os.close(self._slave)
