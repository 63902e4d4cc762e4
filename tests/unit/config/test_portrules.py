import pytest

from limavm.model.config import PortForward
from tests.unit.config.conftest import Resolve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", PortForward()),
        ("{guestPort: 80}", {"guest_port": 80, "guest_port_range": (80, 80), "host_port_range": (80, 80)}),
        (
            "{guestPort: 80, hostPort: 8080}",
            {"guest_port": 80, "host_port": 8080, "guest_port_range": (80, 80), "host_port_range": (8080, 8080)},
        ),
        (
            "{guestPortRange: [1, 9], hostPortRange: [11, 19], proto: tcp}",
            {"guest_port_range": (1, 9), "host_port_range": (11, 19), "proto": "tcp"},
        ),
        ("{guestIPMustBeZero: true}", {"guest_ip": "0.0.0.0", "guest_ip_must_be_zero": True}),
        ("{guestIP: 0.0.0.0}", {"guest_ip": "0.0.0.0", "guest_ip_must_be_zero": True}),
        ("{guestIP: 0.0.0.0, guestIPMustBeZero: false}", {"guest_ip": "0.0.0.0"}),
        ("{hostIP: '::1', ignore: true}", {"host_ip": "::1", "ignore": True}),
        (
            "{guestSocket: '/run/user/{{.UID}}/x.sock', hostSocket: /h.sock, reverse: true, static: true}",
            {
                "guest_socket": "/run/user/1234/x.sock",
                "host_socket": "/h.sock",
                "host_port_range": (0, 0),
                "reverse": True,
                "static": True,
            },
        ),
        (
            "{guestPort: 80, hostSocket: /h.sock, hostPortRange: [1, 2]}",
            {"guest_port": 80, "guest_port_range": (80, 80), "host_socket": "/h.sock", "host_port_range": (1, 2)},
        ),
        (
            "{guestSocket: /g.sock, hostPort: 8080}",
            {"guest_socket": "/g.sock", "host_port": 8080, "host_port_range": (8080, 8080)},
        ),
    ],
)
def test_a_rule_is_filled_in_order(resolved: Resolve, text: str, expected: object) -> None:
    (rule,) = resolved(f"portForwards: [{text}]").config.port_forwards

    assert rule == (PortForward(**expected) if isinstance(expected, dict) else expected)


def test_a_relative_host_socket_is_in_the_instance(resolved: Resolve) -> None:
    (rule,) = resolved("portForwards: [{guestSocket: /g, hostSocket: '{{.Name}}.sock'}]").config.port_forwards

    assert rule.host_socket.endswith("/lima/dev/sock/dev.sock")
