import pytest

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
        ("a{{.B}}c", ["a", [".B"], "c"]),
        ('{{if eq .A "}}"}}', ["", ["if", "eq", ".A", '"}}"'], ""]),
        ("{{$x:=1|len}}", ["", ["$x", ":=", "1", "|", "len"], ""]),
        ("{{.A.B (.C)}}", ["", [".A", ".B", "(", ".C", ")"], ""]),
        ("a {{- .B -}} c", ["a", [".B"], "c"]),
        ("a {{/* {{x}} */}} c", ["a ", " c"]),
        ("a {{- /* x */ -}} c", ["a", "c"]),
        ("{{-1}}", ["", ["-1"], ""]),
        ("{{`a\nb`}}", ["", ["`a\nb`"], ""]),
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
