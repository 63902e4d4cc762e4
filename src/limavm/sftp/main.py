"""The process: what is opened, what is given up, and the status that it ends with."""

import os
import sys

assert sys.platform != "win32"

from limavm.sftp import confine, syscalls
from limavm.sftp.beneath import Root
from limavm.sftp.flags import USAGE, Flags, UsageError
from limavm.sftp.handles import Handles
from limavm.sftp.journal import Journal
from limavm.sftp.server import Server
from limavm.sftp.service import Service

#: The client has closed the connection between two packets; it sent something else than SFTP.
CLOSED, BROKEN = 0, 1
#: The arguments make no sense; the root cannot be opened.
BAD_USAGE, NO_ROOT = 2, 4


def main(args: "list[str]", *, landlock: bool = True, openat2: bool = True) -> int:
    """Serve standard input and output. Returns the exit status.

    `landlock` and `openat2` are False in tests, to show that the rest is enough.
    """
    journal = Journal()
    try:
        flags = Flags(args)
    except UsageError as error:
        journal.line(f"{error}; {USAGE}")
        return BAD_USAGE
    try:
        # A link that the user gave as the location is followed, once: whatever it points to now is served.
        fd = os.open(flags.root, syscalls.DIRECTORY)
    except OSError as error:
        journal.line(f"{flags.root}: {error.strerror}")
        return NO_ROOT
    return _serve(flags, fd, journal, landlock=landlock, openat2=openat2)


def _serve(flags: Flags, fd: int, journal: Journal, *, landlock: bool, openat2: bool) -> int:
    handles = Handles()
    confine.limit_resources(handles)
    root = Root(fd, _names(flags.root), openat2=openat2)
    if landlock and not confine.confine(fd, read_only=flags.read_only) and sys.platform == "linux":
        journal.line("this kernel has no Landlock: the directory is guarded by this program alone")
    service = Service(
        root,
        read_only=flags.read_only,
        follow_symlinks=flags.follow_symlinks,
        mask=os.umask(0),
        handles=handles,
    )
    return CLOSED if Server(service, journal, 0, 1).run() else BROKEN


def _names(root: str) -> "tuple[bytes, ...]":
    """How clients may call the root: as the user wrote it, and by its path without links."""
    return os.fsencode(os.path.abspath(root)), os.fsencode(os.path.realpath(root))
