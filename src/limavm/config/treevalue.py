"""What the nodes of a document with comments say to those who embed base templates."""

from collections.abc import Iterator

from limavm.config import scalars
from limavm.config.errors import ConfigError, Problem
from limavm.config.yamltext import scalar
from limavm.roundtrip.nodes import Kind, Node


def text_of(node: Node | None) -> str | None:
    """The text that a scalar is for a key that wants one, None for null, a collection, or nothing."""
    if node is None or node.kind is not Kind.SCALAR or node.is_null:
        return None
    try:
        return scalars.string(scalar(node))
    except ValueError:
        return node.value


def unset(node: Node | None) -> bool:
    """Whether it says nothing: absent or null."""
    return node is None or node.is_null


def wrong(message: str, node: Node, key: str, *, source: str = "", hint: str | None = None) -> ConfigError:
    """The error about the value of `key`, which is `node`; `source` is the file of a node that was made."""
    problem = Problem(message=message, source=node.source or source, line=node.line, key=key)
    return ConfigError([problem], hint=hint)


def comments_of(node: Node) -> Iterator[str]:
    """All comments of a node and of what is in it, in the order of the text."""
    yield node.head_comment
    yield node.line_comment
    for child in node.children():
        yield from comments_of(child)
    yield node.foot_comment


def joined_comments(*comments: str) -> str:
    """Comments below each other, as a head or foot comment has them."""
    return "\n".join(filter(None, comments))


def size_of(node: Node) -> int:
    """About the number of bytes that the node is written with, without its indentation."""
    total = 0
    pending = [node]
    while pending:
        one = pending.pop()
        total += len(one.value) + len(one.head_comment) + len(one.line_comment) + len(one.foot_comment) + 2
        pending.extend(one.children())
    return total
