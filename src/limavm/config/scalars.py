"""What a YAML scalar means for a key of a given type (spec/config.md 1.2).

Booleans and numbers follow the core schema of YAML 1.2, except that texts such as `0644` are octal, as
they are for Lima. Each function raises ValueError with a sentence when the scalar is not such a value.
"""

import binascii
import math
import re

from limavm.config.yamlnodes import Scalar
from limavm.model.floats import shortest

_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_BASED = re.compile(r"([-+]?)(?:0x(?P<hex>[0-9a-fA-F_]+)|0b(?P<bin>[01_]+)|0o?(?P<oct>[0-7_]+))")
#: Without a point it is a text for Lima, as `1e3` and `08` are.
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*\.[0-9]*)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INT_RANGE = range(-(2**63), 2**63)
#: As Go's `%v` writes them.
_NOT_FINITE = {math.inf: "+Inf", -math.inf: "-Inf"}
#: Longer runs of digits are no number of ours, and slow to convert.
_MAX_DIGITS = 64


def plain_value(scalar: Scalar) -> bool | int | float | str | None:
    """The value that a scalar has by itself, without a key that asks for a type."""
    text = scalar.value
    if scalar.tag == "binary":
        return string(scalar)
    if not scalar.plain:
        return text
    if scalar.null:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if (number := _integer(text)) is not None:
        return number
    if len(text) <= _MAX_DIGITS and _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def boolean(scalar: Scalar) -> bool:
    """`true` or `false`, unquoted."""
    if scalar.plain and scalar.value in _BOOLS:
        return _BOOLS[scalar.value]
    if scalar.value in _BOOLS:
        raise ValueError(f'must be true or false without quotes, not "{scalar.value}"')
    raise ValueError(f"must be true or false, not {shown(scalar)}")


def integer(scalar: Scalar) -> int:
    """A whole number; a fraction is cut off, and quotes do not matter."""
    value = _integer(scalar.value)
    if value is None:
        try:
            value = math.trunc(float(scalar.value[:_MAX_DIGITS]))
        except (ValueError, OverflowError) as error:
            raise ValueError(f"must be a whole number, not {shown(scalar)}") from error
    if value not in _INT_RANGE:
        raise ValueError(f"is too large for a number: {shown(scalar)}")
    return value


def string(scalar: Scalar) -> str:
    """The text; numbers and booleans are written back as Lima does, octal as decimal, and null is empty."""
    if scalar.tag == "binary":
        return _binary(scalar.value)
    if scalar.null:
        return ""
    if not scalar.plain or scalar.value == "":
        return scalar.value
    match plain_value(scalar):
        case bool() as value:
            return "true" if value else "false"
        case int() as value:
            return str(value)
        case float() as value:
            return shortest(value) if math.isfinite(value) else _NOT_FINITE.get(value, "NaN")
        case _:
            return scalar.value


def shown(scalar: Scalar) -> str:
    """The scalar for a message: quoted, and cut when long."""
    if scalar.null:
        return "nothing"
    text = scalar.value if len(scalar.value) <= 40 else scalar.value[:40] + "…"
    return repr(text)


def _integer(text: str) -> int | None:
    if len(text) > _MAX_DIGITS:
        return None
    if _DECIMAL.fullmatch(text):
        return int(text.replace("_", ""))
    if not (match := _BASED.fullmatch(text)):
        return None
    for group, base in (("hex", 16), ("bin", 2), ("oct", 8)):
        if digits := (match[group] or "").replace("_", ""):
            return int(match[1] + digits, base)
    return None


def _binary(text: str) -> str:
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise ValueError("is tagged !!binary, but is not the base64 of a UTF-8 text") from error
