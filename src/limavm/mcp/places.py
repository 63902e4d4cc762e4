"""Where a path of the host is in the guest (spec/cli.md 11): mostly at the same place. Pure.

A mount whose `mountPoint` is another path than its `location` is the exception: agents go on to call its
files by the host's names.
"""

import posixpath
from collections.abc import Sequence

import msgspec

from limavm.errors import UserError

#: More than any system takes.
_LONGEST = 4096


class Mount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A directory of the host in the guest, as `limactl list --json` tells of it."""

    location: str
    mount_point: str = ""


class Place(msgspec.Struct, frozen=True):
    """One thing under both of its names."""

    host: str
    guest: str

    def to_host(self, guest: str) -> str:
        """The host's name of this place, or of what is below it."""
        rest = below(guest, self.guest)
        return guest if rest is None else posixpath.join(self.host, rest) if rest else self.host


def place(path: str, mounts: Sequence[Mount]) -> Place:
    """The place that the host calls `path`; raises UserError unless that is an absolute path."""
    if not path:
        raise UserError("the path is empty", hint="give an absolute path")
    if not path.startswith("/"):
        raise UserError(f"the path {shown(path)} is not absolute", hint="give an absolute path")
    if "\0" in path or len(path) > _LONGEST or not encodable(path):
        raise UserError(f"{shown(path)} cannot be a path")
    host = posixpath.normpath("/" + path.lstrip("/"))
    found = ((rest, mount) for mount in mounts if (rest := below(host, mount.location)) is not None)
    nearest = max(found, key=lambda pair: len(pair[1].location), default=None)
    if nearest is None:
        return Place(host, host)
    rest, mount = nearest
    return Place(host, posixpath.normpath(posixpath.join(mount.mount_point or mount.location, rest)))


def below(path: str, directory: str) -> str | None:
    """What follows `directory` in `path`: empty for itself, None for what is elsewhere."""
    directory = posixpath.normpath(directory)
    if path == directory:
        return ""
    prefix = directory.rstrip("/") + "/"
    return path.removeprefix(prefix) if path.startswith(prefix) else None


def is_mounted(guest: str, mounts: Sequence[Mount]) -> bool:
    """Whether a path of the guest is in a mount."""
    return any(below(guest, mount.mount_point or mount.location) is not None for mount in mounts)


def encodable(text: str) -> bool:
    """Whether a text is Unicode; JSON can also write halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """A text that an agent has sent, for a message."""
    return ascii(text[:200] + "…" * (len(text) > 200)) if not text.isprintable() else f"{text[:200]!r}"
