"""Constants of templates: texts, characters and numbers as Go writes them.

Facts are those of "The Go Programming Language Specification", sections on literals.
"""

import re
from typing import Any

_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"])|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<wrong>.?))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INTEGER = re.compile(
    r"[+-]?(?:0[xX](?P<hex>(?:_?[0-9a-fA-F])+)|0[bB](?P<binary>(?:_?[01])+)"
    r"|0[oO]?(?P<octal>(?:_?[0-7])+)|(?P<decimal>0|[1-9][0-9]*(?:_[0-9]+)*))"
)
_FLOAT = re.compile(rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT = re.compile(
    r"[+-]?0[xX](?=[0-9a-fA-F_.]*[0-9a-fA-F])(?:_?[0-9a-fA-F])*\.?[0-9a-fA-F]*(?:_[0-9a-fA-F]+)*[pP][+-]?[0-9]+"
)
_COMPLEX = re.compile(r"(?P<real>[+-]?[0-9a-zA-Z_.]+?(?:[eEpP][+-]?[0-9]+)?)(?P<imaginary>[+-].+)i")
_BASES = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
#: Longer ones are not written by people, and are slow to convert.
_LONGEST = 500


def unquoted(text: str) -> str:
    """The text that a constant in `"` or a backquote stands for; raises ValueError."""
    if text[0] == "`":
        return text[1:-1].replace("\r", "")
    return _unescaped(text[1:-1], '"')


def character(text: str) -> int:
    """The number of a character constant; raises ValueError."""
    inside = text[1:-1]
    # What is written as bytes is a number here, and no part of a character.
    match = _ESCAPE.fullmatch(inside)
    if match and (match["byte"] or match["octal"]):
        return int(match["byte"], 16) if match["byte"] else _octal(match["octal"])
    value = _unescaped(inside, "'")
    if len(value) != 1:
        raise ValueError(f"{text[:40]} is no character")
    return ord(value)


def number(text: str) -> Any:
    """The int, float or complex of a number; raises ValueError."""
    if len(text) <= _LONGEST:
        value = _complex(text) if text.endswith("i") else _real(text)
        if value is not None:
            return value
    raise ValueError(f"{text[:40]} is no number")


def _unescaped(inside: str, quote: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if (simple := match["simple"]) is not None:
            if simple in "'\"" and simple != quote:
                raise ValueError(f"\\{simple} has no meaning here")
            return _SIMPLE.get(simple, simple)
        if match["byte"] or match["octal"]:
            code = int(match["byte"], 16) if match["byte"] else _octal(match["octal"])
            # A byte of its own; several may make a character together.
            return chr(code) if code < 0x80 else chr(0xDC00 + code)
        digits = match["short"] or match["long"]
        if not digits or int(digits, 16) > 0x10FFFF or 0xD800 <= int(digits, 16) < 0xE000:
            raise ValueError(f"{match[0]} has no meaning in a quoted text")
        return chr(int(digits, 16))

    return _ESCAPE.sub(replace, inside)


def _octal(digits: str) -> int:
    if (code := int(digits, 8)) > 0xFF:
        raise ValueError(f"\\{digits} is no byte")
    return code


def _real(text: str) -> int | float | None:
    if match := _INTEGER.fullmatch(text):
        name = str(match.lastgroup)
        value = int(match[name].replace("_", ""), _BASES[name]) * (-1 if text[0] == "-" else 1)
        if not _LEAST <= value <= _MOST:
            raise ValueError(f"{text[:40]} is too large for a whole number")
        return value
    if not any(char in text for char in ".eEpP"):
        return None
    return _float(text)


def _float(text: str) -> float | None:
    if _FLOAT.fullmatch(text):
        value = float(text.replace("_", ""))
    elif _HEX_FLOAT.fullmatch(text):
        value = float.fromhex(text.replace("_", ""))
    else:
        return None
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large for a number")
    return value


def _complex(text: str) -> complex | None:
    if match := _COMPLEX.fullmatch(text):
        real, imaginary = (_part(match[name]) for name in ("real", "imaginary"))
    else:
        real, imaginary = 0.0, _part(text[:-1])
    return None if real is None or imaginary is None else complex(real, imaginary)


def _part(text: str) -> float | None:
    if _INTEGER.fullmatch(text) and not re.match(r"[+-]?0[0-9_]", text) and "_" not in text and "x" not in text.lower():
        return float(text) if _PLAIN.fullmatch(text) else None
    return _float(text)
