"""`python -P -m limavm.virtiofs.confine DIRECTORY PROGRAM …`: runs a program for which a directory is read-only.

For every virtiofsd that has no such option of its own. The directory is bound over itself read-only, with all
that is mounted below, in a mount namespace that the program cannot leave (mount_setattr(2), Linux 5.12). Without root,
the namespace is that of a new user namespace in which the user keeps the own number.
"""

import ctypes
import os
import sys

assert sys.platform == "linux"

_NEWNS = 0x00020000
_NEWUSER = 0x10000000
_MS_BIND = 1 << 12
_MS_REC = 1 << 14
_MS_SLAVE = 1 << 19
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_RDONLY = 1
#: The same number on all architectures.
_MOUNT_SETATTR = 442


def main(argv: list[str]) -> None:
    """Confine this process and become the program."""
    directory, *program = argv
    make_read_only(directory)
    os.execv(program[0], program)  # noqa: S606 - what this is for


def make_read_only(directory: str) -> None:
    """Make a directory read-only for this process and all that it starts; raises OSError."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.unshare(_NEWNS if uid == 0 else _NEWNS | _NEWUSER), "unshare")
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    path = os.fsencode(directory)
    # What is mounted here is not to be seen outside.
    _checked(libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None), "mount /")
    _checked(libc.mount(path, path, None, _MS_BIND | _MS_REC, None), f"mount {directory}")
    attributes = (ctypes.c_uint64 * 4)(_RDONLY, 0, 0, 0)
    size = ctypes.sizeof(attributes)
    _checked(
        libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, ctypes.byref(attributes), ctypes.c_size_t(size)),
        f"mount_setattr {directory}",
    )


def _checked(status: int, what: str) -> None:
    if status < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
