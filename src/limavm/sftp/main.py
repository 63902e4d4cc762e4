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
#: The arguments make no sense; `--exec` cannot be confined here; the root cannot be opened, the program not started.
BAD_USAGE, NO_LANDLOCK, NO_ROOT, NO_PROGRAM = 2, 3, 4, 5


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
    if flags.command:
        return _become(flags, fd, journal)
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


def _become(flags: Flags, root: int, journal: Journal) -> int:
    """Put the wall around this process and become the program. Returns only if that fails."""
    program = _find(flags.command[0])
    if program is None:
        journal.line(f"{flags.command[0]}: no such program")
        return NO_PROGRAM
    if not confine.confine_program(root, program, read_only=flags.read_only):
        journal.line(f"this host has no Landlock to keep {program} within {flags.root}")
        return NO_LANDLOCK
    try:
        os.execv(program, flags.command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        journal.line(f"{program}: {error.strerror}")
    return NO_PROGRAM


def _find(program: str) -> "str | None":
    """The program as a path, looked up as a shell does."""
    directories = [""] if "/" in program else os.get_exec_path()
    paths = (os.path.join(directory, program) for directory in directories)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def _names(root: str) -> "tuple[bytes, ...]":
    """How clients may call the root: as the user wrote it, and by its path without links."""
    return os.fsencode(os.path.abspath(root)), os.fsencode(os.path.realpath(root))
