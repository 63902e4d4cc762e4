"""Ports of the host that QEMU's user-mode network forwards, added and removed while the machine runs.

QEMU offers this to people only: by commands whose answers are texts (QEMU manual, "Human Monitor":
hostfwd_add, hostfwd_remove, info usernet). One that has nothing to say has succeeded.
"""

import re
from collections.abc import Awaitable, Callable

from limavm.driver import ForwardRefusedError, HypervisorLostError
from limavm.driver.qemu import qmp
from limavm.model.forward import HostForward
from limavm.model.machine import UserNIC

#: The network of the primary NIC in our command lines.
NETDEV = "net0"
_SSH = 22
#: `Hub -1 (net0):`, then a line for each socket.
_SECTION = re.compile(r"\((?P<netdev>[^()]*)\):\s*$")
_LISTENER = re.compile(
    r"\s*(?P<protocol>TCP|UDP)\[HOST_FORWARD\]\s+-?\d+\s+(?P<ip>\S+)\s+(?P<host>\d+)\s+\S+\s+(?P<guest>\d+)\s"
)

#: Asks the monitor a command for people; raises QMPLost and QMPRefused.
Ask = Callable[[str], Awaitable[str]]


async def add(ask: Ask, forward: HostForward) -> None:
    """Have QEMU listen; raises ForwardRefusedError with its words, which do not tell why."""
    await _order(ask, f"hostfwd_add {NETDEV} {_host(forward)}-:{forward.guest_port}", "")


async def remove(ask: Ask, forward: HostForward) -> None:
    """Have QEMU listen no more; harmless when it does not. Raises ForwardRefusedError."""
    await _order(ask, f"hostfwd_remove {NETDEV} {_host(forward)}", "removed", "not found")


async def listed(ask: Ask, nic: UserNIC) -> list[HostForward]:
    """What QEMU forwards beside the way to ssh; raises ForwardRefusedError."""
    forwards = parse_usernet(await _asked(ask, "info usernet"))
    return [one for one in forwards if (one.host_port, one.guest_port) != (nic.ssh_port, _SSH)]


def parse_usernet(text: str) -> list[HostForward]:
    """The forwards of the primary NIC in the answer to `info usernet`; connections are left out."""
    found, section = [], ""
    for line in text.splitlines():
        if heading := _SECTION.search(line):
            section = heading["netdev"]
        elif section == NETDEV and (match := _LISTENER.match(line)):
            found.append(
                HostForward(
                    protocol=match["protocol"].lower(),
                    host_ip="0.0.0.0" if match["ip"] == "*" else match["ip"],  # noqa: S104 - what QEMU means
                    host_port=int(match["host"]),
                    guest_port=int(match["guest"]),
                )
            )
    return found


def _host(forward: HostForward) -> str:
    return f"{forward.protocol}:{forward.host_ip}:{forward.host_port}"


async def _order(ask: Ask, command: str, *wanted: str) -> None:
    words = (await _asked(ask, command)).strip()
    if not any(words.endswith(one) if one else not words for one in wanted):
        raise ForwardRefusedError(f"QEMU refused: {words[:300]}", where=command)


async def _asked(ask: Ask, command: str) -> str:
    try:
        return await ask(command)
    except qmp.QMPRefused as error:
        raise ForwardRefusedError(f"QEMU refused: {error}", where=command) from error
    except qmp.QMPLost as error:
        raise HypervisorLostError(f"QEMU's monitor does not answer: {error}", where=command) from error
