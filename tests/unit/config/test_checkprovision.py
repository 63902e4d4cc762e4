import pytest

from tests.unit.config.conftest import Problems, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("provision: [{file: x.sh}]", ["1: provision[0].file: files are embedded"]),
    ("provision: [{file: {url: x.sh, digest: d}}]", ["files are embedded", "1: provision[0].file.digest: digests"]),
    ("provision: [{mode: sytem, script: x}]", ["1: provision[0].mode: must be one of system"]),
    ("provision: [{mode: system}]", ["1: provision[0].script: a script is needed"]),
    ("provision: [{script: x, skipDefaultDependencyResolution: false}]", ["belongs to mode dependency only"]),
    ("provision: [{mode: dependency, script: x, skipDefaultDependencyResolution: true}]", []),
    ("provision: [{mode: data, content: x}]", ["1: provision[0].path: mode data needs a path"]),
    ("provision: [{mode: data, content: x, path: a}]", ["1: provision[0].path: must be absolute"]),
    ("provision: [{mode: data, path: /a, permissions: '0o644'}]", ["1: provision[0].permissions: must be octal"]),
    ("provision: [{mode: data, path: /a, permissions: 899}]", ["1: provision[0].permissions: must be octal"]),
    ("provision: [{mode: data, path: /a, permissions: '0644'}]", []),
    ("provision: [{mode: yq, path: /a}]", ["1: provision[0].expression: mode yq needs an expression"]),
    (
        "provision: [{script: x, content: y, owner: z}]",
        ["provision[0].content: belongs", "provision[0].owner: belongs"],
    ),
    ("provision: [{script: x, playbook: /etc/passwd}]", ["ansible only", "cannot stand together with a script"]),
    ("os: Windows\nprovision: [{mode: boot, script: x}]", ["2: provision[0].mode: boot is not for Windows"]),
    ("probes: [{script: x}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{description: x}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{mode: liveness, script: '#!'}]", ["1: probes[0].mode: must be readiness"]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_provisioning_and_probes_are_checked_at_their_place(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)
