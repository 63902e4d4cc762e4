"""Flags as Lima's users know them: the rules of spec/cli.md 1.5, for the options of click.

click's own parser neither lets a boolean take `=false` nor names the group of an unknown short flag,
so that the words are sorted here and only the conversion of values is left to click.
"""

import re
from collections.abc import Sequence
from typing import Any

import click

from limavm.errors import UserError

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


class Flag(click.Option):
    """An option; values come after a blank or `=`. One that was not given is None."""

    takes_value = True

    def __init__(self, decls: Sequence[str], *, default: Any = None, **attrs: Any) -> None:
        super().__init__(decls, default=default, **attrs)


class BoolFlag(Flag):
    """A switch that is true when it is named, and takes a value only after `=`.

    Its default is False; `default=None` lets a command tell whether it was given.
    """

    takes_value = False

    def __init__(self, decls: Sequence[str], *, default: bool | None = False, **attrs: Any) -> None:
        super().__init__(decls, type=click.BOOL, default=default, **attrs)


class Duration(click.ParamType[float]):
    """Go's notation of durations, `1h2m3.5s`; the value is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Number(click.ParamType[float]):
    """A number with its bounds; `name` is what help calls the type."""

    def __init__(self, name: str, least: float | None = None, most: float | None = None) -> None:
        self.name = name
        self.least = least
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:
        """The number, an int unless the type is a float."""
        try:
            number = float(value) if self.name.startswith("float") else int(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        if number != number or number in (float("inf"), float("-inf")):
            self.fail(f"{value!r} is not a number", param, ctx)
        if self.least is not None and number < self.least:
            self.fail(f"{value} is less than {self.least:g}", param, ctx)
        if self.most is not None and number > self.most:
            self.fail(f"{value} is more than {self.most:g}", param, ctx)
        return number


def parse_duration(text: str) -> float:
    """Seconds of a Go duration; raises ValueError with a sentence."""
    sign = -1.0 if text.startswith("-") else 1.0
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0.0
    parts = _PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise ValueError(f"{text!r} is not a duration such as 90s or 10m30s")
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)


def parse_bool(text: str) -> bool:
    """One of the words for a boolean; raises ValueError with a sentence."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")


class Words:
    """Sorts the words of a command line into flag values and positional arguments."""

    def __init__(self, flags: Sequence[Flag], *, interspersed: bool, later: Sequence[str] = ()) -> None:
        self._flags = {name: flag for flag in flags for name in flag.opts}
        self._interspersed = interspersed
        self._later = later
        self.values: dict[str, Any] = {}
        self.order: list[click.Parameter] = []
        self.positionals: list[str] = []

    def sort(self, args: Sequence[str]) -> None:
        """Fill `values`, `order` and `positionals`; raises UserError for what is no known flag."""
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if word == "--":
                break
            if word.startswith("--"):
                self._long(word, rest)
            elif word.startswith("-") and word != "-":
                self._short(word, rest)
            else:
                self.positionals.append(word)
                if not self._interspersed:
                    break
        self.positionals += rest

    def _long(self, word: str, rest: list[str]) -> None:
        name, equals, value = word.partition("=")
        flag = self._flags.get(name)
        if flag is None:
            raise self._unknown(name, f"the flag {name} is not known")
        self._take(flag, name, value if equals else None, rest)

    def _short(self, group: str, rest: list[str]) -> None:
        letters = group[1:]
        while letters:
            name, letters = "-" + letters[0], letters[1:]
            flag = self._flags.get(name)
            if flag is None:
                raise self._unknown(name, f"the short flag {name!r} in {group} is not known")
            if flag.takes_value or letters.startswith("="):
                self._take(flag, name, letters.removeprefix("=") or None, rest)
                return
            self._take(flag, name, None, rest)

    def _take(self, flag: Flag, name: str, value: str | None, rest: list[str]) -> None:
        if flag.takes_value:
            if value is None and not rest:
                raise UserError(f"the flag {name} needs a value", hint=f"write {name} VALUE or {name}=VALUE")
            self._store(flag, rest.pop(0) if value is None else value)
            return
        try:
            self._store(flag, value is None or parse_bool(value))
        except ValueError as error:
            raise UserError(f"invalid value {value!r} for the flag {name}: {error}") from error

    def _store(self, flag: Flag, value: Any) -> None:
        assert flag.name is not None
        self.order.append(flag)
        if flag.multiple:
            self.values.setdefault(flag.name, []).append(value)
        else:
            self.values[flag.name] = value

    def _unknown(self, name: str, message: str) -> UserError:
        if name in self._later:
            return UserError(message, hint=f"Lima has {name}; it comes with a later version of limavm")
        return UserError(message)
