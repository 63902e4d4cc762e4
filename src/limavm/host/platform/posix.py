"""What Linux, macOS and the BSDs have in common: users and time zones."""

import os
import sys

_ZONEINFO = ("/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/var/db/timezone/zoneinfo")


def user() -> tuple[str, str, int]:
    """Login name (empty when unknown), full name, and user ID of the current user."""
    if sys.platform == "win32":
        raise NotImplementedError("the POSIX user database")
    import pwd

    uid = os.getuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # a container started with a bare --user number
        return os.environ.get("USER", ""), "", uid
    return entry.pw_name, entry.pw_gecos.partition(",")[0], uid


def memory() -> int:
    """Physical memory in bytes."""
    if sys.platform == "win32":
        raise NotImplementedError("sysconf")
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def timezone() -> str:
    """The name of the host's time zone, empty when it cannot be told (spec/config.md 1.8)."""
    try:
        with open("/etc/timezone", encoding="ascii", errors="replace") as file:
            name = file.read().strip()
    except OSError:
        name = ""
    if name and any(os.path.isfile(os.path.join(root, name)) for root in _ZONEINFO):
        return name
    return zone_of_link(os.path.realpath("/etc/localtime"))


def zone_of_link(target: str) -> str:
    """The zone name of a zoneinfo file: its path below the nearest directory that holds `Etc/UTC`."""
    directory = os.path.dirname(target)
    while directory not in ("", "/"):
        if os.path.exists(os.path.join(directory, "Etc", "UTC")):
            return os.path.relpath(target, directory)
        directory = os.path.dirname(directory)
    return ""
