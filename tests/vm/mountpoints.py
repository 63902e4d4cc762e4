"""Directories of the host that a machine sees, and work on them from both sides."""

import json
import os
import shlex
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Any

from tests.vm.limactl import Limactl, wait_for

#: What the templates mount: the directory of the host, below `top`, and where it is in the guest.
ODD = "100 %, großer 'Baum'"
#: Seconds until something that was lost is there again, on a host that is busy.
BACK = 90.0


@dataclass
class Shared:
    """The mounts of a running machine: `rw` is writable, `ro` is not, and `odd` has an odd name."""

    limactl: Limactl
    machine: str
    kind: str
    top: Path

    @property
    def rw(self) -> Path:
        return self.top / "rw"

    @property
    def ro(self) -> Path:
        return self.top / "ro"

    @property
    def odd(self) -> Path:
        return self.top / ODD

    def script(self, text: str, *arguments: str, root: bool = False, stdin: str = "") -> str:
        """What a shell script prints in the guest; it must succeed."""
        return self.limactl.ok("shell", self.machine, *shell(text, arguments, root=root), stdin=stdin)

    def attempt(self, text: str, *arguments: str, root: bool = False) -> int:
        """The exit status of a shell script in the guest."""
        return self.limactl.run("shell", self.machine, *shell(text, arguments, root=root)).returncode

    def python(self, program: Path, *arguments: str, root: bool = False) -> "subprocess.CompletedProcess[str]":
        """A program of the tests that runs in the guest."""
        argv = ["env", "PYTHONUTF8=1", "python3", "-", *arguments]
        whole = [*(("sudo", "-n") if root else ()), *argv]
        return self.limactl.run("shell", self.machine, *whole, stdin=program.read_text(), timeout=300)

    @contextmanager
    def background(self, program: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """A program of the tests at work in the guest, until its standard input ends; its output is a pipe."""
        text = shlex.join(["python3", "-u", "-c", program.read_text(), *arguments])
        config = self.limactl.home / self.machine / "ssh.config"
        # A connection of its own, so that it does not end with those of the mounts.
        alone = ["-o", "ControlMaster=no", "-o", "ControlPath=none"]
        argv = ["ssh", "-F", str(config), *alone, f"lima-{self.machine}", text]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin
            try:
                yield child
            finally:
                child.stdin.close()
                try:
                    child.wait(60)
                except subprocess.TimeoutExpired:
                    child.kill()

    def states(self) -> dict[str, dict[str, Any]]:
        """How each mount stands, by its mount point."""
        lines = self.limactl.ok("mount", "--json", self.machine).splitlines()
        return {state["mountPoint"]: state for state in map(json.loads, lines)}

    def are_mounted(self) -> bool:
        return {state["phase"] for state in self.states().values()} == {"mounted"}

    def is_back(self) -> bool:
        """Every mount stands, and a word of the host can be read in the guest."""
        word = os.urandom(8).hex()
        for directory in (self.rw, self.ro):
            (directory / "word").write_text(word)
        # A read-only mount may remember the last word's length for a while; this one has the same.
        found = self.limactl.run("shell", self.machine, "cat", "/mnt/rw/word", "/mnt/ro/word").stdout
        return found == word + word and self.are_mounted()

    def wait_until_back(self) -> None:
        wait_for("the mounts to be back", self.is_back, BACK)


def shell(text: str, arguments: tuple[str, ...], *, root: bool) -> list[str]:
    return [*(("sudo", "-n") if root else ()), "sh", "-c", text, "sh", *arguments]


def directories(top: Path) -> None:
    """Make what the templates mount, for whoever the guest's user is."""
    top.chmod(0o755)
    for name in ("rw", "ro", ODD):
        (top / name).mkdir()
        (top / name).chmod(0o777)


def snapshot(top: Path) -> dict[str, Any]:
    """Everything below a directory of the host, by the byte, with modes, owners and times."""
    found = {}
    for path in (top, *sorted(top.rglob("*"))):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        times = status.st_mtime_ns, status.st_ctime_ns
        found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, times, content)
    return found


def listening(stream: IO[str]) -> "deque[str]":
    """The lines that have come so far; a thread waits for more."""
    heard: deque[str] = deque()
    Thread(target=heard.extend, args=(stream,), daemon=True).start()
    return heard


def processes(*words: str) -> list[int]:
    """The processes of this host whose command lines have all these words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if all(word in line for word in words):
                found.append(int(path.parent.name))
    return found
