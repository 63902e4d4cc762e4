import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.config.errors import ConfigError
from limavm.config.yamlnodes import Mapping, Node, Scalar, Sequence
from limavm.config.yamltext import compose


def tree(text: str | bytes) -> object:
    """The texts of a document as Python lists and dictionaries."""
    return _plain(compose(text.encode() if isinstance(text, str) else text, "t.yaml"))


def _plain(node: Node | None) -> object:
    match node:
        case Mapping():
            return {name: _plain(value) for name, (_, value) in node.entries.items()}
        case Sequence():
            return [_plain(item) for item in node.items]
        case Scalar():
            return node.value
        case None:
            return None


def failure(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        tree(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n# comments\n", "\ufeff", "\ufeff# a mark\n"])
def test_a_text_without_a_document_is_nothing(text: str) -> None:
    assert tree(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: [x, 'y']\n", {"a": "1", "b": ["x", "y"]}),
        ("a: 1\r\nb:\r\n- x\r\n", {"a": "1", "b": ["x"]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: &x {k: 1}\nb: *x\n", {"a": {"k": "1"}, "b": {"k": "1"}}),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", {"a": {"k": "1", "l": "2"}, "b": {"k": "3", "l": "2"}}),
        ("a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}\n", None),
        ("'<<': {k: 1}\n", {"<<": {"k": "1"}}),
        ("a: 1\n---\nb: 2\n", {"a": "1"}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": "1"}),
        ('"quoted key": ü\n', {"quoted key": "ü"}),
    ],
)
def test_anchors_merge_keys_and_first_documents_are_understood(text: str, expected: object) -> None:
    if expected is None:
        expected = {"a": {"k": "1"}, "b": {"k": "2", "m": "3"}, "c": {"k": "1", "m": "3"}}
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "t.yaml:3: a: this key is already defined in line 1"),
        ("x:\n  a: 1\n  'a': 2\n", "t.yaml:3: a: this key is already defined in line 2"),
        ("a: [1\n", "t.yaml:2: this is not YAML"),
        ("a: 1\n\tb: 2\n", "t.yaml:2: this is not YAML"),
        ("a: @b\n", "t.yaml:1: this is not YAML"),
        ("a: 1\n---\n{", "this is not YAML"),
        ("a: *x\n", "t.yaml:1: the alias *x names no anchor above it"),
        ("a: &x\n- *x\n", "t.yaml:2: the alias *x stands inside of what it names"),
        ("[a]: 1\n", "t.yaml:1: a key cannot be a list or a mapping"),
        ("a: {<<: 3}\n", "t.yaml:1: <<: only a mapping, or a list of mappings, can be merged"),
        (b"a: 1\nb: \xff\n", "t.yaml:2: the text is not UTF-8"),
        (b"a: 1\n\nb: \0\n", "t.yaml:3: the text contains a NUL character"),
        ("b: 1\na: \x07\n", "t.yaml:2: the character U+0007 is not allowed"),
        ("a\n".encode("utf-16"), "the text is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str | bytes, message: str) -> None:
    assert message in failure(text)


def test_every_duplicate_key_is_reported() -> None:
    assert failure("a: 1\na: 2\nb: 1\nb: 2\n").count("already defined") == 2


BOMBS = {
    "blocks": "- " * 500_000,
    "brackets": "[" * 500_000,
    "braces": "{a: " * 300_000,
    "keys": "? " * 500_000,
    "indented": "".join(" " * level + "a:\n" for level in range(1000)),
    "values": "a: [" + "1," * 500_000 + "]",
    "documents": "---\na\n" * 200_001,
    "merges": "a0: &a0 {k0: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: 1}}\n" for i in range(1, 5000)),
    "large": "a: " + "x" * (10 << 20),
}


#: Says what is wrong with each of the files, within bounded time and memory for all of them together.
LIMITED = """
import resource, sys
from limavm.config.errors import ConfigError
from limavm.config.yamltext import compose

resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        text = file.read()
    try:
        compose(text, path)
    except ConfigError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of processes are those of POSIX")
def test_hostile_texts_are_refused_in_bounded_time_and_memory(tmp_path: Path) -> None:
    for kind, text in BOMBS.items():
        (tmp_path / kind).write_text(text)
    paths = [str(tmp_path / kind) for kind in BOMBS]

    done = subprocess.run([sys.executable, "-c", LIMITED, *paths], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path in paths if f"{path}:" not in done.stdout] == []


@given(st.text())
def test_any_text_is_composed_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        compose(text.encode(errors="surrogatepass"), "t.yaml")
