import pytest

from tests.unit.config.conftest import MAC, Problems, Resolve, assert_problems

#: A text (an image is appended as the last line), and the problems that it has.
CASES: list[tuple[str, list[str]]] = [
    ("portForwards: [{guestIP: 127.0.0.2, guestIPMustBeZero: true}]", ["guestIPMustBeZero: is for guestIP 0.0.0.0"]),
    ("portForwards: [{guestPort: 80, guestSocket: /x, hostSocket: /y}]", ["guestPort: cannot stand together"]),
    ("portForwards: [{guestPort: 80, guestPortRange: [81, 82]}]", ["guestPort: must be the first port"]),
    ("portForwards: [{guestPort: 80, hostPort: 80, hostSocket: /y}]", ["hostPort: cannot stand together"]),
    ("portForwards: [{hostPort: 80, hostPortRange: [1, 65535]}]", ["hostPort: must be the first port"]),
    ("portForwards: [{guestPort: 22, hostPort: 1}]", ["1: portForwards[0].guestPort: port 22"]),
    ("portForwards: [{guestPort: 70000}]", ["guestPort: a port is", "hostPortRange: a port is"]),
    ("portForwards: [{guestPortRange: [9, 1]}]", ["guestPortRange: the range 9-1", "hostPortRange: the range 9-1"]),
    ("portForwards: [{guestPortRange: [1, 9], hostPortRange: [1, 8]}]", ["hostPortRange: has 8 ports for 9"]),
    ("portForwards: [{guestPortRange: [20, 30]}]", []),
    ("portForwards: [{guestPort: -1}]", ["guestPort: a port is", "hostPortRange: a port is"]),
    ("portForwards: [{guestPort: 1, hostPort: 22}]", ["1: portForwards[0].hostPort: port 22"]),
    ("portForwards: [{guestPortRange: [21, 22], hostPortRange: [1, 2]}]", ["guestPortRange: port 22"]),
    ("portForwards: [{guestPortRange: [1, 2], hostPortRange: [22, 23]}]", ["hostPortRange: port 22"]),
    ("portForwards: [{guestPortRange: [0, 1], hostPortRange: [1, 2]}]", ["guestPortRange: a port must be set"]),
    ("portForwards: [{guestPortRange: [1, 2], hostPortRange: [9, 1]}]", ["hostPortRange: the range 9-1", "has -7"]),
    ("portForwards: [{guestPort: 80, hostSocket: /y}]", []),
    ("portForwards: [{guestPort: 80, hostSocket: /y, hostPortRange: [9, 1]}]", ["hostPortRange: the range 9-1"]),
    ("portForwards: [{guestPort: 80, hostSocket: /y, hostPortRange: [22, 22]}]", []),
    ("portForwards: [{guestPort: 65535, hostPort: 65536}]", ["hostPort: a port is"]),
    ("portForwards: [{guestIP: nonsense, guestPort: 80}]", ["guestIP: "]),
    ("portForwards: [{hostIP: 127.0.0.256, guestPort: 80}]", ["hostIP: "]),
    ("portForwards: [{guestPort: eighty}]", ["guestPort: "]),
    ("portForwards: [{guestPortRange: [1, 2, 3]}]", ["guestPortRange: "]),
    ("portForwards: [{guestPort: 80, static: maybe}]", ["static: "]),
    ("portForwards: [{guestPort: 80, hostPort: 81}, {guestPort: 80}, {guestPort: 80, ignore: true}]", []),
    ("portForwards: [{guestIP: 0.0.0.0, guestIPMustBeZero: true, guestPort: 80}]", []),
    *((f"portForwards: [{{guestPort: 80, proto: {name}}}]", []) for name in ("tcp", "udp", "any", "''")),
    ("portForwards: [{guestSocket: /x, hostSocket: /" + "y" * 106 + "}]", []),
    ("portForwards: [{guestSocket: /x, hostSocket: /" + "y" * 107 + "}]", ["hostSocket: is 108 bytes long"]),
    ("portForwards: [{guestSocket: /x, hostSocket: /y, reverse: true}]", []),
    ("portForwards: [{guestSocket: x, hostSocket: /y}]", ["guestSocket: must be absolute"]),
    ("portForwards: [{guestSocket: /x}]", ["guestSocket: one socket cannot stand for several"]),
    ("portForwards: [{guestSocket: /x, hostPort: 80}]", []),
    ("portForwards: [{guestPortRange: [1, 2], hostSocket: /y}]", ["hostSocket: one socket cannot stand"]),
    ("portForwards: [{guestSocket: /x, hostSocket: /" + "y" * 120 + "}]", ["hostSocket: is 121 bytes long"]),
    ("portForwards: [{guestPort: 80, proto: icmp}]", ["proto: must be one of tcp, udp, any"]),
    ("portForwards: [{guestPort: 80, reverse: true}]", ["reverse: needs a guestSocket", "reverse: needs a hostSocket"]),
    ("copyToHost: [{guest: a, host: b}]", ["copyToHost[0].guest: must be", "copyToHost[0].host: must be"]),
    ("copyToHost: [{guest: /a, host: '{{.Dir}}/b'}]", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace(chr(10), " ")[:60] for case in CASES])
def test_forwards_and_copies_are_checked_at_their_place(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)


def test_sockets_of_other_hosts_have_shorter_names(problems: Problems) -> None:
    text = "portForwards: [{guestSocket: /x, hostSocket: /" + "y" * 103 + "}]"

    assert problems(text) == []
    assert_problems(problems(text, facts=MAC), ["hostSocket: is 104 bytes long, sockets may have 103"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "plain: true\nportForwards: [{guestPortRange: [1, 11], static: true}]",
            ["portForwards[0]: forwards 11 ports"],
        ),
        ("plain: true\nportForwards: [{guestPortRange: [1, 10], static: true}]", []),
        ("portForwards: [{guestPortRange: [1, 11], static: true}]", ["portForwards[0]: forwards 11 ports"]),
        ("portForwards: [{guestPortRange: [1, 11]}]", []),
        ("plain: true\nportForwards: [{guestPortRange: [1, 11]}]", []),
        ("portForwards: [{static: true}]", ["portForwards[0].static: has 65535 ports, and at most 1000"]),
        ("portForwards: [{static: true, ignore: true}]", []),
        ("portForwards: [{guestSocket: /g, hostSocket: /h, static: true}]", []),
        ("portForwards: [{guestPort: 53, hostSocket: /h, proto: udp}]", ["hostSocket: UDP cannot go to a socket"]),
        ("portForwards: [{guestPort: 53, hostSocket: /h}]", []),
        (
            "plain: true\nportForwards: [{guestPort: 53, proto: udp, static: true}]",
            ["proto: plain mode forwards UDP to"],
        ),
        ("plain: true\nportForwards: [{guestPort: 53, proto: udp, static: true, guestIP: 0.0.0.0}]", []),
        ("portForwards: [{guestPort: 53, proto: udp, static: true}]", []),
    ],
)
def test_rules_that_may_surprise_are_warned_of(resolved: Resolve, text: str, expected: list[str]) -> None:
    warnings = [line for line in resolved(text + "\n").warnings if "portForwards" in line]

    assert_problems(warnings, expected)
