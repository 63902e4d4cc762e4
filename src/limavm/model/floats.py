"""Numbers with a fraction in the forms of Go, which users know from its programs: pure functions of finite floats.

Both forms have as few digits as tell the number from its neighbours, which are those that Python's `repr` shows.
Source of where an exponent begins: Go's strconv (`FormatFloat` with `g` and the shortest precision), encoding/json.
"""

#: Powers of ten that `shortest` writes without an exponent.
_WITHOUT_EXPONENT = range(-4, 6)


def shortest(value: float) -> str:
    """Go's `%v`: `0.0001`, `100000.5`, and with an exponent of at least two digits `1e-05`, `1.5e+06`."""
    sign, digits, power = _parts(value)
    if digits == "0" or power in _WITHOUT_EXPONENT:
        return plain(value)
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{power:+03}"


def plain(value: float) -> str:
    """Without an exponent, and without a point when the number is whole."""
    sign, digits, power = _parts(value)
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    whole, fraction = digits[: power + 1].ljust(power + 1, "0"), digits[power + 1 :]
    return sign + whole + (f".{fraction}" if fraction else "")


def is_plain_in_json(value: float) -> bool:
    """Whether Go's JSON has the number without an exponent."""
    return value == 0 or 1e-6 <= abs(value) < 1e21


def _parts(value: float) -> tuple[str, str, int]:
    """The sign, the significant digits, and the power of ten of the first one."""
    text = repr(value)
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.removeprefix("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    power = len(whole) - 1 - (len(whole + fraction) - len(digits)) + int(exponent or 0)
    digits = digits.rstrip("0")
    return (sign, digits, power) if digits else (sign, "0", 0)
