"""Results on standard output: tables and JSON, plain or coloured."""

from collections.abc import Sequence
from typing import Any

#: Blanks between the columns of a table.
_GAP = 4


def table(rows: Sequence[Sequence[str]], gap: int = _GAP) -> str:
    """Left-aligned columns, as wide as their longest cell and `gap` blanks; the last one is not padded."""
    widths = [max(map(len, column)) + gap for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("".join([*cells, row[-1]]))
    return "".join(line + "\n" for line in lines)


def json_text(value: object, *, pretty: bool = False, colour: bool = False) -> str:
    """A value as JSON: on one line, or indented by 4 and coloured for a terminal."""
    import msgspec

    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # the name of a file that is no UTF-8
        encoded = msgspec.json.encode(_decodable(value))
    if not pretty and not colour:
        return encoded.decode()
    text = msgspec.json.format(encoded, indent=4).decode()
    if not colour:
        return text
    from limavm.cli.colour import coloured

    return coloured(text)


def _decodable(value: Any) -> Any:
    """The value, for JSON, with U+FFFD for what was never a character."""
    if isinstance(value, dict):
        return {_decodable(key): _decodable(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_decodable(item) for item in value]
    return value.encode(errors="surrogateescape").decode(errors="replace") if isinstance(value, str) else value


def without_empty_objects(value: Any) -> Any:
    """The value with `{}` members removed at every depth, as Lima prints JSON."""
    if isinstance(value, dict):
        members = {key: without_empty_objects(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member != {}}
    if isinstance(value, list | tuple):
        return [item for item in map(without_empty_objects, value) if item != {}]
    return value


def yaml_text(value: object) -> str:
    """A value as YAML in the style of yq: long texts as literal blocks, quotes only where they are needed."""
    from limavm.roundtrip.build import from_value
    from limavm.roundtrip.write import write_node

    return write_node(from_value(value))
