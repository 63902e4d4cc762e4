import contextlib
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
        ("a: {b: [x, {c: 1}]}\n", "a.b.0 = x\na.b.1.c = 1\n"),
        ("a: []\nb: {}\nc: null\nd: ''\n", "c = null\nd = \n"),
        ("[a, {b: c}]", "0 = a\n1.b = c\n"),
        ("just text", "just text\n"),
        ("'x y': 'z'\n'a=b:c#': x\n'#k': '#v'\n", "x\\ y = z\na=b\\:c# = x\n#k = #v\n"),
        ('a: " v\\t\\\\ x=:"\nb: "1\\n2\\r\\f"\n', "a = \\ v\\t\\\\ x=:\nb = 1\\n2\\r\\f\n"),
        ("a: &x [1]\nb: *x\n", "a.0 = 1\nb.0 = 1\n"),
        ("# lead\n# two\n\na: b\n", "# lead\n# two\n\na = b\n"),
        ("# lead\n# two\n\n# three\na: b # x\n# h\nc: d\n", "# lead\n# two\n\n# three\n# x\na = b\n\n# h\nc = d\n"),
        ("z: 0\na:\n  # h\n  b: 1 # l\n  c:\n    # q\n    - 1\n", "z = 0\n\n# h l\na.b = 1\n\n# q\na.c.0 = 1\n"),
    ],
)
def test_each_scalar_is_a_line(yaml: str, expected: str) -> None:
    assert written(yaml, "props") == expected


def test_brackets_and_the_separator_can_be_chosen() -> None:
    assert written("x: [a, {b: [c]}]", "props", props_brackets=True, props_separator=":") == "x[0]:a\nx[1].b[0]:c\n"
    assert written("a: x y", "props", unwrap=False) == 'a = "x y"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=1\na.c : hello world\\\n   next\n", 'a:\n  b: "1"\n  c: hello worldnext\n'),
        ("x.0 = p\nx.1 = q\n", "x:\n  - p\n  - q\n"),
        ("u=\\u00e9\\n\\t\\q\nkey\\ with\\:=1\nempty\n", 'u: |-\n  é\n  \tq\n"key with:": "1"\nempty: ""\n'),
        ("# com\n! com2\na=1\n", '# com\n# com2\na: "1"\n'),
        ("a=1\na=2\n", 'a: "2"\n'),
        ("a=1\na.b=2\n", 'a: "1"\n'),
        ("x.1=b\n", "x:\n  - null\n  - b\n"),
        ("a b c\r\nd\te\r\n", "a: b c\nd: e\n"),
        ("# a \\\nb=1\n", '# a \\\nb: "1"\n'),
        ("", ""),
    ],
)
def test_keys_describe_a_tree(text: str, expected: str) -> None:
    assert yaml_of(text, "props") == expected


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\na=\\u12", 2),
        (b"a.0=1\na.b=2", 2),
        (b"a=1\n" + b"a.b" * 200 + b"=1", 2),
        (b"a.99999999=1", 1),
        (b"a=\xff", 1),
    ],
)
def test_bad_properties_are_an_error_with_their_line(data: bytes, line: int) -> None:
    with pytest.raises(UserError) as caught:
        decode(data, "props", "x")

    assert caught.value.where == f"x, line {line}"


WORDS = st.text("ab =:#!\\\n\té", min_size=1, max_size=6)


@given(st.dictionaries(WORDS, st.text("ab =:#!\\\n\té", max_size=8), max_size=5))
def test_flat_mappings_come_back(values: dict[str, str]) -> None:
    # `=` in a key is not escaped by yq, and a comment sign at its begin neither.
    values = {key: value for key, value in values.items() if "=" not in key and key[0] not in "#!\n\t"}
    text = encode(decode(json.dumps(values).encode(), "json", "x"), "props")

    assert json.loads(encode(decode(text.encode(), "props", "x") or decode(b"{}", "json", "x"), "json")) == values


@given(st.binary(max_size=60) | st.text("ab.01=: #!\\u\n", max_size=40).map(str.encode))
def test_any_bytes_are_properties_or_an_error(data: bytes) -> None:
    with contextlib.suppress(UserError):
        encode(decode(data, "props", "x"), "props")
