"""Numbers as Go reads and writes them, which is how users of yq know them.

Source of the forms: Go's strconv (`FormatFloat` with `g` and the shortest precision) and encoding/json.
"""


def integer(text: str) -> int:
    """The value of an integer of YAML; raises ValueError. A leading zero alone does not make it octal."""
    digits = text.replace("_", "")
    sign = -1 if digits[:1] == "-" else 1
    digits = digits.lstrip("+-")
    base = {"0x": 16, "0X": 16, "0o": 8, "0b": 2}.get(digits[:2])
    if len(digits) > 4000:
        raise ValueError("an integer of more than 4000 digits")
    return sign * (int(digits[2:], base) if base else int(digits))


def json_number(text: str, *, is_float: bool) -> str:
    """A number of YAML as a number of JSON; raises ValueError for infinities and what is none."""
    if not is_float:
        return "-0" if text == "-0" else str(integer(text))
    value = float(text.replace("_", ""))
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("JSON has no such number")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return _fixed(value)
    return repr(value)


def shortest(value: float) -> str:
    """Go's `%v` of a float that is not a whole number of 64 bits."""
    return _fixed(value) if -4 <= _exponent(value) < 6 else _scientific(value)


def _digits(value: float) -> str:
    """The significant digits, without the zeros at either end."""
    mantissa = repr(abs(value)).partition("e")[0]
    return mantissa.replace(".", "").strip("0") or "0"


def _exponent(value: float) -> int:
    """The power of ten of the first significant digit."""
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if whole.strip("0"):
        return len(whole) - 1 + int(power or 0)
    return -(len(fraction) - len(fraction.lstrip("0")) + 1) + int(power or 0)


def _fixed(value: float) -> str:
    """Without an exponent, and without a point when the number is whole."""
    sign = "-" if repr(value).startswith("-") else ""
    digits, exponent = _digits(value), _exponent(value)
    if digits == "0":
        return sign + "0"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return sign + whole + (f".{fraction}" if fraction else "")


def _scientific(value: float) -> str:
    sign = "-" if value < 0 else ""
    digits, exponent = _digits(value), _exponent(value)
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
