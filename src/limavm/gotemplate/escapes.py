"""`html`, `js`, `urlquery` and `json`: texts made safe for another language."""

import json
import math
import re
import string
from collections.abc import Mapping
from typing import Any

from limavm.gotemplate.quoting import printable
from limavm.gotemplate.values import encoded, type_name, written
from limavm.model.floats import is_plain_in_json, plain

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-_.~")
#: Line ends of JavaScript, and bytes that are no part of a character.
_ESCAPED_IN_JSON = re.compile("[\u2028\u2029\ud800-\udfff]")


def html(text: str) -> str:
    """The text for HTML."""
    return text.translate(_HTML)


def js(text: str) -> str:
    """The text for the inside of a quoted text of JavaScript."""
    return "".join(_JS.get(char) or _js(char) for char in text)


def _js(char: str) -> str:
    plain = char >= " " if char < "\x80" else printable(char) or "\udc80" <= char <= "\udcff"
    return char if plain else f"\\u{ord(char):04X}"


def urlquery(text: str) -> str:
    """The text for a query of a URL."""
    quoted = (chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in encoded(text))
    return "".join(quoted).replace("%20", "+")


def to_json(value: Any) -> str:
    """The value as JSON on one line; raises ValueError when it has none."""
    return _json(written(value), 0)


def _json(value: Any, depth: int) -> str:
    if depth > 100:
        raise ValueError("a value nests too deeply for JSON")
    match value:
        case Mapping():
            members = (f"{_json(str(key), 0)}:{_json(item, depth + 1)}" for key, item in value.items())
            return f"{{{','.join(members)}}}"
        case list() | tuple():
            return f"[{','.join(_json(item, depth + 1) for item in value)}]"
        case float():
            return _json_float(value)
        case str():
            return _ESCAPED_IN_JSON.sub(_escaped_in_json, json.dumps(value, ensure_ascii=False))
        case None | bool() | int():
            return json.dumps(value)
        case _:
            raise ValueError(f"{type_name(value)} cannot be written as JSON")


def _escaped_in_json(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code if code < 0xD800 else 0xFFFD:04x}"


def _json_float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("a number that is not finite cannot be written as JSON")
    if is_plain_in_json(value):
        return plain(value)
    # The exponent of encoding/json has no leading zero.
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}"
