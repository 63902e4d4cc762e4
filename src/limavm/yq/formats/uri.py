"""A text as part of a URI, blanks as `+`: Go's url.QueryEscape, and back."""

import re

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, text
from limavm.yq.formats.options import Options
from limavm.yq.formats.source import text_of
from limavm.yq.scalars import real_tag

_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~-]")
_ESCAPE = re.compile(rb"%(.{0,2})", re.DOTALL)
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")


def encode(document: Document, _options: Options) -> str:
    """Without a newline, as yq writes it."""
    root = document.root
    if root is None or real_tag(root) != "!!str":
        raise UserError("only a text can be written for a URI", hint="put to_string or @json before it")
    given = root.value.encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda found: b"+" if found[0] == b" " else b"%%%02X" % found[0][0], given).decode()


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """One text."""

    def byte(found: re.Match[bytes]) -> bytes:
        if not _HEX.fullmatch(found[1]):
            raise UserError(f"{found[0].decode(errors='replace')!r} is no escape of a URI", where=source)
        return bytes([int(found[1], 16)])

    given = text_of(data, source).encode()
    decoded = _ESCAPE.sub(byte, given.replace(b"+", b" "))
    return [Document(root=text(decoded.decode("utf-8", "replace")), source=source)]
