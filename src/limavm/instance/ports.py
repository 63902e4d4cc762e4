"""What is forwarded from an instance, for `limactl ports`."""

import os
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent.client import AgentError, watch_ports
from limavm.hostagent.client import ports as ask_ports
from limavm.instance.inspect import inspect
from limavm.model.forward import PortStatus
from limavm.store import processes


def ports(name: str) -> tuple[PortStatus, ...]:
    """What becomes of what listens in the guest; raises UserError when the instance does not run."""
    return ask_ports(_socket(name))


def watch(name: str) -> Iterator[tuple[PortStatus, ...]]:
    """The same again at each change; raises UserError when the instance does not run, or ends."""
    socket = _socket(name)
    try:
        yield from watch_ports(socket)
    except AgentError as error:
        if processes.host_agent_pid(os.path.dirname(socket)):
            raise
        hint = f"`limactl list {name}` shows whether the instance runs"
        raise UserError(f"the host agent of {name!r} has ended", where=error.where, hint=hint) from error


def _socket(name: str) -> str:
    """The socket of the instance's host agent."""
    paths.check_instance_name(name)
    directory = paths.instance_dir(name)
    if not processes.host_agent_pid(directory):
        instance = inspect(name)
        problems = f" ({'; '.join(instance.errors)})" if instance.errors else ""
        raise UserError(
            f"the instance {name!r} is not running: its status is {instance.status.value or 'unknown'}{problems}",
            where=directory,
            hint=f"`limactl start {name}` starts it",
        )
    return os.path.join(directory, paths.HA_SOCK)
