"""Expressions evaluated on texts, for the tests of all operators."""

from collections.abc import Mapping, Sequence

import pytest

from limavm.roundtrip.nodes import Document, Kind
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write
from limavm.yq import ExpressionError, World
from limavm.yq.evaluation import results as evaluated

#: What the environment of the tests has.
ENVIRON = {"NAME": "v1", "NUMBER": "12", "MAP": "{a: 1}", "EMPTY": ""}
FILES = {"a.yaml": b"x: 1 # one\n", "two.yaml": b"1\n---\n2\n", "a.txt": b"some\ntext\n", "bad": b"{", "bin": b"\xff"}


def load(name: str) -> bytes:
    """The bytes of a file of the tests."""
    return FILES[name]


def results(expression: str, text: str, *, together: bool = False, environ: Mapping[str, str] | None = ENVIRON) -> str:
    """All results as YAML, one below the other; those of different documents are set apart."""
    world = World(environ=environ, load=load if environ is not None else None)
    found = evaluated(expression, read(text.encode(), "-"), world=world, together=together)
    written = ""
    for number, result in enumerate(found):
        if number and result.index != found[number - 1].index:
            written += "---\n"
        written += _written(result.document)
    return written


def failure(expression: str, text: str) -> tuple[str, int]:
    """What is wrong with an expression on a text, and at which character."""
    with pytest.raises(ExpressionError) as error:
        results(expression, text)
    return error.value.message, error.value.position


def giving(cases: Sequence[tuple[str, str, str]]) -> pytest.MarkDecorator:
    """A test for each case: an expression, a document, and the results as YAML."""
    return pytest.mark.parametrize(("expression", "document", "result"), cases)


def failing(cases: Sequence[tuple[str, str, str, int]]) -> pytest.MarkDecorator:
    """A test for each case: an expression, a document, the message of the error and where it points."""
    return pytest.mark.parametrize(("expression", "document", "message", "position"), cases)


def _written(document: Document) -> str:
    root = document.root
    if root is not None and root.kind is Kind.SCALAR and not document.head_comment:
        return f"{root.value}\n"
    document.marked = False
    return write([document])
