import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.cli.yamlcolour import coloured

KEY, STRING, WORD, NAME, COMMENT, RESET = (f"\x1b[{number}m" for number in (36, 32, 35, 33, 90, 0))


def plain(text: str) -> str:
    return re.sub("\x1b\\[\\d+m", "", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b\n", f"{KEY}a{RESET}: {STRING}b{RESET}\n"),
        ("a: 1 # x\n", f"{KEY}a{RESET}: {WORD}1{RESET} {COMMENT}# x{RESET}\n"),
        ("# x\n- ~\n", f"{COMMENT}# x{RESET}\n- {WORD}~{RESET}\n"),
        ('"a": "1"\n', f'{KEY}"a"{RESET}: {STRING}"1"{RESET}\n'),
        ("a: &b true\nc: *b\n", f"{KEY}a{RESET}: {NAME}&b{RESET} {WORD}true{RESET}\n{KEY}c{RESET}: {NAME}*b{RESET}\n"),
        ("&a b: !!str c", f"{NAME}&a{RESET} {KEY}b{RESET}: {NAME}!!str{RESET} {STRING}c{RESET}"),
        ("a: |\n  x # y\n\n  z\n", f"{KEY}a{RESET}: {STRING}|{RESET}\n{STRING}  x # y{RESET}\n\n{STRING}  z{RESET}\n"),
        ("é😀: ü # é\n", f"{KEY}é😀{RESET}: {STRING}ü{RESET} {COMMENT}# é{RESET}\n"),
        ("", ""),
    ],
)
def test_the_parts_have_colours(text: str, expected: str) -> None:
    assert coloured(text) == expected


def test_what_is_not_yaml_has_none_and_cannot_drive_the_terminal() -> None:
    assert coloured("a: [\n\tb\x1b[2J\r") == "a: [\n\tb?[2J?"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x1b\ufeff")))
def test_without_the_colours_it_is_the_same_text(text: str) -> None:
    shown = plain(coloured(text))

    assert len(shown) == len(text)
    assert all(one == other or one == "?" for one, other in zip(shown, text, strict=True))
