import pytest

from tests.unit.config.conftest import Problems, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("networks: [{lima: a, socket: /s}]", ["1: networks[0]: lima and socket exclude each other"]),
    ("networks: [{lima: a, vzNAT: true}]", ["1: networks[0]: lima and vzNAT exclude each other"]),
    ("networks: [{interface: x}]", ["1: networks[0]: one of lima, socket and vzNAT is needed"]),
    ("networks: [{lima: a, macAddress: x}]", ["macAddress: 'x' is no hardware address"]),
    ("networks: [{lima: a, macAddress: 'aa:bb'}]", ["macAddress: 'aa:bb' has 2 bytes, not 6"]),
    ("networks: [{lima: a, macAddress: aabb.ccdd.eeff}]", []),
    ("networks: [{lima: a, interface: eth0}]", ["interface: eth0 is the built-in NIC"]),
    ("networks: [{lima: a, interface: abcdefghijklmnop}]", ["is longer than 15 bytes"]),
    ("networks: [{lima: a, interface: 'a b'}]", ["contains a blank or a slash"]),
    ("networks: [{lima: a}, {lima: a, interface: lima0}]", ["networks[1].interface: lima0 is the name of an earlier"]),
    ("networks: [{lima: a, metric: -1}]", ["metric: must be a number from 0"]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_networks_are_checked_at_their_place(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)
