import pytest

from limavm.gotemplate import render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    ('{{printf "%v|%+v|%#v|%T" .Name .Name .Name .Name}}', 'dev|dev|"dev"|string'),
    (
        '{{printf "%v|%+v|%#v|%T" .Mixed .Mixed .Mixed .Mixed}}',
        (
            "[1 x <nil> true 2.5 [1] map[k:v]]|[1 x <nil> true 2.5 [1] map[k:v]]|[]interface "
            '{}{1, "x", interface {}(nil), true, 2.5, []interface {}{1}, map[string]string{"k'
            '":"v"}}|[]interface {}'
        ),
    ),
    (
        '{{printf "%v|%+v|%#v|%T" .Param .Param .Param .Param}}',
        'map[n:1 on:true]|map[n:1 on:true]|map[string]string{"n":"1", "on":"true"}|map[string]string',
    ),
    (
        '{{printf "%v|%+v|%#v|%T" .Config .Config .Config .Config}}',
        (
            "map[CPUs:4 VMOpts:map[null:<nil> vz:map[rosetta:map[enabled:true]]]]|map[CPUs:4 "
            "VMOpts:map[null:<nil> vz:map[rosetta:map[enabled:true]]]]|map[string]interface {"
            '}{"CPUs":4, "VMOpts":map[string]interface {}{"null":interface {}(nil), "vz":map['
            'string]interface {}{"rosetta":map[string]interface {}{"enabled":true}}}}|map[str'
            "ing]interface {}"
        ),
    ),
    (
        '{{printf "%v|%d|%s|%q|%T|%5v|%#v" nil nil nil nil nil nil nil}}',
        "<nil>|%!d(<nil>)|%!s(<nil>)|%!q(<nil>)|<nil>|<nil>|<nil>",
    ),
    ('{{printf "%d %s %q %x" .List .List .List .List}}', '[%!d(string=a) %!d(string=b)] [a b] ["a" "b"] [61 62]'),
    (
        '{{printf "%d|%+d|% d|%5d|%-5d|%05d|%+05d|%.3d|%5.3d|%.0d" 42 42 42 42 42 42 42 42 42 0}}',
        "42|+42| 42|   42|42   |00042|+0042|042|  042|",
    ),
    (
        '{{printf "%d|%05d|%x|%X|%o|%b|%c|%q|%U|%t" -42 -42 -42 -42 -42 -42 -42 -42 -42 -42}}',
        "-42|-0042|-2a|-2A|-52|-101010|�|'�'|U+FFFFFFFFFFFFFFD6|%!t(int=-42)",
    ),
    (
        '{{printf "%x|%X|%#x|%#X|%o|%#o|%O|%b|%#b|%08b" 255 255 255 255 8 8 8 5 5 5}}',
        "ff|FF|0xff|0XFF|10|010|0o10|101|0b101|00000101",
    ),
    (
        '{{printf "%c|%q|%U|%#U|%+q|%c|%q" 233 233 233 128512 233 1114112 10}}',
        "é|'é'|U+00E9|U+1F600 '😀'|'\\u00e9'|�|'\\n'",
    ),
    (
        '{{printf "%e|%E|%f|%F|%g|%G|%v|%b|%x|%X" 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5}}',
        "1.500000e+00|1.500000E+00|1.500000|1.500000|1.5|1.5|1.5|6755399441055744p-52|0x1.8p+00|0X1.8P+00",
    ),
    (
        (
            '{{printf "%.2f|%8.2f|%-8.2f|%08.2f|%+.1e|% g|%.0f|%.3g|%#g|%#.3x" 3.14159 3.1415'
            "9 3.14159 -3.14159 3.14159 3.14159 2.5 123456.0 1.0 1.0}}"
        ),
        "3.14|    3.14|3.14    |-0003.14|+3.1e+00| 3.14159|2|1.23e+05|1.00000|0x1.000p+00",
    ),
    (
        '{{printf "%v %v %v %v %v %v" 1e5 1e6 123456789.0 1e21 1e-4 1e-5}}',
        "100000 1e+06 1.23456789e+08 1e+21 0.0001 1e-05",
    ),
    ('{{printf "%.1x|%.0x|%x" 1.96875 1.5 -0.0}}', "0x1.0p+01|0x1p+01|-0x0p+00"),
    ('{{printf "%v|%.1f|%g" 1+2i 1.5-2i 1i}}', "(1+2i)|(1.5-2.0i)|(0+1i)"),
    (
        (
            '{{printf "%s|%5s|%-5s|%05s|%.2s|%q|%+q|%#q|%x|% x|%#x|%# X" "hé€" "a" "a" "a" "h'
            'é€" "h\\n\\"é" "hé" "a`b" "hé" "hé" "hé" "hé"}}'
        ),
        'hé€|    a|a    |0000a|hé|"h\\n\\"é"|"h\\u00e9"|"a`b"|68c3a9|68 c3 a9|0x68c3a9|0X68 0XC3 0XA9',
    ),
    ('{{printf "%q %#q %q" "\\x00\\x7f\\u200b\\U0001F600" "a\\tb" "\\xff"}}', '"\\x00\\x7f\\u200b😀" `a\tb` "\\xff"'),
    ('{{printf "%t|%v|%5t|%-6t|%d" true false true true true}}', "true|false| true|true  |%!d(bool=true)"),
    (
        '{{printf "%d|%t|%c|%f|%!|%z" "x" "x" "x" "x" 1 2}}',
        "%!d(string=x)|%!t(string=x)|%!c(string=x)|%!f(string=x)|%!!(int=1)|%!z(int=2)",
    ),
    ('{{printf "%w|%w" 1 .List}}', "%!w(int=1)|%!w([]interface {}=[a b])"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_verb_writes_what_it_writes_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


def test_an_infinity_is_written_without_zeros_before_it() -> None:
    pattern = "{{printf `%v %5v %05v %+v % v %f` .A .A .A .A .A .B}} {{printf `%v %+v` .N .N}}"
    data = {"A": float("inf"), "B": float("-inf"), "N": float("nan")}

    assert render(pattern, data) == "+Inf  +Inf  +Inf +Inf  Inf -Inf NaN NaN"
