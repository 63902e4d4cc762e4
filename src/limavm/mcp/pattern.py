"""Patterns of file names: `*`, `?`, `[a-z]` and `\\` as in Go's filepath.Match. Pure.

The time is bounded by the product of both lengths, whatever an agent thinks up.
"""

import posixpath
from collections.abc import Callable

from limavm.errors import UserError

_Test = Callable[[str], bool]
#: Any number of characters.
_STAR = None


def split(pattern: str) -> tuple[int, list[str]]:
    """How many directories up a pattern begins, and its parts; raises UserError for an empty one."""
    parts = [part for part in posixpath.normpath("./" + pattern.lstrip("/")).split("/") if part != "."]
    if not pattern or not parts:
        raise UserError("the pattern is empty", hint="`*` is everything in the directory")
    up = parts.count("..")  # normpath leaves them at the beginning only
    return up, parts[up:]


def has_magic(part: str) -> bool:
    """Whether a part of a pattern is more than a name."""
    return any(letter in part for letter in "*?[\\")


class Matcher:
    """A part of a pattern, compiled; raises UserError for a wrong one."""

    def __init__(self, part: str) -> None:
        self._tests = _compiled(part)

    def matches(self, name: str) -> bool:
        """Whether all of `name` is what the pattern says."""
        at, test, star, resume = 0, 0, -1, 0
        tests = self._tests
        while at < len(name):
            here = tests[test] if test < len(tests) else _STAR
            if test < len(tests) and here is _STAR:
                star, resume, test = test, at, test + 1
            elif here is not _STAR and here(name[at]):
                at, test = at + 1, test + 1
            elif star >= 0:  # the last star takes one character more
                resume += 1
                at, test = resume, star + 1
            else:
                return False
        return all(left is _STAR for left in tests[test:])


def _compiled(part: str) -> list[_Test | None]:
    tests: list[_Test | None] = []
    rest = part
    while rest:
        letter, rest = rest[0], rest[1:]
        match letter:
            case "*":
                tests.append(_STAR)
            case "?":
                tests.append(lambda _: True)
            case "[":
                test, rest = _class(rest, part)
                tests.append(test)
            case "\\":
                tests.append(_letter(rest[:1] or _wrong(part)))
                rest = rest[1:]
            case _:
                tests.append(_letter(letter))
    return tests


def _letter(wanted: str) -> _Test:
    return lambda letter: letter == wanted


def _class(text: str, part: str) -> tuple[_Test, str]:
    """What is between brackets, and what follows them."""
    negated = text[:1] in ("^", "!")
    rest = text[negated:]
    ranges: list[tuple[str, str]] = []
    while not (ranges and rest.startswith("]")):
        low, rest = _member(rest, part)
        high = low
        if rest.startswith("-"):
            high, rest = _member(rest[1:], part)
        ranges.append((low, high))
    return (lambda letter: any(low <= letter <= high for low, high in ranges) != negated), rest[1:]


def _member(text: str, part: str) -> tuple[str, str]:
    if text.startswith("\\"):
        text = text[1:]
    elif text[:1] in ("-", "]"):
        _wrong(part)
    return text[:1] or _wrong(part), text[1:]


def _wrong(part: str) -> str:
    raise UserError(f"the pattern {part!r} is wrong", hint="a `[` wants a `]`; write `\\[` for the character itself")
