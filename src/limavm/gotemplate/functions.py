"""The functions of templates. Each raises ValueError, with a sentence, for arguments it cannot use."""

import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from limavm.gotemplate.values import MISSING, Missing, show, type_name, written

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d{0,3})(?:\.(?P<precision>\d{0,3}))?(?P<verb>.?)", re.DOTALL)
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"})
_UNRESERVED = string.ascii_letters + string.digits + "-_.~"


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("eq needs something to compare with")
    return any(_same(first, other) for other in others)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Missing) or isinstance(other, Missing):
        return isinstance(one, Missing) and isinstance(other, Missing)
    for value in (one, other):
        if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
            raise ValueError(f"{type_name(value)} cannot be compared")
    if None not in (one, other) and _kind(one) is not _kind(other):
        raise ValueError(f"{type_name(one)} cannot be compared with {type_name(other)}")
    return bool(one == other)


def _kind(value: Any) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else int


def _ordered(one: Any, other: Any) -> int:
    if _kind(one) is not _kind(other) or _kind(one) is bool or isinstance(one, Missing | Mapping | list | tuple):
        raise ValueError(f"{type_name(one)} and {type_name(other)} have no order")
    try:
        return int(one > other) - int(one < other)
    except TypeError as error:
        raise ValueError(f"{type_name(one)} and {type_name(other)} have no order") from error


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping | Sequence):
        return len(value)
    raise ValueError(f"{type_name(value)} has no length")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = _at(value, key)
    return value


def _at(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        # A map of texts has the empty text for keys that are not there.
        texts = all(isinstance(item, str) for item in value.values())
        return value.get(key, "" if texts else MISSING)
    if isinstance(value, Missing) or value is None:
        return MISSING
    if not isinstance(value, Sequence) or isinstance(key, bool) or not isinstance(key, int):
        raise ValueError(f"{type_name(value)} has no index {show(key)}")
    if not 0 <= key < len(value):
        raise ValueError(f"the index {key} is out of range")
    return value.encode()[key] if isinstance(value, str) else value[key]


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, Sequence) or len(bounds) > 2 or not all(isinstance(bound, int) for bound in bounds):
        raise ValueError(f"{type_name(value)} cannot be sliced so")
    first = bounds[0] if bounds else 0
    last = bounds[1] if len(bounds) > 1 else len(value)
    if not 0 <= first <= last <= len(value):
        raise ValueError(f"the slice {first}:{last} is out of range")
    return value[first:last]


def _print(*values: Any) -> str:
    text = ""
    for index, value in enumerate(values):
        if index and not (isinstance(value, str) or isinstance(values[index - 1], str)):
            text += " "
        text += show(value)
    return text


def _printf(pattern: Any, *values: Any) -> str:
    if not isinstance(pattern, str):
        raise ValueError("printf needs a text as its format")
    rest = list(values)

    def replace(match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        return _verb(match, rest.pop(0)) if rest else f"%!{verb}(MISSING)"

    text = _VERB.sub(replace, pattern)
    return text + (f"%!(EXTRA {', '.join(show(value) for value in rest)})" if rest else "")


def _verb(match: re.Match[str], value: Any) -> str:
    text = _formatted(match["verb"], match["flags"], match["precision"], value)
    width = int(match["width"] or 0)
    if "-" in match["flags"]:
        return text.ljust(width)
    if "0" in match["flags"] and not isinstance(value, str):
        return text.zfill(width)
    return text.rjust(width)


def _formatted(verb: str, flags: str, precision: str | None, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match verb:
        case "v" | "s":
            text = show(value)
            return text[: int(precision or 0)] if precision is not None and isinstance(value, str) else text
        case "q" if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        case "t" if isinstance(value, bool):
            return show(value)
        case "d" | "b" | "o" | "x" | "X" | "c" if number and isinstance(value, int):
            sign = "+" if "+" in flags and verb == "d" else ""
            return format(value, sign + verb)
        case "x" | "X" if isinstance(value, str):
            text = value.encode().hex()
            return text.upper() if verb == "X" else text
        case "e" | "E" | "f" | "F" | "g" | "G" if number:
            return format(value, ("+" if "+" in flags else "") + f".{int(precision or 0) if precision else 6}" + verb)
        case _:
            return f"%!{verb}({show(value)})"


def _escape_js(*values: Any) -> str:
    text = _print(*values)
    for char, escaped in (("\\", "\\\\"), ("'", "\\'"), ('"', '\\"'), ("\n", "\\u000A"), ("\r", "\\u000D")):
        text = text.replace(char, escaped)
    return "".join(f"\\u{ord(char):04X}" if char in "<>&=\t" else char for char in text)


def _urlquery(*values: Any) -> str:
    quoted = (chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in _print(*values).encode())
    return "".join(quoted).replace("%20", "+")


def _json(value: Any) -> str:
    try:
        return json.dumps(written(value), separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{type_name(value)} cannot be written as JSON") from error


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: not value,
    "eq": _eq,
    "ne": lambda one, other: not _same(one, other),
    "lt": lambda one, other: _ordered(one, other) < 0,
    "le": lambda one, other: _ordered(one, other) <= 0,
    "gt": lambda one, other: _ordered(one, other) > 0,
    "ge": lambda one, other: _ordered(one, other) >= 0,
    "len": _len,
    "index": _index,
    "slice": _slice,
    "print": _print,
    "println": lambda *values: " ".join(show(value) for value in values) + "\n",
    "printf": _printf,
    "html": lambda *values: _print(*values).translate(_HTML),
    "js": _escape_js,
    "urlquery": _urlquery,
    "json": _json,
}
