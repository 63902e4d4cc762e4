"""Documents in, documents out."""

import pytest

from limavm.roundtrip.read import read
from limavm.roundtrip.write import write
from limavm.yq import evaluate
from limavm.yq.evaluation import results
from tests.unit.yq.expressions import results as text_of

TWO = b"# first\n\na: 1\n---\n# second\n\na: 2\n"


def test_documents_that_are_handed_in_are_not_changed() -> None:
    documents = read(b"a: &x {b: 1}\nc: *x\n", "-")

    evaluate('.a.b = 2 | .c = 3 | . head_comment = "h" | del(.a)', documents)

    assert write(documents) == "a: &x {b: 1}\nc: *x\n"


def test_an_expression_is_evaluated_on_each_document() -> None:
    assert [document.root.value for document in evaluate(".a", read(TWO, "-")) if document.root] == ["1", "2"]


def test_a_whole_document_keeps_what_stands_above_and_below_it() -> None:
    assert write(evaluate(".a += 1", read(TWO, "-"))).count("#") == 2
    assert write(evaluate('. * {"b": 1}', read(b"# top\n\na: 1\n", "-"))) == "# top\n\na: 1\nb: 1\n"
    assert write(evaluate('{"b": .a}', read(b"# top\n\na: 1\n", "-"))) == "b: 1\n"


def test_results_know_their_document_and_their_file() -> None:
    documents = [*read(TWO, "x.yaml"), *read(b"a: 3\n", "y.yaml")]

    found = results(".a", documents)

    assert [(result.index, result.file_index) for result in found] == [(0, 0), (1, 0), (0, 1)]
    assert [document.root.value for document in evaluate("filename", documents) if document.root] == [
        "x.yaml",
        "x.yaml",
        "y.yaml",
    ]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("[.[]]", "- 1\n- 2\n"),
        ("[.a]", "- 1\n- 2\n"),
        ("select(di == 0) * select(di == 1)", "a: 2\n"),
        (". as $x ireduce ({}; . * $x)", "a: 2\n"),
        ("[.a + 1]", "- 2\n- 3\n"),
    ],
)
def test_documents_can_be_one_input_together(expression: str, result: str) -> None:
    assert text_of(expression, "a: 1\n---\na: 2\n", together=True) == result


def test_a_text_without_a_value_stays_one() -> None:
    (document,) = evaluate(".", read(b"# only a comment\n", "-"))

    assert document.root is None
    assert write([document]) == "# only a comment\n"


def test_an_empty_expression_is_the_document_itself() -> None:
    assert write(evaluate("", read(b"a: 1\n", "-"))) == "a: 1\n"


def test_a_result_leaves_the_blank_lines_before_it_behind() -> None:
    assert write(evaluate(".l[1]", read(b"l:\n- a: 1\n\n- b: 2\n", "-"))) == "b: 2\n"
