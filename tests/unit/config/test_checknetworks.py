from pathlib import Path

import pytest

from tests.unit.config.conftest import MAC, Problems, Resolve, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("networks: [{lima: user-v2, socket: /s}]", ["1: networks[0]: lima and socket exclude each other"]),
    ("networks: [{lima: user-v2, vzNAT: true}]", ["1: networks[0]: lima and vzNAT exclude each other"]),
    ("networks: [{socket: /s, vzNAT: true}]", ["1: networks[0]: socket and vzNAT exclude each other"]),
    ("networks: [{vzNAT: true}, {socket: /nope}, {lima: user-v2, vzNAT: false}]", []),
    ("networks: [{interface: x}]", ["1: networks[0]: one of lima, socket and vzNAT is needed"]),
    ("networks: [{vzNAT: false}]", ["1: networks[0]: one of lima, socket and vzNAT is needed"]),
    ("networks: [{lima: user-v2, macAddress: AA-bb-cc-dd-ee-ff}]", []),
    ("networks: [{lima: user-v2, interface: abcdefghijklmno, metric: 4294967295}]", []),
    ("networks: [{lima: user-v2, metric: 4294967296}]", ["metric: must be a number from 0"]),
    ("networks: [{lima: user-v2, interface: a/b}]", ["contains a blank or a slash"]),
    ('networks: [{lima: user-v2, interface: "a\\tb"}]', ["contains a blank or a slash"]),
    ('networks: [{lima: user-v2, interface: "a\\nb"}]', ["contains a blank or a slash"]),
    ("networks: [{lima: user-v2, macAddress: x}]", ["macAddress: 'x' is no hardware address"]),
    ("networks: [{lima: user-v2, macAddress: 'aa:bb'}]", ["macAddress: 'aa:bb' has 2 bytes, not 6"]),
    ("networks: [{lima: user-v2, macAddress: aabb.ccdd.eeff}]", []),
    ("networks: [{lima: user-v2, interface: eth0}]", ["interface: eth0 is the built-in NIC"]),
    ("networks: [{lima: user-v2, interface: abcdefghijklmnop}]", ["is longer than 15 bytes"]),
    ("networks: [{lima: user-v2, interface: 'a b'}]", ["contains a blank or a slash"]),
    (
        "networks: [{lima: user-v2}, {lima: user-v2, interface: lima0}]",
        ["networks[1].interface: lima0 is the name of an earlier"],
    ),
    (
        "networks: [{lima: user-v3}]",
        ["1: networks[0].lima: the network 'user-v3' is not defined; did you mean 'user-v2'?"],
    ),
    ("networks: [{lima: x}]", ["'x' is not defined; there are bridged, host, shared, user-v2"]),
    ("networks: [{lima: shared}]", ["lima: 'shared' is a network of the mode 'shared', which only macOS has"]),
    ("networks: [{lima: user-v2, metric: -1}]", ["metric: must be a number from 0"]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_networks_are_checked_at_their_place(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)


def test_an_unknown_network_hides_no_other_problem(problems: Problems) -> None:
    text = "networks:\n- lima: x\n  metric: -1\n- lima: host\n- socket: /s\n  lima: y\n"

    assert_problems(
        problems(text),
        [
            "3: networks[0].metric",
            "5: networks[2]: lima and socket",
            "2: networks[0].lima: the network 'x'",
            "4: networks[1].lima: 'host'",
            "6: networks[2].lima: the network 'y'",
        ],
    )


def test_macos_has_every_network(problems: Problems) -> None:
    text = "networks: [{lima: shared}, {lima: bridged}, {lima: host}, {lima: user-v2}]"

    assert problems(text, facts=MAC) == []


def test_problems_of_networks_yaml_are_told_with_the_others(problems: Problems, lima_home: Path) -> None:
    file = lima_home / "_config" / "networks.yaml"
    file.write_text("networks:\n  user-v2:\n    gateway: x\n")

    assert_problems(
        problems("networks: [{lima: user-v2}]\ncpus: -1"),
        ["cpus: must be at least 1", f"{file}:3: networks.user-v2.gateway: must be an IPv4 or IPv6 address"],
    )
    assert_problems(problems("networks: [{socket: /s}]"), [])


def test_warnings_about_networks_yaml_are_told(resolved: Resolve, lima_home: Path) -> None:
    (lima_home / "_config" / "networks.yaml").write_text("grup: x\n")

    warnings = resolved("networks: [{lima: user-v2}]").warnings

    assert any("networks.yaml:1: grup: unknown key; did you mean 'group'?" in warning for warning in warnings)
