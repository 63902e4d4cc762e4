"""What the process gives up before the first byte of a client is read."""

import os
import resource
import sys
import time

assert sys.platform != "win32"

from limavm.sftp import landlock, syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from limavm.sftp.handles import Handles

#: Descriptors beside those of handles: standard ones, the root, and what a request opens for a moment.
_SPARE = 64
#: A directory takes two while it is listed.
_EACH = 2

#: What a program of the system needs to start: its libraries, and the few files that the C library looks into.
_SYSTEM = (
    *("/bin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec"),
    *("/usr/local/lib", "/nix/store", "/gnu/store"),
)
_LOOKED_INTO = (
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime"),
    *("/etc/ssl/openssl.cnf", "/etc/crypto-policies", "/usr/share/zoneinfo", "/usr/share/locale", "/dev/urandom"),
)


def limit_resources(handles: "Handles") -> None:
    """No core file with the user's data in it; as many handles as the process has descriptors for."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = handles.most * _EACH + _SPARE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    except (OSError, ValueError):  # macOS has a lower bound beside that which it tells
        pass
    handles.most = min(handles.most, max((soft - _SPARE) // _EACH, 1))


def confine(root: int, *, read_only: bool) -> bool:
    """Give up all files but those beneath `root`. False: this host has no Landlock that would let it serve."""
    time.tzset()  # reads a file
    abi = _usable(read_only=read_only)
    if abi:
        landlock.restrict(abi, [(root, landlock.READ if read_only else landlock.WRITE, True)])
    return bool(abi)


def confine_program(root: int, program: str, *, read_only: bool) -> bool:
    """The same for a program of the system that this process becomes next: it may start, and read what it needs to."""
    abi = _usable(read_only=read_only)
    if not abi:
        return False
    rules = [(root, landlock.READ if read_only else landlock.WRITE, True)]
    try:
        for path, rights in _needs(program):
            try:
                fd = os.open(path, syscalls.LOOK | os.O_CLOEXEC)
            except OSError:  # this system has no such file
                continue
            rules.append((fd, rights, os.path.isdir(path)))
        landlock.restrict(abi, rules)
    finally:
        for fd, _, _ in rules[1:]:
            os.close(fd)
    return True


def _needs(program: str) -> "list[tuple[str, int]]":
    return [
        *((path, landlock.RUN) for path in (*_SYSTEM, os.path.realpath(program))),
        *((path, landlock.READ) for path in _LOOKED_INTO),
        ("/dev/null", landlock.READ | landlock.WRITE_FILE),
    ]


def _usable(*, read_only: bool) -> int:
    """The version of Landlock, 0 where there is none or where it would break what clients do."""
    abi = landlock.version()
    # The first version forbids to move a file to another directory.
    return abi if read_only or abi >= landlock.MOVES else 0
