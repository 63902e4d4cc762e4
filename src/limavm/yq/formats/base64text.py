"""Base64 of a text, and the text that it stands for."""

import binascii

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, text
from limavm.yq.formats.options import Options
from limavm.yq.formats.source import text_of
from limavm.yq.scalars import real_tag


def encode(document: Document, _options: Options) -> str:
    """Without a newline, as yq writes it."""
    root = document.root
    if root is None or real_tag(root) != "!!str":
        raise UserError("only a text can be written as base64", hint="put to_string or @json before it")
    return binascii.b2a_base64(root.value.encode("utf-8", "surrogateescape"), newline=False).decode()


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """One text; padding may be missing, blanks around it do not count."""
    given = "".join(text_of(data, source).strip().splitlines())
    try:
        decoded = binascii.a2b_base64(given.encode() + b"=" * (-len(given) % 4), strict_mode=bool(given))
    except binascii.Error as error:
        raise UserError("the text is no base64", where=source) from error
    return [Document(root=text(decoded.decode("utf-8", "replace")), source=source)]
