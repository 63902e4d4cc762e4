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


#: What actions are made of; hypothesis puts it together.
WORDS = (
    *("{{", "}}", "{{-", "-}}", " ", "\n", "if ", "else", "end", "range ", "with ", "define ", "block ", "template "),
    *("break", "continue", ".", ".A", "$", "$x", ":=", "=", "|", "(", ")", ",", "nil", "true", '"a"', "`b`", "'c'"),
    *("1", "-", "1.5", "0x1p4", "1i", "/*", "*/", "print ", "printf ", '"%d %-+#08.3v %[2]*x"', "eq ", "and ", "or "),
    *("index ", "len ", "slice ", "json ", "js ", "call ", "{{end}}", "{{range .A}}", '{{template "a" .}}', "{{.}}"),
)
PARTS = st.sampled_from(WORDS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FLAGS = st.text("+-# 0", max_size=3)
NUMBERS = st.sampled_from(("", "5", "12", ".", ".0", ".3", "*", ".*", "[1]", "[9]"))
VERBS = st.sampled_from("vTdsqxXobOcUeEfFgGtpwz%")


@given(st.lists(PARTS, max_size=24).map("".join) | st.text(max_size=30))
def test_any_text_renders_or_is_an_error(text: str) -> None:
    try:
        assert isinstance(render(text, {"A": {"A": [1, "x"]}}), str)
    except TemplateError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - an error is as good as a text


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_actions_is_unchanged(text: str) -> None:
    assert render(text, {}) == text


@given(st.lists(st.tuples(FLAGS, NUMBERS, NUMBERS, VERBS).map("".join), max_size=3), VALUES, VALUES)
def test_any_format_of_any_values_is_a_text(verbs: list[str], one: object, other: object) -> None:
    pattern = "".join("%" + verb for verb in verbs)

    try:
        text = render("{{printf .Pattern .One .Other}}", {"Pattern": pattern, "One": one, "Other": other})
        assert text.encode().decode() == text
    except TemplateError as error:
        assert "printf" in str(error)  # noqa: PT017 - an error is as good as a text


@given(st.sampled_from(("not", "len", "index", "slice", "eq", "lt", "print", "html", "js", "urlquery", "json")), VALUES)
def test_any_value_is_taken_or_refused_by_a_function(name: str, value: object) -> None:
    for arguments in (".V", ".V .V", ".V 0 1"):
        try:
            assert isinstance(
                render(f"{{{{{name} {arguments}}}}}{{{{.V}}}}{{{{range .V}}}}{{{{end}}}}", {"V": value}), str
            )
        except TemplateError as error:
            assert error.line == 1  # noqa: PT017 - an error is as good as a text
