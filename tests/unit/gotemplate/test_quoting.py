import pytest

from limavm.gotemplate.quoting import character_quoted, quoted


@pytest.mark.parametrize(
    ("text", "plain", "ascii_only", "raw"),
    [
        ("a", '"a"', '"a"', "`a`"),
        ('a"b\\', r'"a\"b\\"', r'"a\"b\\"', '`a"b\\`'),
        ("a`b", '"a`b"', '"a`b"', '"a`b"'),
        ("a\tb", r'"a\tb"', r'"a\tb"', "`a\tb`"),
        ("a\nb\x00\x7f", r'"a\nb\x00\x7f"', r'"a\nb\x00\x7f"', r'"a\nb\x00\x7f"'),
        ("é€\U0001f600", '"é€\U0001f600"', r'"\u00e9\u20ac\U0001f600"', "`é€\U0001f600`"),
        ("\u200b\ufeff", r'"\u200b\ufeff"', r'"\u200b\ufeff"', r'"\u200b\ufeff"'),
        ("\udcff", r'"\xff"', r'"\xff"', r'"\xff"'),
    ],
)
def test_a_text_is_quoted_as_in_go(text: str, plain: str, ascii_only: str, raw: str) -> None:
    assert quoted(text) == plain
    assert quoted(text, ascii_only=True) == ascii_only
    assert quoted(text, raw=True) == raw


def test_a_character_is_quoted_as_in_go() -> None:
    assert [character_quoted(ord(char)) for char in "a'\"\n"] == ["'a'", r"'\''", "'\"'", r"'\n'"]
    assert character_quoted(233, ascii_only=True) == r"'\u00e9'"
