import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.errors import UserError
from limavm.roundtrip.nodes import sequence
from limavm.yq.formats import INPUT, OUTPUT, decode, encode, name_for
from tests.unit.yq.formats.documents import doc, written, yaml_of


def test_formats_have_short_names() -> None:
    assert [name_for(short, OUTPUT) for short in ("y", "yml", "j", "p", "c", "t", "s", "i")] == [
        *("yaml", "yaml", "json", "props", "csv", "tsv", "shell", "ini"),
    ]


@pytest.mark.parametrize(("name", "known"), [("foo", OUTPUT), ("", INPUT), ("words", OUTPUT), ("hcl", INPUT)])
def test_an_unknown_format_is_an_error_that_names_the_known_ones(name: str, known: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        name_for(name, known)

    assert "yaml, json, props, csv, tsv" in (caught.value.hint or "")


def test_toml_cannot_be_written_and_shell_cannot_be_read() -> None:
    with pytest.raises(UserError, match="'toml' cannot be written"):
        written("a: 1", "toml")
    with pytest.raises(UserError, match="'shell' cannot be read"):
        decode(b"a=1", "shell", "x")


def test_a_tree_that_is_too_deep_to_be_written_is_an_error() -> None:
    document = doc("a")
    root = document.root
    assert root is not None
    for _ in range(3000):
        root = sequence([root])
    document.root = root

    for form in ("json", "props", "shell"):
        with pytest.raises(UserError, match="too deeply"):
            encode([document], form)


def test_aliases_that_stand_for_too_much_are_an_error() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))

    for form in ("json", "csv"):
        with pytest.raises(UserError, match="more than 200000 nodes"):
            written(bomb, form)


@pytest.mark.parametrize("form", INPUT)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_document_or_an_error(form: str, data: bytes) -> None:
    with contextlib.suppress(UserError):
        documents = decode(data, form, "x")
        for output in ("yaml", "json", "props", "shell"):
            encode(documents, output)


@pytest.mark.parametrize("form", [name for name in INPUT if name not in ("base64", "uri")])
def test_what_repeats_for_ever_takes_a_moment_or_is_an_error(form: str) -> None:
    for piece in (b"[", b"<a>", b'"', b"a.", b"a=1\n", b"\xff", b"- ", b"\\", b"x\\\n"):
        with contextlib.suppress(UserError):
            decode(piece * (200_000 // len(piece)), form, "x")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", b"[" + b"1," * 310_000 + b"1]"),
        ("json", b"1 " * 310_000),
        ("props", b"".join(b"k%d=1\n" % number for number in range(310_000))),
        ("csv", b"a,b\n" * 160_000),
        ("toml", b"a = [" + b"1," * 310_000 + b"]"),
        ("ini", b"".join(b"k%d=1\n" % number for number in range(310_000))),
    ],
)
def test_more_values_than_there_is_room_for_are_an_error(form: str, text: bytes) -> None:
    with pytest.raises(UserError, match="more than 300000 values"):
        decode(text, form, "x")


def test_yaml_has_its_markers_between_documents() -> None:
    assert yaml_of('{"a":1}{"b":2}', "json") == "a: 1\n---\nb: 2\n"
