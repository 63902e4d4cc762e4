"""docs/environment.md names every variable that limavm reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Ours as well, and nothing that a user sets.
INTERNAL = {
    "COMPUTERNAME": "Windows has it",
    "LIMA_CIDATA": "a file system's label",
    "LIMA_PROBE_END": "a mark in what a probe prints",
    "LIMA_YQ_HOME": "the boot scripts of a guest set it for their yq",
    "PROCESSOR_ARCHITECTURE": "Windows has it",
    "PWD": "the shell's",
    "USERNAME": "Windows has it",
}


def read() -> Iterator[str]:
    """Names that are taken from an environment, and all that begin like ours."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Constant(value=str(name)) if re.fullmatch(r"_?LIMA_[A-Z_]*[A-Z]", name):
                    yield name
                case (
                    ast.Call(func=ast.Attribute(value=place, attr="get"), args=[ast.Constant(value=str(name)), *_])
                    | ast.Subscript(value=place, slice=ast.Constant(value=str(name)))
                ) if ast.unparse(place).endswith(("environ", "environment")):
                    yield name


def test_the_page_of_variables_names_all() -> None:
    named = set(re.findall(r"`([A-Za-z0-9_]+)`", (ROOT / "docs/environment.md").read_text()))

    found = set(read())
    assert {"LIMA_HOME", "PAGER", "SSH"} <= found
    assert found - named - set(INTERNAL) == set()
    assert set(INTERNAL) <= found, "they are gone"
