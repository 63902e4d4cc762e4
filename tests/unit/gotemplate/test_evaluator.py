import pytest

from limavm.gotemplate import NIL, Record, render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    ("{{if .Yes}}a{{end}}", "a"),
    ("{{if .Empty}}a{{else}}b{{end}}", "b"),
    ("{{if .Empty}}a{{else if .Nil}}b{{else if .Name}}c{{else}}d{{end}}", "c"),
    ("{{if .Empty}}a{{else if .Nil}}b{{end}}", ""),
    ("{{if .Config.VMOpts.vz.rosetta.enabled}}r{{end}}", "r"),
    ("{{if .Config.VMOpts.qemu.x.y}}r{{end}}", ""),
    ("{{with .Config}}{{.CPUs}}{{end}}", "4"),
    ("{{with .Foo}}a{{else}}b{{end}}", "b"),
    ("{{with .Foo}}a{{else with .Name}}{{.}}{{else}}c{{end}}", "dev"),
    ("{{with .Foo}}a{{else with .Nil}}b{{else}}{{.Name}}{{end}}", "dev"),
    ("{{with $x := .UID}}{{$x}}{{.}}{{end}}", "501501"),
    ("{{range .List}}<{{.}}>{{end}}", "<a><b>"),
    ("{{range .Mixed}}<{{.}}>{{end}}", "<1><x><<no value>><true><2.5><[1]><map[k:v]>"),
    ("{{range $e := .List}}{{$e}}{{$.Name}}{{end}}", "adevbdev"),
    ("{{range $i, $e := .List}}{{$i}}{{$e}}{{end}}", "0a1b"),
    ("{{range $k, $v := .Param}}{{$k}}={{$v}};{{end}}", "n=1;on=true;"),
    (
        "{{range $k, $v := .Config}}{{$k}}={{$v}};{{end}}",
        "CPUs=4;VMOpts=map[null:<nil> vz:map[rosetta:map[enabled:true]]];",
    ),
    ("{{range .Foo}}a{{else}}none{{end}}", "none"),
    ("{{range .None}}a{{else}}none{{end}}", "none"),
    ("{{range $x := .None}}{{else}}{{$x}}{{end}}", "[]"),
    ("{{range 3}}{{.}}{{end}}", "012"),
    ("{{range $i := 2}}{{$i}}{{end}}", "01"),
    ("{{range 0}}a{{else}}b{{end}}", "b"),
    ("{{range .List}}{{break}}{{end}}x", "x"),
    ("{{range .List}}{{if eq . `a`}}{{continue}}{{end}}{{.}}{{end}}", "b"),
    ("{{range 2}}{{range 3}}{{if eq . 1}}{{break}}{{end}}{{.}}{{end}}-{{end}}", "0-0-"),
    ("{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"),
    ("{{$x := 1}}{{if .Yes}}{{$x = 2}}{{end}}{{$x}}", "2"),
    ("{{$x := 1}}{{if .Yes}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
    ("{{$x := 1}}{{range $x = .List}}{{end}}{{$x}}", "b"),
    ("{{$i := 7}}{{$x := 1}}{{range $i, $x = .List}}{{end}}{{$x}}{{$i}}", "b1"),
    ("{{$x := .Config}}{{$x.CPUs}} {{$x.VMOpts.vz}}", "4 map[rosetta:map[enabled:true]]"),
    ('{{define "x"}}[{{.}}]{{end}}{{template "x" .Name}}{{template "x" 1}}{{template "x"}}', "[dev][1][<no value>]"),
    ('{{template "x" .List}}{{define "x"}}{{range .}}{{.}},{{end}}{{end}}', "a,b,"),
    ('{{define "x"}}{{$}}{{end}}{{$y := 1}}{{template "x" $y}}', "1"),
    (
        ('{{define "down"}}{{.}}{{if .}}{{template "up" .}}{{end}}{{end}}{{define "up"}}!{{end}}{{template "down" 3}}'),
        "3!",
    ),
    ('{{block "x" .Name}}<{{.}}>{{end}}{{template "x" 3}}', "<dev><3>"),
    ('{{define "x"}} {{end}}{{define "x"}}b{{end}}{{template "x"}}', "b"),
    ('{{define "x"}}b{{end}}{{define "x"}} {{end}}{{template "x"}}', "b"),
    ("{{.Foo.Bar 1}}", "<no value>"),
    ('{{(.Config).CPUs}} {{(index .Config "VMOpts").vz.rosetta}} {{(.Foo).Bar}}', "4 map[enabled:true] <no value>"),
    ('{{1|}} {{1 | print 2 | printf "%v-%v" 3}}', "1 3-2 1"),
    ("{{if false}}{{$nope = 1}}{{end}}", ""),
    (
        '{{and 1 0 .Name.x}} {{or 0 1 .Name.x}} {{and 1 2 3}} {{or 0 "" nil}} {{0 | and 1}} {{1 | or 0}}',
        "0 1 3 <no value> 0 1",
    ),
    ("{{and .Yes .Name}} {{and .Empty .Foo.x}}|{{or .Empty .Name}}|{{or .Foo .Nil}}", "dev |dev|<no value>"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_blocks_and_variables_work_as_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


def test_a_struct_is_true_and_prints_its_members() -> None:
    data = {"S": Record({"A": 1, "B": NIL, "C": "x"}, dict)}

    text = "{{if .S}}y{{end}} {{.S}} {{printf `%+v` .S}} {{.S.B}}"

    assert render(text, data) == "y {1 <nil> x} {A:1 B:<nil> C:x} <nil>"


def test_the_dot_may_be_anything() -> None:
    assert render("{{.}} {{range .}}{{.}}{{end}}", [1, 2]) == "[1 2] 12"


def test_bytes_that_make_no_character_are_replaced_at_the_end() -> None:
    assert render("{{slice .Accents 0 2}}{{slice .Accents 2 3}} {{slice .Accents 0 2}}", DATA) == "h\u00e9 h\ufffd"
