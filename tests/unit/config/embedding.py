"""Templates that are read from a dictionary, for the tests of embedding."""

import textwrap
from collections.abc import Callable, Mapping

from limavm.config.embed import embedded
from limavm.config.locator import Template
from limavm.errors import NotFoundError
from limavm.roundtrip.nodes import Node
from limavm.roundtrip.read import read as read_documents


def dedented(text: str) -> str:
    """A text without the indentation that the test gives it."""
    return textwrap.dedent(text).removeprefix("\n")


def template(text: str | bytes, locator: str = "/t/t.yaml") -> Template:
    """A template of that text."""
    content = text if isinstance(text, bytes) else dedented(text).encode()
    return Template(locator=locator, name="t", text=content)


def reader(files: Mapping[str, str | bytes]) -> Callable[[str], Template]:
    """What reads the files by their locators, and nothing else."""

    def read(locator: str) -> Template:
        if locator not in files:
            raise NotFoundError("the template does not exist", where=locator)
        return template(files[locator], locator)

    return read


def embedded_text(
    text: str | bytes,
    files: Mapping[str, str | bytes] | None = None,
    *,
    locator: str = "/t/t.yaml",
    templates: bool = True,
) -> str:
    """What becomes of the template with files to read."""
    return embedded(template(text, locator), reader(files or {}), templates=templates).decode()


def node(text: str) -> Node:
    """The root of a document."""
    root = read_documents(dedented(text).encode(), "test")[0].root
    assert root is not None
    return root
