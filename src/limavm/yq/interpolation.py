"""String literals: their escapes, and the expressions in `\\(...)`."""

import msgspec

_ESCAPES = {'"': '"', "n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "b": "\b", "a": "\a"}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a string literal: a text, or the text of an expression."""

    text: str
    is_expression: bool = False


def unescape(text: str) -> str:
    """The text between quotes as it is meant; `\\\\(` stays, for it decides whether an expression begins."""
    result: list[str] = []
    index = 0
    while index < len(text):
        following = text[index + 1 : index + 2]
        if text[index] != "\\" or not following:
            result.append(text[index])
            index += 1
        elif following == "\\":
            result.append("\\\\" if text[index + 2 : index + 3] == "(" else "\\")
            index += 2
        elif following in _ESCAPES:
            result.append(_ESCAPES[following])
            index += 2
        else:
            result.append("\\")
            index += 1
    return "".join(result)


def split(raw: str) -> list[Part]:
    """The parts of a literal; one whose parenthesis is never closed is a text as it stands."""
    text = unescape(raw)
    parts: list[Part] = []
    plain: list[str] = []
    index = 0
    while index < len(text):
        if text.startswith("\\(", index):
            inner = _expression(text, index + 2)
            if inner is None:
                return [Part(text=text)]
            parts += [Part(text="".join(plain)), Part(text=inner[0], is_expression=True)]
            plain, index = [], inner[1]
        elif text.startswith("\\\\", index):
            plain.append("\\")
            index += 2
        else:
            plain.append(text[index])
            index += 1
    return [part for part in (*parts, Part(text="".join(plain))) if part.text or part.is_expression]


def _expression(text: str, begin: int) -> tuple[str, int] | None:
    """What stands between here and the parenthesis that closes, and where it goes on."""
    inner: list[str] = []
    depth, index = 0, begin
    while index < len(text):
        character = text[index]
        if character == ")" and depth == 0:
            return "".join(inner), index + 1
        if character == "\\" and text[index + 1 : index + 2] in (")", "\\"):
            index += 1
            character = text[index]
        else:
            depth += (character == "(") - (character == ")")
        inner.append(character)
        index += 1
    return None
