"""Tables and JSON of ports."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.cli.portstable import HEADS, json_lines, json_list, ordered, table
from limavm.model.forward import PortState, PortStatus, Route

WEB = PortStatus(
    protocol="tcp",
    guest_addr="0.0.0.0:80",
    host_addr="127.0.0.1:8080",
    state=PortState.FORWARDED,
    route=Route.HOSTFWD,
    reason="portForwards[0] forwards it",
)
TAKEN = PortStatus(
    protocol="tcp",
    guest_addr="127.0.0.1:443",
    host_addr="127.0.0.1:443",
    state=PortState.FAILED,
    route=Route.SSH,
    reason="the port is taken",
    holder="nginx (PID 71)",
)
LEFT = PortStatus(
    protocol="udp", guest_addr="172.17.0.1:53", state=PortState.IGNORED, reason="no rule matches 172.17.0.1:53"
)
SOCKET = PortStatus(
    protocol="unix",
    guest_addr="/run/user/1000/a-rather-long-directory/agent.sock",
    host_addr="/Users/somebody/.lima/dev/sock/agent.sock",
    state=PortState.PENDING,
    route=Route.SSH,
    reverse=True,
    reason="ssh is not connected",
)


def test_a_port_has_a_line_below_the_head() -> None:
    assert table([TAKEN, WEB, LEFT]).splitlines() == [
        "PROTO    GUEST            HOST              VIA        STATE        REASON",
        "udp      172.17.0.1:53                                 ignored      no rule matches 172.17.0.1:53",
        "tcp      0.0.0.0:80       127.0.0.1:8080    hostfwd    forwarded    portForwards[0] forwards it",
        "tcp      127.0.0.1:443    127.0.0.1:443     ssh        failed       the port is taken; held by nginx (PID 71)",
    ]


def test_a_holder_that_the_reason_names_is_not_named_twice() -> None:
    named = PortStatus(
        protocol="tcp",
        guest_addr="a:1",
        state=PortState.FAILED,
        reason="held by nginx (PID 71)",
        holder="nginx (PID 71)",
    )

    assert table([named]).count("nginx") == 1


def test_a_socket_of_the_host_in_the_guest_says_so() -> None:
    assert "ssh -R" in table([SOCKET])


def test_no_port_is_the_head_alone() -> None:
    assert table([]).split() == list(HEADS)
    assert table([], 80).split() == list(HEADS)


@pytest.mark.parametrize("width", [1, 10, 40, 60, 79, 80, 100, 120, 200])
def test_the_table_fits_the_terminal(width: int) -> None:
    lines = table([WEB, TAKEN, LEFT, SOCKET], width).splitlines()

    assert max(map(len, lines)) <= width
    assert len(lines) == 5


def test_reasons_give_way_before_addresses_and_paths_keep_their_end() -> None:
    text = table([WEB, TAKEN, LEFT], 80)
    assert "172.17.0.1:53 " in text
    assert "127.0.0.1:8080 " in text
    assert "held by" not in text
    assert "…" in text

    assert "/agent.sock " in table([WEB, SOCKET], 100)


def test_enough_room_changes_nothing() -> None:
    assert table([WEB, TAKEN, SOCKET], 300) == table([WEB, TAKEN, SOCKET])


def test_ports_are_in_the_order_of_their_numbers_and_sockets_come_last() -> None:
    shown = [port.guest_addr for port in ordered([SOCKET, TAKEN, WEB, LEFT])]

    assert shown == ["172.17.0.1:53", "0.0.0.0:80", "127.0.0.1:443", SOCKET.guest_addr]


def test_json_is_an_object_a_line_or_a_list_a_line() -> None:
    first, second = json_lines([TAKEN, WEB]).splitlines()
    assert json.loads(first) == {
        "protocol": "tcp",
        "guestAddr": "0.0.0.0:80",
        "hostAddr": "127.0.0.1:8080",
        "state": "forwarded",
        "route": "hostfwd",
        "reason": "portForwards[0] forwards it",
    }
    assert json.loads(second)["holder"] == "nginx (PID 71)"
    assert json.loads(json_list([TAKEN, WEB])) == {"ports": [json.loads(first), json.loads(second)]}
    assert json_lines([]) == ""
    assert json_list([]) == '{"ports":[]}\n'


TEXTS = st.text(max_size=40)
PORTS = st.builds(
    PortStatus,
    protocol=TEXTS,
    guest_addr=TEXTS,
    host_addr=TEXTS,
    state=st.sampled_from(PortState),
    route=st.sampled_from([None, *Route]),
    reverse=st.booleans(),
    reason=TEXTS,
    holder=TEXTS,
)


@given(ports=st.lists(PORTS, max_size=5), width=st.none() | st.integers(1, 300))
def test_nothing_of_it_drives_the_terminal(ports: list[PortStatus], width: int | None) -> None:
    lines = table(ports, width).split("\n")

    assert len(lines) == len(ports) + 2
    assert all(line.isprintable() for line in lines)
    assert all(len(line) <= (width or len(line)) for line in lines)
    for text in (json_lines(ports), json_list(ports)):
        assert text.isascii()
        assert all(line.replace("\x7f", "").isprintable() for line in text.split("\n"))


@given(ports=st.lists(PORTS, max_size=6), data=st.data())
def test_the_order_does_not_depend_on_that_of_the_agent(ports: list[PortStatus], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(ports))

    def key(port: PortStatus) -> tuple[str, str, str, bool]:
        return port.protocol, port.guest_addr, port.host_addr, port.static

    assert list(map(key, ordered(shuffled))) == list(map(key, ordered(ports)))
