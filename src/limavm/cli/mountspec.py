"""What the words of `limactl mount` mean: `HOST[:GUEST][:w]`, and how a configuration keeps that. Pure."""

import os

from limavm.cli.expressions import Home, boolean, expanded, quoted
from limavm.errors import UserError
from limavm.model.config import Mount
from limavm.model.mount import clean_point

_FORM = "HOST[:GUEST][:w]"


def parse(text: str, place: Home) -> Mount:
    """The mount that the user asks for; raises UserError.

    Without a place in the guest it is the same as on the host. It is read-only unless `:w` stands behind it.
    """
    host, *others = text.split(":")
    access = others.pop() if others and others[-1] in ("w", "ro") else "ro"
    if not host or len(others) > 1:
        raise _wrong(text, "it has too many parts" if host else "the directory of the host is missing")
    try:
        location = expanded(host, place)
    except ValueError as error:
        raise _wrong(text, str(error)) from error
    if not os.path.isabs(location):
        raise _wrong(text, "the current directory does not exist any more, so its path has to be written in full")
    guest = others[0] if others else location
    if not guest.startswith("/"):
        raise _wrong(text, f"the place in the guest has to be an absolute path, and is {guest!r}")
    return Mount(location=location, mount_point=clean_point(guest), writable=access == "w")


def _wrong(text: str, what: str) -> UserError:
    return UserError(
        f"{text!r} is no mount: {what}",
        hint=f"write {_FORM}, such as ~/src:/srv/src:w; other paths with a colon go into `mounts` of the YAML",
    )


def kept(mount: Mount) -> str:
    """The expression that adds a mount to a configuration; raises UserError for names that YAML cannot hold."""
    try:
        location, point = quoted(mount.location), quoted(mount.mount_point)
    except ValueError as error:
        raise UserError(f"the mount cannot be kept in a configuration: {error}") from error
    return f'.mounts += [{{"location": {location}, "mountPoint": {point}, "writable": {boolean(mount.writable)}}}]'
