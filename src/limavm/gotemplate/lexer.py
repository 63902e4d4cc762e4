"""Template text to pieces: literal text and actions, and the tokens inside an action."""

import re
from collections.abc import Iterator

import msgspec

from limavm.gotemplate.errors import TemplateError

_SPACE = " \t\r\n"
_COMMENT = re.compile(r"\{\{(?P<left>-[ \t\r\n])?/\*")
_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)
  | (?P<char>'(?:[^'\\\n]|\\[^\n])*')
  | (?P<number>(?:[+-]|\.?[0-9])(?:[eEpP][+-]|[\w.]|(?<=[0-9.i])[+-](?=[0-9.]))*)
  | (?P<variable>\$\w*)
  | (?P<field>\.\w+)
  | (?P<dot>\.)
  | (?P<word>\w+)
  | (?P<operator>:=|[!-~])
    """,
    re.VERBOSE,
)
#: What may stand directly after a name.
_AFTER_NAME = frozenset(" \t\r\n.,|:()")
_NAMES = frozenset(("variable", "field", "dot", "word"))


class Token(msgspec.Struct, frozen=True):
    """A word of an action: what it is, its text, its offset in the template."""

    kind: str
    text: str
    position: int

    @property
    def end(self) -> int:
        """The offset of what follows it."""
        return self.position + len(self.text)


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
        if _marked(text, start):
            literal = literal.rstrip(_SPACE)
        yield Piece(literal, None, position)
        if comment := _COMMENT.match(text, start):
            position, trim = _comment_end(text, comment.end(), start)
        else:
            tokens, position, trim = _action(text, start)
            yield Piece("", tokens, start)


def _marked(text: str, start: int) -> bool:
    """Whether the action at `start` begins with a trim marker."""
    return text.startswith("{{-", start) and text[start + 3 : start + 4] in (" ", "\t", "\r", "\n")


def _comment_end(text: str, position: int, start: int) -> tuple[int, bool]:
    """Where the text goes on after a comment, and whether it is trimmed there."""
    end = text.find("*/", position)
    if end < 0:
        raise TemplateError("the comment is not closed with */", text, start)
    closing = _closing(text, end + 2)
    if closing is None:
        raise TemplateError("a comment fills its action: }} must follow */", text, end + 2)
    return closing


def _closing(text: str, position: int) -> tuple[int, bool] | None:
    """What is after the closing delimiter at `position`, and whether it trims; None where there is none."""
    if text.startswith("}}", position):
        return position + 2, False
    if text[position : position + 1] in (" ", "\t", "\r", "\n") and text.startswith("-}}", position + 1):
        return position + 4, True
    return None


def _action(text: str, start: int) -> tuple[list[Token], int, bool]:
    """The tokens of the action at `start`, where it ends, whether it trims what follows."""
    position = start + (3 if _marked(text, start) else 2)
    tokens: list[Token] = []
    open_parentheses: list[int] = []
    while True:
        if closing := _closing(text, position):
            if open_parentheses:
                raise TemplateError("the parenthesis is not closed", text, open_parentheses[-1])
            return tokens, *closing
        token = _token(text, position, start)
        position = token.end
        if token.text == "(":
            open_parentheses.append(token.position)
        elif token.text == ")" and token.kind == "operator":
            if not open_parentheses:
                raise TemplateError("there is no parenthesis to close", text, token.position)
            open_parentheses.pop()
        tokens.append(token)


def _token(text: str, position: int, start: int) -> Token:
    match = _TOKEN.match(text, position)
    if not match:
        raise _unexpected(text, start, position)
    kind, word = str(match.lastgroup), match[0]
    if kind == "space" and len(word) > 1 and text.startswith("-}}", match.end()):
        word = word[:-1]  # the last blank belongs to the trim marker
    if kind == "operator" and word in "\"'`":
        raise _unexpected(text, start, position)
    end = position + len(word)
    if kind in _NAMES and end < len(text) and text[end] not in _AFTER_NAME and not text.startswith("}}", end):
        raise _unexpected(text, start, end)
    return Token(kind, word, position)


def _unexpected(text: str, start: int, position: int) -> TemplateError:
    if position >= len(text):
        return TemplateError("the action is not closed with }}", text, start)
    if text[position] in "\"'`":
        return TemplateError("the quoted text is not closed", text, position)
    return TemplateError(f"unexpected {text[position]!r} in an action", text, position)
