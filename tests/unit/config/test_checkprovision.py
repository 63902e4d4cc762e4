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
    *(
        (f"os: Windows\nprovision: [{{mode: {mode}, {rest}}}]", [f"2: provision[0].mode: {mode} is not for Windows"])
        for mode, rest in (("boot", "script: x"), ("ansible", "script: x"), ("yq", "path: /x, expression: .a"))
    ),
    ("os: Windows\nprovision: [{mode: system, script: x}, {mode: data, path: /x}]", []),
    *(
        (f"provision: [{{mode: {mode}, script: x}}]", [])
        for mode in ("system", "user", "boot", "dependency", "ansible")
    ),
    ("provision: [{mode: ansible}]", []),
    ("provision: [{mode: ansible, playbook: /etc/passwd}]", []),
    ("provision: [{mode: ansible, playbook: /etc/passwd, script: x}]", ["playbook: cannot stand together"]),
    ("provision: [{mode: yq, path: /a, expression: ''}]", []),
    ("provision: [{mode: yq, expression: .a}]", ["1: provision[0].path: mode yq needs a path"]),
    ("provision: [{mode: yq, expression: .a, path: a}]", ["1: provision[0].path: must be absolute"]),
    ("provision: [{mode: yq, expression: .a, path: /a, format: anything}]", []),
    *((f"provision: [{{mode: data, path: /a, permissions: '{octal}'}}]", []) for octal in ("7", "+644", "-1", "0")),
    *(
        (f"provision: [{{mode: data, path: /a, permissions: '{text}'}}]", ["1: provision[0].permissions: must be"])
        for text in ("", "8", "0x1", "rwx", " 644", "6_4", "7" * 22)
    ),
    *(
        (f"provision: [{{script: x, {name}: {value}}}]", [f"1: provision[0].{name}: belongs to modes data and yq"])
        for name, value in (
            *(("content", "c"), ("overwrite", "false"), ("owner", "root")),
            *(("path", "/p"), ("permissions", "'644'"), ("format", "ini")),
        )
    ),
    ("probes: [{script: x}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{description: x}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{script: ''}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{file: {url: x.sh, digest: d}}]", ["1: probes[0].file: files are", "probes[0].file.digest: digests"]),
    ("probes: [{mode: liveness, script: '#!'}]", ["1: probes[0].mode: must be readiness"]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_provisioning_and_probes_are_checked_at_their_place(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)
