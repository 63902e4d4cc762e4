"""Sizes as users write them (`4GiB`, `512m`) and as Lima prints them (spec/config.md 1.4)."""

import re

_SIZE = re.compile(
    r"(?P<number>[+-]?(?:0[xX][0-9a-fA-F_.]+[pP][+-]?\d+|[0-9_]*\.?[0-9_]*(?:[eE][+-]?\d+)?)) ?"
    r"(?P<suffix>b|[kmgtp](?:i?b)?)?",
    re.IGNORECASE,
)
_POWERS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
#: Characters. A longer run of digits is no size, and the expression would go over it again and again.
_LONGEST = 100
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def parse_size(text: str) -> int:
    """Bytes of a size text; every multiplier is a power of 1024, fractions are cut off.

    Raises ValueError, with a sentence that names the text, when it is not a size or is negative.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:40] + '…'!r} is not a size such as 4GiB or 512MiB")
    match = _SIZE.fullmatch(text)
    if not match or not any(char.isdigit() for char in match["number"]):
        raise ValueError(f"{text!r} is not a size such as 4GiB or 512MiB")
    try:
        value = _number(match["number"]) * 1024 ** _POWERS[(match["suffix"] or "")[:1].lower()]
        if value < 0:
            raise ValueError(f"the size {text!r} is negative")
        if value >= 2**63:
            raise ValueError(f"the size {text!r} is too large")
    except OverflowError as error:
        raise ValueError(f"the size {text!r} is too large") from error
    return int(value)


def _number(text: str) -> float:
    try:
        return float.fromhex(text) if "x" in text.lower() else float(text)
    except ValueError as error:  # underscores in odd places
        raise ValueError(f"{text!r} is not a number that a size may have") from error


def format_size(size: int) -> str:
    """The size with four significant digits and a binary unit: `4GiB`, `1.5KiB`, `0B`."""
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 1024:
            return f"{value:.4g}{unit}"
        value /= 1024
    return f"{value:.4g}{_UNITS[-1]}"
