import pytest

from limavm.gotemplate import render
from tests.unit.gotemplate.data import DATA

CASES = [
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
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_blocks_and_variables_work_as_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected
