"""Values to texts and back; what comes out was compared with yq."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.expressions import results

DOCUMENT = """\
s: it's x
m: {k: v, l: [1, two]}
j: '{"b": 1}'
y: |
  b: 1
t: [[a, b], [1, "c,d"]]
o: [{a: 1, b: 2}]
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (".m | to_json", '{\n  "k": "v",\n  "l": [\n    1,\n    "two"\n  ]\n}\n\n'),
        (".m | to_json(0), (.m | @json)", '{"k":"v","l":[1,"two"]}\n' * 2),
        (".s | @json", '"it\'s x"\n'),
        (".m | to_yaml", "{k: v, l: [1, two]}\n\n"),
        ('{"a": {"b": 1}} | to_yaml(4)', "a:\n    b: 1\n\n"),
        (".m | @props", "k = v\nl.0 = 1\nl.1 = two\n\n"),
        (".t | @csv", 'a,b\n1,"c,d"\n'),
        (".o | @tsv", "a\tb\n1\t2\n"),
        (".s | @base64, (.s | @uri), (.s | @sh)", "aXQncyB4\nit%27s+x\nit\\'s' x'\n"),
        ('"aXQ=" | @base64d, ("a%20b+c" | @urid)', "it\na b c\n"),
        (".j | from_json | .b", "1\n"),
        (".j | @jsond | keys", '- "b"\n'),
        (".y | from_yaml | .b", "1\n"),
        ('"a.b=1" | from_props', 'a:\n  b: "1"\n'),
        ('"a,b\n1,x" | @csvd', "- a: 1\n  b: x\n"),
        # A text without a newline at its end has none when it is encoded again.
        (".j |= (from_json | .c = 2 | to_json(0)) | .j", '{"b":1,"c":2}\n'),
        ("(.y |= (from_yaml | .c = 2 | to_yaml)) | .y", "b: 1\nc: 2\n\n"),
        ('load("a.yaml") | .x', "1\n"),
        ('load("two.yaml")', "- 1\n- 2\n"),
        ('load_str("a.txt")', "some\ntext\n\n"),
    ],
)
def test_values_become_texts_and_texts_values(expression: str, expected: str) -> None:
    assert results(expression, DOCUMENT) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('"" | from_yaml', "nothing to decode"),
        ('"{" | from_json', "YAML|yaml"),
        ('"%zz" | @urid', "no escape of a URI"),
        (".m | @base64", "only a text"),
        (".m | @csv", "only a list"),
        (".m | from_yaml", "only a text can be decoded"),
        ('load("bad")', "bad"),
    ],
)
def test_what_cannot_be_encoded_or_decoded_is_an_error(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        results(expression, DOCUMENT)


def test_files_are_out_of_reach_where_nobody_offers_them() -> None:
    for expression in ('load("a.yaml")', 'load_str("a.txt")', 'load_props("a")'):
        with pytest.raises(ExpressionError, match="disabled"):
            results(expression, "a: 1\n", environ=None)
