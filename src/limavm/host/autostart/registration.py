"""What is told to a service manager about an instance, and what all managers can do."""

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from limavm.host import paths
from limavm.host.installation import limactl_argv
from limavm.model.value import Value

#: Seconds that an agent may take to end: it powers the guest off, and kills it after three minutes.
PATIENCE = 210
LOGIN, BOOT = "login", "boot"


class Registration(Value, frozen=True, kw_only=True):
    """An instance that is to start by itself. `argv` starts it, and is the host agent from then on.

    With `user` it starts with the host and runs as that user, else when we log in.
    """

    name: str
    directory: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    user: str = ""


class Manager(Protocol):
    """A service manager of a host. Methods raise UserError with what it has said."""

    #: What it is called in messages.
    title: str

    def registered(self, name: str, directory: str) -> str:
        """The unit that starts the instance in this directory, empty when there is none."""

    def owns(self, name: str, identifier: str) -> bool:
        """Whether this is the identity of a host agent that the manager has started for the instance."""

    def enable(self, registration: Registration) -> str:
        """Have an instance start by itself from now on; returns the unit. After a failure nothing has changed."""

    def disable(self, name: str, directory: str) -> None:
        """Have a registered instance not start by itself any more; it goes on running if it does."""

    def start(self, name: str, directory: str) -> None:
        """Start a registered instance now."""

    def stop(self, name: str, directory: str) -> None:
        """Ask for the end of an instance that was started by the manager, and do not wait for it."""


def registration(name: str, environment: Mapping[str, str], *, user: str = "") -> Registration:
    """How an instance of this LIMA_HOME is started, by this installation.

    PATH goes with it: the one of service managers is short, and may miss QEMU.
    """
    found = ":".join(part for part in environment.get("PATH", "").split(os.pathsep) if os.path.isabs(part))
    values = {"PATH": found} if found else {}
    if environment.get("LIMA_HOME"):
        values["LIMA_HOME"] = paths.lima_home()
    if os.path.isabs(environment.get("XDG_CACHE_HOME", "")):
        values["XDG_CACHE_HOME"] = environment["XDG_CACHE_HOME"]
    return Registration(
        name=name,
        directory=paths.instance_dir(name),
        argv=(*limactl_argv(), "start", name, "--foreground"),
        environment=values,
        user=user,
    )


def unprintable(words: Sequence[str]) -> str | None:
    """The first of the words that no line of a file can carry."""
    return next((word for word in words if any(char in word for char in "\n\r\0")), None)
