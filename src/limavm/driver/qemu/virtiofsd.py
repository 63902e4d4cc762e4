"""Which virtiofsd this host has, how it is spoken to, and how it is confined.

There are two: the one in Rust (a project of its own, since 2021), and the older one in C that came with QEMU until
8.0, which only root can use. Both are found by the description files of QEMU's interoperability specification, else at
their usual places; what a program is, and what it can, its `--help` tells.
"""

import contextlib
import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from limavm.driver.qemu.probe import Probe, Program
from limavm.errors import UserError
from limavm.host.process import ProcessError, find_program, run
from limavm.model.machine import Share
from limavm.model.value import Value

_USUAL = ("/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/lib64/virtiofsd")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_HINT = (
    "install the package virtiofsd (Debian 13, Ubuntu 24.04, Fedora and newer), or use mountType 9p or reverse-sshfs"
)
#: Every user and group that a guest knows.
_ALL_IDS = (1 << 32) - 1
#: Neither device files nor files that give privileges can be made on the host.
_CAPABILITIES = "-mknod:-setfcap"


class Dialect(StrEnum):
    """Whose options it takes."""

    RUST = "rust"
    C = "c"


#: What a user should know on a host without user namespaces.
NO_SANDBOX = (
    "this host lets an ordinary user make no namespaces, so virtiofsd runs without its sandbox; "
    "`mountType: reverse-sshfs` is confined to the shared directories on every host"
)


class Daemon(Value, frozen=True, kw_only=True):
    """A virtiofsd of this host, and the long options that it takes."""

    program: str
    dialect: Dialect
    options: frozenset[str] = frozenset()

    @property
    def in_order(self) -> bool:
        """Whether it finishes the requests of a queue in the order in which they came (with no pool of threads)."""
        return self.dialect is Dialect.RUST


class Sandbox(StrEnum):
    """How the daemon is confined to its directory."""

    NAMESPACE = "namespace"
    NONE = "none"


class _Backend(msgspec.Struct):
    """A description of a vhost-user program."""

    type: str = ""
    binary: str = ""


def find(qemu: str, home: str, uid: int) -> Daemon:
    """The first virtiofsd that this user can use; raises UserError when there is none."""
    return choose(candidates(description_directories(qemu, home)), uid)


def choose(programs: Iterable[str], uid: int) -> Daemon:
    """The first of them that is a virtiofsd which this user can use; raises UserError."""
    refused = ""
    for program in programs:
        daemon = examine(program)
        if daemon is None:
            continue
        if daemon.dialect is Dialect.RUST or uid == 0:
            return daemon
        refused = refused or program
    if refused:
        raise UserError("only root can use this virtiofsd, the old one of QEMU", where=refused, hint=_HINT)
    raise UserError("virtiofsd is not installed", where="mountType", hint=_HINT)


def examine(program: str) -> Daemon | None:
    """What a program is; None when it is no virtiofsd, or does not answer."""
    try:
        text = Probe(Program(path=program)).help_text()
    except (UserError, OSError):
        return None
    options = frozenset(_OPTION.findall(text))
    if "--shared-dir" in options:
        return Daemon(program=program, dialect=Dialect.RUST, options=options)
    if "-o source=" in text and "--fd" in options:
        return Daemon(program=program, dialect=Dialect.C, options=options)
    return None


def candidates(directories: Iterable[str]) -> Iterator[str]:
    """Programs that may be a virtiofsd, each once."""
    seen = set()
    for path in (*_described(directories), *_USUAL, find_program("virtiofsd") or ""):
        if path and path not in seen and os.access(path, os.X_OK):
            seen.add(path)
            yield path


def description_directories(qemu: str, home: str) -> list[str]:
    """Where descriptions of vhost-user programs lie, in the order of preference."""
    prefix = os.path.dirname(os.path.dirname(qemu))
    roots = (os.path.join(home, ".local"), prefix, "/usr")
    return list(dict.fromkeys(os.path.join(root, "share", "qemu", "vhost-user") for root in roots))


def sandbox(uid: int) -> Sandbox:
    """What this host lets a user do: namespaces need the right to make a user namespace."""
    if uid == 0:
        return Sandbox.NAMESPACE
    try:
        run(["unshare", "--user", "--mount", "true"], timeout=10)
    except (ProcessError, UserError):
        return Sandbox.NONE
    return Sandbox.NAMESPACE


def argv(daemon: Daemon, share: Share, *, uid: int, gid: int, box: Sandbox) -> list[str]:
    """The command line, with `{fd}` for the socket on which it is to listen.

    Raises UserError when a read-only share cannot be enforced.
    """
    if daemon.dialect is Dialect.C:
        return _read_only(_c_argv(daemon, share, box), share, box)
    words = _rust_argv(daemon, share, uid, gid, box)
    if not share.writable and "--readonly" in daemon.options:
        return [*words, "--readonly"]
    return _read_only(words, share, box)


def keeper_order(daemon: Daemon, share: Share, command: Iterable[str], socket: str) -> bytes:
    """What the process that keeps the daemon running is told (`limavm.virtiofs`); QEMU is on its socket."""
    order = {
        "socket": socket,
        "status": status_path(socket),
        "share": share,
        "accounts": not daemon.in_order,
        "argv": list(command),
    }
    return msgspec.json.encode(order)


def status_path(socket: str) -> str:
    """Where the keeper tells how it is."""
    return f"{socket.removesuffix('.sock')}.status"


def _rust_argv(daemon: Daemon, share: Share, uid: int, gid: int, box: Sandbox) -> list[str]:
    words = [daemon.program, "--fd", "{fd}", "--shared-dir", share.location, "--sandbox", box.value]
    # Requests are finished in order then, which a daemon that takes over relies on.
    words += ["--thread-pool-size", "0"] if "--thread-pool-size" in daemon.options else []
    words += [flag for flag in ("--xattr", "--announce-submounts") if flag in daemon.options]
    if uid == 0:
        return [*words, *([f"--modcaps={_CAPABILITIES}"] if "--modcaps" in daemon.options else [])]
    if "--translate-uid" in daemon.options:
        # It can be nobody else than the user, so whoever creates a file in the guest, the user does.
        words += ["--translate-uid", f"squash-guest:0:{uid}:{_ALL_IDS}"]
        words += ["--translate-gid", f"squash-guest:0:{gid}:{_ALL_IDS}"]
    return words


def _c_argv(daemon: Daemon, share: Share, box: Sandbox) -> list[str]:
    # A comma separates options; a backslash takes that from it.
    source = share.location.replace("\\", "\\\\").replace(",", "\\,")
    options = f"xattr,announce_submounts,cache=auto,sandbox={box.value},modcaps={_CAPABILITIES}"
    return [daemon.program, "--fd={fd}", "--thread-pool-size=0", "-o", f"source={source}", "-o", options]


def _read_only(words: list[str], share: Share, box: Sandbox) -> list[str]:
    if share.writable:
        return words
    if box is Sandbox.NONE:
        raise UserError(
            f"{words[0]} cannot serve a directory read-only, and this host lets nobody but root make namespaces",
            where=share.location,
            hint="install a newer virtiofsd (1.12), allow user namespaces, or use mountType 9p or reverse-sshfs",
        )
    return [sys.executable, "-P", "-m", "limavm.virtiofs.confine", share.location, *words]


def _described(directories: Iterable[str]) -> Iterator[str]:
    for directory in directories:
        for path in sorted(glob.glob(os.path.join(glob.escape(directory), "*.json"))):
            backend = _read(path)
            if backend.type == "fs":
                yield backend.binary


def _read(path: str) -> _Backend:
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError), open(path, "rb") as file:
        return msgspec.json.decode(file.read(), type=_Backend)
    return _Backend()
