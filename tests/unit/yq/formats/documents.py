"""Documents for the tests of formats, written as YAML."""

from limavm.roundtrip.nodes import Document
from limavm.yq.formats import decode, encode


def doc(text: str) -> Document:
    """The one document of a YAML text."""
    (document,) = decode(text.encode(), "yaml", "test")
    return document


def written(text: str, form: str, **options: object) -> str:
    """A YAML text in another format."""
    return encode(decode(text.encode(), "yaml", "test"), form, **options)


def yaml_of(text: str | bytes, form: str, **options: object) -> str:
    """A text in another format as YAML."""
    data = text if isinstance(text, bytes) else text.encode()
    return encode(decode(data, form, "input", **options), "yaml")
