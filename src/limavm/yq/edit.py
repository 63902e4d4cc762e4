"""Editing a text with expressions: comments, order and blank lines stay, the layout is that of `roundtrip.write`."""

from collections.abc import Sequence

from limavm.roundtrip.anchors import settle
from limavm.roundtrip.nodes import Document
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write
from limavm.yq.evaluation import evaluate


def apply(text: bytes, expressions: Sequence[str], *, source: str) -> bytes:
    """The text after all expressions, one after the other; without any the very bytes that came in.

    Raises YamlError for a text that is none, and ExpressionError.
    """
    if not joined(expressions):
        return text
    return write(apply_to(read(text, source), expressions)).encode()


def apply_to(documents: Sequence[Document], expressions: Sequence[str]) -> list[Document]:
    """The documents that all expressions make of these, which are not changed themselves.

    yq leaves aliases whose anchor is removed, and such a text is none; here they have the value then.
    """
    results = evaluate(joined(expressions), documents)
    for result in results:
        if result.root is not None:
            settle(result.root)
    return results


def joined(expressions: Sequence[str]) -> str:
    """All expressions as one; those of blanks alone are left out."""
    # The line break ends a comment at the end of an expression.
    return "\n| ".join(expression.strip() for expression in expressions if expression.strip())
