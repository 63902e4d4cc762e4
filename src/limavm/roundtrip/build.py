"""Plain Python values to nodes, and nodes to plain Python values, as JSON has them.

The types are those of the core schema as yaml.v3 reads it; time stamps and what an unknown tag is about
stay text. Merge keys add what the mapping does not say itself, and the earlier mapping wins.
"""

import math
from typing import NoReturn

from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Kind, Node, mapping, null, scalar, sequence, text
from limavm.roundtrip.scalars import implicit_tag

#: Aliases can multiply a small text without end.
MAX_VALUES = 1_000_000
MAX_DEPTH = 200

_TRUE = frozenset(("true", "yes", "on", "y"))
_FALSE = frozenset(("false", "no", "off", "n"))
_BASES = {"0b": 2, "0o": 8, "0x": 16}


def from_value(value: object) -> Node:
    """The node for None, a truth value, a number, a text, a list or a dictionary of these."""
    match value:
        case None:
            return null()
        case bool():
            return scalar("true" if value else "false")
        case int():
            return scalar(str(value))
        case float():
            return scalar(_float_text(value))
        case str():
            return text(value)
        case list() | tuple():
            return sequence([from_value(item) for item in value])
        case dict():
            return mapping([(from_value(key), from_value(item)) for key, item in value.items()])
        case _:
            raise TypeError(f"{type(value).__name__} has no place in YAML")


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits, mark, exponent = repr(value).partition("e")
    # YAML 1.1 takes 1e+20 for a text.
    return f"{digits}.0e{exponent}" if mark and "." not in digits else repr(value)


def to_value(node: Node, *, limit: int = MAX_VALUES) -> object:
    """What a node stands for: None, a truth value, a number, a text, a list, or a dictionary with texts as keys.

    Raises YamlError for a value that is not what its tag says, a key that is no scalar, a merge key with
    something else than mappings, and for more than `limit` values once the aliases are followed.
    """
    return _Builder(limit).value(node, 0)


class _Builder:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    def value(self, node: Node, depth: int) -> object:
        node = node.resolved
        self.counted(node)
        if depth > MAX_DEPTH:
            _fail(f"lists and mappings nest deeper than {MAX_DEPTH} levels", node)
        match node.kind:
            case Kind.SCALAR:
                return scalar_value(node)
            case Kind.SEQUENCE:
                return [self.value(item, depth + 1) for item in node.items]
            case Kind.MAPPING:
                return self.entries(node, depth)
            case Kind.ALIAS:
                return _fail(f"the alias *{node.value} names nothing", node)

    def counted(self, node: Node) -> None:
        self.count += 1
        if self.count > self.limit:
            _fail(f"there are more than {self.limit} values", node)

    def entries(self, node: Node, depth: int) -> dict[str, object]:
        own: dict[str, object] = {}
        merges: list[Node] = []
        for key, value in node.pairs:
            if key.is_merge:
                merges.append(value)
            elif key.resolved.kind is not Kind.SCALAR:
                _fail("a key cannot be a list or a mapping", key)
            else:
                own[key.resolved.value] = self.value(value, depth + 1)
        for merged in merges:
            self.merge(own, merged.resolved, depth)
        return own

    def merge(self, own: dict[str, object], merged: Node, depth: int) -> None:
        for part in merged.items if merged.kind is Kind.SEQUENCE else [merged]:
            value = self.value(part, depth + 1)
            if not isinstance(value, dict):
                _fail("only a mapping, or a list of mappings, can be merged", part)
            for name, entry in value.items():
                own.setdefault(name, entry)


def scalar_value(node: Node) -> bool | int | float | str | None:
    """What a scalar stands for; YamlError when that is not what its tag says."""
    value = node.value
    try:
        match node.full_tag:
            case "!!null":
                return None
            case "!!bool":
                return _bool(value)
            case "!!int":
                return _int(value)
            case "!!float":
                return _float(value)
            case _:
                return value
    except ValueError:
        _fail(f"`{value[:40]}` is no {node.full_tag}", node)


def _bool(value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError(value)


def _int(value: str) -> int | float:
    digits = value.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = _BASES.get(digits[:2], 10)
    if base != 10:
        return sign * int(digits[2:], base)
    if len(digits) > 1 and digits[0] == "0" and not set(digits) - set("01234567"):
        return sign * int(digits, 8)
    if len(digits) > 4000:
        return sign * float(digits)  # Python converts no longer ones
    return sign * int(digits)


def _float(value: str) -> float:
    text = value.replace("_", "").lower()
    if implicit_tag(value) == "!!int":
        return float(_int(value))
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _fail(message: str, node: Node) -> NoReturn:
    raise YamlError(message, source=node.source, line=node.line)
