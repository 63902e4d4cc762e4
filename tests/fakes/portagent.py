"""A host agent that does nothing but tell of ports, in a thread, for as long as a test needs it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from limavm.host import pidfile
from limavm.hostagent.api import Handler
from limavm.hostagent.forwarding.api import ports_handler
from limavm.model.forward import PortStatus
from tests.fakes.agentthread import AgentThread


class PortAgent(AgentThread[PortStatus]):
    """Its ports change when a test says so; without `ports` it is an agent that knows nothing of them."""

    def __init__(self, directory: Path, ports: Sequence[PortStatus] | None) -> None:
        super().__init__(directory, tuple(ports or ()))
        self._knows = ports is not None

    def routes(self) -> dict[str, Handler]:
        """The ports."""
        return {"/v1/ports": ports_handler(lambda: self.items, self.changed, pause=0)} if self._knows else {}


@contextmanager
def port_agent(directory: Path, ports: Sequence[PortStatus] | None) -> Iterator[PortAgent]:
    """The agent of the instance in `directory`, with its PID file."""
    with pidfile.held(str(directory / "ha.pid")), PortAgent(directory, ports) as agent:
        yield agent
