import pytest

from limavm.gotemplate import render
from tests.unit.gotemplate.data import DATA

CASES = [
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
def test_a_function_gives_what_it_gives_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected
