import pytest

from tests.unit.config.conftest import Problems, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("param: {a: b}", ["1: param.a: no script, path or socket of the template uses this param"]),
    ("param: {a: b}\nprovision: [{script: 'x $PARAM_a'}]", []),
    ("param: {a: b}\nmessage: '{{.Param.a}}'", ["1: param.a: no script"]),
    ("param: {internal_netplanOptional: 'true'}", []),
    ("param: {1a: b}\nprovision: [{script: '$PARAM_1a'}]", ["1: param.1a: a name has letters"]),
    ('param: {a: "x\\ny"}\nprovision: [{script: $PARAM_a}]', ["1: param.a: must be one line"]),
    ('param: {a: "x\\ty é€ z"}\nprovision: [{script: $PARAM_a}]', []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_every_param_is_used_and_well_formed(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)
