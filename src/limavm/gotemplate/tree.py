"""The tree of a template. The nodes are msgspec structs: named tuples take ten times as long to define."""

from typing import Any

import msgspec


class Literal(msgspec.Struct, frozen=True):
    """A constant."""

    value: Any


class Field(msgspec.Struct, frozen=True):
    """`.A.B` of the dot, of `$x`, or of a parenthesised pipeline; without names, that value itself."""

    base: "str | Pipeline"
    names: tuple[str, ...]
    position: int


class Call(msgspec.Struct, frozen=True):
    """A function with its arguments."""

    name: str
    arguments: tuple[Any, ...]
    position: int


class Pipeline(msgspec.Struct, frozen=True):
    """Commands, each fed to the next; the value may be kept in variables, which are declared or assigned."""

    commands: tuple[Any, ...]
    variables: tuple[str, ...]
    declares: bool
    position: int


class Text(msgspec.Struct, frozen=True):
    """Literal text."""

    text: str


class Output(msgspec.Struct, frozen=True):
    """The value of a pipeline, printed unless it is only kept in a variable."""

    pipeline: Pipeline


class Block(msgspec.Struct, frozen=True):
    """`if`, `with` or `range` over a pipeline, with what stands between it and `else`, and after `else`."""

    keyword: str
    pipeline: Pipeline
    body: tuple[Any, ...]
    otherwise: tuple[Any, ...]


class Jump(msgspec.Struct, frozen=True):
    """`break` or `continue`."""

    keyword: str


Nodes = tuple[Any, ...]
