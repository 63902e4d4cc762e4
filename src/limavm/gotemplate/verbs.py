"""How one value is written for a verb such as `%v` or `%04x`: `formatted`, and `show` for `%v` alone.

Facts are those of the documentation of Go's package fmt.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from limavm.gotemplate import floats
from limavm.gotemplate.quoting import character_quoted, printable, quoted
from limavm.gotemplate.values import Missing, Nil, Record, encoded, go_type, ordered_keys

_BASES = {"v": 10, "d": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_LAST_RUNE = 0x10FFFF
#: Values inside of values, deeper than which nothing is written.
_DEEPEST = 100


class Spec:
    """The flags, the width and the precision of one verb."""

    __slots__ = ("minus", "plus", "plus_v", "precision", "sharp", "sharp_v", "space", "width", "zero")

    def __init__(self) -> None:
        self.minus = self.plus = self.sharp = self.space = self.zero = False
        #: `%#v` and `%+v`, which are no ordinary flags.
        self.sharp_v = self.plus_v = False
        self.width: int | None = None
        self.precision: int | None = None

    def padded(self, text: str, *, zero: bool | None = None) -> str:
        """The text on the side of its field that the flags say."""
        if not self.width:
            return text
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if (self.zero if zero is None else zero) else " ")


def show(value: Any) -> str:
    """The value as an action prints it: as `%v` does, and `<no value>` for nothing."""
    match value:
        case None:
            return "<no value>"
        case str():
            return value
        case _:
            return formatted("v", value, Spec())


def formatted(verb: str, value: Any, spec: Spec, depth: int = 0) -> str:
    """The text of a value; a verb that it does not have gives Go's `%!d(string=x)`."""
    if depth > _DEEPEST:
        raise ValueError("a value nests too deeply to be written")
    if verb == "T" and depth == 0 and value is not None:
        return _text("s", go_type(value), spec)
    match value:
        case None | Missing():
            return _nothing(verb, value, spec, depth)
        case bool():
            return spec.padded("true" if value else "false") if verb in "tv" else _bad(verb, value, spec)
        case int():
            return _integer(verb, value, spec)
        case float():
            return _float(verb, value, spec)
        case complex():
            return _complex(verb, value, spec)
        case str():
            return _text(verb, value, spec)
        case _ if verb in "pw":
            return _bad(verb, value, spec)
        case Mapping():
            return _mapping(verb, value, spec, depth)
        case Sequence():
            items = [formatted(verb, item, spec, depth + 1) for item in value]
            return f"{go_type(value)}{{{', '.join(items)}}}" if spec.sharp_v else f"[{' '.join(items)}]"
        case _:
            return _text(verb, str(value), spec)


def _bad(verb: str, value: Any, spec: Spec) -> str:
    return f"%!{verb}({go_type(value)}={formatted('v', value, spec)})"


def _nothing(verb: str, value: Any, spec: Spec, depth: int) -> str:
    if value is not None and not isinstance(value, Nil):
        return repr(value)
    if depth:
        return "interface {}(nil)" if spec.sharp_v else "<nil>"
    return spec.padded("<nil>") if verb in "vT" else f"%!{verb}(<nil>)"


def _mapping(verb: str, value: Mapping[Any, Any], spec: Spec, depth: int) -> str:
    struct = isinstance(value, Record)
    names = not struct or spec.plus_v or spec.sharp_v
    items = []
    for key in value if struct else ordered_keys(value):
        name = f"{key if struct else formatted(verb, key, spec, depth + 1)}:" if names else ""
        items.append(name + formatted(verb, value[key], spec, depth + 1))
    if spec.sharp_v:
        return f"{go_type(value)}{{{', '.join(items)}}}"
    return f"{{{' '.join(items)}}}" if struct else f"map[{' '.join(items)}]"


def _integer(verb: str, value: int, spec: Spec) -> str:
    if verb in _BASES:
        return _digits(verb, value, spec)
    code = value if 0 <= value <= _LAST_RUNE and not 0xD800 <= value < 0xE000 else 0xFFFD
    match verb:
        case "c":
            return spec.padded(chr(code))
        case "q":
            return spec.padded(character_quoted(code, ascii_only=spec.plus))
        case "U":
            number = value if value >= 0 else value + (1 << 64)
            text = "U+" + format(number, "X").rjust(max(4, spec.precision or 0), "0")
            if spec.sharp and number <= _LAST_RUNE and printable(chr(number)):
                text += f" '{chr(number)}'"
            return spec.padded(text, zero=False)
        case _:
            return _bad(verb, value, spec)


def _digits(verb: str, value: int, spec: Spec) -> str:
    base = _BASES[verb]
    sign = "-" if value < 0 else "+" if spec.plus else " " if spec.space else ""
    if spec.precision == 0 and value == 0:
        return " " * (spec.width or 0)
    digits = format(abs(value), {2: "b", 8: "o", 10: "d", 16: "x"}[base])
    if spec.precision is not None:
        digits = digits.rjust(spec.precision, "0")
    elif spec.zero and spec.width is not None and not spec.minus:
        digits = digits.rjust(spec.width - len(sign), "0")
    prefix = ""
    if spec.sharp:
        prefix = {2: "0b", 8: "" if digits.startswith("0") else "0", 10: "", 16: "0x"}[base]
    if verb == "O":
        prefix = "0o" + prefix
    text = prefix + digits
    return spec.padded(sign + (text.upper() if verb == "X" else text), zero=False)


def _float(verb: str, value: float, spec: Spec) -> str:
    if verb not in floats.VERBS:
        return _bad(verb, value, spec)
    text = floats.written(verb, value, spec.precision, sharp=spec.sharp)
    signed = text[0] in "+-"
    sign, number = (text[0], text[1:]) if signed else ("", text)
    if sign == "+" and not spec.plus:
        sign = ""
    if not sign and (spec.plus or spec.space):
        sign = "+" if spec.plus else " "
    if not number[0].isdigit():  # an infinity, or none at all
        shown = "+" if number == "Inf" and not sign else sign
        return spec.padded(shown + number, zero=False)
    if sign and spec.zero and not spec.minus and spec.width is not None:
        return sign + number.rjust(spec.width - 1, "0")
    return spec.padded(sign + number)


def _complex(verb: str, value: complex, spec: Spec) -> str:
    if verb not in floats.VERBS:
        return _bad(verb, value, spec)
    plus, real = spec.plus, _float(verb, value.real, spec)
    spec.plus = True
    imaginary = _float(verb, value.imag, spec)
    spec.plus = plus
    return f"({real}{imaginary}i)"


def _text(verb: str, value: str, spec: Spec) -> str:
    match verb:
        case "v" if spec.sharp_v:
            return spec.padded(quoted(_cut(value, spec), ascii_only=spec.plus, raw=spec.sharp))
        case "v" | "s":
            return spec.padded(_cut(value, spec))
        case "x" | "X":
            text = _hexadecimal(encoded(value)[: spec.precision], spec)
            return spec.padded(text.upper() if verb == "X" else text)
        case "q":
            return spec.padded(quoted(_cut(value, spec), ascii_only=spec.plus, raw=spec.sharp))
        case _:
            return _bad(verb, value, spec)


def _cut(value: str, spec: Spec) -> str:
    return value if spec.precision is None else value[: spec.precision]


def _hexadecimal(data: bytes, spec: Spec) -> str:
    if not data:
        return ""
    prefix = "0x" if spec.sharp else ""
    return prefix + data.hex(" ").replace(" ", f" {prefix}") if spec.space else prefix + data.hex()
