import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    ('{{html "<>&\'\\"\\x00é"}}', "&lt;&gt;&amp;&#39;&#34;�é"),
    (
        '{{js "\\\\\'\\"<>&=\\n\\x01\\x7fé\\u200b\\U0001F600"}}',
        "\\\\\\'\\\"\\u003C\\u003E\\u0026\\u003D\\u000A\\u0001\x7fé\\u200B😀",
    ),
    ('{{js "\\xff"}} {{urlquery "\\xff"}} {{json "\\xff\\xc3\\xa9"}}', '� %FF "\\ufffdé"'),
    ('{{urlquery "a b/ü&=+-_.~*()\'!\\x00"}}', "a+b%2F%C3%BC%26%3D%2B-_.~%2A%28%29%27%21%00"),
    (
        '{{json "\\u2028\\u2029\\x01\\b\\f\\n\\r\\t\\x7f\\"\\\\/<>&"}}',
        '"\\u2028\\u2029\\u0001\\b\\f\\n\\r\\t\x7f\\"\\\\/<>&"',
    ),
    (
        (
            "{{json 1}} {{json -1.5}} {{json 2.0}} {{json true}} {{json nil}} {{json 1e20}} {"
            "{json 1e21}} {{json 1e-6}} {{json 1e-7}} {{json 0.00001234}} {{json 1.5e300}} {{"
            "json -0.0}}"
        ),
        "1 -1.5 2 true null 100000000000000000000 1e+21 0.000001 1e-7 0.00001234 1.5e+300 -0",
    ),
    (
        "{{json .Config}} {{json .None}} {{json .Mixed}}",
        ('{"CPUs":4,"VMOpts":{"null":null,"vz":{"rosetta":{"enabled":true}}}} [] [1,"x",null,true,2.5,[1],{"k":"v"}]'),
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_texts_are_escaped_as_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {1, 2}, 1j])
def test_what_has_no_json_is_an_error(value: object) -> None:
    with pytest.raises(TemplateError, match="JSON"):
        render("{{json .X}}", {"X": value})


def test_a_value_within_a_thousand_others_is_an_error() -> None:
    value: object = 1
    for _ in range(1000):
        value = [value]

    for text in ("{{json .X}}", "{{.X}}", "{{print .X}}"):
        with pytest.raises(TemplateError, match="nest"):
            render(text, {"X": value})
