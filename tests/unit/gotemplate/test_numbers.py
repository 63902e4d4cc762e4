import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    (
        (
            "{{0x10}} {{0X1f}} {{010}} {{0o17}} {{0O17}} {{0b101}} {{1_000}} {{0x_1}} {{+5}} "
            "{{-5}} {{-0}} {{00}} {{0_7}}"
        ),
        "16 31 8 15 15 5 1000 1 5 -5 0 0 7",
    ),
    (
        (
            "{{1.5}} {{.5}} {{1.}} {{1e3}} {{1E3}} {{1e+3}} {{1.5e-3}} {{0x1p4}} {{0x1.8p1}} "
            "{{-1.5}} {{0x1P-2}} {{08.5}} {{1_0.5}}"
        ),
        "1.5 0.5 1 1000 1000 1000 0.0015 16 3 -1.5 0.25 8.5 10.5",
    ),
    ("{{9223372036854775807}} {{-9223372036854775808}}", "9223372036854775807 -9223372036854775808"),
    ("{{1i}} {{1+2i}} {{1.5-2i}} {{2e1i}} {{1e2+3e1i}} {{-1-2i}}", "(0+1i) (1+2i) (1.5-2i) (0+20i) (100+30i) (-1-2i)"),
    (
        "{{'a'}} {{'\\n'}} {{'\\''}} {{'\\x41'}} {{'\\377'}} {{'\\u00e9'}} {{'é'}} {{'\\\\'}}",
        "97 10 39 65 255 233 233 92",
    ),
    ('{{"a\\tb\\"c\\\\\\a\\b\\f\\v\\r\\101\\x41\\u0041\\U00000041"}}', 'a\tb"c\\\x07\x08\x0c\x0b\rAAAA'),
    ('{{`a\\n"`}} {{"\\xc3\\xa9"}} {{len "\\xc3"}}', 'a\\n" é 1'),
    ("{{true}} {{false}}", "true false"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_constants_are_read_as_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    "constant",
    [
        *("1__0", "1_", "08", "0b2", "0x", "1e", "1.2.3", "0x1.8", "1a", "-", "+", "--1", ".5.5", "0o8"),
        *("9223372036854775808", "99999999999999999999999", "1e400", "1" * 5000, "1." + "0" * 5000),
        *("''", "'ab'", r"'\"'", r'"\'"', r'"\q"', r'"\400"', r'"\ud800"', r'"\U00110000"', r'"\x4"'),
    ],
)
def test_what_is_no_constant_is_an_error_where_it_stands(constant: str) -> None:
    with pytest.raises(TemplateError, match=r"^template:1:[36]: "):
        render(f"{{{{{constant}}}}}", {})
