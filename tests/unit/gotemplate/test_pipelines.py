import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("{{foo}}", "1:3", "the function 'foo' is not known"),
        ("{{}}", "1:1", "a value is missing"),
        ("{{|1}}", "1:3", "unexpected '|'"),
        ("{{1||print}}", "1:5", "unexpected '|'"),
        ("{{()}}", "1:4", "unexpected ')'"),
        ("{{1 | 2}}", "1:7", "cannot be piped"),
        ("{{.Name | .}}", "1:11", "cannot be piped"),
        ("{{.Name | `x`}}", "1:11", "cannot be piped"),
        ("{{$x}}", "1:3", "undefined variable $x"),
        ("{{if .Yes}}{{$x := 1}}{{end}}{{$x}}", "1:32", "undefined variable $x"),
        ("{{define `x`}}{{$y}}{{end}}{{$y := 1}}", "1:17", "undefined variable $y"),
        ("{{$x, $y := .List}}", "1:3", "only range declares two variables"),
        ("{{range $x, $y, $z := .List}}{{end}}", "1:13", "only range declares two variables"),
        ("{{range $x, .List}}{{end}}", "1:9", "range declares its variables with :="),
        ("{{range $x, $y .List}}{{end}}", "1:13", "range declares its variables with :="),
        ("{{print 1,2}}", "1:10", "a blank is missing before ','"),
        ("{{print(1)}}", "1:8", "a blank is missing before '('"),
        ('{{print "a"1}}', "1:12", "a blank is missing before '1'"),
        ("{{`a`.b}}", "1:6", "unexpected '.b' after a value"),
        ("{{true.b}}", "1:7", "unexpected '.b' after a value"),
        ("{{..b}}", "1:4", "unexpected '.b' after a value"),
        ("{{print end}}", "1:9", "unexpected 'end'"),
        ("{{print = 1}}", "1:9", "unexpected '='"),
    ],
)
def test_an_action_that_is_no_pipeline_says_where(text: str, place: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, DATA)

    assert str(caught.value).startswith(f"template:{place}: ")
    assert message in str(caught.value)
