import pytest

from tests.unit.config.conftest import Problems, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("mounts: [{location: /etc/passwd, mountPoint: /m}]", ["1: mounts[0].location: /etc/passwd is no directory"]),
    ("provision: [{mode: ansible, playbook: /nope}]", ["1: provision[0].playbook: /nope cannot be read"]),
    ("networks: [{socket: /etc/passwd}]", ["networks[0].socket: /etc/passwd is no socket"]),
    ("networks: [{socket: /nope}]", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_what_stands_on_the_host_is_looked_at(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)
