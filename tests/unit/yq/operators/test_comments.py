"""Comments, to read and to assign."""

from tests.unit.yq.documents import COMMENTED
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
# top

# second

x: 1
# foot
"""

CASES = [
    # (expression, document, result)
    (".a | line_comment", COMMENTED, "beside\n"),
    (".a | head_comment", COMMENTED, "\n"),
    ("(.b.c | key) | head_comment", COMMENTED, "within\n"),
    (".l[0] | head_comment", COMMENTED, "first\n"),
    (".l[0] | lineComment", COMMENTED, "pp\n"),
    ("head_comment", COMMENTED, "above\n"),
    ("foot_comment", COMMENTED, "\n"),
    (
        '.a line_comment = "new"',
        COMMENTED,
        "# above\na: cat  # new\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '.a line_comment |= . + "!"',
        COMMENTED,
        "# above\na: cat  # cat!\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    ('.a line_comment = ""', COMMENTED, "# above\na: cat\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    (
        ".l[1] line_comment = .a",
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q  # cat\n",
    ),
    (
        '.l[1] head_comment = "x\\ny"',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n# x\n# y\n- q\n",
    ),
    (
        '.l[0] headComment = "z"',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# z\n- p  # pp\n- q\n",
    ),
    (
        '(.b | key) head_comment = "z"',
        COMMENTED,
        "# above\na: cat  # beside\n# z\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '(.b | key) line_comment = "z"',
        COMMENTED,
        "# above\na: cat  # beside\nb:  # z\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '.b foot_comment = "z"',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\n  # z\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '. head_comment = "z"',
        COMMENTED,
        "# z\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    ('. head_comment = ""', COMMENTED, "a: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    (
        '. foot_comment = "z"',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n\n# z\n",
    ),
    ('.. comments = ""', COMMENTED, "a: cat\nb:\n  c: 'one'\nl:\n- p\n- q\n"),
    ('... comments = ""', COMMENTED, "a: cat\nb:\n  c: 'one'\nl:\n- p\n- q\n"),
    (
        '.a comments = "all"',
        COMMENTED,
        "# all\na: cat  # all\n# all\n\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '.l[] line_comment = ""',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p\n- q\n",
    ),
    (
        '.a line_comment = "# kept"',
        COMMENTED,
        "# above\na: cat  # kept\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        ".a line_comment = .nope",
        COMMENTED,
        "# above\na: cat\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '.b.c comments |= "q"',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # q\n  c: 'one'  # q\n  # q\nl:\n# first\n- p  # pp\n- q\n",
    ),
    ("head_comment", D2, "top\n\nsecond\n"),
    ('. head_comment = "new"', D2, "# new\nx: 1\n# foot\n"),
    ('.x head_comment = "new"', D2, "# top\n\n# second\n\n# new\nx: 1\n# foot\n"),
    ("foot_comment", D2, "\n"),
    (".x = 2", D2, D2.replace("x: 1", "x: 2")),
    ("del(.x)", D2, "# top\n\n# second\n\n{}\n"),
]


@giving(CASES)
def test_comments_can_be_read_and_changed(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("comments", COMMENTED, "comments can only be assigned to", 0),
    (".a | comments", COMMENTED, "comments can only be assigned to", 5),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
