"""systemd for a user: a unit for each instance that starts by itself (spec/runtime.md 2.9).

systemd.service(5), systemd.unit(5), systemd.syntax(7).
"""

import contextlib
import os
import re
import sys
from collections.abc import Mapping

from limavm.errors import UserError
from limavm.host import files, paths, process
from limavm.host.autostart.registration import PATIENCE, Registration, unprintable

#: What there is where systemd manages the host (sd_booted(3)).
BOOTED = "/run/systemd/system"
_LIMIT = 60.0
_SIMPLE = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_OWN = re.compile(r"lima-vm@.+\.service")

_UNIT = """\
# Written by `limactl autostart enable`; changes are lost when that is run again.
[Unit]
Description=Virtual machine %i of Lima
{condition}
StartLimitIntervalSec=600
StartLimitBurst=5

[Service]
Type=simple
WorkingDirectory=%h
{environment}ExecStart={command}
# The guest is shut down in order, which the host agent does when it is told to end.
TimeoutStopSec={patience}
# Nothing else is killed: a machine whose host agent died goes on, and the next agent takes it over.
KillMode=process
Restart=on-failure
RestartSec=2

[Install]
WantedBy=default.target
"""


def unit_of(name: str) -> str:
    """The unit of an instance."""
    return f"lima-vm@{name}.service"


def unit_text(registration: Registration) -> str:
    """The text of the unit; raises UserError for a path that no unit can name."""
    words = [*registration.argv, registration.directory, *registration.environment.values()]
    if bad := unprintable(words):
        raise UserError("a unit of systemd cannot name a path with a line break", where=repr(bad))
    # `%i` is the name as it stands in the unit's.
    command = [*(_word(word) for word in registration.argv[:-2]), "%i", registration.argv[-1]]
    environment = [f'Environment="{_escaped(f"{key}={value}")}"\n' for key, value in registration.environment.items()]
    return _UNIT.format(
        condition=_condition(registration.directory),
        environment="".join(environment),
        command=" ".join(command),
        patience=PATIENCE,
    )


def _condition(directory: str) -> str:
    """A unit that was left behind creates no machine; it also tells whose instance it is."""
    return "ConditionPathExists=" + os.path.join(directory, paths.LIMA_YAML).replace("%", "%%")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _word(word: str) -> str:
    """A word of a command line; `$` would begin a variable there."""
    if _SIMPLE.fullmatch(word):
        return word
    return f'"{_escaped(word).replace("$", "$$")}"'


class Systemd:
    """The manager of the user's own services."""

    title = "systemd"

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` says where units are: `$XDG_CONFIG_HOME/systemd/user`."""
        config = environment.get("XDG_CONFIG_HOME", "")
        if not os.path.isabs(config):
            config = os.path.join(paths.user_home(), ".config")
        self._units = os.path.join(config, "systemd", "user")

    def path(self, name: str) -> str:
        """The file of the unit of an instance."""
        return os.path.join(self._units, unit_of(name))

    def registered(self, name: str, directory: str) -> str:
        """The unit of the instance in this directory, empty when there is none."""
        text = files.read_text(self.path(name))
        return unit_of(name) if text is not None and _is_for(text, directory) else ""

    def owns(self, name: str, identifier: str) -> bool:
        """Whether an agent with this identity runs in the unit."""
        return identifier == unit_of(name)

    def enable(self, registration: Registration) -> str:
        """Write and enable the unit; after a failure it is as it was."""
        path, unit = self.path(registration.name), unit_of(registration.name)
        text, before = unit_text(registration), files.read_text(path)
        if before is not None and not _is_for(before, registration.directory):
            raise UserError(
                f"another instance {registration.name!r}, of another LIMA_HOME, starts by itself",
                where=path,
                hint="give one of them another name, or disable the other one with its LIMA_HOME",
            )
        os.makedirs(self._units, exist_ok=True)
        files.write_atomic(path, text.encode(errors="surrogateescape"), 0o644)
        try:
            _systemctl("enable", unit)
        except BaseException:
            if before is None:
                os.unlink(path)
            else:
                files.write_atomic(path, before.encode(errors="surrogateescape"), 0o644)
            raise
        return unit

    def disable(self, name: str, _directory: str) -> None:
        """Disable and remove the unit; a systemd that does not answer keeps no file from being removed."""
        unit = unit_of(name)
        try:
            _systemctl("disable", unit)
        except UserError:
            # What `enable` has made is a link, which counts as soon as systemd is there again.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self._units, "default.target.wants", unit))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(name))
        with contextlib.suppress(UserError):
            _systemctl("daemon-reload")

    def start(self, name: str, _directory: str) -> None:
        """Start the unit, also when it has failed too often."""
        with contextlib.suppress(UserError):
            _systemctl("reset-failed", unit_of(name))
        _systemctl("start", unit_of(name))

    def stop(self, name: str, _directory: str) -> None:
        """Have the unit stopped, which begins with a signal to the agent."""
        _systemctl("--no-block", "stop", unit_of(name))


def _is_for(text: str, directory: str) -> bool:
    """Whether a unit is for the instance in this directory; one that Lima has written does not tell."""
    conditions = [line for line in text.splitlines() if line.startswith("ConditionPathExists=")]
    return not conditions or _condition(directory) in conditions


def _systemctl(*words: str) -> None:
    process.run(["systemctl", "--user", *words], env=_environment(), timeout=_LIMIT)


def _environment() -> dict[str, str]:
    """Ours, with the directory of the user's bus, which a shell of `su` or cron lacks."""
    environment = dict(os.environ)
    if sys.platform != "win32" and "XDG_RUNTIME_DIR" not in environment:
        runtime = f"/run/user/{os.getuid()}"
        if os.path.isdir(runtime):
            environment["XDG_RUNTIME_DIR"] = runtime
    return environment


def booted() -> bool:
    """Whether systemd manages this host."""
    return os.path.isdir(BOOTED)


def of_cgroup(text: str) -> str:
    """The unit of an instance that a process belongs to, by its `/proc/PID/cgroup`; empty when there is none."""
    return next((unit for line in text.splitlines() if _OWN.fullmatch(unit := line.rpartition("/")[2])), "")
