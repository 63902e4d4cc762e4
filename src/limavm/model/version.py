"""Versions of Lima, and which of two is newer (spec/config.md 1.8)."""

import re

_TRIPLE = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The three numbers of `v2.1.0-beta.1` and the like, None when there are none."""
    match = _TRIPLE.fullmatch(text.removeprefix("v").partition("-")[0].removesuffix(".m"))
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def at_least(version: str, wanted: str) -> bool:
    """Whether `version` is `wanted` or newer.

    An empty version is the oldest, one that cannot be read the newest; a `wanted` that cannot be read is old.
    A suffix such as `-12-gabcdef` makes a version newer than the plain one.
    """
    if not version:
        return not wanted
    have, need = parse_version(version), parse_version(wanted)
    return have is None or need is None or have >= need
