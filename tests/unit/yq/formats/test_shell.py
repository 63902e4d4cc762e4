import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.roundtrip.nodes import Document, text
from limavm.yq.formats.options import Options
from limavm.yq.formats.shell import encode
from tests.unit.yq.formats.documents import written


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("a: x", "a=x\n"),
        ("foo bar", "value='foo bar'\n"),
        ("'é à': x\n'-': 1\n'1': 2\n", "e_a=x\n_=1\n_1=2\n"),
        ("a:\n  b: it's", "a_b='it'\"'\"'s'\n"),
        ("a: [1, {b: c.d}]", "a_0=1\na_1_b='c.d'\n"),
        ("a: ''", "a=\n"),
    ],
)
def test_each_scalar_is_an_assignment(yaml: str, expected: str) -> None:
    assert written(yaml, "shell") == expected


def test_the_separator_of_names_and_bare_values_can_be_chosen() -> None:
    assert written("a: {b: x y}", "shell", shell_separator="__", unwrap=True) == "a__b=x y\n"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))
def test_a_value_is_one_word(value: str) -> None:
    assignment = encode(Document(root=text(value)), Options())

    assert shlex.split(assignment.removesuffix("\n")) == ["value=" + value]


def test_a_shell_reads_what_was_meant() -> None:
    value = 'a\'b "c" $HOME `x` \\ \n!'
    script = encode(Document(root=text(value)), Options()) + 'printf %s "$value"'

    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value
