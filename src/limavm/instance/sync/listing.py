"""What rsync says while it fetches: every path that the guest has, changed or not (rsync(1), `--itemize-changes`)."""

import os
import re

from limavm.errors import UserError
from limavm.model.value import Value

#: Begins each line of ours, so that no message of rsync is taken for one.
_MARK = b"lima:"
OUT_FORMAT = "lima:%i %n"

#: 11 letters and blanks tell what differs.
_ITEM = re.compile(rb"lima:[<>ch.*][fdLDS].{9} (.*)", re.DOTALL)
_ESCAPE = re.compile(rb"\\#([0-7]{3})")
_SKIPPED = re.compile(rb'skipping non-regular file "(.*)"')


class Listing(Value, frozen=True, kw_only=True):
    """The paths below the guest's directory, and those that are neither file, directory nor link."""

    paths: frozenset[str]
    skipped: tuple[str, ...] = ()


def parse(output: bytes) -> Listing:
    """The listing in rsync's standard output; raises UserError for a name that leads elsewhere."""
    paths, skipped = set(), []
    for line in output.split(b"\n"):
        if line.startswith(_MARK):
            path = _path(line)
            if path != ".":
                paths.add(path)
        elif found := _SKIPPED.match(line):
            skipped.append(_text(found[1]))
    return Listing(paths=frozenset(paths), skipped=tuple(skipped))


def _path(line: bytes) -> str:
    found = _ITEM.fullmatch(line)
    if not found:
        raise UserError("rsync said what it never says", where=repr(line))
    path = _text(found[1]).removesuffix("/")
    if path != "." and any(part in ("", ".", "..") for part in path.split("/")):
        raise UserError("the guest has sent a name that leads elsewhere; nothing was brought back", where=repr(path))
    return path


def _text(name: bytes) -> str:
    """A name as it is: rsync writes what is not printable as `\\#` and three octal digits."""
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), name))
