"""Texts that others wrote, made such that they cannot drive a terminal or add lines to a log."""


def printable(text: str, *, besides: str = "", instead: str = "?") -> str:
    """The text with `instead` for each character that is not printable, but for those in `besides`."""
    return "".join(char if char.isprintable() or char in besides else instead for char in text)
