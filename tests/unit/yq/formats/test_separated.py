import contextlib
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.errors import UserError
from limavm.yq.formats import decode, encode
from tests.unit.yq.formats.documents import written, yaml_of


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("[a, 1, true, null]", "a,1,true,null\n"),
        ('- [a, b]\n- [1, "x,y\\"", " lead", "a\\nb", "", "#x", "\\\\."]', 'a,b\n1,"x,y"""," lead","a\nb",,#x,"\\."\n'),
        ("- {a: 1, b: null}\n- {b: 3, c: 4}", "a,b\n1,null\n,3\n"),
        ("[]", ""),
        ("a", "a\n"),
        ("- &x {a: 1}\n- *x", "a\n1\n1\n"),
    ],
)
def test_lists_are_written_as_rows(yaml: str, expected: str) -> None:
    assert written(yaml, "csv") == expected


def test_tabs_and_other_separators() -> None:
    assert written('[a, "x\\ty", "b,c"]', "tsv") == 'a\t"x\ty"\tb,c\n'
    assert written("[a, b;c]", "csv", csv_separator=";") == 'a;"b;c"\n'
    assert yaml_of("a;b\n1;2\n", "csv", csv_separator=";") == "- a: 1\n  b: 2\n"
    assert yaml_of("a\tb\n1\tx y\n", "tsv") == "- a: 1\n  b: x y\n"


@pytest.mark.parametrize("yaml", ["{a: 1}", "[a, [b]]", "[[a], b]", "[{a: 1}, b]", "[{a: [1]}]", "[[{}]]"])
def test_what_is_no_table_is_an_error(yaml: str) -> None:
    with pytest.raises(UserError):
        written(yaml, "csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b,c\n1,\"x, y\",true\n2,null,\"[1,2]\"\n",
         "- a: 1\n  b: x, y\n  c: true\n- a: 2\n  b: null\n  c: [1, 2]\n"),
        ('a\n"x ""y"""\n', '- a: x "y"\n'),
        ('a\r\n"x\r\ny"\r\n\r\n', "- a: |-\n    x\n    y\n"),
        ("a,b\n,\n", "- a:\n  b:\n"),
        ("a,b\n", "[]\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_rows_are_read_as_mappings(text: str, expected: str) -> None:
    assert yaml_of(text, "csv") == expected


def test_lists_stay_texts_when_that_is_asked_for() -> None:
    assert (
        yaml_of("a\n[1]\n", "csv", auto_parse=False) == "- a: '[1]'\n"
        or yaml_of("a\n[1]\n", "csv", auto_parse=False) == '- a: "[1]"\n'
    )


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'a,b,c\n1,"x, y"\n', 2),
        (b'a,b\n1,"x\n', 2),
        (b'a\n\n"x"y\n', 3),
        (b'a\nx"y\n', 2),
        (b"a\n\xff\n", 2),
    ],
)
def test_bad_csv_is_an_error_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(UserError) as caught:
        decode(data, "csv", "x")

    assert caught.value.where == f"x, line {line}"


@given(st.lists(st.lists(st.text('ab,"\n #', max_size=5), min_size=2, max_size=2), min_size=1, max_size=4))
def test_rows_are_those_that_python_reads(rows: list[list[str]]) -> None:
    text = encode(decode(json.dumps(rows).encode(), "json", "x"), "csv")

    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


@given(st.binary(max_size=60) | st.text('ab,"\n[]{}-&*! :', max_size=40).map(str.encode))
def test_any_bytes_are_csv_or_an_error(data: bytes) -> None:
    with contextlib.suppress(UserError):
        encode(decode(data, "csv", "x"), "json")
