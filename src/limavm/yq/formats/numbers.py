"""Numbers of YAML, and what they are in JSON."""

from limavm.model.floats import is_plain_in_json, plain


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
    return plain(value) if is_plain_in_json(value) else repr(value)
