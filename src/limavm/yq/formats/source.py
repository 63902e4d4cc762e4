"""Texts as they arrive: their size, their encoding, and the error that names a line."""

from limavm.errors import UserError

#: More than any configuration; it keeps time and memory within bounds.
MAX_BYTES = 16 << 20
#: Levels of lists and mappings, as in roundtrip.
MAX_DEPTH = 100
#: Keys and values of one text. A tree takes a hundred times the room of its text.
MAX_VALUES = 300_000


def text_of(data: bytes, source: str) -> str:
    """The text without a byte order mark; raises UserError for what is too long or no UTF-8."""
    if len(data) > MAX_BYTES:
        raise UserError(f"the text has more than {MAX_BYTES >> 20} MiB", where=source)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong("the text is no UTF-8", source, data.count(b"\n", 0, error.start) + 1) from error


def wrong(message: str, source: str, line: int) -> UserError:
    """The error about a line, counted from 1."""
    return UserError(message, where=f"{source}, line {line}")
