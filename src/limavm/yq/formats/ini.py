"""INI files: sections one level deep, every value a text. Comments are lost, as yq loses them."""

from collections.abc import Iterator

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, Kind, Node, mapping, null, text
from limavm.yq.formats.options import Options
from limavm.yq.formats.plain import exploded
from limavm.yq.formats.source import MAX_VALUES, text_of, wrong


def encode(document: Document, _options: Options) -> str:
    """Scalars at the top, then a section for each mapping; what does not fit in is left out, as yq does."""
    root = exploded(document.root or null())
    if root.kind is Kind.SCALAR:
        return f"{root.value}\n"
    if root.kind is not Kind.MAPPING:
        raise UserError(f"only a mapping can be written as INI, and this is a {root.full_tag}")
    top = _keys(root)
    parts = [top] if top else []
    for key, value in root.pairs:
        if value.kind is Kind.MAPPING:
            parts.append(f"[{key.value}]\n{_keys(value)}")
    return "\n".join(parts)


def _keys(node: Node) -> str:
    entries = [(_key(key.value), value.value) for key, value in node.pairs if value.kind is Kind.SCALAR]
    width = max((len(key) for key, _ in entries), default=0)
    return "".join(f"{key:<{width}} = {_value(value)}\n" for key, value in entries)


def _key(key: str) -> str:
    if "`" in key:
        return f'"""{key}"""'
    return f"`{key}`" if any(char in key for char in '"=:') else key


def _value(value: str) -> str:
    if "\n" in value or "`" in value:
        return f'"""{value}"""'
    if any(char in value for char in "#;"):
        return f"`{value}`"
    return f'"{value}"' if value.strip() != value else value


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """One mapping with a mapping for each section."""
    root = mapping()
    section = root
    keys: _Keys = {}
    lines = iter(enumerate(text_of(data, source).splitlines(), 1))
    for number, raw in lines:
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            if "]" not in line:
                raise wrong("a section without its closing bracket", source, number)
            section = _section(keys, root, line[1 : line.rindex("]")])
            continue
        key, value = _split(line, source, number)
        if value.startswith('"""') and not (len(value) > 5 and value.endswith('"""')):
            value = _long(value, lines, source, number)
        if len(keys) > MAX_VALUES:
            raise wrong(f"there are more than {MAX_VALUES} values", source, number)
        _put(keys, section, key, text(_unquoted(value)))
    return [Document(root=root, source=source)]


#: What a mapping has under a key: a mapping itself would look through all of its keys.
_Keys = dict[tuple[int, str], Node]


def _section(keys: _Keys, root: Node, name: str) -> Node:
    kept = keys.get((id(root), name))
    if kept is None or kept.kind is not Kind.MAPPING:
        kept = _put(keys, root, name, mapping())
    return kept


def _split(line: str, source: str, number: int) -> tuple[str, str]:
    for quote in ('"""', '"', "`"):
        if line.startswith(quote):
            end = line.find(quote, len(quote))
            rest = line[end + len(quote) :].lstrip() if end > 0 else ""
            if rest[:1] in ("=", ":"):
                return line[len(quote) : end], rest[1:].strip()
    at = min((found for found in (line.find("="), line.find(":")) if found >= 0), default=-1)
    if at <= 0:
        raise wrong(f"neither a section nor a key with a value: {line[:60]!r}", source, number)
    return line[:at].strip(), line[at + 1 :].strip()


def _long(value: str, lines: Iterator[tuple[int, str]], source: str, number: int) -> str:
    parts = [value]
    for _, raw in lines:
        parts.append(raw)
        if raw.rstrip().endswith('"""'):
            return "\n".join(parts).rstrip()
    raise wrong("a value between three quotes has no end", source, number)


def _unquoted(value: str) -> str:
    for quote in ('"""', '"', "'", "`"):
        if len(value) >= 2 * len(quote) and value.startswith(quote) and value.endswith(quote):
            return value[len(quote) : -len(quote)]
    for mark in (" #", " ;"):
        value = value.split(mark, 1)[0].rstrip()
    return value


def _put(keys: _Keys, node: Node, key: str, value: Node) -> Node:
    """The node that holds the value now: the one that was there already, or the value itself."""
    kept = keys.setdefault((id(node), key), value)
    if kept is value:
        node.pairs.append((text(key), value))
    else:
        kept.become(value)
    return kept
