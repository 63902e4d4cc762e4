"""Which process holds a port of this host: from /proc on Linux, by `lsof` on macOS; elsewhere nobody knows.

Of the processes of other users Linux shows an ordinary user only the owner. The part for macOS was
written from the manual of lsof and has not run there yet.
"""

import contextlib
import functools
import ipaddress
import os
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from limavm.errors import UserError
from limavm.host.process import run

if sys.platform != "win32":
    import pwd

_PROC = "/proc"
#: The states in /proc/net of a TCP socket that listens, and of a UDP socket that is connected to nobody.
_LISTENS = {"tcp": "0A", "udp": "07"}
_LSOF_LIMIT = 5.0
#: Seconds for which a look at all processes is good.
_FRESH = 0.5

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class Owner(NamedTuple):
    """A process that holds a port; PID 0 and no command line when only its user is known."""

    pid: int
    name: str = ""
    argv: tuple[str, ...] = ()
    user: str = ""


class _Socket(NamedTuple):
    ip: IP
    uid: int
    inode: str


def port_owner(protocol: str, ip: IP, port: int) -> Owner | None:
    """Who keeps others from listening there; None when that cannot be found out. Takes some milliseconds."""
    if sys.platform == "linux":
        return linux_owner(protocol, ip, port)
    if sys.platform == "darwin":
        return _darwin_owner(protocol, port)
    return None


def linux_owner(protocol: str, ip: IP, port: int, proc: str = _PROC) -> Owner | None:
    """The owner according to `proc`, which is laid out like /proc."""
    sockets = [one for one in _sockets(protocol, port, proc) if _in_the_way(one.ip, ip)]
    sockets.sort(key=lambda one: one.ip != ip)
    wanted = {f"socket:[{one.inode}]" for one in sockets}
    if not wanted:
        return None
    owners = _socket_owners(proc, int(time.monotonic() / _FRESH))
    for pid in {owners[link] for link in wanted & owners.keys()}:
        if not wanted.isdisjoint(_open_files(f"{proc}/{pid}/fd")):  # it may have gone meanwhile
            return Owner(pid, _text(f"{proc}/{pid}/comm").strip(), _argv(f"{proc}/{pid}/cmdline"))
    return Owner(0, user=_user(sockets[0].uid))


@functools.lru_cache(maxsize=1)
def _socket_owners(proc: str, _moment: int) -> dict[str, int]:
    """Which process has which socket. Kept for a moment: when one port is taken, others often are as well."""
    return {link: pid for pid in _pids(proc) for link in _open_files(f"{proc}/{pid}/fd") if link.startswith("socket:")}


def _in_the_way(taken: IP, wanted: IP) -> bool:
    mapped = getattr(taken, "ipv4_mapped", None) or taken
    return mapped == wanted or mapped.is_unspecified or wanted.is_unspecified


def _sockets(protocol: str, port: int, proc: str) -> Iterator[_Socket]:
    for table in (protocol, f"{protocol}6"):
        for line in _text(f"{proc}/net/{table}").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 10 or fields[3] != _LISTENS.get(protocol):
                continue
            address, _, number = fields[1].partition(":")
            if int(number, 16) == port:
                yield _Socket(_kernel_ip(address), int(fields[7]), fields[9])


def _kernel_ip(text: str) -> IP:
    """An address as the kernel prints it: words of 32 bits, each in the byte order of the machine."""
    words = [int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8)]
    return ipaddress.ip_address(b"".join(words))


def _pids(proc: str) -> list[int]:
    return [int(name) for name in os.listdir(proc) if name.isdigit()]


def _open_files(directory: str) -> Iterator[str]:
    try:
        names = os.listdir(directory)
    except OSError:  # another user's, or gone
        return
    for name in names:
        try:
            yield os.readlink(f"{directory}/{name}")
        except OSError:
            continue


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _argv(path: str) -> tuple[str, ...]:
    return tuple(_text(path).rstrip("\0").split("\0"))


def _user(uid: int) -> str:
    if sys.platform != "win32":
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)


def _darwin_owner(protocol: str, port: int) -> Owner | None:
    state = ["-sTCP:LISTEN"] if protocol == "tcp" else []
    try:
        found = run(["lsof", "-nP", f"-i{protocol.upper()}:{port}", *state, "-Fpc"], timeout=_LSOF_LIMIT)
        owner = parse_lsof(found.decode(errors="replace"))
        if owner is None:
            return None
        argv = run(["ps", "-ww", "-o", "command=", "-p", str(owner.pid)], timeout=_LSOF_LIMIT)
    except UserError:  # lsof finds nothing: status 1
        return None
    return owner._replace(argv=(argv.decode(errors="replace").strip(),))


def parse_lsof(text: str) -> Owner | None:
    """The first process in the output of `lsof -Fpc`: a line for each field, named by its first letter."""
    fields = {line[:1]: line[1:] for line in reversed(text.splitlines())}
    pid = fields.get("p", "")
    return Owner(int(pid), fields.get("c", "")) if pid.isdigit() else None
