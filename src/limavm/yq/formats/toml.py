"""TOML, which is read and not written. Comments are lost; dates stay texts with the tag of a time."""

import datetime
import re
import tomllib

from limavm.errors import UserError
from limavm.model.floats import shortest
from limavm.roundtrip.nodes import Document, Node, mapping, scalar, sequence, text
from limavm.yq.formats.options import Options
from limavm.yq.formats.source import MAX_DEPTH, MAX_VALUES, text_of, wrong

#: What may be a key; tomllib takes time by the square of the number of its parts.
_KEY = re.compile(r"""[A-Za-z0-9_.\-\"' \t]++""")
_MAX_PARTS = 1000
_SPECIAL = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """One mapping."""
    given = text_of(data, source)
    if given.count("=") + given.count(",") > MAX_VALUES:
        raise wrong(f"there are more than {MAX_VALUES} values", source, 1)
    for run in _KEY.finditer(given):
        if run[0].count(".") > _MAX_PARTS:
            raise wrong(f"a key has more than {_MAX_PARTS} parts", source, given.count("\n", 0, run.start()) + 1)
    try:
        value = tomllib.loads(given, parse_float=_Float)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"no TOML: {error}", where=source) from error
    return [Document(root=_node(value, 0), source=source)]


class _Float(str):
    """A float as it is written."""


def _node(value: object, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise UserError(f"the TOML is nested more than {MAX_DEPTH} deep")
    match value:
        case dict():
            return mapping([(text(str(key)), _node(kept, depth + 1)) for key, kept in value.items()])
        case list():
            return sequence([_node(item, depth + 1) for item in value])
        case bool():
            return scalar("true" if value else "false")
        case _Float():
            return scalar(_SPECIAL.get(value.lstrip("+"), str(value)))
        case float():
            return scalar(shortest(value))
        case datetime.datetime():
            return scalar(value.isoformat().replace("+00:00", "Z"))
        case datetime.date():
            return scalar(value.isoformat())
        case str() | datetime.time():
            return text(str(value))
        case _:
            return scalar(str(value))
