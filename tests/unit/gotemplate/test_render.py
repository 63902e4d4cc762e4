import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.gotemplate import TemplateError, render

DATA: dict[str, Any] = {
    "Name": "dev",
    "UID": 501,
    "Home": "/home/jane",
    "Empty": "",
    "Yes": True,
    "Half": 0.5,
    "Nil": None,
    "List": ["a", "b"],
    "Param": {"on": "true", "n": "1"},
    "Config": {"VMOpts": {"vz": {"rosetta": {"enabled": True}}}, "CPUs": 4},
}

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
    # if, with, range
    ("{{if .Yes}}a{{end}}", "a"),
    ("{{if .Empty}}a{{else}}b{{end}}", "b"),
    ("{{if .Empty}}a{{else if .Nil}}b{{else if .Name}}c{{else}}d{{end}}", "c"),
    ("{{if .Empty}}a{{else if .Nil}}b{{end}}", ""),
    ("{{if .Config.VMOpts.vz.rosetta.enabled}}r{{end}}", "r"),
    ("{{if .Config.VMOpts.qemu.x.y}}r{{end}}", ""),
    ("{{with .Config}}{{.CPUs}}{{end}}", "4"),
    ("{{with .Foo}}a{{else}}b{{end}}", "b"),
    ("{{with $x := .UID}}{{$x}}{{end}}", "501"),
    ("{{range .List}}<{{.}}>{{end}}", "<a><b>"),
    ("{{range $e := .List}}{{$e}}{{$.Name}}{{end}}", "adevbdev"),
    ("{{range $i, $e := .List}}{{$i}}{{$e}}{{end}}", "0a1b"),
    ("{{range $k, $v := .Param}}{{$k}}={{$v}};{{end}}", "n=1;on=true;"),
    ("{{range .Foo}}a{{else}}none{{end}}", "none"),
    ("{{range 3}}{{.}}{{end}}", "012"),
    ("{{range .List}}{{break}}{{end}}x", "x"),
    ("{{range .List}}{{if eq . `a`}}{{continue}}{{end}}{{.}}{{end}}", "b"),
    # variables
    ("{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"),
    ("{{$x := 1}}{{if .Yes}}{{$x = 2}}{{end}}{{$x}}", "2"),
    ("{{$x := 1}}{{if .Yes}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
    # constants
    (r'{{"a\n\"b\""}}', 'a\n"b"'),
    (r"{{`a\n`}}", r"a\n"),
    ("{{'a'}} {{0x10}} {{010}} {{1_000}} {{1.5}} {{-2}} {{true}}", "97 16 8 1000 1.5 -2 true"),
    # pipelines and functions
    ("{{.Name | len}}", "3"),
    ('{{.Name | printf "%s-%s" "x"}}', "x-dev"),
    ("{{(.Config).CPUs}} {{(len .List)}}", "4 2"),
    ('{{printf "%03d|%-4s|%4s|%v|%q|%t|%x|%%" 7 "a" "b" .List "c" true 255}}', '007|a   |   b|[a b]|"c"|true|ff|%'),
    ('{{printf "%d" "x"}} {{printf "%s"}} {{printf "a" 1}}', "%!d(x) %!s(MISSING) a%!(EXTRA 1)"),
    ('{{printf "%.2f" 1.5}}', "1.50"),
    ("{{print 1 2 `a` 3}}", "1 2a3"),
    ("{{println `a` 1}}", "a 1\n"),
    ("{{and .Yes .Name}} {{and .Empty .Foo.x}}|{{or .Empty .Name}}", "dev |dev"),
    ("{{not .Empty}} {{not .Name}}", "true false"),
    ("{{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt `b` `a`}} {{ge 1 2}}", "true true true true true false"),
    ("{{index .List 1}} {{index .Config `VMOpts` `vz` `x`}}", "b <no value>"),
    ("{{slice .Name 1}} {{slice .Name 0 2}}", "ev de"),
    ("{{html `<a href='x'>&`}}", "&lt;a href=&#39;x&#39;&gt;&amp;"),
    ("{{js `it's <x>`}}", "it\\'s \\u003Cx\\u003E"),
    ("{{urlquery `a b/ü`}}", "a+b%2F%C3%BC"),
    ("{{json .Param}}", '{"on":"true","n":"1"}'),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_template_is_rendered_as_go_does(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("{{.Name.x}}", "1:3", "a text has no member x"),
        ("a\n {{.UID.x}}", "2:4", "a number has no member x"),
        ("{{foo}}", "1:3", "the function 'foo' is not known"),
        ("{{", "1:1", "not closed"),
        ("a {{.Name", "1:3", "not closed"),
        ("{{/* x", "1:3", "unexpected '/'"),
        ("{{if .A}}", "1:1", "{{if}} has no {{end}}"),
        ("{{if}}a{{end}}", "1:1", "a value is missing"),
        ("{{}}", "1:1", "a value is missing"),
        ("{{end}}", "1:1", "unexpected {{end}}"),
        ("{{else}}", "1:1", "unexpected {{else}}"),
        ("{{if .A}}{{else}}{{else}}{{end}}", "1:18", "a second {{else}}"),
        ("{{.Param.my-key}}", "1:12", "unexpected '-'"),
        ("{{.A .B}}", "1:6", "has no arguments"),
        ("{{$x}}", "1:3", "undefined variable $x"),
        ("{{$x = 1}}", "1:3", "undefined variable $x"),
        ("{{if .Yes}}{{$x := 1}}{{end}}{{$x}}", "1:32", "undefined variable $x"),
        ('{{"abc}}', "1:3", "the quoted text is not closed"),
        ("{{(.A}}", "1:3", "a parenthesis is not closed"),
        ("{{.A)}}", "1:5", ""),
        ("{{break}}", "1:1", "outside of"),
        ("{{template `x`}}", "1:1", "not supported"),
        ("{{range .Name}}{{end}}", "1:1", "range cannot go over a text"),
        ("{{index .List 5}}", "1:3", "out of range"),
        ("{{len 3}}", "1:3", "a number has no length"),
        ("{{len}}", "1:3", "does not take 0 values"),
        ("{{eq 1 `a`}}", "1:3", "cannot be compared"),
        ("{{lt 1 `a`}}", "1:3", "no order"),
        ("{{.Name | .UID}}", "1:11", "cannot be piped"),
        ("{{1 | 2}}", "", "cannot be piped"),
        ("{{and}}", "1:3", "needs a value"),
    ],
)
def test_an_error_has_its_position(text: str, place: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, DATA)

    assert str(caught.value).startswith(f"template:{place}")
    assert message in str(caught.value)


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
