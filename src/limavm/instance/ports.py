"""What is forwarded from an instance, for `limactl ports`."""

import os
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.hostagent.client import AgentError, watch_ports
from limavm.hostagent.client import ports as ask_ports
from limavm.instance.running import agent_socket
from limavm.model.forward import PortStatus
from limavm.store import processes


def ports(name: str) -> tuple[PortStatus, ...]:
    """What becomes of what listens in the guest; raises UserError when the instance does not run."""
    return ask_ports(agent_socket(name))


def watch(name: str) -> Iterator[tuple[PortStatus, ...]]:
    """The same again at each change; raises UserError when the instance does not run, or ends."""
    socket = agent_socket(name)
    try:
        yield from watch_ports(socket)
    except AgentError as error:
        if processes.host_agent_pid(os.path.dirname(socket)):
            raise
        hint = f"`limactl list {name}` shows whether the instance runs"
        raise UserError(f"the host agent of {name!r} has ended", where=error.where, hint=hint) from error
