"""Which processes of the guest use a file system, read from what `ls` and `grep` say of its /proc. Pure."""

import re
from collections.abc import Iterator

_HEAD = re.compile(r"/proc/(\d{1,10})/fd:")
_LINK = re.compile(r".*?/proc/(\d{1,10})/(?:cwd|root|exe) -> (.*)")
_FILE = re.compile(r".*? -> (.*)")
_MAPS = re.compile(r"/proc/(\d{1,10})/maps")
_NAME = re.compile(r"/proc/(\d{1,10})/comm:(.*)")


def holders(text: str) -> list[tuple[int, str]]:
    """PID and name of each process, by PID; `text` is what the script of `guestscripts` has printed."""
    first, _, rest = text.partition("\n")
    place = first.removeprefix("at ")
    lines = rest.splitlines()
    names = {int(match[1]): match[2] for line in lines if (match := _NAME.fullmatch(line))}
    return [(pid, names.get(pid, "?")) for pid in sorted(set(_pids(lines, place)))]


def _pids(lines: list[str], place: str) -> Iterator[int]:
    process = 0
    for line in lines:
        if match := _HEAD.fullmatch(line):
            process = int(match[1])
        elif match := _MAPS.fullmatch(line):
            yield int(match[1])
        elif match := _LINK.fullmatch(line):
            if _below(match[2], place):
                yield int(match[1])
        elif (match := _FILE.fullmatch(line)) and _below(match[1], place):
            yield process


def _below(path: str, place: str) -> bool:
    path = path.removesuffix(" (deleted)")
    return path == place or path.startswith(place.rstrip("/") + "/")
