"""The tree of a template. The nodes are msgspec structs: named tuples take ten times as long to define.

A `span` is where a node stands in the text: its first character, and the one after its last.
"""

from typing import Any

import msgspec

Span = tuple[int, int]
Nodes = tuple[Any, ...]


class Literal(msgspec.Struct, frozen=True):
    """A constant; `nil` is None."""

    value: Any
    span: Span


class Function(msgspec.Struct, frozen=True):
    """The name of a function."""

    name: str
    span: Span


class Field(msgspec.Struct, frozen=True):
    """`.A.B` of the dot (base `.`), of a variable (base `$x`), or of another node; without names, the base itself."""

    base: Any
    names: tuple[str, ...]
    span: Span


class Command(msgspec.Struct, frozen=True):
    """An operand and what it is given."""

    operand: Any
    arguments: Nodes
    span: Span


class Pipeline(msgspec.Struct, frozen=True):
    """Commands, each fed to the next; the value may be kept in variables, which are declared or assigned."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...]
    declares: bool
    span: Span


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
    body: Nodes
    otherwise: Nodes


class Jump(msgspec.Struct, frozen=True):
    """`break` or `continue`."""

    keyword: str


class Include(msgspec.Struct, frozen=True):
    """Another template, run with the value of a pipeline as its dot."""

    name: str
    pipeline: Pipeline | None
    span: Span
