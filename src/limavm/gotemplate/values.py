"""Values inside a template: what is missing, what is true, and how things print."""

from collections.abc import Callable, Mapping, Sequence
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


class Record(dict[str, Any]):
    """A struct of Go: a template that asks for a member which is not there is wrong.

    Templates know its members by Go's names, while `json` and `yaml` write what `written` returns.
    """

    def __init__(self, members: Mapping[str, Any], written: Callable[[], Any]) -> None:
        super().__init__(members)
        self.written = written


def written(value: Any) -> Any:
    """The value as `json` and `yaml` write it."""
    match value:
        case Missing():
            return None
        case Record():
            return value.written()
        case Mapping():
            return {key: written(item) for key, item in value.items()}
        case str():
            return value
        case Sequence():
            return [written(item) for item in value]
        case _:
            return value


def show(value: Any) -> str:
    """The value as Go's `%v` prints it."""
    match value:
        case Missing():
            return repr(value)
        case None:
            return "<no value>"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return _float(value)
        case Mapping():
            return "map[" + " ".join(f"{show(key)}:{show(value[key])}" for key in sorted(value, key=str)) + "]"
        case Sequence():
            return "[" + " ".join(show(item) for item in value) + "]"
        case _:
            return str(value)


def _float(value: float) -> str:
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return f"{value:g}" if len(f"{value:g}") >= len(repr(value)) else repr(value)


def type_name(value: Any) -> str:
    """What the value is, for messages."""
    match value:
        case None | Missing():
            return "nothing"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"
