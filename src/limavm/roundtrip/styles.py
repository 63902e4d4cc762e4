"""How a scalar is written: in its own style when that can carry the value, else in the nearest that can.

A text that some reader would take for another type is quoted, also when only YAML 1.1 did so (`yes`,
`on`, `1:20`), unless it was read as it stands.
"""

import re
from functools import cache

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.roundtrip.scalars import implicit_tag

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x85": "\\N", "\x1b": "\\e"}
#: What ends a plain scalar, in a block and in a flow collection.
_ENDS = re.compile(r":(?:[ \t]|\Z)|[ \t]#")
_ENDS_IN_FLOW = re.compile(r":(?:[ \t,?\[\]{}]|\Z)|[ \t]#|[,\[\]{}]|\?")
_BEGINS = re.compile(r"[-?:](?:[ \t]|\Z)|[,\[\]{}#&*!|>'\"%@`]|---|\.\.\.")
_BEGINS_IN_FLOW = re.compile(r"[-?:](?:[ \t,\[\]{}]|\Z)|[?:]|[,\[\]{}#&*!|>'\"%@`]|---|\.\.\.")
#: Texts that YAML 1.1 takes for something else.
_OLD_BOOL = frozenset(("y", "yes", "n", "no", "on", "off"))
_OLD_NUMBER = re.compile(
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[-+]?(?:[0-9][0-9_]*\.?|\.[0-9])[0-9_]*(?:[eE][-+]?[0-9]+)?"
)
_TAG_CHARACTER = re.compile(r"[^-0-9A-Za-z_;/?:@&=+$.~*'()]")
_INDENTED = re.compile(r"^[ \t]", re.MULTILINE)


@cache
def _hidden() -> re.Pattern[str]:
    # Seldom needed, and slow to compile.
    return re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def is_hidden(value: str) -> bool:
    """Whether there are characters, beside line breaks, that can be written only as an escape."""
    visible = value.replace("\n", "").replace("\t", "").isprintable()
    return not visible and _hidden().search(value) is not None


def can_be_plain(value: str, *, flow: bool = False) -> bool:
    """Whether it is read back as the same characters without quotes; the type may be another."""
    # Tabs are allowed, but not every reader knows.
    if not value or value != value.strip(" ") or "\n" in value or "\t" in value or is_hidden(value):
        return False
    begins, ends = (_BEGINS_IN_FLOW, _ENDS_IN_FLOW) if flow else (_BEGINS, _ENDS)
    return begins.match(value) is None and ends.search(value) is None


def reads_as_text(value: str) -> bool:
    """Whether every reader takes it for a text when it has no quotes."""
    if implicit_tag(value) != "!!str" or value == "=" or value.lower() in _OLD_BOOL:
        return False
    return not (len(value) < 100 and _OLD_NUMBER.fullmatch(value))


def properties(node: Node) -> str:
    """The anchor and the tag that stand before a collection."""
    tag = "" if node.tag in ("!", "!!map" if node.kind is Kind.MAPPING else "!!seq") else written_tag(node.tag)
    return " ".join(part for part in (f"&{node.anchor}" if node.anchor else "", tag) if part)


def written_tag(tag: str) -> str:
    """A tag as a text has it."""
    if not tag or tag == "!":
        return tag
    if not tag.startswith("!"):
        return f"!<{_TAG_CHARACTER.sub(_percent, tag)}>"
    mark = "!!" if tag.startswith("!!") else "!"
    return mark + _TAG_CHARACTER.sub(_percent, tag.removeprefix(mark))


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode(errors="replace"))


def inline(node: Node, *, flow: bool = False, key: bool = False) -> str:
    """A scalar or an alias on one line, with its anchor and its tag."""
    if node.kind is Kind.ALIAS:
        return f"*{node.value}"
    tag, style = _tag_and_style(node, flow=flow)
    if style is Style.NONE and not node.value:
        text = "null" if key or flow else ""
    elif style is Style.NONE:
        text = node.value
    elif style is Style.SINGLE and "\n" not in node.value and not is_hidden(node.value):
        text = "'" + node.value.replace("'", "''") + "'"
    else:
        text = double_quoted(node.value)
    return " ".join(part for part in (f"&{node.anchor}" if node.anchor else "", tag, text) if part)


def _tag_and_style(node: Node, *, flow: bool) -> tuple[str, Style]:
    """The tag that has to be written, and the style: plain only when that can carry the value."""
    tag, style, value = node.tag, node.style, node.value
    plain = can_be_plain(value, flow=flow) or (not value and tag != "!!str")
    if tag in ("", "!", "!!str"):
        if style is Style.NONE and not (plain and (not tag or reads_as_text(value))):
            style = Style.DOUBLE
        return "", style
    if plain and implicit_tag(value) == tag:
        return "", Style.NONE
    if style is Style.NONE and not can_be_plain(value, flow=flow):
        style = Style.DOUBLE
    return written_tag(tag), style


def double_quoted(value: str) -> str:
    """In double quotes, with escapes for what cannot be seen."""
    for character in ("\\", '"', "\n", "\t"):
        value = value.replace(character, _ESCAPES[character])
    return f'"{_hidden().sub(_escape, value) if is_hidden(value) else value}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xD800 <= code <= 0xDFFF:
        return "\\uFFFD"  # half a character has no escape
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def block(node: Node, step: int) -> tuple[str, list[str]] | None:
    """The first line of a literal or folded text and the others, not indented yet; None when it is to be inline.

    `step` is how much deeper than their parent the lines will be.
    """
    value = node.value
    if node.kind is not Kind.SCALAR or not value.strip("\n") or is_hidden(value):
        return None
    style = node.style
    if style is Style.NONE and "\n" in value and node.tag in ("", "!", "!!str"):
        style = Style.LITERAL
    if style not in (Style.LITERAL, Style.FOLDED):
        return None
    body = value.rstrip("\n")
    end = len(value) - len(body)
    folded = style is Style.FOLDED and not _INDENTED.search(body) and not body.startswith("\n")
    lines = (re.sub(r"\n+", r"\g<0>\n", body) if folded else body).split("\n") + [""] * (end - 1)
    hint = str(step) if value[0] in " \t\n" else ""
    tag = "" if node.tag in ("", "!", "!!str") else written_tag(node.tag)
    header = (">" if folded else "|") + hint + ("-" if end == 0 else "" if end == 1 else "+")
    return " ".join(part for part in (f"&{node.anchor}" if node.anchor else "", tag, header) if part), lines
