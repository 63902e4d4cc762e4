"""Variables in a text: `$NAME`, `${NAME}` and the forms with a default, as the program envsubst has them.

    ${X-d} ${X:-d}   d when X is unset (or, with the colon, empty); `=` does the same
    ${X+d} ${X:+d}   d when X is set (and not empty), else nothing
    ${#X}            how long the value is

Defaults may have variables in them.
"""

import re
from collections.abc import Mapping

import msgspec

from limavm.yq.errors import Trouble

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFAULT = re.compile(r"(:?)([-=+])")
_NESTED = 20


def substitute(text: str, environ: Mapping[str, str], *, no_unset: bool = False, no_empty: bool = False) -> str:
    """The text with values in place of variables. Raises Trouble for an unset or empty one if that is refused."""
    return _Substitution(environ=environ, no_unset=no_unset, no_empty=no_empty).of(text, 0)


class _Substitution(msgspec.Struct, frozen=True, kw_only=True):
    environ: Mapping[str, str]
    no_unset: bool
    no_empty: bool

    def of(self, text: str, level: int) -> str:
        if level > _NESTED:
            raise Trouble("defaults of variables are nested too deeply")
        result: list[str] = []
        index = 0
        while index < len(text):
            if text.startswith("$$", index):
                result.append("$")
                index += 2
            elif text.startswith("${", index):
                end = _closing(text, index + 2)
                result.append(self.braced(text[index + 2 : end], level))
                index = end + 1
            elif text[index] == "$" and (match := _NAME.match(text, index + 1)):
                result.append(self.value(match[0]))
                index = match.end()
            else:
                result.append(text[index])
                index += 1
        return "".join(result)

    def braced(self, inner: str, level: int) -> str:
        if inner.startswith("#") and _NAME.fullmatch(inner[1:]):
            return str(len(self.environ.get(inner[1:], "")))
        match = _NAME.match(inner)
        if match is None:
            raise Trouble(f"'${{{inner}}}' names no variable")
        rest = inner[match.end() :]
        if not rest:
            return self.value(match[0])
        form = _DEFAULT.match(rest)
        if form is None:
            raise Trouble(f"'${{{inner}}}' has a form that is not supported")
        value = self.environ.get(match[0])
        present = bool(value) if form[1] else value is not None
        other = rest[form.end() :]
        if form[2] == "+":
            return self.of(other, level + 1) if present else ""
        return value or "" if present else self.of(other, level + 1)

    def value(self, name: str) -> str:
        value = self.environ.get(name)
        if value is None and self.no_unset:
            raise Trouble(f"the variable {name} is not set")
        if value == "" and self.no_empty:
            raise Trouble(f"the variable {name} is empty")
        return value or ""


def _closing(text: str, begin: int) -> int:
    depth = 0
    for index in range(begin, len(text)):
        if text.startswith("${", index):
            depth += 1
        elif text[index] == "}":
            if depth == 0:
                return index
            depth -= 1
    raise Trouble("a '${' in the text is never closed")
