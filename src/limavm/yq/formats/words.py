"""A text as one word of a shell: what is unsafe stands between single quotes."""

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document
from limavm.yq.formats.options import Options
from limavm.yq.scalars import real_tag

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-")


def encode(document: Document, _options: Options) -> str:
    """The word; the quotes close late, as those of yq do."""
    root = document.root
    if root is None or real_tag(root) != "!!str":
        raise UserError("only a text can become a word of a shell", hint="put to_string or @json before it")
    parts: list[str] = []
    inside = False
    for char in root.value:
        if char == "'":
            parts.append("'\\'" if inside else "\\'")
            inside = False
            continue
        if char not in _SAFE and not inside:
            parts.append("'")
            inside = True
        parts.append(char)
    return "".join(parts) + ("'" if inside else "")
