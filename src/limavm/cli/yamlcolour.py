"""YAML on standard output, on a terminal with colours for keys, texts, other values and comments."""

import sys
from collections.abc import Iterator

import yaml
from yaml.tokens import AliasToken, AnchorToken, KeyToken, ScalarToken, TagToken, Token

from limavm.cli.colour import KEY, RESET, STRING, WORD
from limavm.cli.session import output_is_terminal
from limavm.roundtrip.scalars import implicit_tag

_COMMENT, _NAME = "\x1b[90m", "\x1b[33m"


def show(text: str) -> None:
    """Print a YAML text."""
    sys.stdout.write(coloured(text) if output_is_terminal() else text)


def coloured(text: str) -> str:
    """The text with its parts in colours, and otherwise the same text.

    What is not YAML has no colours, and its control characters, which could drive the terminal, are replaced.
    """
    text = text.removeprefix("\ufeff")
    try:
        tokens = list(yaml.scan(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)
    return "".join(_parts(text, tokens))


def _parts(text: str, tokens: list[Token]) -> Iterator[str]:
    end, is_key = 0, False
    for token in tokens:
        colour = _colour(token, is_key)
        if colour:
            yield _between(text[end : token.start_mark.index])
            end = token.end_mark.index
            yield _painted(text[token.start_mark.index : end], colour)
        is_key = isinstance(token, KeyToken) or (is_key and isinstance(token, AnchorToken | TagToken))
    yield _between(text[end:])


def _colour(token: Token, is_key: bool) -> str:
    match token:
        case ScalarToken() if is_key:
            return KEY
        case ScalarToken():
            return STRING if not token.plain or implicit_tag(token.value) == "!!str" else WORD
        case AnchorToken() | AliasToken() | TagToken():
            return _NAME
        case _:
            return ""


def _between(text: str) -> str:
    """Blanks, punctuation and comments."""
    lines = []
    for line in text.split("\n"):
        before, mark, comment = line.partition("#")
        lines.append(f"{before}{_COMMENT}{mark}{comment}{RESET}" if mark else line)
    return "\n".join(lines)


def _painted(text: str, colour: str) -> str:
    """The text in a colour that begins anew in each line, so that a pager shows it whatever it scrolled past."""
    return "\n".join(f"{colour}{line}{RESET}" if line.strip() else line for line in text.split("\n"))
