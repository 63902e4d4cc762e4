"""Scripts and contents that a template names by `file:`, written into it (spec/config.md 3.5).

A probe is treated as a script is (Q3). What a YAML block would not show faithfully becomes `!!binary`.
"""

import base64
import logging
import re

from limavm.config.located import Place, Read, files, read_place
from limavm.config.treevalue import comments_of, joined_comments, text_of, unset
from limavm.config.yamltext import MAX_BYTES
from limavm.host.paths import identifier_error
from limavm.roundtrip.nodes import Kind, Node, Style, scalar, text

log = logging.getLogger(__name__)

_LONGEST_LINE = 65_000
_BASE64_LINE = 76
#: The keys that take what is in a file, by mode; others take `script`.
_KEYS = {"data": "content", "yq": "expression"}


def inline(root: Node, read: Read, *, templates: bool) -> bool:
    """Replace `file` of provision scripts and probes by what is in it; whether there was any.

    Those whose place is taken stay, for validation to complain of, and those of `template:` unless
    `templates`. Raises ConfigError for a file that cannot be read, has no proper name, or is no text.
    """
    changed = False
    total = 0
    for name in ("provision", "probes"):
        for entry, place in files(root, name):
            mode = text_of(entry.get("mode")) if name == "provision" else None
            key = _KEYS.get(mode or "", "script")
            if _is_taken(entry.get(key), key) or (place.is_template and not templates):
                continue
            content = _content(place, read)
            total += len(content.value)
            if total > MAX_BYTES:
                raise place.wrong(f"with this file the template is larger than {MAX_BYTES >> 20} MiB")
            _replace(entry, place, key, content)
            if content.style is Style.LITERAL and entry.style is Style.FLOW:
                _spread(root, root.get(name), entry)
            changed = True
    return changed


def _is_taken(node: Node | None, key: str) -> bool:
    """Whether there is something already; an empty script is none."""
    if node is None or unset(node):
        return False
    return key != "script" or node.kind is not Kind.SCALAR or text_of(node) != ""


def _content(place: Place, read: Read) -> Node:
    template = read_place(place, read, "the file")
    path = place.locator if place.locator.startswith("/") else re.split(r"[?#@]", place.locator)[0]
    name = re.split(r"[/\\:]", path)[-1].lower().removesuffix(".yml").removesuffix(".yaml")
    if problem := identifier_error(name):
        raise place.wrong(f"the file is not called as a script can be: {problem}", "rename it")
    if len(template.text) > MAX_BYTES:
        raise place.wrong(f"the file is larger than {MAX_BYTES >> 20} MiB")
    try:
        content = template.text.decode()
    except UnicodeDecodeError as error:
        raise place.wrong(f"the file is not UTF-8, byte {error.start} of it is part of no character") from error
    if reason := _reason_for_binary(content):
        log.info("%s becomes base64: %s", place.locator, reason)
        return _binary(template.text)
    return text(content)


def _reason_for_binary(content: str) -> str:
    """Why the text is not written as it is, empty when it is."""
    for number, line in enumerate(content.split("\n"), 1):
        if not line.isprintable():
            character = next(character for character in line if not character.isprintable())
            return f"line {number} has the character U+{ord(character):04X}"
        if len(line.encode()) >= _LONGEST_LINE:
            return f"line {number} has {_LONGEST_LINE} bytes or more"
    return ""


def _binary(content: bytes) -> Node:
    encoded = base64.b64encode(content).decode()
    if len(encoded) <= _BASE64_LINE:
        return scalar(encoded, tag="!!binary")
    lines = [encoded[start : start + _BASE64_LINE] for start in range(0, len(encoded), _BASE64_LINE)]
    return scalar("\n".join(lines) + "\n", tag="!!binary", style=Style.LITERAL)


def _replace(entry: Node, place: Place, name: str, content: Node) -> None:
    """Let the pair with `file` be that of `name`, in its place and with its comments."""
    position, key = next((index, key) for index, (key, _) in enumerate(entry.pairs) if key.value == "file")
    content.source, content.line, content.column = place.node.source, place.node.line, place.node.column
    if place.entry.kind is Kind.SCALAR:
        content.line_comment = place.entry.line_comment
        foot = place.entry.foot_comment
    else:
        # A mapping with `url` and `digest` has comments of its own.
        key.head_comment = joined_comments(key.head_comment, *comments_of(place.entry))
        foot = ""
    key.value, key.tag, key.style = name, "", Style.NONE
    key.foot_comment = joined_comments(foot, key.foot_comment)
    entry.pairs[position] = (key, content)
    _remove_empty(entry, key)


def _spread(*nodes: Node | None) -> None:
    """Write collections over several lines: else a text in them would have to stand on one."""
    for node in nodes:
        if node is not None:
            node.style = Style.NONE


def _remove_empty(entry: Node, kept: Node) -> None:
    """Drop the empty value that stood beside `file`, but not its comments."""
    for key, value in entry.pairs:
        if key is not kept and key.value == kept.value:
            kept.head_comment = joined_comments(kept.head_comment, *comments_of(key), *comments_of(value))
    entry.pairs = [pair for pair in entry.pairs if pair[0] is kept or pair[0].value != kept.value]
