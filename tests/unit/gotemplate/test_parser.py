import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA


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
