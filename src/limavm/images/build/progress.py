"""What mmdebstrap and apt print, read as steps and bytes."""

import re

from limavm.model.value import Value

_UNITS = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_AMOUNT = r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?) (?P<unit>[kMG]?B)"
_NEEDED = re.compile(rf"Need to get {_AMOUNT}(?:/\S+ [kMG]?B)? of archives")
_FETCHED = re.compile(rf"Get:\d+ .* \[{_AMOUNT}\]$")
_STEPS = {
    "running apt-get update": "reading the package lists",
    "downloading packages": "downloading packages",
    "extracting archives": "unpacking the base system",
    "installing essential": "installing the base system",
    "installing remaining": "installing packages",
    "running --customize-hook": "setting up the machine",
}


class Step(Value, frozen=True, kw_only=True):
    """A step began."""

    name: str


class Needed(Value, frozen=True, kw_only=True):
    """So many more bytes are to be fetched."""

    amount: int


class Fetched(Value, frozen=True, kw_only=True):
    """A package of so many bytes is here."""

    amount: int


def parse_progress(line: str) -> Step | Needed | Fetched | None:
    """What a line of output tells, None for most lines."""
    if line.startswith("I: "):
        for begin, name in _STEPS.items():
            if line.startswith(begin, 3):
                return Step(name=name)
    if match := _NEEDED.match(line):
        return Needed(amount=_bytes(match))
    if match := _FETCHED.match(line):
        return Fetched(amount=_bytes(match))
    return None


def _bytes(match: re.Match[str]) -> int:
    return round(float(match["number"].replace(",", "")) * _UNITS[match["unit"]])
