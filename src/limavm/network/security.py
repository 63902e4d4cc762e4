"""Whether what root is going to run is safe from everybody else (spec/config.md 6.5). Pure.

Who may replace a program that sudo starts, or a PID file that sudo kills by, is root. The paths are judged
by a table of what `lstat` says of each of them and of everything above them.
"""

import stat
from collections.abc import Mapping
from posixpath import dirname

from limavm.host.paths import identifier_error
from limavm.model.network import Networks
from limavm.model.value import Value


class Entry(Value, frozen=True, kw_only=True):
    """What `lstat` says of a file."""

    mode: int
    uid: int
    gid: int


class Accounts(Value, frozen=True, kw_only=True):
    """The numbers of root and of the group `daemon`, and the name of root's group."""

    root_uid: int = 0
    root_gid: int = 0
    root_group: str = "wheel"
    daemon_gid: int = 1


def paths_to_examine(networks: Networks) -> list[str]:
    """The paths whose entries `problems` wants to see, as far as they exist."""
    wanted: dict[str, None] = {}
    for path in (networks.paths.socket_vmnet, networks.paths.var_run, networks.paths.sudoers):
        if path.startswith("/"):
            wanted.update(dict.fromkeys(_upwards(path)))
    return list(wanted)


def problems(networks: Networks, entries: Mapping[str, Entry], accounts: Accounts) -> list[str]:
    """Every reason not to let sudo run the commands of these networks; the entry of a missing file is missing."""
    found = _names(networks)
    paths = networks.paths
    found += _path("socketVMNet", paths.socket_vmnet, entries, accounts)
    found += _path("varRun", paths.var_run, entries, accounts)
    found += _path("sudoers", paths.sudoers, entries, accounts)
    return list(dict.fromkeys(found))


def _names(networks: Networks) -> list[str]:
    """What stands in commands as it is, and must not bring words of its own."""
    named = [("group", networks.group)] if networks.group else []
    for name, network in networks.networks.items():
        named.append(("networks", name))
        named += [(f"networks.{name}.mode", network.mode)] if network.mode else []
        named += [(f"networks.{name}.interface", network.interface)] if network.interface else []
    return [f"{key}: {error}" for key, value in named if (error := identifier_error(value))]


def _path(key: str, path: str, entries: Mapping[str, Entry], accounts: Accounts) -> list[str]:
    key = f"paths.{key}"
    if not path:
        return []
    if not path.startswith("/"):
        return [f"{key}: {path!r} is not an absolute path"]
    if any(char.isspace() for char in path):
        return [f"{key}: {path!r} contains a blank"]
    for_daemon = key == "paths.varRun"
    if for_daemon:
        # What is not there yet will be made by root.
        path = next(above for above in _upwards(path) if above in entries or dirname(above) == above)
    elif path not in entries:
        missing = f"{key}: {path} does not exist, socket_vmnet has to be installed"
        return [missing] if key == "paths.socketVMNet" else []
    return [
        f"{key}: {problem}"
        for above in _upwards(path)
        if above in entries
        for problem in _entry(above, entries[above], accounts, for_daemon=for_daemon)
    ]


def _entry(path: str, entry: Entry, accounts: Accounts, *, for_daemon: bool) -> list[str]:
    if stat.S_ISLNK(entry.mode):
        return [f"{path} is a symbolic link"]
    found = []
    if entry.uid != accounts.root_uid:
        found.append(f"{path} belongs to the user {entry.uid}, and not to root")
    groups = {accounts.root_gid, *([accounts.daemon_gid] if for_daemon else ())}
    if entry.mode & stat.S_IWGRP and entry.gid not in groups:
        found.append(f"{path} can be written by the group {entry.gid}")
    by_daemon = entry.mode & stat.S_IXOTH or (entry.mode & stat.S_IXGRP and entry.gid == accounts.daemon_gid)
    if for_daemon and stat.S_ISDIR(entry.mode) and not by_daemon:
        found.append(f"{path} cannot be entered by the group daemon")
    if entry.mode & stat.S_IWOTH:
        found.append(f"{path} can be written by everybody")
    return found


def _upwards(path: str) -> list[str]:
    """The path and everything above it, up to `/`."""
    found = [path.rstrip("/") or "/"]
    while found[-1] != "/":
        found.append(dirname(found[-1]))
    return found
