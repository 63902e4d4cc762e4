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
        ("[1, 0x1F, 0o17, 1_000, +5, 017, -0]", "[1,31,15,1000,5,17,-0]"),
        ("[.5, 1e3, 1.0, 1., 0.1]", "[0.5,1000,1,1,0.1]"),
        ("[1e100, 1e-7, 0.000001, 1e20, 1e21, -1.5e-10]",
         "[1e+100,1e-07,0.000001,100000000000000000000,1e+21,-1.5e-10]"),
        ("[12345678901234567890, 123456789.123456789]", "[12345678901234567890,123456789.12345679]"),
        ("[true, True, FALSE, yes, null, ~, '']", '[true,true,false,"yes",null,null,""]'),
        ("['5', !!str 5, !!int '5', !foo 5, 2020-01-01]", '["5","5",5,5,"2020-01-01"]'),
        ('["<&>", "\\u2028\\u0001\\f\\b\\t", "\\x7f", é, "\\"\\\\/"]',
         '["<&>","\\u2028\\u0001\\u000c\\u0008\\t","\x7f","é","\\"\\\\/"]'),
        ("{1: a, true: b, null: c, 'x y': {}}", '{"1":"a","true":"b","null":"c","x y":{}}'),
        ("{b: 1, a: 2}", '{"b":1,"a":2}'),
        ("a: &x {p: 1}\nb: *x\nc: {<<: *x, q: 2}", '{"a":{"p":1},"b":{"p":1},"c":{"p":1,"q":2}}'),
        ("a: &x {p: 1}\nb: &y {p: 2, r: 3}\nc: {<<: [*x, *y], r: 4}",
         '{"a":{"p":1},"b":{"p":2,"r":3},"c":{"p":1,"r":4}}'),
        ("# c\na: 1 # d", '{"a":1}'),
        ("", "null"),
        ("a: 1\n---\n[2]", '{"a":1}\n[2]'),
    ],
)  # fmt: skip
def test_values_are_written_as_yq_writes_them(yaml: str, expected: str) -> None:
    assert written(yaml, "json", indent=0) == expected + "\n"


def test_the_indent_is_that_of_one_level() -> None:
    assert (
        written("a: [1, {b: {}}]", "json", indent=3)
        == '{\n   "a": [\n      1,\n      {\n         "b": {}\n      }\n   ]\n}\n'
    )


def test_a_single_text_is_written_bare_when_that_is_asked_for() -> None:
    assert written("'x'", "json") == '"x"\n'
    assert written("'x'", "json", unwrap=True) == "x\n"


@pytest.mark.parametrize("yaml", [".inf", "[.nan]", "-.INF", "!!int x"])
def test_what_json_cannot_say_is_an_error(yaml: str) -> None:
    with pytest.raises(UserError, match="no counterpart in JSON"):
        written(yaml, "json")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1.0, "c": 1e3, "d": 1.50, "z": -0.0}', "a: 1\nc: 1000\nd: 1.5\nz: 0\n"),
        ("[12345678.5, 1e-7, 0.00001, 1e20, 123456.7]", "- 1.23456785e+07\n- 1e-07\n- 1e-05\n- 1e+20\n- 123456.7\n"),
        ("[12345678901234567890123]", "- 12345678901234567890123\n"),
        ('{"t": "true", "n": "1", "s": "x\\ny", "e": ""}', 't: "true"\n"n": "1"\ns: |-\n  x\n  y\ne: ""\n'),
        ('["\\ud83d\\ude00", "\\ud800x"]', "- \U0001f600\n- �x\n"),
        ('{"a":1} {"a":2}\n[3] "x" null', "a: 1\n---\na: 2\n---\n- 3\n---\nx\n---\nnull\n"),
        (b'\xef\xbb\xbf{"a": {"b": [], "c": {}}}', "a:\n  b: []\n  c: {}\n"),
        ("", ""),
        (" \n\t", ""),
        ('{"a": 1, "a": 2}', "a: 1\na: 2\n"),
    ],
)  # fmt: skip
def test_values_are_read_in_order_and_one_after_the_other(text: str | bytes, expected: str) -> None:
    assert yaml_of(text, "json") == expected


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'{\n"a":1', 2),
        (b"[1,\n\n2,]", 3),
        (b'\n{"a" 1}', 2),
        (b"nope", 1),
        (b'["\t"]', 1),
        (b"[NaN]", 1),
        (b"1\n[Infinity]", 2),
        (b"[1e999]", 1),
        (b'\n\n"\xff"', 3),
        (b"[" * 5_000_000, 1),
        (b'{"a":' * 1_000_000, 1),
        (b"\n" + b"[[],[]," * 200, 2),
        (b'"' + b"[" * 200, 1),
    ],
)
def test_bad_json_is_an_error_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(UserError) as caught:
        decode(data, "json", "x.json")

    assert caught.value.where == f"x.json, line {line}"


def test_brackets_in_texts_do_not_count_as_nesting() -> None:
    assert decode(b'["' + b'[{\\"' * 1000 + b'"]', "json", "x")


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(UserError, match="more than 16 MiB"):
        decode(b" " * (17 << 20), "json", "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([0, 2, 5]))
def test_json_comes_back_as_it_was(value: object, indent: int) -> None:
    documents = decode(json.dumps(value).encode(), "json", "x")

    assert json.loads(encode(documents, "json", indent=indent)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_value(value: float) -> None:
    documents = decode(json.dumps([value]).encode(), "json", "x")

    (found,) = json.loads(encode(documents, "json"))
    assert float(found) == value


@given(JSON)
def test_json_comes_back_through_yaml(value: object) -> None:
    yaml = encode(decode(json.dumps([value]).encode(), "json", "x"), "yaml")

    assert json.loads(encode(decode(yaml.encode(), "yaml", "x"), "json")) == [value]


@given(st.binary(max_size=60) | st.text('{}[]",:0.1eE-ntf \n\\u', max_size=40).map(str.encode))
def test_any_bytes_are_json_or_an_error(data: bytes) -> None:
    with contextlib.suppress(UserError):
        encode(decode(data, "json", "x"), "json")
