import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    ('{{printf "%03d|%-4s|%4s|%v|%q|%t|%x|%%" 7 "a" "b" .List "c" true 255}}', '007|a   |   b|[a b]|"c"|true|ff|%'),
    ('{{printf "%d" "x"}}', "%!d(string=x)"),
    ('{{printf "%s"}}', "%!s(MISSING)"),
    ('{{printf "a" 1 "x" nil}}', "a%!(EXTRA int=1, string=x, <nil>)"),
    ('{{printf "%*d|%-*d|%.*f|%*d" 5 1 5 1 2 3.14159 -5 1}}', "    1|1    |3.14|1    "),
    ('{{printf "%[2]d %[1]d %d" 1 2}}', "2 1 2"),
    ('{{printf "%[3]*.[2]*[1]f|" 12.0 2 6}}', " 12.00|"),
    (
        '{{printf "%[5]d %[0]d %[x]d %[-1]d %[1]" 1}}',
        "%!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX) %!(NOVERB)",
    ),
    ('{{printf "%*d" "x" 1}}', "%!(BADWIDTH)1"),
    ('{{printf "%.*d" -1 1}}', "%!(BADPREC)1"),
    ('{{printf "%*d" 99999999 1}}', "%!(BADWIDTH)1"),
    ('{{printf "%.[2]d" 1 2}}', "2"),
    ('{{printf "%[2]5d" 1 2}}', "%!d(BADINDEX)"),
    ('{{printf "%"}}', "%!(NOVERB)"),
    ('{{printf "%5"}}', "%!(NOVERB)"),
    ('{{printf "%-+# 0"}}', "%!(NOVERB)"),
    ('{{printf "%."}}', "%!.(MISSING)"),
    ('{{printf "%!"}}', "%!!(MISSING)"),
    ('{{printf "%é" 1}}', "%!é(int=1)"),
    ('{{printf "100%"}}', "100%!(NOVERB)"),
    ('{{printf "%5%|%.3%"}}', "%|%"),
    ('{{printf "%99999999999d" 1}}', "%!(NOVERB)%!(EXTRA int=1)"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_format_is_read_as_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


def test_a_format_must_be_a_text() -> None:
    for text in ("{{printf 1}}", "{{printf nil}}", "{{printf .List}}"):
        with pytest.raises(TemplateError, match="the format is a text"):
            render(text, DATA)


def test_a_text_that_a_format_makes_is_limited() -> None:
    with pytest.raises(TemplateError, match="too large"):
        render('{{printf "%9999999d%9999999d" 1 1}}', {})
