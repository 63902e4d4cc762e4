"""launchd: a property list for each instance that starts by itself (spec/cli.md 6.17).

One of the user's own (`login`), or a daemon of the host (`boot`), which takes sudo. launchd.plist(5), launchctl(1).
"""

import contextlib
import os
import plistlib
import tempfile
from collections.abc import Sequence
from typing import Any

from limavm.errors import UserError
from limavm.host import files, process
from limavm.host.autostart.registration import PATIENCE, Registration

_LIMIT = 60.0
DAEMONS = "/Library/LaunchDaemons"


def label_of(name: str, *, daemon: bool) -> str:
    """The label of an instance."""
    return f"io.lima-vm.{'daemon' if daemon else 'autostart'}.{name}"


def plist(registration: Registration) -> bytes:
    """The property list."""
    value: dict[str, Any] = {
        "Label": label_of(registration.name, daemon=bool(registration.user)),
        "ProgramArguments": list(registration.argv),
        "RunAtLoad": True,
        "StandardErrorPath": "launchd.stderr.log",
        "StandardOutPath": "launchd.stdout.log",
        "WorkingDirectory": registration.directory,
        "ProcessType": "Background",
        "EnvironmentVariables": registration.environment,
        # The guest is shut down in order, for which launchd would give 20 seconds.
        "ExitTimeOut": PATIENCE,
        # A machine whose host agent died goes on, and the next agent takes it over.
        "AbandonProcessGroup": True,
    }
    if registration.user:
        value["UserName"] = registration.user
    return plistlib.dumps(value, sort_keys=False)


class Launchd:
    """The manager of the user's agents and, by sudo, of the host's daemons."""

    title = "launchd"

    def __init__(self, home: str, uid: int, *, daemons: str = DAEMONS) -> None:
        """`home` is the user's home directory, `uid` the user's number."""
        self._agents = os.path.join(home, "Library", "LaunchAgents")
        self._daemons = daemons
        self._domain = f"gui/{uid}"

    def path(self, name: str, *, daemon: bool) -> str:
        """The file of the property list of an instance."""
        return os.path.join(self._daemons if daemon else self._agents, label_of(name, daemon=daemon) + ".plist")

    def registered(self, name: str, directory: str) -> str:
        """The label of the instance in this directory, that of the user's own agent first; empty for none."""
        daemon = self._which(name, directory)
        return "" if daemon is None else label_of(name, daemon=daemon)

    def _which(self, name: str, directory: str) -> bool | None:
        """Whether it is a daemon; None when it is nothing."""
        for daemon in (False, True):
            if _working_directory(self.path(name, daemon=daemon)) == directory:
                return daemon
        return None

    def owns(self, name: str, identifier: str) -> bool:
        """Whether an agent with this identity was started under one of the labels."""
        return identifier in (label_of(name, daemon=False), label_of(name, daemon=True))

    def enable(self, registration: Registration) -> str:
        """Write and enable the property list; a daemon is started with that."""
        daemon = bool(registration.user)
        path, label = self.path(registration.name, daemon=daemon), label_of(registration.name, daemon=daemon)
        before = _working_directory(path)
        if before not in (None, registration.directory):
            raise UserError(
                f"another instance {registration.name!r}, of another LIMA_HOME, starts by itself",
                where=path,
                hint="give one of them another name, or disable the other one with its LIMA_HOME",
            )
        if daemon:
            self._install(plist(registration), path, label)
            return label
        os.makedirs(self._agents, exist_ok=True)
        files.write_atomic(path, plist(registration))
        try:
            _launchctl("enable", f"{self._domain}/{label}")
        except BaseException:
            if before is None:
                os.unlink(path)
            raise
        return label

    def _install(self, content: bytes, path: str, label: str) -> None:
        with tempfile.NamedTemporaryFile(suffix=".plist") as file:
            file.write(content)
            file.flush()
            _sudo("launchctl", "bootout", f"system/{label}", ignore=True)
            _sudo("install", "-m", "644", file.name, path)
            _sudo("launchctl", "enable", f"system/{label}")
            _sudo("launchctl", "bootstrap", "system", path)

    def disable(self, name: str, directory: str) -> None:
        """Disable and remove the property list."""
        daemon = self._which(name, directory)
        if daemon is None:
            return
        path, label = self.path(name, daemon=daemon), label_of(name, daemon=daemon)
        if daemon:
            _sudo("launchctl", "bootout", f"system/{label}", ignore=True)
            _sudo("launchctl", "disable", f"system/{label}", ignore=True)
            _sudo("rm", "-f", path)
            return
        _launchctl("disable", f"{self._domain}/{label}")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def start(self, name: str, directory: str) -> None:
        """Load the property list, which starts what it names."""
        if self._which(name, directory):
            label = label_of(name, daemon=True)
            _sudo("launchctl", "bootout", f"system/{label}", ignore=True)
            _sudo("launchctl", "bootstrap", "system", self.path(name, daemon=True))
            return
        label = label_of(name, daemon=False)
        with contextlib.suppress(UserError):
            _launchctl("bootout", f"{self._domain}/{label}")
        _launchctl("enable", f"{self._domain}/{label}")
        _launchctl("bootstrap", self._domain, self.path(name, daemon=False))

    def stop(self, name: str, directory: str) -> None:
        """Unload it, which begins with a signal to the agent."""
        if self._which(name, directory):
            _sudo("launchctl", "bootout", f"system/{label_of(name, daemon=True)}")
            return
        _launchctl("bootout", f"{self._domain}/{label_of(name, daemon=False)}")


def _working_directory(path: str) -> str | None:
    """The directory of the instance that a property list is for; None when there is no such list."""
    try:
        with open(path, "rb") as file:
            value = plistlib.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, plistlib.InvalidFileException):
        return ""
    directory = value.get("WorkingDirectory") if isinstance(value, dict) else None
    return directory if isinstance(directory, str) else ""


def _launchctl(*words: str) -> None:
    process.run(["launchctl", *words], env=dict(os.environ), timeout=_LIMIT)


def _sudo(*words: str, ignore: bool = False) -> None:
    """Run a program as root; sudo may ask for the password on our terminal."""
    argv: Sequence[str] = ["sudo", *words]
    if process.interactive(argv) and not ignore:
        raise UserError(f"`{' '.join(argv)}` failed", hint="what it has said is above")
