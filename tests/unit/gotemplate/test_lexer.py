import pytest

from limavm.gotemplate import TemplateError, render
from limavm.gotemplate.lexer import pieces


def shown(text: str) -> list[object]:
    """Literal text as it is, actions as lists of their tokens without blanks."""
    return [
        piece.text if piece.tokens is None else [token.text for token in piece.tokens if token.kind != "space"]
        for piece in pieces(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("{ }} {", ["{ }} {"]),
        ("a{{.B}}c", ["a", [".B"], "c"]),
        ('{{if eq .A "}}"}}', ["", ["if", "eq", ".A", '"}}"'], ""]),
        ("{{$x:=1|len}}", ["", ["$x", ":=", "1", "|", "len"], ""]),
        ("{{.A.B (.C)}}", ["", [".A", ".B", "(", ".C", ")"], ""]),
        ("a {{- .B -}} c", ["a", [".B"], "c"]),
        ("a \n{{- .B\n\n-}}\t c", ["a", [".B"], "c"]),
        ("a {{/* {{x}} */}} c", ["a ", " c"]),
        ("a {{- /* x */ -}} c", ["a", "c"]),
        ("a {{/* x */ -}} c", ["a ", "c"]),
        ("{{-1}}", ["", ["-1"], ""]),
        ("{{- 1 }}", ["", ["1"], ""]),
        ("{{1+2i}} {{1.5e+3}} {{.5}}", ["", ["1+2i"], " ", ["1.5e+3"], " ", [".5"], ""]),
        ("{{`a\nb`}}", ["", ["`a\nb`"], ""]),
        ("{{print\n1}}", ["", ["print", "1"], ""]),
        ("{{.é $ü}}", ["", [".é", "$ü"], ""]),
    ],
)
def test_a_template_is_cut_into_text_and_tokens(text: str, expected: list[object]) -> None:
    assert shown(text) == expected


def test_tokens_know_their_offset() -> None:
    action = list(pieces("ab{{ .C 12 }}"))[1]

    assert [(token.text, token.position) for token in action.tokens or () if token.kind != "space"] == [
        (".C", 5),
        ("12", 8),
    ]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("{{", "1:1", "the action is not closed with }}"),
        ("a {{.Name", "1:3", "the action is not closed with }}"),
        ("{{3 - }}", "1:5", ""),
        ("{{/* x", "1:1", "the comment is not closed with */"),
        ("{{/* x */ }}", "1:10", "a comment fills its action"),
        ("{{ /* x */}}", "1:4", "unexpected '/'"),
        ('{{"abc}}', "1:3", "the quoted text is not closed"),
        ("{{`abc}}", "1:3", "the quoted text is not closed"),
        ("{{'a}}", "1:3", "the quoted text is not closed"),
        ('{{"a\nb"}}', "1:3", "the quoted text is not closed"),
        ("{{(.A}}", "1:3", "the parenthesis is not closed"),
        ("{{.A)}}", "1:5", "there is no parenthesis to close"),
        ("{{.Param.my-key}}", "1:12", "unexpected '-'"),
        ("{{$x=1}}", "1:5", "unexpected '='"),
        ("{{.A\x00}}", "1:5", "unexpected '\\x00'"),
        ("{{print\u00a01}}", "1:8", "unexpected '\\xa0'"),
    ],
)
def test_what_cannot_be_cut_says_where(text: str, place: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, {})

    assert str(caught.value).startswith(f"template:{place}: ")
    assert message in str(caught.value)
