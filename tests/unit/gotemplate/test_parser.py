import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("{{if .A}}", "1:1", "{{if}} has no {{end}}"),
        ("{{if .A}}{{else}}", "1:1", "{{if}} has no {{end}}"),
        ("{{define `x`}}", "1:1", "{{define}} has no {{end}}"),
        ("{{if}}a{{end}}", "1:1", "a value is missing"),
        ("{{end}}", "1:1", "{{end}} closes nothing"),
        ("a\n{{else}}", "2:1", "{{else}} closes nothing"),
        ("{{if .A}}{{else}}{{else}}{{end}}", "1:18", "a second {{else}}"),
        ("{{if .A}}{{end 1}}", "1:16", "unexpected '1' after end"),
        ("{{if .A}}{{else 1}}{{end}}", "1:17", "unexpected '1' after else"),
        ("{{if .A}}{{else with .B}}{{end}}", "1:10", "{{else with}} does not continue {{if}}"),
        ("{{range .A}}{{else if .B}}{{end}}", "1:13", "{{else if}} does not continue {{range}}"),
        ("{{if .A}}{{define `x`}}{{end}}{{end}}", "1:10", "{{define}} may not stand inside"),
        ("{{define `x`}}{{else}}{{end}}", "1:15", "{{else}} in {{define}}"),
        ("{{define x}}{{end}}", "1:10", "needs the name of a template in quotes"),
        ("{{define}}{{end}}", "1:1", "needs the name of a template in quotes"),
        ("{{define `x` 1}}{{end}}", "1:14", "unexpected '1'"),
        ("{{define `x`}}a{{end}}{{define `x`}}b{{end}}", "1:23", "the template 'x' is defined twice"),
        ("{{block `x`}}a{{end}}", "1:1", "a value is missing"),
        ("{{template .Name}}", "1:12", "needs the name of a template in quotes"),
        ("{{template `x` 1 2}}{{define `x`}}{{.}}{{end}}", "1:16", "takes no values"),
        (r'{{template "\q"}}', "1:12", "has no meaning"),
        ("{{break}}", "1:1", "{{break}} stands outside of {{range}}"),
        ("{{range .A}}{{break 1}}{{end}}", "1:21", "unexpected '1' after break"),
        ("{{range .A}}{{else}}{{continue}}{{end}}", "1:21", "outside of"),
        ("{{range .A}}{{block `x` .}}{{break}}{{end}}{{end}}", "1:28", "outside of"),
    ],
)
def test_a_template_that_does_not_parse_says_where(text: str, place: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, DATA)

    assert str(caught.value).startswith(f"template:{place}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("{{.Name.x}}", "1:3", "at <.Name.x>: a text has no member x"),
        ("a\n {{.UID.x}}", "2:4", "at <.UID.x>: a number has no member x"),
        ("{{.Nil.x}}", "1:3", "at <.Nil.x>: nothing has no member x"),
        ("{{1 | .UID}}", "1:7", "at <.UID>: UID is no function"),
        ("{{.Name 1}}", "1:3", "Name is no function and takes no values"),
        ("{{1 2}}", "1:3", "at <1>: it is no function"),
        ("{{(1) 2}}", "1:3", "at <(1)>: it is no function"),
        ("{{nil}}", "1:3", "nil is no command"),
        ("{{$x = 1}}", "1:3", "undefined variable $x"),
        ("{{range .Name}}{{end}}", "1:9", "at <.Name>: range cannot go over a text"),
        ("{{range 1.5}}{{end}}", "1:9", "range cannot go over a number"),
        ("{{range $i, $e := 3}}{{end}}", "1:9", "range cannot go over a number"),
        ("{{index .List 5}}", "1:3", "at <index .List 5>: index: the index 5 is out of range"),
        ("{{index .List 2}}", "1:3", "out of range"),
        ("{{index .List `a`}}", "1:3", "an index is a whole number, not a text"),
        ("{{index .Param 1}}", "1:3", "the key of a mapping is a text, not a number"),
        ("{{index .Foo 1}}", "1:3", "nothing has no index"),
        ("{{index .Config `x` `y`}}", "1:3", "nothing has no index"),
        ("{{slice .Name 2 1}}", "1:3", "the slice 2:1 is out of range"),
        ("{{slice .Name 0 1 2}}", "1:3", "a text cannot be sliced so"),
        ("{{slice .Param 1}}", "1:3", "a mapping cannot be sliced so"),
        ("{{len 3}}", "1:3", "a number has no length"),
        ("{{len .Foo}}", "1:3", "nothing has no length"),
        ("{{len}}", "1:3", "len does not take 0 values"),
        ("{{not 1 2}}", "1:3", "not does not take 2 values"),
        ("{{and}}", "1:3", "and needs a value"),
        ("{{call .Name}}", "1:3", "a text is no function"),
        ("{{template `x`}}", "1:1", "there is no template 'x'"),
        ("{{define `x`}}\n{{.a.b}}{{end}}{{template `x` .Name}}", "2:3", "in the template 'x', at <.a.b>: a text"),
        ("{{define `x`}}{{template `x`}}{{end}}{{template `x`}}", "1:15", "templates use each other more than"),
        ("{{print 1 (len\n 3)}}", "1:12", "at <len 3>: "),
        ("{{len (print `" + "a" * 50 + "`) 2}}", "1:3", "at <len (print `" + "a" * 28 + "…>"),
    ],
)
def test_an_action_that_fails_says_what_and_where(text: str, place: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, DATA)

    assert str(caught.value).startswith(f"template:{place}: ")
    assert message in str(caught.value)
