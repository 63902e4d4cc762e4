"""Runs the installed limactl as a user would: as a program, with a LIMA_HOME of its own."""

import contextlib
import json
import os
import subprocess
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Where the commands were installed beside the interpreter that runs the tests.
BIN = Path(sysconfig.get_path("scripts"))


@dataclass
class Limactl:
    """One user's limactl: environment, and how to become that user."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    bin: Path = BIN

    def environment(self) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME") if name in os.environ}
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        return {**keep, **proxies, "LIMA_HOME": str(self.home), **self.env}

    def argv(self, *args: str, program: str = "limactl") -> list[str]:
        return [*self.prefix, str(self.bin / program), *args]

    def run(
        self,
        *args: str,
        program: str = "limactl",
        timeout: float = 600,
        stdin: str = "",
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*args, program=program),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(),
            cwd=cwd or "/",
            check=False,
        )

    def ok(self, *args: str, program: str = "limactl", timeout: float = 600, stdin: str = "") -> str:
        done = self.run(*args, program=program, timeout=timeout, stdin=stdin)
        assert done.returncode == 0, f"limactl {' '.join(args)} ended with {done.returncode}:\n{done.stderr[-6000:]}"
        return done.stdout

    def instance(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ok("list", "--json", name))
        return found

    def status(self, name: str) -> str:
        return str(self.instance(name)["status"])

    def events(self, name: str) -> list[dict[str, Any]]:
        text = (self.home / name / "ha.stdout.log").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def remove_all(self) -> None:
        """Delete every instance by limactl's own command."""
        for name in self.run("list", "-q").stdout.split():
            self.run("delete", "-f", name)


def wait_for(what: str, condition: Callable[[], object], limit: float = 60) -> None:
    """Poll until a condition holds; fails the test with a sentence when it never does."""
    deadline = time.monotonic() + limit
    pause = 0.02
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        assert time.monotonic() < deadline, f"waited {limit:g} s for: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
