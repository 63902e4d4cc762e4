"""Who holds a taken port, in words for people."""

import os
import socket
import sys

import pytest

from limavm.host.platform.portowner import Owner
from limavm.hostagent.forwarding.portholder import described, holder
from limavm.model.forward import Forward, Route

HOME = "/home/u/.lima"


def test_a_process_is_told_by_name_and_pid() -> None:
    assert described(Owner(71, "nginx", ("nginx: master",)), HOME) == "nginx (PID 71)"


def test_of_another_users_process_the_user_is_told() -> None:
    assert described(Owner(0, user="root"), HOME) == "a process of the user root"


@pytest.mark.parametrize(
    "argv",
    [
        ("qemu-system-x86_64", "-pidfile", f"{HOME}/dev/qemu.pid"),
        ("ssh", "-o", f'IdentityFile="{HOME}/_config/user"', "-o", f'ControlPath="{HOME}/dev/ssh.sock"'),
        ("python3", "limactl", "hostagent", "--pidfile", f"{HOME}/dev/ha.pid", "dev"),
    ],
)
def test_another_instance_is_named(argv: tuple[str, ...]) -> None:
    assert described(Owner(71, "qemu-system-x86", argv), HOME) == "the instance 'dev': qemu-system-x86 (PID 71)"


def test_a_name_with_orders_for_a_terminal_is_made_harmless() -> None:
    assert described(Owner(71, "\x1b[2J"), HOME) == "?[2J (PID 71)"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_this_process_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        words = await holder(Forward(protocol="tcp", guest="127.0.0.1:1", host=host, route=Route.SSH))

    assert words.startswith("this instance: ")
    assert words.endswith(f"(PID {os.getpid()})")


async def test_nobody_is_known_to_hold_a_path() -> None:
    assert await holder(Forward(protocol="unix", guest="/g", host="/h", route=Route.SSH)) == ""
