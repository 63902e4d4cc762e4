"""Texts and characters in quotes, as Go writes them (package strconv)."""

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}
_BYTE_ORDER_MARK = "\ufeff"


def quoted(text: str, *, ascii_only: bool = False, raw: bool = False) -> str:
    """The text in double quotes; `raw`: in backquotes, if it can stand there."""
    if raw and not any(
        char in "`\x7f" + _BYTE_ORDER_MARK or _raw(char) or (char < " " and char != "\t") for char in text
    ):
        return f"`{text}`"
    inside = "".join(_escaped(char, '"', ascii_only) for char in text)
    return f'"{inside}"'


def character_quoted(code: int, *, ascii_only: bool = False) -> str:
    """The character in single quotes."""
    inside = _escaped(chr(code), "'", ascii_only)
    return f"'{inside}'"


def printable(char: str) -> bool:
    """Whether Go prints the character as it is."""
    return char.isprintable()


def _raw(char: str) -> bool:
    """Whether this stands for a byte that is no part of a character."""
    return "\ud800" <= char <= "\udfff"


def _escaped(char: str, quote: str, ascii_only: bool) -> str:
    if char == quote or char == "\\":
        return "\\" + char
    if printable(char) and (char < "\x7f" or not ascii_only):
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if _raw(char):
        return f"\\x{code & 0xFF:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
