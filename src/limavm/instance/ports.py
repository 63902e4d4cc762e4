"""What is forwarded from an instance, for `limactl ports`."""

import os
import time
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent.client import AgentError, watch_ports
from limavm.hostagent.client import ports as ask_ports
from limavm.instance.running import agent_socket
from limavm.model.forward import PortStatus
from limavm.store import processes

#: Seconds for an agent that has taken leave of us to end.
_LEAVE = 5.0


def ports(name: str) -> tuple[PortStatus, ...]:
    """What becomes of what listens in the guest; raises UserError when the instance does not run."""
    return ask_ports(agent_socket(name))


def watch(name: str) -> Iterator[tuple[PortStatus, ...]]:
    """The same again at each change, until the instance is stopped.

    Raises UserError when the instance does not run, or its agent ends in disorder.
    """
    socket = agent_socket(name)
    directory = os.path.dirname(socket)
    try:
        yield from watch_ports(socket)
    except AgentError as error:
        if not _has_ended(directory):
            raise
        if os.path.exists(os.path.join(directory, paths.HA_PID)):  # it removes that when it ends in order
            hint = f"`limactl list {name}` shows whether the instance runs"
            raise UserError(f"the host agent of {name!r} has ended", where=error.where, hint=hint) from error


def _has_ended(directory: str) -> bool:
    """Whether there is no host agent, or soon is none."""
    deadline = time.monotonic() + _LEAVE
    while processes.host_agent_pid(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
