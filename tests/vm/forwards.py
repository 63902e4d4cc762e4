"""What tests do to a machine behind its back, and how they see that its forwards are there again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

from tests.vm.guest import Guest, answers
from tests.vm.limactl import Limactl, is_alive, wait_for

#: Seconds within which a forward is there again once what it needs is back.
BACK = 2.0

#: By the name of the way: the condition that a forward works.
Forwards = dict[str, Callable[[], bool]]


def work_within(forwards: Forwards, limit: float) -> None:
    for way, condition in forwards.items():
        wait_for(f"the forward by {way} to work again", condition, limit)


def survive_a_restart_of_the_agent(
    limactl: Limactl, machine: str, guest: Guest, forwards: Forwards, fresh: int
) -> None:
    """Check that no forward is closed, and that a port that is opened then, `fresh`, is forwarded as well."""
    sudo(limactl, machine, "systemctl", "restart", "lima-guestagent")
    assert forwards["hostfwd"]()
    assert forwards["ssh"]()

    guest.open("tcp", "127.0.0.1", fresh)

    wait_for("a new port", answers("tcp", "127.0.0.1", fresh), 15)
    work_within(forwards, BACK)


def sudo(limactl: Limactl, machine: str, *command: str) -> str:
    return limactl.ok("shell", machine, "sudo", "-n", *command)


def master_pid(limactl: Limactl, machine: str) -> int:
    """The process of the ssh master; 0 while there is none."""
    socket_path = limactl.home / machine / "ssh.sock"
    done = subprocess.run(["ssh", "-O", "check", "-S", socket_path, "x"], capture_output=True, text=True, check=False)
    return int(done.stderr.split("pid=")[1].split(")")[0]) if "pid=" in done.stderr else 0


def kill_agent(limactl: Limactl, machine: str) -> None:
    if sys.platform == "win32":
        raise NotImplementedError("SIGKILL")
    pid = limactl.instance(machine)["hostAgentPID"]
    os.kill(pid, signal.SIGKILL)
    wait_for("the agent's death", lambda: not is_alive(pid))
