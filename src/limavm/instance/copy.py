"""Which program copies between the host and instances, and with which command line (spec/cli.md 8)."""

import os
import re
import sys
from collections.abc import Mapping, Sequence

from limavm.errors import UserError
from limavm.host import paths, process
from limavm.instance.connection import Connection, connection, ssh_program
from limavm.model.report import Reporter
from limavm.model.value import Value
from limavm.ssh.client import client_facts
from limavm.ssh.copy import (
    INFO,
    QUOTES,
    URI,
    Place,
    as_scp_would,
    place_of,
    rsync_argv,
    rsync_path,
    scp_argv,
    scp_path,
)

BACKENDS = ("auto", "rsync", "scp")
_HAS_RSYNC = "command -v rsync >/dev/null 2>&1"
#: Seconds for that question: a guest that is emulated takes a few.
_ASK_LIMIT = 60.0
_SSH_FAILED = 255
_VERSION = re.compile(r"version v?(\d+)\.(\d+)\.(\d+)")

Version = tuple[int, int, int]


class Wish(Value, frozen=True, kw_only=True):
    """The flags of `copy`. `archive` keeps modes and times and implies `recursive`."""

    recursive: bool = False
    verbose: bool = False
    archive: bool = False
    progress: bool = False
    backend: str = "auto"


class Copy(Value, frozen=True, kw_only=True):
    """What is to be copied: the last place is the target. `connections` by the name of their instance."""

    places: tuple[Place, ...]
    connections: dict[str, Connection]
    wish: Wish

    @property
    def remote(self) -> list[Place]:
        """The places in instances."""
        return [place for place in self.places if place.is_remote]


def copy_argv(words: Sequence[str], wish: Wish, environment: Mapping[str, str], *, report: Reporter) -> list[str]:
    """The program that copies, with its arguments. `words` are SOURCE… TARGET.

    Raises UserError for an instance that is missing or stopped, and when no program can do it.
    """
    if wish.backend not in BACKENDS:
        raise UserError(f"the backend {wish.backend!r} is not known", hint=f"use one of {', '.join(BACKENDS)}")
    places = [_place(word) for word in words]
    names = dict.fromkeys(place.instance for place in places if place.is_remote)
    copy = Copy(places=tuple(places), connections={name: connection(name, environment) for name in names}, wish=wish)
    if wish.backend == "rsync":
        return _rsync(copy)
    if wish.backend == "auto" and len(copy.remote) <= 1:
        reason = _no_rsync(copy)
        if reason is None:
            return _rsync_line(copy)
        report.debug(f"copying with scp: {reason}")
    return _scp(copy, environment, report)


def _place(word: str) -> Place:
    try:
        place = place_of(word, windows=sys.platform == "win32")
    except ValueError as error:
        raise UserError(str(error), hint=f"for a file of the host write ./{word}") from error
    if place.is_remote:
        try:
            paths.check_instance_name(place.instance)
        except UserError as error:
            raise UserError(error.message, where=word, hint=f"for a file of the host write ./{word}") from error
    return place


def _rsync(copy: Copy) -> list[str]:
    """rsync because it was asked for: what speaks against it is an error."""
    if len(copy.connections) > 1 or (copy.places[-1].is_remote and any(place.is_remote for place in copy.places[:-1])):
        raise UserError(
            "rsync copies between the host and one instance, not from one instance to another",
            hint="leave out --backend=rsync, or copy to the host first",
        )
    process.ensure_program("rsync")
    reason = _no_rsync(copy)
    if reason is not None:
        raise UserError(reason, hint="install rsync in the guest, or leave out --backend=rsync")
    return _rsync_line(copy)


def _no_rsync(copy: Copy) -> str | None:
    """Why rsync cannot be used, None when it can."""
    if process.find_program("rsync") is None:
        return "there is no rsync on the host"
    for name, way in copy.connections.items():
        status = _status(way.argv(_HAS_RSYNC))
        if status == _SSH_FAILED:
            return f"ssh cannot reach the instance {name!r}"
        if status != 0:
            return f"there is no rsync in the instance {name!r}"
    return None


def _status(argv: Sequence[str]) -> int:
    """The exit status of a program whose output nobody wants; that of ssh's own failure when it takes too long."""
    with open(os.devnull, "wb") as null, process.spawned(argv, stdout=null.fileno(), stderr=null.fileno()) as child:
        return child.returncode if process.ends(child, _ASK_LIMIT) else _SSH_FAILED


def _rsync_line(copy: Copy) -> list[str]:
    wish, version = copy.wish, rsync_version()
    recursive = wish.recursive or wish.archive
    places: Sequence[Place] = copy.places
    if recursive:
        places = as_scp_would(places, [not place.is_remote and os.path.isfile(place.path) for place in places])
    first = next(iter(copy.connections.values()), None)
    # What rsync puts before a line break for the guest's shell takes it away: then no shell may see the path.
    secluded = version >= QUOTES and any("\n" in place.path for place in places if place.is_remote)
    return rsync_argv(
        ssh=first.ssh() if first else [],
        paths=[
            rsync_path(copy.connections[place.instance].peer, place.path, version) if place.is_remote else place.path
            for place in places
        ],
        verbose=wish.verbose,
        recursive=recursive,
        extra=["-s"] * secluded,
        progress=wish.progress and version >= INFO,
    )


def rsync_version() -> Version:
    """The version of the host's rsync; 0.0.0 when it does not tell. Raises UserError when it is missing."""
    found = _VERSION.search(process.run(["rsync", "--version"], timeout=10).decode(errors="replace"))
    return (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)


def _scp(copy: Copy, environment: Mapping[str, str], report: Reporter) -> list[str]:
    wish = copy.wish
    if process.find_program("scp") is None:
        missing = process.missing_program("scp")
        raise missing if wish.backend == "scp" else UserError("neither rsync nor scp can be used", hint=missing.hint)
    if wish.archive:
        report.warning("scp keeps modes and times, but copies what a symbolic link leads to in the place of the link")
    version = client_facts(ssh_program(environment)).version
    if version < URI and len(copy.connections) > 1:
        raise UserError(
            "the scp of OpenSSH before 8.0 copies between the host and one instance only",
            hint="install a newer OpenSSH, or copy to the host first",
        )
    ports = [str(way.peer.port) for way in copy.connections.values()] if version < URI else []
    return scp_argv(
        options=_scp_options(copy),
        paths=[
            scp_path(copy.connections[place.instance].peer, place.path, version) if place.is_remote else place.path
            for place in copy.places
        ],
        verbose=wish.verbose,
        recursive=wish.recursive or wish.archive,
        extra=[*["-p"] * wish.archive, *(["-P", ports[0]] if ports else [])],
        progress=wish.progress,
    )


def _scp_options(copy: Copy) -> list[str]:
    """Those of the one instance, whose shared connection is used then; else those that suit all of them."""
    ways = list(copy.connections.values())
    if len(ways) == 1:
        return list(ways[0].all_options)
    return ways[0].options_of_any if ways else []
