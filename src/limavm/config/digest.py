"""The form of digests, `algorithm:hex` (spec/config.md 7.6); `images` computes and compares them."""

import re

_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_GENERAL = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX = re.compile(r"[0-9a-f]*")


def digest_error(text: str) -> str | None:
    """Why the text is no digest that can be checked, None when it is one."""
    algorithm, colon, value = text.partition(":")
    if not colon or not algorithm or not value:
        return f"must look like sha256:HEX, not {text[:40]!r}"
    length = _LENGTHS.get(algorithm)
    if length is None:
        known = ", ".join(_LENGTHS)
        return f"uses {algorithm[:40]!r}; known are {known}" if _GENERAL.fullmatch(text) else "is not a digest"
    if len(value) != length or not _HEX.fullmatch(value):
        return f"must have {length} lower-case hex digits after {algorithm}:, and has {len(value)} characters"
    return None
