import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limavm.config.layer import Layer, Provision
from limavm.config.params import unused_params
from tests.unit.config.conftest import Problems, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("param: {a: b}", ["1: param.a: no script, path or socket of the template uses this param"]),
    ("param: {a: b}\nprovision: [{script: 'x $PARAM_a'}]", []),
    ("param: {a: b}\nmessage: '{{.Param.a}}'", ["1: param.a: no script"]),
    ("param: {internal_netplanOptional: 'true'}", []),
    ("param: {1a: b}\nprovision: [{script: '$PARAM_1a'}]", ["1: param.1a: a name has letters"]),
    ('param: {a: "x\\ny"}\nprovision: [{script: $PARAM_a}]', ["1: param.a: must be one line"]),
    *(
        (f'param: {{a: "x{char}y"}}\nprovision: [{{script: $PARAM_a}}]', ["1: param.a: must be one line"])
        for char in ("\\r", "\\u00a0", "\\u200b", "\\x7f")
    ),
    ('param: {a: "e\\u0301 ½ ₂ → «x»"}\nprovision: [{script: $PARAM_a}]', []),
    ("param: {a-b: c}", ["1: param.a-b: a name has", "1: param.a-b: no script"]),
    ("param: {_a: b}\nprovision: [{script: $PARAM__a}]", ["1: param._a: a name has"]),
    ("param: {A9_: b}\nprovision: [{script: $PARAM_A9_}]", []),
    ('param: {a: "x\\ty é€ z"}\nprovision: [{script: $PARAM_a}]', []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_every_param_is_used_and_well_formed(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)


PLACES = [
    "provision: [{mode: data, path: /x, content: c, owner: '{{.Param.a}}'}]",
    "provision: [{mode: data, path: /x, content: c, owner: a, script: '{{.Param.a}}'}]",
    "provision: [{mode: data, path: '/{{.Param.a}}', content: c}]",
    "provision: [{mode: data, path: /x, content: '{{.Param.a}}'}]",
    "provision: [{mode: yq, path: /x, expression: '{{.Param.a}}'}]",
    "provision: [{mode: boot, script: '{{.Param.a}}'}]",
    "probes: [{script: '#!{{.Param.a}}'}]",
    "copyToHost: [{guest: '/{{.Param.a}}', host: /x}]",
    "copyToHost: [{guest: /x, host: '/{{.Param.a}}'}]",
    "portForwards: [{guestSocket: '/{{.Param.a}}', hostSocket: x}]",
    "portForwards: [{guestSocket: /x, hostSocket: '{{.Param.a}}'}]",
    "mounts: [{location: '/{{.Param.a}}', mountPoint: /m}]",
    "mounts: [{location: /x, mountPoint: '/{{.Param.a}}'}]",
]


@pytest.mark.parametrize("text", PLACES)
def test_a_param_may_be_used_in_any_text_that_is_searched(problems: Problems, text: str) -> None:
    assert problems(f"param: {{a: b}}\n{text}") == []


@pytest.mark.parametrize(
    "text", ["message: '{{.Param.a}}'", "env: {A: '{{.Param.a}}'}", "user: {home: '/h/{{.Param.a}}'}"]
)
def test_a_param_that_is_used_elsewhere_only_is_unused(problems: Problems, text: str) -> None:
    assert_problems(problems(f"param: {{a: b}}\n{text}"), ["1: param.a: no script, path or socket"])


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("{{.Param.a}}", True),
        ("{{if .Param.a}}x{{end}}", True),
        ("{{.Param.abc}}", True),
        ("{{.Param.b}}", False),
        ("{{ } .Param.a }}", False),
        (".Param.a", False),
        ("{{.Param.a", False),
        ("}} .Param.a {{", False),
        ("$PARAM_a", True),
        ("${PARAM_a}", True),
        ("PARAM_ab", False),
        ("XPARAM_a", False),
        ("PARAM_aé", True),
    ],
)
def test_what_counts_as_a_use(text: str, used: bool) -> None:
    assert (unused_params(Layer(param={"a": ""}, provision=(Provision(script=text),))) == []) is used


def test_permissions_are_searched_as_well() -> None:
    step = Provision(permissions="{{.Param.a}}")

    assert unused_params(Layer(param={"a": "644", "b": ""}, provision=(step,))) == ["b"]


@given(st.lists(st.sampled_from(["{{", "}}", "}", "{", ".Param.a", "PARAM_a", "b", " ", "_", ".", "é"])).map("".join))
@example("{{ .Param.a}}}")
@example("{{{{.Param.a}} }}")
def test_uses_are_those_that_the_expression_of_lima_finds(text: str) -> None:
    found = re.search(r"\{\{[^}]*\.Param\.a[^}]*\}\}|\bPARAM_a\b", text, re.ASCII)

    assert unused_params(Layer(param={"a": ""}, provision=(Provision(script=text),))) == ([] if found else ["a"])


@pytest.mark.parametrize(
    "text", ["{{ " * 300_000, "{{ .Param." * 100_000, "}}" * 500_000, "".join(f"$PARAM_p{i}x " for i in range(100_000))]
)
def test_params_are_looked_for_in_a_time_that_grows_with_the_text_only(text: str) -> None:
    template = Layer(param={f"p{number}": "" for number in range(20_000)}, provision=(Provision(script=text),))
    begin = time.process_time()

    assert len(unused_params(template)) == 20_000
    assert time.process_time() - begin < 10
