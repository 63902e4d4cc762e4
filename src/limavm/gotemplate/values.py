"""Values inside a template: what is missing, what is true, what Go calls their types.

Texts of Go are bytes. A byte that is no part of a character is a surrogate here (as with Python's
`surrogateescape`), until the template is written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final


class Missing:
    """A key that the data do not have; also the `nil` of data."""

    def __repr__(self) -> str:
        return "<no value>"

    def __bool__(self) -> bool:
        return False


class Nil(Missing):
    """A member of a struct that is not set."""

    def __repr__(self) -> str:
        return "<nil>"


MISSING: Final = Missing()
NIL: Final = Nil()


class Record(Mapping[str, Any]):
    """A struct of Go: a template that asks for a member which is not there is wrong.

    Templates know its members by Go's names, while `json` and `yaml` write what `written` returns. `view`
    makes what a template sees of a member when it is asked for: most are never asked for.
    """

    def __init__(
        self, members: Mapping[str, Any], written: Callable[[], Any], view: Callable[[Any], Any] = lambda value: value
    ) -> None:
        self._members = members
        self._view = view
        self.written = written

    def __getitem__(self, name: str) -> Any:
        return self._view(self._members[name])

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def written(value: Any) -> Any:
    """The value as `json` and `yaml` write it: the keys of a mapping in order, those of a struct as it has them."""
    match value:
        case Missing():
            return None
        case Record():
            return value.written()
        case Mapping():
            return {key: written(value[key]) for key in ordered_keys(value)}
        case str():
            return value
        case Sequence():
            return [written(item) for item in value]
        case _:
            return value


def ordered_keys(value: Mapping[Any, Any]) -> list[Any]:
    """The keys in the order in which Go goes over a map."""
    return sorted(value, key=lambda key: key if isinstance(key, str) else str(key))


def truth(value: Any) -> bool:
    """Whether `if` takes its first branch: what is empty or zero is false, a struct is true."""
    return isinstance(value, Record) or bool(value)


def encoded(text: str) -> bytes:
    """The bytes of a text of Go."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def decoded(data: bytes) -> str:
    """The text of Go that these bytes are."""
    return data.decode("utf-8", "surrogateescape")


def joined(text: str) -> str:
    """A text after parts were put together: bytes that make a character now are that character."""
    return text if text.isascii() else decoded(encoded(text))


def type_name(value: Any) -> str:
    """What the value is, for messages."""
    match value:
        case None | Missing():
            return "nothing"
        case bool():
            return "a boolean"
        case int() | float() | complex():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def go_type(value: Any) -> str:
    """What `%T` says of the value."""
    match value:
        case None | Missing():
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case complex():
            return "complex128"
        case str():
            return "string"
        case Record():
            return "struct"
        case Mapping():
            return f"map[string]{'string' if is_text_map(value) else 'interface {}'}"
        case _:
            return "[]interface {}"


def is_text_map(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping is one of texts to texts, which has the empty text for every other key."""
    return all(isinstance(item, str) for item in value.values())
