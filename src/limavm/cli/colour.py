"""Colours of JSON on a terminal."""

import re

_TOKEN = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")(?P<key>\s*:)?|(?P<word>-?\d[\d.eE+-]*|true|false|null)')
KEY, STRING, WORD, RESET = "\x1b[36m", "\x1b[32m", "\x1b[35m", "\x1b[0m"


def coloured(text: str) -> str:
    """A JSON text with its keys, strings and other values in colours."""
    return _TOKEN.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    if match["key"] is not None:
        return f"{KEY}{match['string']}{RESET}{match['key']}"
    return f"{STRING if match['string'] else WORD}{match.group()}{RESET}"
