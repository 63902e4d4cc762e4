"""What a plain scalar is: the tags of the YAML 1.2 core schema, with the liberties that Go's yaml.v3 takes.

Source of the liberties: go.yaml.in/yaml/v3, resolve.go: `_` inside of numbers, leading-zero octal, `0b`,
time stamps, and `<<`. `yes`, `no`, `on` and `off` are texts.
"""

import re

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
_NUMBER_START = frozenset("0123456789+-.")
_INT = re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)


def implicit_tag(value: str) -> str:
    """`!!null`, `!!bool`, `!!int`, `!!float`, `!!timestamp`, `!!merge` or `!!str`."""
    if value in NULLS:
        return "!!null"
    if value in _BOOL:
        return "!!bool"
    if value == "<<":
        return "!!merge"
    if value[0] not in _NUMBER_START:
        return "!!str"
    for pattern, tag in ((_INT, "!!int"), (_FLOAT, "!!float"), (_SPECIAL, "!!float"), (_TIME, "!!timestamp")):
        if pattern.fullmatch(value):
            return tag
    return "!!str"
