import pytest

from limavm.gotemplate import render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    ('{{.Name | len}} {{len .List}} {{len .Param}} {{len .Accents}} {{len ""}}', "3 2 2 6 0"),
    ("{{(len .List)}} {{(.Config).CPUs}}", "2 4"),
    ("{{not .Empty}} {{not .Name}} {{not nil}} {{not .Foo}}", "true false true true"),
    (
        (
            "{{index .List 1}} {{index .List}} {{index .Config `VMOpts` `vz` `x`}} {{index .P"
            'aram "zz"}}| {{index .Mixed 6 "k"}}'
        ),
        "b [a b] <no value> | v",
    ),
    ("{{index .Name 1}} {{index .Accents 1}}", "101 195"),
    (
        (
            "{{slice .Name 1}} {{slice .Name 0 2}} {{slice .Name}} {{slice .List 1}} {{slice "
            ".List 2}} {{slice .List 0 1 2}}"
        ),
        "ev de dev [b] [] [a]",
    ),
    (
        '{{print 1 2 "a" 3 4 nil nil "b" true false 1.5}} {{print}}|{{print .Foo .Nil}}',
        "1 2a3 4 <nil> <nil>btrue false 1.5 |<nil> <nil>",
    ),
    ('{{println "a" 1 nil}}|{{println}}|', "a 1 <nil>\n|\n|"),
    (
        "{{html `<a href='x'>&\"`}} {{html 1 2}} {{html .Foo}} {{html}}",
        "&lt;a href=&#39;x&#39;&gt;&amp;&#34; 1 2 &lt;no value&gt; ",
    ),
    (
        '{{js `it\'s <x> = "&\\`}} {{js "a\\nb\\té"}}',
        "it\\'s \\u003Cx\\u003E \\u003D \\\"\\u0026\\\\ a\\u000Ab\\u0009é",
    ),
    (
        '{{urlquery `a b/ü`}} {{urlquery "-_.~*()\'!&=+"}} {{urlquery .Nil}}',
        "a+b%2F%C3%BC -_.~%2A%28%29%27%21%26%3D%2B %3Cno+value%3E",
    ),
    (
        '{{json .Param}} {{json .Mixed}} {{json "<a>&"}} {{json .Foo}}',
        '{"n":"1","on":"true"} [1,"x",null,true,2.5,[1],{"k":"v"}] "<a>&" null',
    ),
    ('{{"a" | json}} {{.Name | printf "%s-%s" "x"}}', '"a" x-dev'),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_function_gives_what_it_gives_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected
