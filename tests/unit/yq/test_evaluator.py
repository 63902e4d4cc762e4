"""Bounds: whatever an expression asks for, it ends, and soon."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limavm.errors import UserError
from limavm.roundtrip.read import read
from limavm.yq import ExpressionError, evaluate
from limavm.yq.parser import parse
from limavm.yq.vocabulary import SIGNS, WORDS

MANY = "[" + ",".join(["1"] * 300) + "] | .[] as $i "


@pytest.mark.parametrize(
    ("expression", "document", "message"),
    [
        ("[" * 5000 + "1" + "]" * 5000, "a", "nested too deeply"),
        ("-" * 4000 + "1", "a", "nested too deeply"),
        ("+".join(["1"] * 4000), "a", "nested too deeply"),
        ("=".join([".a"] * 2000), "a: 1", "nested too deeply"),
        ("eval(.)", "eval(.)", "nested too deeply"),
        (MANY + "ireduce (1; [.])", "a", "nested too deeply"),
        (MANY + 'ireduce ("ab"; . + .)', "a", "too many steps"),
        (MANY + "ireduce ([1]; . + .)", "a", "too many steps"),
        (MANY + "ireduce (1; {a: ., b: .})", "a", "too many steps"),
        ("[" + "+".join(["(1,2)"] * 40) + "]", "a", "too many steps"),
        ("{" + ",".join(f'"k{index}": (1,2)' for index in range(40)) + "}", "a", "too many steps"),
        (".[1000000000] = 1", "[]", "too many steps"),
        ('"x" * 1000000000', "a", "too long"),
        ('["x" * 10000000 | ., ., ., .] | .[0] + .[1] + .[2] + .[3]', "a", "too many steps"),
    ],
)
def test_what_would_never_end_is_an_error(expression: str, document: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        evaluate(expression, read(document.encode(), "-"))


@pytest.mark.parametrize(
    "expression",
    [
        "|".join(["."] * 10_000),
        ",".join(["."] * 10_000),
        "(" * 10_000 + "1" + ")" * 10_000,
        "+".join(["1"] * 100),
        "[" * 100 + "1" + "]" * 100,
        " | ".join(f".k{index} = {index}" for index in range(500)),
        "[" + ", ".join(f'{{"k": {index}}}' for index in range(500)) + "]",
    ],
)
def test_what_is_only_long_is_no_problem(expression: str) -> None:
    assert evaluate(expression, read(b"a: 1\n", "-"))


@pytest.mark.parametrize(
    "operator", [".x == .x", ". * .", "explode(.)", "unique", "contains(.)", "[..] | length", "flatten"]
)
def test_deep_values_within_deep_expressions_end(operator: str) -> None:
    document = b"[" * 99 + b"1" + b"]" * 99
    wrapped = "[" * 95 + operator + "]" * 95

    with suppress(ExpressionError):
        assert evaluate(wrapped, read(document, "-"))
    with suppress(ExpressionError):
        assert evaluate(f". as $x | {operator} | [$x] - [.]", read(document, "-"))


def test_an_operator_without_a_function_is_an_error_at_its_place() -> None:
    with pytest.raises(ExpressionError) as error:
        evaluate(".a | shuffle", read(b"a: [1]\n", "-"))

    assert (error.value.message, error.value.position) == ("the operator 'shuffle' is not supported", 5)


def test_an_error_within_eval_points_into_the_text_that_was_evaluated() -> None:
    with pytest.raises(ExpressionError) as error:
        evaluate('eval(".a / 1")', read(b"a: x\n", "-"))

    assert (error.value.expression, error.value.position) == (".a / 1", 3)


TOKENS = st.sampled_from(
    [
        *sorted(WORDS),
        *sorted(SIGNS),
        *("(", ")", "[", "]", "{", "}", ".a", ".b", ".[]", ".", "..", "...", "$x", "as $x |", '"s"', '"\\(.a)"', "1"),
        *("-1", "0", "2.5", "true", "null", "~", ".b[0]", ".*", "|", "*+", "*d", "select(", "map(", "del(", ".[1:2]"),
    ]
)
LEAVES = st.sampled_from(
    [".a", ".b", ".", ".b[]", ".b[0]", "1", "2.5", '"s"', "null", "true", "..", "[]", "{}", '"a\\(.b)"', "key", "keys"]
)


def _longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, st.sampled_from([*sorted(set(SIGNS) - {";", ":"}), "*+d", "and", "or"]), inner)
    words = st.sampled_from(sorted(word for word, entry in WORDS.items() if entry.arity == 1))
    return st.one_of(
        pairs.map(" ".join),
        st.tuples(words, inner).map(lambda pair: f"{pair[0]}({pair[1]})"),
        inner.map(lambda text: f"[{text}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{({pair[0]}): {pair[1]}}}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} as $x | {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} as $x ireduce (1; {pair[1]}))"),
        st.tuples(inner, inner).map(lambda pair: f"with({pair[0]}; {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})[{pair[1]}]"),
    )


DOCUMENTS = st.sampled_from(
    [
        b"a: 1\nb: [1, {c: d}, null]\n",
        b"- 1\n- a\n- [b]\n",
        b"",
        b"a: &x {y: 1}\nb:\n  <<: *x\n",
        b"a: !own 1\nb: 2020-01-01T00:00:00Z\n? {c: d}\n: e\n",
    ]
)
QUIETLY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _ends(expression: str, document: bytes) -> None:
    with suppress(UserError):
        evaluate(expression, read(document, "-"))


@QUIETLY
@given(st.lists(TOKENS, max_size=12).map(" ".join), DOCUMENTS)
def test_any_tokens_give_results_or_an_error(expression: str, document: bytes) -> None:
    _ends(expression, document)


@QUIETLY
@given(st.recursive(LEAVES, _longer, max_leaves=8), DOCUMENTS)
def test_any_expression_gives_results_or_an_error(expression: str, document: bytes) -> None:
    _ends(expression, document)


@QUIETLY
@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_an_error_within_it(text: str) -> None:
    failures: list[ExpressionError] = []
    try:
        parse(text)
    except ExpressionError as error:
        failures.append(error)

    assert all(0 <= error.position <= len(text) for error in failures)
