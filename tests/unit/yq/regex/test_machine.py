import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.yq.regex import Match, PatternError, compile_pattern


def nothing(_steps: int) -> None:
    """Accounts for no work."""


def found(pattern: str, text: str) -> Match | None:
    return compile_pattern(pattern).search(text, 0, nothing)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("b+", "abbbc", (1, 4)),
        ("b+?", "abbbc", (1, 2)),
        ("(?U)b+", "abbbc", (1, 2)),
        ("(?U)b+?", "abbbc", (1, 4)),
        ("a|ab", "ab", (0, 1)),
        ("(a)|(b)", "b", (0, 1, -1, -1, 0, 1)),
        ("(?P<x>a)(?<y>b)?", "a", (0, 1, 0, 1, -1, -1)),
        ("x{2}", "xxx", (0, 2)),
        ("x{2,}", "xxxx", (0, 4)),
        ("x{1,2}", "xxxx", (0, 2)),
        ("x{,2}", "x{,2}", (0, 5)),
        ("^a$", "a\n", None),
        ("(?m)^b$", "a\nb\nc", (2, 3)),
        (r"\Aab\z", "ab", (0, 2)),
        (r"\bcat\b", "a cat.", (2, 5)),
        (r"\Bat", "cat", (1, 3)),
        (".", "\n", None),
        ("(?s).", "\n", (0, 1)),
        ("(?i)straSSe", "STRASSE", (0, 7)),
        (r"(?i)\x{212A}", "k", (0, 1)),
        ("(?i)k", "\u212a", (0, 1)),
        ("(?i:A)b", "ab", (0, 2)),
        ("(?i:A)b", "aB", None),
        ("a(?i)b|C", "c", (0, 1)),
        ("[[:alpha:]]+", "1ab2", (1, 3)),
        ("[^[:space:]a-c]", "a b\td", (4, 5)),
        (r"[\d\-x]+", "ab1-x", (2, 5)),
        (r"[]a]+", "b]a", (1, 3)),
        (r"[a-]+", "b-a", (1, 3)),
        (r"\pL+", "1é2", (1, 2)),
        (r"\p{Lu}", "aB", (1, 2)),
        (r"\P{L}", "a1", (1, 2)),
        (r"\p{^L}", "a1", (1, 2)),
        (r"\x41\x{1F600}\101\.", "A\U0001f600A.", (0, 4)),
        (r"\Qa.b*\E+", "a.b**", (0, 5)),
        ("", "ab", (0, 0)),
        ("(?:)*a", "a", (0, 1)),
        ("(a*)*b", "aab", (0, 3, 0, 2)),
        # A round of a loop that takes nothing is the last one.
        ("(|a)*", "aa", (0, 0, 0, 0)),
        ("(|a)+", "aa", (0, 0, 0, 0)),
        ("(|a){2,}", "aa", (0, 0, 0, 0)),
        ("(a*)*", "b", (0, 0, 0, 0)),
        ("(a?b??)*", "ab", (0, 1, 0, 1)),
        ("(^)*a", "aa", (0, 1, 0, 0)),
    ],
)
def test_the_first_match_is_the_one_that_backtracking_finds(pattern: str, text: str, expected: Match | None) -> None:
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "[", "[a", "*", "a**", "a{3}{2}", "a*?+", "x{1001}", "x{2,1}", "[b-a]", "\\", r"\8", r"(a)\1"),
        *("(?=a)", "(?!a)", "(?<=a)", "(?>a)", "(?P<a>x)(?P<a>y)", r"\p{Greek}", "[[:nope:]]", r"\Z", "(?q)", r"\é"),
        *("(" * 100 + ")" * 100, "(a{100}){100}", "((){1000}){1000}", "(?:(?:(?:){1000}){1000}){1000}"),
    ],
)
def test_what_go_refuses_or_is_too_big_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "template", "text", "expected"),
    [
        ("a", "b", "banana", "bbnbnb"),
        ("", "-", "ab", "-a-b-"),
        ("a*", "-", "baac", "-b-c-"),
        ("(a)(b)?", "<$1$2>", "abac", "<ab><a>c"),
        ("(?P<n>a)", "${n}x$nx", "a", "ax"),
        ("a", "$$ $ ${ $1x", "a", "$ $ ${ "),
        ("^", "> ", "a\nb", "> a\nb"),
        ("(?m)^", "> ", "a\nb", "> a\n> b"),
    ],
)
def test_matches_are_replaced_by_the_template_of_go(pattern: str, template: str, text: str, expected: str) -> None:
    assert compile_pattern(pattern).replace(text, template, nothing) == expected


def test_all_matches_are_found_without_empty_ones_behind_others() -> None:
    assert list(compile_pattern("a*").all("baac", nothing)) == [(0, 0), (1, 3), (4, 4)]
    assert list(compile_pattern("an").all("banana", nothing)) == [(1, 3), (3, 5)]


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(a|aa)+$", "a*a*a*a*a*b", "(x+x+)+y", "(.*)*="])
def test_no_pattern_takes_more_than_its_share(pattern: str) -> None:
    spent = 0

    def spend(steps: int) -> None:
        nonlocal spent
        spent += steps

    compile_pattern(pattern).search("a" * 2_000 + "c" + "x" * 2_000, 0, spend)

    assert spent < 150_000


def test_the_caller_can_put_an_end_to_the_work() -> None:
    class EnoughError(Exception):
        pass

    def spend(_steps: int) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        compile_pattern("(a|b)*c").search("ab" * 5_000, 0, spend)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # A group must take something: what an empty round of a loop counts for differs between engines.
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        inner.map(lambda one: f"(x{one})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"])).map(
            lambda pair: f"(?:y{pair[0]}){pair[1]}"
        ),
    )


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\s", "^", r"\b", "c|d", r"\x61"])
PATTERNS = st.recursive(ATOMS, combined, max_leaves=8)


@given(PATTERNS, st.text("abcdxy \n_", max_size=12))
def test_it_finds_what_the_regular_expressions_of_python_find(pattern: str, text: str) -> None:
    expected = re.search(pattern, text)

    match = found(pattern, text)

    assert (match and match[:2]) == (expected and expected.span())
    if match and expected:
        assert [match[2 * index : 2 * index + 2] for index in range(1, len(match) // 2)] == list(expected.regs[1:])


@given(st.text(r"ab()[]{}*+?|\^$.,-<>:P=!i1x", max_size=20), st.text("ab1\n", max_size=8))
def test_any_text_is_a_pattern_or_a_pattern_error(pattern: str, text: str) -> None:
    try:
        regex = compile_pattern(pattern)
    except PatternError:
        return
    regex.replace(text, "$1", nothing)
    list(regex.all(text, nothing))
