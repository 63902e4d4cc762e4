"""`printf`: a format with verbs, as in Go's package fmt. What a single verb does is in `verbs`."""

import re
from collections.abc import Sequence
from typing import Any

from limavm.gotemplate.values import go_type
from limavm.gotemplate.verbs import Spec, formatted

#: A larger width or precision is refused, in Go too.
_LARGEST = 1_000_000
_MAX_TEXT = 16 << 20
_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_NUMBER = re.compile(r"[0-9]+")
_INDEX = re.compile(r"\[([^\]]*)\]")


def printf(pattern: str, values: Sequence[Any]) -> str:
    """The pattern with its verbs replaced; what does not fit is told in the text, as Go does."""
    return _Printer(pattern, values).run()


class _Printer:
    def __init__(self, pattern: str, values: Sequence[Any]) -> None:
        self.pattern = pattern
        self.values = values
        self.position = 0
        #: The value that is next.
        self.next = 0
        self.indexed = False
        #: Whether the last thing read was an index such as `[2]`, and whether all of this verb were good.
        self.after_index = False
        self.good_index = True
        self.parts: list[str] = []
        self.size = 0

    def run(self) -> str:
        while (percent := self.pattern.find("%", self.position)) >= 0:
            self.write(self.pattern[self.position : percent])
            self.position = percent + 1
            self.verb()
        self.write(self.pattern[self.position :])
        if not self.indexed and self.next < len(self.values):
            rest = self.values[self.next :]
            self.write(f"%!(EXTRA {', '.join(map(_extra, rest))})")
        return "".join(self.parts)

    def write(self, text: str) -> None:
        self.size += len(text)
        if self.size > _MAX_TEXT:
            raise ValueError("the text gets too large")
        self.parts.append(text)

    def here(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def verb(self) -> None:
        spec = Spec()
        self.good_index, self.after_index = True, False
        while self.here() in _FLAGS and self.here():
            setattr(spec, _FLAGS[self.here()], True)
            self.position += 1
        self.index()
        self.width(spec)
        # A point at the very end of the pattern is the verb, and a bad one.
        if self.here() == "." and self.position + 1 < len(self.pattern):
            self.precision(spec)
        if not self.after_index:
            self.index()
        if not (verb := self.here()):
            self.write("%!(NOVERB)")
            return
        self.position += 1
        self.value(verb, spec)

    def value(self, verb: str, spec: Spec) -> None:
        if verb == "%":
            self.write("%")
        elif not self.good_index:
            self.write(f"%!{verb}(BADINDEX)")
        elif self.next >= len(self.values):
            self.write(f"%!{verb}(MISSING)")
        else:
            if verb in "vw":
                spec.sharp_v, spec.sharp = spec.sharp, False
                spec.plus_v, spec.plus = spec.plus, False
            self.write(formatted(verb, self.values[self.next], spec))
            self.next += 1

    def index(self) -> None:
        """The number in brackets of the value that is next, if there is one."""
        self.after_index = False
        if self.here() != "[":
            return
        self.indexed = True
        match = _INDEX.match(self.pattern, self.position)
        # Go does not look for an index where less than three characters are left.
        if not match or len(self.pattern) - self.position < 3:
            self.good_index = False
            self.position += 1
            return
        self.position = match.end()
        self.after_index = match[1].isascii() and match[1].isdigit() and len(match[1]) < 8
        if self.after_index and 0 < int(match[1]) <= len(self.values):
            self.next = int(match[1]) - 1
        else:
            self.good_index = False

    def width(self, spec: Spec) -> None:
        if self.here() == "*":
            self.position += 1
            spec.width = self.star()
            if spec.width is None:
                self.write("%!(BADWIDTH)")
            elif spec.width < 0:
                spec.width, spec.minus, spec.zero = -spec.width, True, False
            self.after_index = False
        else:
            spec.width = self.digits()
            if self.after_index and spec.width is not None:
                self.good_index = False

    def precision(self, spec: Spec) -> None:
        self.position += 1
        if self.after_index:
            self.good_index = False
        self.index()
        if self.here() == "*":
            self.position += 1
            spec.precision = self.star()
            if spec.precision is None or spec.precision < 0:
                spec.precision = None
                self.write("%!(BADPREC)")
            self.after_index = False
        else:
            spec.precision = self.digits() or 0

    def star(self) -> int | None:
        """The value that is next, as a width or a precision; None when it is none."""
        if self.next >= len(self.values):
            return None
        value = self.values[self.next]
        self.next += 1
        fine = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
        return value if fine else None

    def digits(self) -> int | None:
        match = _NUMBER.match(self.pattern, self.position)
        if not match:
            return None
        if len(match[0].lstrip("0")) > 7 or int(match[0]) > 10 * _LARGEST + 9:
            self.position = len(self.pattern)
            return None
        self.position = match.end()
        return int(match[0])


def _extra(value: Any) -> str:
    if value is None:
        return "<nil>"
    return f"{go_type(value)}={formatted('v', value, Spec())}"
