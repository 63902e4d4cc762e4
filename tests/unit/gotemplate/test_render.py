import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA

CASES = [
    ("plain text }} {", "plain text }} {"),
    ("{{.Name}}", "dev"),
    ("{{ .Name }}-{{.UID}}", "dev-501"),
    ("{{.Yes}} {{.Half}} {{.Nil}}", "true 0.5 <no value>"),
    ("{{.List}} {{.Param}}", "[a b] map[n:1 on:true]"),
    # what is missing
    ("{{.Foo}}", "<no value>"),
    ("{{.Foo.Bar}}", "<no value>"),
    ("{{.Param.zz}}", "<no value>"),
    ("{{if .Param.zz}}y{{else}}n{{end}}", "n"),
    ('{{if eq .Param.zz "true"}}y{{else}}n{{end}}', "n"),
    ('{{if ne .Param.zz "true"}}y{{end}}', "y"),
    ('{{index .Param "zz"}}', ""),
    # trimming and comments
    ("a {{- .Name -}} b", "adevb"),
    ("a \n\t{{- .Name}} b", "adev b"),
    ("a {{/* no */}} b", "a  b"),
    ("a {{- /* no }} */ -}} b", "ab"),
    ("{{- 3 -}} ", "3"),
    ("x{{-3}}", "x-3"),
    # constants
    (r'{{"a\n\"b\""}}', 'a\n"b"'),
    (r"{{`a\n`}}", r"a\n"),
    ("{{'a'}} {{0x10}} {{010}} {{1_000}} {{1.5}} {{-2}} {{true}}", "97 16 8 1000 1.5 -2 true"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_template_is_rendered_as_go_does(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{range 1000000000}}{{end}}",
        "{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}",
        "{{range 100000}}{{printf `%999d` 1}}{{end}}",
        "{{if 1}}" * 5000,
        "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
        "{{" + "not " * 1 + "(not " * 3000 + "1" + ")" * 3000 + "}}",
    ],
    ids=["long", "nested", "large", "blocks", "parentheses", "calls"],
)
def test_a_hostile_template_fails_in_bounded_time(text: str) -> None:
    begin = time.process_time()

    with pytest.raises(TemplateError):
        render(text, {})

    assert time.process_time() - begin < 20


PARTS = st.sampled_from(
    [
        "{{",
        "}}",
        "{{-",
        "-}}",
        "if",
        "else",
        "end",
        "range",
        "with",
        ".",
        ".A",
        "$",
        "$x",
        ":=",
        "=",
        "|",
        "(",
        ")",
        '"a"',
        "`b`",
        "1",
        "-",
        "/*",
        "*/",
        "printf",
        "eq",
        "index",
        "len",
        "slice",
        ",",
        "nil",
    ]
) | st.sampled_from([" ", "\n", "'c'"])


@given(st.lists(PARTS, max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_renders_or_is_an_error(text: str) -> None:
    try:
        assert isinstance(render(text, {"A": {"A": [1, "x"]}}), str)
    except TemplateError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - an error is as good as a text


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_actions_is_unchanged(text: str) -> None:
    assert render(text, {}) == text
