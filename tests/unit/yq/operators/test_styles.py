"""Kinds, tags, styles and anchors."""

from tests.unit.yq.documents import ANCHORED, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
a: !own v
b: !!str 3
c: 'q'
d: "q"
e: |
  l
f: >
  m
"""

CASES = [
    # (expression, document, result)
    (
        "[.. | kind]",
        PLAIN,
        "- map\n- scalar\n- scalar\n- map\n- seq\n- scalar\n- scalar\n- scalar\n- map\n- scalar\n- scalar\n- scalar\n",
    ),
    ("[.c.e | .. | type]", PLAIN, '- "!!map"\n- "!!float"\n- "!!bool"\n'),
    (".c.e | style", PLAIN, "flow\n"),
    (".a | tag", PLAIN, "!!int\n"),
    ('.c.e style = ""', PLAIN, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e:\n    f: 1.5\n    g: true\nh: null\n"),
    ('.c style = "flow"', PLAIN, "a: 1\nb: two\nc: {d: [x, y, z], e: {f: 1.5, g: true}}\nh: null\n"),
    ('.b style = "double"', PLAIN, PLAIN.replace("b: two", 'b: "two"')),
    ('.b style = "single"', PLAIN, PLAIN.replace("b: two", "b: 'two'")),
    ('.b style = "literal"', PLAIN, "a: 1\nb: |-\n  two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.b style = "folded"', PLAIN, "a: 1\nb: >-\n  two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.b style = "tagged"', PLAIN, PLAIN),
    ('.a style = "tagged"', PLAIN, PLAIN),
    ('.c style = "tagged"', PLAIN, PLAIN),
    (
        '.. style = "double"',
        PLAIN,
        'a: "1"\nb: "two"\nc:\n  d:\n  - "x"\n  - "y"\n  - "z"\n  e:\n    f: "1.5"\n    g: "true"\nh: "null"\n',
    ),
    ('.. style = ""', PLAIN, "a: 1\nb: two\nc:\n  d:\n  - x\n  - y\n  - z\n  e:\n    f: 1.5\n    g: true\nh: null\n"),
    ('.b style |= "double"', PLAIN, PLAIN.replace("b: two", 'b: "two"')),
    ('.a tag = "!!str"', PLAIN, PLAIN.replace("a: 1", 'a: "1"')),
    ('.a tag = "!own"', PLAIN, PLAIN.replace("a: 1", "a: !own 1")),
    ('.b tag = "!!int"', PLAIN, PLAIN.replace("b: two", "b: !!int two")),
    ('.b tag |= "!own"', PLAIN, PLAIN.replace("b: two", "b: !own two")),
    ('.b anchor = "q"', PLAIN, PLAIN.replace("b: two", "b: &q two")),
    ('.b anchor |= "q"', PLAIN, PLAIN.replace("b: two", "b: &q two")),
    ('.c anchor = "q" | .h alias = "q"', PLAIN, "a: 1\nb: two\nc: &q\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: *q\n"),
    (".b | anchor", PLAIN, "\n"),
    (".b | alias", PLAIN, "\n"),
    (".b style = .nope", PLAIN, PLAIN),
    ("[.[] | style]", D2, "- tagged\n- tagged\n- single\n- double\n- literal\n- folded\n"),
    ("[.[] | tag]", D2, '- "!own"\n- "!!str"\n- "!!str"\n- "!!str"\n- "!!str"\n- "!!str"\n'),
    ('... style = ""', D2, 'a: !own v\nb: "3"\nc: q\nd: q\ne: |\n  l\nf: |\n  m\n'),
    ('.a tag = "!!str"', D2, 'a: v\nb: "3"\nc: \'q\'\nd: "q"\ne: |\n  l\nf: >\n  m\n'),
    ('.c tag = "!!int"', D2, 'a: !own v\nb: "3"\nc: !!int \'q\'\nd: "q"\ne: |\n  l\nf: >\n  m\n'),
    (".base | anchor", ANCHORED, "b\n"),
    (".ref | alias", ANCHORED, "b\n"),
    (".ref | kind", ANCHORED, "alias\n"),
    (".ref | tag", ANCHORED, "!!map\n"),
    ('.base anchor = "n"', ANCHORED, ANCHORED.replace("base: &b", "base: &n")),
    ('.new alias = "b"', ANCHORED, ANCHORED + "new: *b\n"),
    ('.ref alias = ""', ANCHORED, ANCHORED),
    ('.. | select(alias == "b") | path', ANCHORED, '- der\n- "<<"\n- ref\n'),
]


@giving(CASES)
def test_how_a_node_is_written_can_be_read_and_changed(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('.a style = "bold"', PLAIN, "there is no style 'bold'", 3),
    ('.a alias = "nope"', PLAIN, "there is no anchor &nope in the document", 3),
    ('.a alias = "x"', "a: &x 1\n", "*x would refer to itself", 3),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
