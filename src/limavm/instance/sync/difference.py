"""What a write-back would change, as text to read: a line for each path, then how the contents differ.

The guest chose names and contents, so nothing that a terminal would obey is let through.
"""

import difflib
import os
from collections.abc import Iterator, Sequence

from limavm.instance.sync.changes import Change, Plan, leading_out
from limavm.instance.sync.manifest import Entry, Kind

#: Beyond this many bytes or lines of one file it is only told that it differs.
_MOST_BYTES = 512 * 1024
_MOST_LINES = 5000


def printable(text: str) -> str:
    """The text with everything escaped that is not to be seen as it is: controls, and marks that reorder."""
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]


def summary(plan: Plan) -> Iterator[str]:
    """A line for every change, conflicts first."""
    for change in plan.conflicts:
        yield f"conflict  {described(change)} (on the host: {_on_the_host(change)})"
    outside = set(leading_out(plan.changes))
    for change in plan.changes:
        yield f"{change.action:<9} {described(change)}{' (leads out of the directory)' * (change in outside)}"


def described(change: Change) -> str:
    """The path; with a slash for a directory, and where it leads for a link."""
    path, entry = printable(change.path), change.guest or change.host
    match entry.kind if entry else None:
        case Kind.DIRECTORY:
            return f"{path}/"
        case Kind.LINK if change.guest:
            return f"{path} -> {printable(change.guest.target)}"
        case _:
            return path + _modes(change.host, change.guest)


def _modes(host: Entry | None, guest: Entry | None) -> str:
    return f" (mode {host.mode:o} to {guest.mode:o})" if host and guest and host.mode != guest.mode else ""


def _on_the_host(change: Change) -> str:
    return "deleted" if change.host is None else "changed"


def differences(changes: Sequence[Change], root: str, staging: str) -> Iterator[str]:
    """Unified differences of the files among the changes, from the host's to the guest's."""
    for change in changes:
        if Kind.FILE in (_kind(change.host), _kind(change.guest)) and _kind(change.guest) is not Kind.LINK:
            before = _lines(os.path.join(root, change.path)) if _kind(change.host) is Kind.FILE else []
            after = _lines(os.path.join(staging, change.path)) if _kind(change.guest) is Kind.FILE else []
            yield from _difference(printable(change.path), before, after)


def _difference(name: str, before: list[str] | None, after: list[str] | None) -> Iterator[str]:
    if before is None or after is None:
        yield ""
        yield f"{name} differs, and is large or no text"
        return
    lines = difflib.unified_diff(before, after, f"host/{name}", f"guest/{name}", lineterm="")
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
        yield printable(line)


def _kind(entry: Entry | None) -> Kind | None:
    return entry.kind if entry else None


def _lines(path: str) -> list[str] | None:
    """The lines of a file; None for what is too large or no text, none for what cannot be read any more."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return []
    if len(data) > _MOST_BYTES or b"\0" in data:
        return None
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    if lines[-1] == "":
        lines.pop()
    else:
        lines[-1] += " (no line break at the end)"
    return lines if len(lines) <= _MOST_LINES else None
