"""Numbers with a fraction, as Go writes them for a verb of `printf` (packages strconv and fmt)."""

import math

from limavm.model.floats import shortest

VERBS = "vbgGxXfFeE"
_MANTISSA_BITS = 52


def written(verb: str, value: float, precision: int | None, *, sharp: bool = False) -> str:
    """The number for a verb, with a `-` if it is negative; None as precision is the default of the verb."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    match verb:
        case "e" | "E" | "f" | "F":
            return format(value, f"{'#' * sharp}.{6 if precision is None else precision}{verb}")
        case "b":
            return _binary(value)
        case "x" | "X":
            text = _hexadecimal(value, precision)
            # Only the small letter fills up with zeros.
            text = _with_point(text, 0 if verb == "X" else precision, "p") if sharp else text
            return text.upper() if verb == "X" else text
        case _:
            text = shortest(value) if precision is None else format(value, f".{precision}g")
            text = text.upper() if verb == "G" else text
            return _with_point(text, precision, "Ee") if sharp else text


def _parts(value: float) -> tuple[str, int, int]:
    """The sign, the mantissa as a whole number of 53 bits, and its exponent."""
    fraction, exponent = math.frexp(abs(value))
    sign = "-" if math.copysign(1, value) < 0 else ""
    return sign, int(fraction * (1 << (_MANTISSA_BITS + 1))), exponent - 1


def _binary(value: float) -> str:
    sign, mantissa, exponent = _parts(value)
    if not mantissa:
        return f"{sign}0p-1074"
    shift = max(0, -1022 - exponent)  # what is this small has fewer bits
    return f"{sign}{mantissa >> shift}p{exponent - _MANTISSA_BITS + shift:+d}"


def _hexadecimal(value: float, precision: int | None) -> str:
    sign, mantissa, exponent = _parts(value)
    if precision is not None and mantissa and precision < _MANTISSA_BITS // 4:
        drop = _MANTISSA_BITS - 4 * precision
        kept, rest = mantissa >> drop, mantissa & ((1 << drop) - 1)
        half = 1 << (drop - 1)
        mantissa = (kept + (rest > half or (rest == half and kept & 1))) << drop
        if mantissa >> (_MANTISSA_BITS + 1):
            mantissa, exponent = mantissa >> 1, exponent + 1
    digits = f"{mantissa & ((1 << _MANTISSA_BITS) - 1):013x}"
    digits = digits.rstrip("0") if precision is None else digits[:precision].ljust(precision, "0")
    lead = mantissa >> _MANTISSA_BITS
    return f"{sign}0x{lead}{'.' if digits else ''}{digits}p{exponent if mantissa else 0:+03d}"


def _with_point(text: str, precision: int | None, exponents: str) -> str:
    """The number with a decimal point and the zeros behind it, as the flag `#` asks for."""
    at = next((index for index, char in enumerate(text) if index and char in exponents), len(text))
    number, tail = text[:at], text[at:]
    digits = 6 if precision is None else precision
    bare = number.lstrip("-")
    # The `x` of a hexadecimal number counts as a digit.
    count = len(bare.replace(".", "").lstrip("0"))
    if "." not in number:
        count += bare == "0"
        number += "."
    return number + "0" * (digits - count) + tail
