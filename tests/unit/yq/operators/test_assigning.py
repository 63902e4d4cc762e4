"""Assignment of all kinds."""

from tests.unit.yq.documents import ANCHORED, COMMENTED, PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
a: 'single'
b: "double"
c: |
  lit
"""
D3 = """\
a: {x: 1}
b: {}
c: []
d: !own v
"""
D7 = """\
a: false
b: null
c: 1
"""

CASES = [
    # (expression, document, result)
    (".a = 5", PLAIN, PLAIN.replace("a: 1", "a: 5")),
    ('.a = "5"', PLAIN, PLAIN.replace("a: 1", 'a: "5"')),
    (".b = null", PLAIN, PLAIN.replace("b: two", "b: null")),
    (
        '.new.deep.er = "x"',
        PLAIN,
        PLAIN + "new:\n  deep:\n    er: x\n",
    ),
    (
        ".new[1].y = true",
        PLAIN,
        PLAIN + "new:\n- null\n- y: true\n",
    ),
    ('.c.d[4] = "w"', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x, y, z, null, w]")),
    (".c = .a", PLAIN, "a: 1\nb: two\nc: 1\nh: null\n"),
    ("(.a, .b) = 9", PLAIN, "a: 9\nb: 9\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("(.a = 3), (.b = 4)", PLAIN, "a: 3\nb: 4\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.c.d[] = "k"', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [k, k, k]")),
    (".a |= . + 1", PLAIN, PLAIN.replace("a: 1", "a: 2")),
    ('.c.d[] |= . + "!"', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x!, y!, z!]")),
    ('.c.d |= map(select(. != "y"))', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x, z]")),
    ('.missing |= "m"', PLAIN, PLAIN + "missing: m\n"),
    (".c.d |= empty", PLAIN, PLAIN),
    (".h.i |= 5", PLAIN, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh:\n  i: 5\n"),
    (".c.e.f *= 2", PLAIN, PLAIN.replace("e: {f: 1.5, g: true}", "e: {f: !!float 3, g: true}")),
    (".a += 1", PLAIN, PLAIN.replace("a: 1", "a: 2")),
    (".a -= 1", PLAIN, PLAIN.replace("a: 1", "a: 0")),
    ('.nope += ["q"]', PLAIN, PLAIN + "nope:\n- q\n"),
    (".nope += 3", PLAIN, PLAIN + "nope: 3\n"),
    ('.c.d += "w"', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x, y, z, w]")),
    ('.c.d -= ["x", "y"]', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [z]")),
    ('.c.e += {"n": 1}', PLAIN, PLAIN.replace("e: {f: 1.5, g: true}", "e: {f: 1.5, g: true, n: 1}")),
    ('.c *= {"e": {"f": 2}}', PLAIN, PLAIN.replace("e: {f: 1.5, g: true}", "e: {f: 2, g: true}")),
    (".x = .y", PLAIN, PLAIN + "x: null\n"),
    (".a = .c.d[]", PLAIN, PLAIN.replace("a: 1", "a: z")),
    (".c.e.g = false | .c.e.f = 1", PLAIN, PLAIN.replace("e: {f: 1.5, g: true}", "e: {f: 1, g: false}")),
    ("with(.c; .d = 1 | .e = 2)", PLAIN, "a: 1\nb: two\nc:\n  d: 1\n  e: 2\nh: null\n"),
    ('with(.c.d[]; . = . + "1")', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x1, y1, z1]")),
    ("with(.c.e; del(.f))", PLAIN, PLAIN.replace("e: {f: 1.5, g: true}", "e: {g: true}")),
    (
        'set_path(["c", "e", "n"]; 9)',
        PLAIN,
        PLAIN.replace("e: {f: 1.5, g: true}", "e: {f: 1.5, g: true, n: 9}"),
    ),
    (
        'setpath(["z", 1]; .a)',
        PLAIN,
        PLAIN + "z:\n- null\n- 1\n",
    ),
    ("set_path([]; 3)", PLAIN, "3\n"),
    (".. |= .", PLAIN, PLAIN),
    ('.c.d = ["q"] + .c.d', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [q, x, y, z]")),
    (".a as $v | .c.d[0] = $v", PLAIN, PLAIN.replace("d: [x, y, z]", "d: [1, y, z]")),
    ('.a = "x"', D2, D2.replace("a: 'single'", "a: 'x'")),
    ('.b = "x"', D2, "a: 'single'\nb: \"x\"\nc: |\n  lit\n"),
    (".b = 1", D2, "a: 'single'\nb: 1\nc: |\n  lit\n"),
    ('.c = "one line"', D2, "a: 'single'\nb: \"double\"\nc: |-\n  one line\n"),
    (".a = .b", D2, D2.replace("a: 'single'", "a: 'double'")),
    ('.a = "4"', D2, D2.replace("a: 'single'", "a: '4'")),
    ('.a |= . + "s"', D2, D2.replace("a: 'single'", "a: 'singles'")),
    (".a.y = 2", D3, D3.replace("a: {x: 1}", "a: {x: 1, y: 2}")),
    (".b.y = 2", D3, "a: {x: 1}\nb:\n  y: 2\nc: []\nd: !own v\n"),
    (".c[0] = 2", D3, "a: {x: 1}\nb: {}\nc:\n- 2\nd: !own v\n"),
    ('.d = "w"', D3, D3.replace("d: !own v", "d: !own w")),
    (".d = 3", D3, D3.replace("d: !own v", "d: !own 3")),
    (".a = [1, 2]", D3, "a:\n- 1\n- 2\nb: {}\nc: []\nd: !own v\n"),
    ('.b = {"p": {"q": 1}}', D3, "a: {x: 1}\nb:\n  p:\n    q: 1\nc: []\nd: !own v\n"),
    ('.a = "dog"', COMMENTED, "# above\na: dog  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    (".a = 5", COMMENTED, "# above\na: 5  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    ('.b.c = "two"', COMMENTED, "# above\na: cat  # beside\nb:\n  # within\n  c: 'two'\nl:\n# first\n- p  # pp\n- q\n"),
    ('.l[0] = "r"', COMMENTED, "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- r  # pp\n- q\n"),
    (
        '.l += "s"',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n- s\n",
    ),
    (".a = .l[0]", COMMENTED, "# above\na: p  # pp\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    (
        ".new = .b | del(.l)",
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nnew:\n  # within\n  c: 'one'\n",
    ),
    (
        ".b.new.x = 1",
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\n  new:\n    x: 1\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (".[].age = 1", PEOPLE, "- name: bob\n  age: 1\n- name: al\n  age: 1\n- name: cy\n  age: 1\n  extra: yes\n"),
    (
        '(.[] | select(.name == "al") | .age) = 99',
        PEOPLE,
        PEOPLE.replace("age: 9", "age: 99"),
    ),
    (
        ".[] |= (.name = .age)",
        PEOPLE,
        "- name: 10\n  age: 10\n- name: 9\n  age: 9\n- name: 10\n  age: 10\n  extra: yes\n",
    ),
    (".[] | .name += .age", PEOPLE, "name: bob10\nage: 10\nname: al9\nage: 9\nname: cy10\nage: 10\nextra: yes\n"),
    (".[1:] = 5", PEOPLE, PEOPLE),
    (".a = 1", "", "a: 1\n"),
    (".[0] = 1", "", "- 1\n"),
    (". = 4", "", "4\n"),
    (".der.x = 9", ANCHORED, ANCHORED.replace("x: 1", "x: 9")),
    (".ref.x = 9", ANCHORED, ANCHORED.replace("x: 1", "x: 9")),
    ('.ref = "q"', ANCHORED, ANCHORED.replace("ref: *b", "ref: q")),
    ('.base = "q"', ANCHORED, "base: &b q\nder:\n  <<: *b\n  y: 3\n  z: 4\nref: *b\n"),
    (".d.e //= 7", D7, "a: false\nb: null\nc: 1\nd:\n  e: 7\n"),
    (".a //= 7", D7, "a: 7\nb: null\nc: 1\n"),
    (".b //= 7", D7, "a: false\nb: 7\nc: 1\n"),
    (".c //= 7", D7, "a: false\nb: null\nc: 1\n"),
]


@giving(CASES)
def test_an_assignment_changes_what_is_there_and_nothing_else(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('set_path(["a"])', PLAIN, "set_path needs two arguments with a ';' between them", 0),
    ('set_path("a"; 1)', PLAIN, "set_path needs a path: a list of keys and numbers", 0),
    ("set_path([null]; 1)", PLAIN, "set_path: a path consists of texts and whole numbers, not !!null", 0),
    ('set_path([["a"]]; 1)', PLAIN, "set_path: a path consists of texts and whole numbers, not !!seq", 0),
    ('set_path(["a"]; empty)', PLAIN, "set_path needs one value, not 0", 0),
    ("with(.a)", PLAIN, "with needs two arguments with a ';' between them", 0),
    (".c.d[-9] = 1", PLAIN, "there is no entry [-9] in a list of 3", 2),
    (".c.d.x = 1", PLAIN, "a list cannot be indexed with 'x'", 2),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
