import pytest

from limavm.gotemplate import TemplateError, render
from tests.unit.gotemplate.data import DATA

#: What Go 1.26 gives for the same texts and data.
CASES = [
    ('{{eq 1 1}} {{eq 1 2 3 1}} {{eq 1 2 3}} {{eq 1 1 "x"}}', "true true false true"),
    ('{{eq true true}} {{eq "a" "b"}} {{eq 1.5 1.5}} {{eq 1i 1i}}', "true false true true"),
    (
        "{{eq nil nil}} {{eq .Nil nil}} {{eq .Foo .Nil}} {{eq .Name nil}} {{eq nil 1}} {{eq nil .List}}",
        "true true true false false false",
    ),
    ('{{ne 1 2}} {{ne .Foo .Nil}} {{ne .Param.zz "true"}}', "true false true"),
    ('{{lt 1 2}} {{lt 1.5 2.5}} {{lt "a" "b"}} {{lt "a" "é"}} {{lt -1 1}}', "true true true true true"),
    ('{{le 1 1}} {{le "b" "a"}} {{gt 1 1}} {{gt "b" "a"}} {{ge 1 1}} {{ge 1 2}}', "true false false true true false"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_values_are_compared_as_in_go(text: str, expected: str) -> None:
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{eq 1 1.0}}",
        "{{eq 1 `1`}}",
        "{{eq 1 2 `x`}}",
        "{{eq 1 true}}",
        "{{eq .List .List}}",
        "{{eq .List .Param}}",
        "{{lt 1 2.5}}",
        "{{lt true false}}",
        "{{lt nil 1}}",
        "{{lt 1i 2i}}",
        "{{lt .List .List}}",
        "{{ge .Foo 1}}",
    ],
)
def test_values_of_different_kinds_are_not_compared(text: str) -> None:
    with pytest.raises(TemplateError, match=r"1:3: at <.*compared|1:3: at <.*order"):
        render(text, DATA)
