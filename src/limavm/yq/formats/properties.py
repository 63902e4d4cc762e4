r"""Java's properties: `a.b.0 = value`, one line for each scalar.

Comments above a key and behind its value stand above the line. Escapes are those of the package that yq
uses (magiconair/properties): in keys blanks and colons, in values a leading blank, and in both `\`,
newlines, returns, tabs and form feeds.
"""

import itertools
import re
from collections.abc import Callable

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, Kind, Node, mapping, null, sequence, text
from limavm.yq.formats.comments import leading_lines
from limavm.yq.formats.options import Options
from limavm.yq.formats.plain import exploded
from limavm.yq.formats.source import MAX_DEPTH, MAX_VALUES, text_of, wrong

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"})
_KEY_ESCAPES = {**_ESCAPES, ord(" "): "\\ ", ord(":"): "\\:"}
_KEY = re.compile(r"((?:\\.|[^\\ \t\f=:])*)[ \t\f]*(?:[=:][ \t\f]*)?", re.DOTALL)
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{0,4}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
#: An index leaves the places before it empty, so that it must not be huge.
_MAX_INDEX = 10_000


def encode(document: Document, options: Options) -> str:
    """One line for each scalar, comments above; empty lists and mappings leave no line."""
    root = exploded(document.root or null())
    if root.kind is Kind.SCALAR:
        return f"{root.value}\n"
    writer = _Writer(options)
    leading = leading_lines(document)
    # What stands above the first entry stands at the top of the whole, as it does in the YAML.
    writer.add(root, "", "", top=bool(leading))
    return "".join(f"{line}\n" for line in leading) + "".join(writer.lines)


class _Writer:
    def __init__(self, options: Options) -> None:
        self._options = options
        self.lines: list[str] = []

    def add(self, node: Node, path: str, comments: str, *, top: bool = False) -> None:
        if node.kind is Kind.SCALAR:
            self._line(path, node.value, comments)
            return
        for index, item in enumerate(node.items):
            head = "" if top and not index else item.head_comment
            self.add(item, self._path(path, index), _joined(head, item.line_comment))
        for index, (key, value) in enumerate(node.pairs):
            head = "" if top and not index else key.head_comment
            comments = _joined(head, key.line_comment, value.head_comment, value.line_comment)
            self.add(value, self._path(path, key.value), comments)

    def _path(self, path: str, key: str | int) -> str:
        if not path:
            return str(key)
        if isinstance(key, int) and self._options.props_brackets:
            return f"{path}[{key}]"
        return f"{path}.{key}"

    def _line(self, path: str, value: str, comments: str) -> None:
        if comments:
            self.lines.append(("\n" if self.lines else "") + comments + "\n")
        if self._options.unwrap is False and " " in value:
            value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        written = value.translate(_ESCAPES)
        if written.startswith(" "):
            written = "\\" + written
        self.lines.append(f"{path.translate(_KEY_ESCAPES)}{self._options.props_separator}{written}\n")


def _joined(*comments: str) -> str:
    """Comments as one: a following one goes on in the last line of the one before."""
    result = ""
    for comment in comments:
        if result and comment:
            comment = " " + comment.lstrip("#").lstrip(" ")
        result += comment
    return result


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """The tree that the keys describe; an empty text is no document."""
    given = text_of(data, source)
    if not given:
        return []
    root = mapping()
    comments: list[str] = []
    tree = _Tree(source)
    for number, line in _logical_lines(given):
        tree.line = number
        stripped = line.lstrip(" \t\f")
        if stripped[:1] in ("#", "!"):
            comments.append(("# " + stripped[1:].strip(" ")).rstrip())
            continue
        if not stripped:
            continue
        found = _KEY.match(stripped)
        assert found is not None
        key, value = _unescaped(found[1], source, number), _unescaped(stripped[found.end() :], source, number)
        tree.put(root, key.split("."), value, "\n".join(comments))
        comments = []
    return [Document(root=root, source=source)]


def _logical_lines(given: str) -> list[tuple[int, str]]:
    """Lines with their numbers, those that end in a backslash joined with the next."""
    lines: list[tuple[int, list[str]]] = []
    open_line = False
    for number, line in enumerate(given.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if not open_line:
            lines.append((number, []))
        is_comment = not open_line and line.lstrip(" \t\f")[:1] in ("#", "!")
        part = line.lstrip(" \t\f") if open_line else line
        open_line = not is_comment and (len(line) - len(line.rstrip("\\"))) % 2 == 1
        lines[-1][1].append(part[:-1] if open_line else part)
    return [(number, "".join(parts)) for number, parts in lines]


def _unescaped(given: str, source: str, line: int) -> str:
    def letter(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] != "u":
            return _LETTERS.get(code, code)
        if len(code) != 5:
            raise wrong(f"\\{code} has fewer than four digits", source, line)
        return chr(int(code[1:], 16))

    if "\\" not in given:
        return given
    replaced = _ESCAPED.sub(letter, given)
    return replaced.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Tree:
    """Puts values into the tree; what cannot hold one any more (a scalar) keeps what it has."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.line = 0
        self._count = 0
        #: The keys of mappings: a mapping itself would look through all of them.
        self._keys: dict[int, dict[str, tuple[Node, Node]]] = {}

    def put(self, root: Node, path: list[str], value: str, comment: str) -> None:
        if len(path) > MAX_DEPTH:
            raise wrong(f"the key has more than {MAX_DEPTH} parts", self._source, self.line)
        node = root
        for part, following in itertools.pairwise(path):
            child = self._child(node, part, sequence if _is_index(following) else mapping)
            if child is None:
                return
            node = child
        last = self._child(node, path[-1], null)
        if last is None or last.kind is not Kind.SCALAR:
            return
        last.become(text(value))
        holder = self._keys[id(node)][path[-1]][0] if node.kind is Kind.MAPPING else last
        holder.head_comment = comment or holder.head_comment

    def _child(self, node: Node, part: str, make: Callable[[], Node]) -> Node | None:
        if node.kind is Kind.MAPPING:
            keys = self._keys.setdefault(id(node), {})
            if part not in keys:
                self._take(1)
                keys[part] = (text(part), make())
                node.pairs.append(keys[part])
            return keys[part][1]
        if node.kind is not Kind.SEQUENCE:
            return None
        if not _is_index(part):
            raise wrong(f"the key has {part!r} where another has the index of a list", self._source, self.line)
        index = int(part)
        if index > _MAX_INDEX:
            raise UserError(f"the index {part} is too big", where=f"{self._source}, line {self.line}")
        self._take(max(index + 1 - len(node.items), 0))
        node.items.extend(null() for _ in range(index + 1 - len(node.items)))
        if node.items[index].is_null:
            node.items[index] = make()
        return node.items[index]

    def _take(self, values: int) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise wrong(f"there are more than {MAX_VALUES} values", self._source, self.line)


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdigit()
