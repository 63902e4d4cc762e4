"""Forwards of QEMU's user-mode network: what is asked, and how the answers are understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.driver import ForwardRefusedError, HypervisorLostError
from limavm.driver.qemu import hostfwd, qmp
from limavm.model.forward import HostForward
from limavm.model.machine import UserNIC

WEB = HostForward(protocol="tcp", host_ip="127.0.0.1", host_port=8080, guest_port=80)
NAMES = HostForward(protocol="udp", host_ip="0.0.0.0", host_port=5300, guest_port=53)
SSH = UserNIC(mac="52:55:55:00:00:01", ssh_port=60022)
#: As QEMU 7.2 answers.
TABLE = """Hub -1 (net0):\r
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r
  TCP[ESTABLISHED]   31       127.0.0.1  8080    192.168.5.15    80     0     0\r
  TCP[HOST_FORWARD]  13       127.0.0.1  8080    192.168.5.15    80     0     0\r
  TCP[HOST_FORWARD]   8       127.0.0.1 60022    192.168.5.15    22     0     0\r
  UDP[HOST_FORWARD]  14               *  5300    192.168.5.15    53     0     0\r
  UDP[236 sec]       20    192.168.5.15 41000         8.8.8.8    53     0     0\r
  ICMP[10 sec]       20    192.168.5.15 41000         8.8.8.8    53     0     0\r
Hub -1 (net1):\r
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r
  TCP[HOST_FORWARD]   9       127.0.0.1 60023       10.0.2.15    22     0     0\r
"""


class Asked:
    """A monitor that gives one answer, and keeps what it was asked."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.commands: list[str] = []

    async def __call__(self, command: str) -> str:
        self.commands.append(command)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_forward_leads_to_the_guests_own_address() -> None:
    asked = Asked("")

    await hostfwd.add(asked, WEB)

    assert asked.commands == ["hostfwd_add net0 tcp:127.0.0.1:8080-:80"]


async def test_words_instead_of_silence_are_a_refusal() -> None:
    with pytest.raises(ForwardRefusedError, match="QEMU refused: Could not set up"):
        await hostfwd.add(Asked("Could not set up host forwarding rule 'udp:0.0.0.0:5300-:53'\r\n"), NAMES)


@pytest.mark.parametrize("answer", ["removed", "not found"])
async def test_removing_is_harmless_when_nothing_is_there(answer: str) -> None:
    asked = Asked(f"host forwarding rule for udp:0.0.0.0:5300 {answer}\r\n")

    await hostfwd.remove(asked, NAMES)

    assert asked.commands == ["hostfwd_remove net0 udp:0.0.0.0:5300"]


async def test_a_removal_that_was_not_understood_is_an_error() -> None:
    with pytest.raises(ForwardRefusedError, match="unrecognized netdev"):
        await hostfwd.remove(Asked("unrecognized netdev id 'net0'\r\n"), NAMES)


async def test_a_monitor_that_is_gone_is_no_refusal_of_the_forward() -> None:
    with pytest.raises(HypervisorLostError, match="gone"):
        await hostfwd.add(Asked(qmp.QMPLost("gone")), WEB)


async def test_a_monitor_without_the_command_refuses() -> None:
    with pytest.raises(ForwardRefusedError, match="no such command") as refused:
        await hostfwd.listed(Asked(qmp.QMPRefused("no such command")), SSH)

    assert not isinstance(refused.value, HypervisorLostError)


async def test_the_list_leaves_out_connections_other_networks_and_ssh() -> None:
    assert await hostfwd.listed(Asked(TABLE), SSH) == [WEB, NAMES]


@given(st.text() | st.text().map(lambda text: f"x (net0):\nTCP[HOST_FORWARD] {text}"))
def test_any_text_can_be_parsed(text: str) -> None:
    hostfwd.parse_usernet(text)
