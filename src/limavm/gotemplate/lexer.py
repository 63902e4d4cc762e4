"""Template text to pieces: literal text and actions, and the tokens inside an action."""

import re
from collections.abc import Iterator

import msgspec

from limavm.gotemplate.errors import TemplateError

_SPACE = " \t\r\n"
_COMMENT = re.compile(r"\{\{(?P<left>-(?=\s)\s*)?/\*.*?\*/(?P<right>\s+-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<char>'(?:[^'\\\n]|\\.[^']*)')
  | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
  | (?P<variable>\$\w*)
  | (?P<field>\.[^\W\d]\w*)
  | (?P<dot>\.)
  | (?P<word>[^\W\d]\w*)
  | (?P<operator>:=|[|(),=])
    """,
    re.VERBOSE,
)


class Token(msgspec.Struct, frozen=True):
    """A word of an action: what it is, its text, its offset in the template."""

    kind: str
    text: str
    position: int


class Piece(msgspec.Struct, frozen=True):
    """Literal text (`tokens` is None), or an action."""

    text: str
    tokens: list[Token] | None
    position: int


def pieces(text: str) -> Iterator[Piece]:
    """The template cut at its actions, trim markers applied, comments gone. Raises TemplateError."""
    position = 0
    trim = False
    while True:
        start = text.find("{{", position)
        literal = text[position:] if start < 0 else text[position:start]
        if trim:
            literal = literal.lstrip(_SPACE)
        if start < 0:
            yield Piece(literal, None, position)
            return
        if text.startswith("-", start + 2) and text[start + 3 : start + 4].isspace():
            literal = literal.rstrip(_SPACE)
        yield Piece(literal, None, position)
        tokens, position, trim = _action(text, start)
        if tokens is not None:
            yield Piece("", tokens, start)


def _action(text: str, start: int) -> tuple[list[Token] | None, int, bool]:
    """The tokens of the action at `start` (None: a comment), where it ends, whether it trims what follows."""
    if comment := _COMMENT.match(text, start):
        return None, comment.end(), comment["right"] is not None
    position = start + 2
    if text.startswith("-", position) and text[position + 1 : position + 2].isspace():
        position += 1
    tokens: list[Token] = []
    spaced = False
    while True:
        if text.startswith("}}", position):
            return tokens, position + 2, False
        if spaced and text.startswith("-}}", position):
            return tokens, position + 3, True
        match = _TOKEN.match(text, position)
        if not match:
            raise _unexpected(text, start, position)
        spaced = match.lastgroup == "space"
        # A blank parts `.A .B`, two arguments, from `.A.B`, a chain.
        tokens.append(Token(str(match.lastgroup), match[0], position))
        position = match.end()


def _unexpected(text: str, start: int, position: int) -> TemplateError:
    if position >= len(text):
        return TemplateError("the action is not closed with }}", text, start)
    if text[position] in "\"'`":
        return TemplateError("the quoted text is not closed", text, position)
    return TemplateError(f"unexpected {text[position]!r} in an action", text, position)
