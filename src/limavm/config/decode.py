"""A tree of YAML nodes to a `Layer`, by the annotations of `layer` alone.

Every wrong value of a document is found, with its line and key; what is wrong is left unset, so that the
rest can still be checked. Unknown keys only warn (spec/config.md 1.1), naming the nearest known one.
"""

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from limavm.config import scalars
from limavm.config.address import canonical_ip
from limavm.config.errors import MAX_PROBLEMS, ConfigError, Path, Problem, dotted
from limavm.config.layer import IP, OPEN, Bases, GuestArch, Layer, Locator, PortRange
from limavm.config.spelling import nearest
from limavm.config.yamlnodes import Mapping, Node, Scalar, Sequence
from limavm.config.yamltext import compose, lowered
from limavm.model.arch import Arch, arch_of_machine
from limavm.model.value import Value
from limavm.roundtrip.nodes import Document

#: Aliases may repeat a part of the text; more values than this is a bomb, not a configuration.
MAX_VALUES = 200_000
#: Characters. A text of 4 MiB has more than this by aliases only.
MAX_TEXT = 8 << 20
#: So many unknown keys are warned of, and a tenth of them compared with the known ones: that takes time.
MAX_WARNINGS = 1_000

Converter = Callable[["Decoder", Node, Path], Any]


class Decoded(Value, frozen=True, kw_only=True):
    """A decoded text. `root` keeps the lines, for problems that are found later."""

    layer: Layer
    source: str
    root: Any
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def decode(text: bytes | Document, source: str) -> Decoded:
    """What `text` says; `source` names it in messages, unless the nodes of a document name another one.

    Raises ConfigError when it is not YAML, or no mapping. Values of a wrong type are in `problems`.
    """
    source = "standard input" if source == "-" else source
    root = lowered(text) if isinstance(text, Document) else compose(text, source)
    if root is None or (isinstance(root, Scalar) and root.plain and not root.value):
        return Decoded(layer=Layer(), source=source, root=root)
    if not isinstance(root, Mapping):
        problem = Problem(message="the text must be a mapping of keys to values", source=source, line=root.line)
        raise ConfigError([problem])
    decoder = Decoder(source)
    layer = decoder.part(Layer, root, ())
    return Decoded(
        layer=layer,
        source=source,
        root=root,
        problems=tuple(decoder.problems),
        warnings=tuple(decoder.warnings),
    )


class Decoder:
    """Collects the problems and the warnings of one document."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.values = 0
        self.text = 0

    def problem(self, message: str, node: Node, path: Path) -> None:
        """Note what is wrong with the value at `path`; raises ConfigError when there has been too much of it."""
        source = node.source or self.source
        self.problems.append(Problem(message=message, source=source, line=node.line, key=dotted(path)))
        if len(self.problems) >= MAX_PROBLEMS:
            self.problems.append(Problem(message="reading ends here, so much is wrong", source=source, line=node.line))
            raise ConfigError(self.problems)

    def count(self, node: Node, path: Path) -> None:
        """Refuse a text whose aliases make more of it than anybody writes."""
        self.values += 1
        if self.values > MAX_VALUES:
            self.problem(f"aliases make more than {MAX_VALUES} values of this text", node, path)
            raise ConfigError(self.problems)

    def weigh(self, scalar: Scalar, path: Path) -> None:
        """Refuse a text whose aliases make it longer than a text may be."""
        self.text += len(scalar.value)
        if self.text > MAX_TEXT:
            self.problem(f"aliases make more than {MAX_TEXT >> 20} MiB of this text", scalar, path)
            raise ConfigError(self.problems)

    def part(self, kind: type, node: Node, path: Path) -> Any:
        """The struct `kind` that a mapping describes; null is an empty one."""
        values: dict[str, Any] = {}
        if isinstance(node, Mapping):
            known = _keys(kind)
            for name, (key, value) in node.entries.items():
                self.count(key, path)
                if name in known:
                    attribute, converter = known[name]
                    if not (isinstance(value, Scalar) and value.null):
                        values[attribute] = converter(self, value, (*path, name))
                else:
                    self.unknown(key, path, known)
        elif not (isinstance(node, Scalar) and node.null):
            shorthand = getattr(kind, "shorthand", None)
            if shorthand and isinstance(node, Scalar):
                return kind(**{shorthand: _text(self, node, path)})
            self.problem(f"must be a mapping, not {_described(node)}", node, path)
        return kind(**{name: value for name, value in values.items() if value is not None})

    def unknown(self, key: Scalar, path: Path, known: dict[str, Any]) -> None:
        """Warn of a key that nothing reads."""
        if len(self.warnings) > MAX_WARNINGS:
            return
        place = f"{key.source or self.source}:{key.line}"
        if len(self.warnings) == MAX_WARNINGS:
            self.warnings.append(f"{place}: there are more unknown keys, which are not listed")
            return
        match = nearest(key.value, known) if len(self.warnings) < MAX_WARNINGS // 10 else None
        text = f"{place}: {dotted((*path, key.value[:80]))}: unknown key"
        self.warnings.append(text + (f"; did you mean {match!r}?" if match else ""))


def _described(node: Node) -> str:
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case _:
            return scalars.shown(node)


@cache
def _keys(kind: type) -> dict[str, tuple[str, Converter]]:
    """The YAML keys of a struct: the attribute and the converter of each."""
    hints = get_type_hints(kind)
    return {field.encode_name: (field.name, _converter(hints[field.name])) for field in msgspec.structs.fields(kind)}


def _converter(hint: Any) -> Converter:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not types.NoneType)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if hint == PortRange:
        return _port_range
    if hint == Bases:
        return _bases
    if get_origin(hint) is tuple:
        return _list_of(_converter(get_args(hint)[0]))
    if get_origin(hint) is dict:
        return _map_of(_converter(get_args(hint)[1]), get_args(hint)[1] is str)
    return lambda decoder, node, path: decoder.part(hint, node, path)


def _scalar(read: Callable[[Scalar], Any], wanted: str) -> Converter:
    def convert(decoder: Decoder, node: Node, path: Path) -> Any:
        if not isinstance(node, Scalar):
            decoder.problem(f"must be {wanted}, not {_described(node)}", node, path)
            return None
        decoder.weigh(node, path)
        try:
            return read(node)
        except ValueError as error:
            decoder.problem(str(error), node, path)
            return None

    return convert


def _address(scalar: Scalar) -> str | None:
    text = scalars.string(scalar)
    if not text:
        return None
    if (address := canonical_ip(text)) is None:
        raise ValueError(f"must be an IPv4 or IPv6 address, not {scalars.shown(scalar)}")
    return address


def _guest_arch(scalar: Scalar) -> str:
    text = scalars.string(scalar)
    return text if text in OPEN else _known_arch(scalar)


def _arch(scalar: Scalar) -> Arch | None:
    return _known_arch(scalar) if scalars.string(scalar) else None


def _known_arch(scalar: Scalar) -> Arch:
    text = scalars.string(scalar)
    if text not in Arch.__members__.values():
        known = ", ".join(arch.value for arch in Arch)
        # Other programs call them by other names.
        meant = arch_of_machine(text)
        advice = f"; did you mean {meant}?" if meant in Arch.__members__.values() else ""
        raise ValueError(f"must be one of {known}, not {scalars.shown(scalar)}{advice}")
    return Arch(text)


def _free(decoder: Decoder, node: Node, path: Path) -> Any:
    decoder.count(node, path)
    match node:
        case Mapping():
            free = {name: _free(decoder, value, (*path, name)) for name, (_, value) in node.entries.items()}
            # Null is unset here, too.
            return {name: value for name, value in free.items() if value is not None}
        case Sequence():
            return [_free(decoder, item, (*path, index)) for index, item in enumerate(node.items)]
        case _:
            decoder.weigh(node, path)
            try:
                return scalars.plain_value(node)
            except ValueError as error:
                decoder.problem(str(error), node, path)
                return None


def _list_of(convert: Converter) -> Converter:
    def convert_list(decoder: Decoder, node: Node, path: Path) -> Any:
        if not isinstance(node, Sequence):
            decoder.problem(f"must be a list, not {_described(node)}", node, path)
            return None
        for index, item in enumerate(node.items):
            decoder.count(item, (*path, index))
        converted = (convert(decoder, item, (*path, index)) for index, item in enumerate(node.items))
        return tuple(item for item in converted if item is not None)

    return convert_list


def _map_of(convert: Converter, texts: bool) -> Converter:
    def convert_map(decoder: Decoder, node: Node, path: Path) -> Any:
        if not isinstance(node, Mapping):
            decoder.problem(f"must be a mapping, not {_described(node)}", node, path)
            return None
        values = {}
        for name, (key, value) in node.entries.items():
            decoder.count(key, path)
            null = texts and isinstance(value, Scalar) and value.null
            entry = "" if null else convert(decoder, value, (*path, name))
            # Names are texts as values are: `1.50` is `1.5`.
            values[_text(decoder, key, (*path, name)) if texts else name] = entry
        return {name: value for name, value in values.items() if value is not None or not texts}

    return convert_map


def _bases(decoder: Decoder, node: Node, path: Path) -> Any:
    if isinstance(node, Scalar):
        return (decoder.part(Locator, node, path),)
    return _list_of(lambda decoder, item, path: decoder.part(Locator, item, path))(decoder, node, path)


def _port_range(decoder: Decoder, node: Node, path: Path) -> PortRange | None:
    numbers = _list_of(_SCALARS[int])(decoder, node, path)
    if numbers is None:
        return None
    if len(numbers) > 2:
        decoder.problem(f"must be two numbers, first and last, not {len(numbers)}", node, path)
        return None
    first, last = (*numbers, 0, 0)[:2]
    return first, last


_text = _scalar(scalars.string, "a text")
_SCALARS: dict[Any, Converter] = {
    str: _text,
    bool: _scalar(scalars.boolean, "true or false"),
    int: _scalar(scalars.integer, "a whole number"),
    IP: _scalar(_address, "an IP address"),
    Arch: _scalar(_arch, "an architecture"),
    GuestArch: _scalar(_guest_arch, "an architecture"),
    Any: _free,
}
