"""What is forwarded from an instance, for `limactl ports`."""

from collections.abc import Generator

from limavm.hostagent.client import ports as ask_ports
from limavm.hostagent.client import watch_ports
from limavm.instance.running import agent_socket, until_it_stops
from limavm.model.forward import PortStatus


def ports(name: str) -> tuple[PortStatus, ...]:
    """What becomes of what listens in the guest; raises UserError when the instance does not run."""
    return ask_ports(agent_socket(name))


def watch(name: str) -> Generator[tuple[PortStatus, ...], None, None]:
    """The same again at each change, until the instance is stopped.

    Raises UserError when the instance does not run, or its agent ends in disorder.
    """
    yield from until_it_stops(name, watch_ports(agent_socket(name)))
