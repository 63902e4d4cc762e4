"""A host agent that mounts nothing and keeps the books, in a thread, for as long as a test needs it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from limavm.errors import UserError
from limavm.host import pidfile
from limavm.hostagent.api import Actions, Handler
from limavm.hostagent.mounts.api import add_action, mounts_handler, remove_action
from limavm.model.config import Mount
from limavm.model.mount import REVERSE_SSHFS, MountPhase, MountState
from tests.fakes.agentthread import AgentThread


class MountAgent(AgentThread[MountState]):
    """Mounts whatever it is told to, but nothing twice; those in `busy` are taken away by force only."""

    def __init__(self, directory: Path, mounts: Sequence[MountState]) -> None:
        super().__init__(directory, tuple(mounts))
        self.busy: set[str] = set()

    def routes(self) -> dict[str, Handler]:
        """The mounts."""
        return {"/v1/mounts": mounts_handler(self)}

    def actions(self) -> Actions:
        """More of them, and fewer."""
        return {("POST", "/v1/mounts"): add_action(self), ("DELETE", "/v1/mounts"): remove_action(self)}

    def states(self) -> Sequence[MountState]:
        """How they stand."""
        return self.items

    async def add(self, mount: Mount) -> MountState:
        """One more."""
        if mount.mount_point in {state.mount_point for state in self.items}:
            raise UserError(f"{mount.mount_point} is taken", hint="choose another place")
        state = MountState(
            location=mount.location,
            mount_point=mount.mount_point,
            writable=mount.writable,
            type=REVERSE_SSHFS,
            phase=MountPhase.MOUNTED,
            configured=False,
        )
        self.replace((*self.items, state))
        return state

    async def remove(self, mount_point: str, *, force: bool = False) -> None:
        """One less."""
        if mount_point in self.busy and not force:
            raise UserError(f"{mount_point} is in use by vi (PID 7)")
        left = tuple(state for state in self.items if state.mount_point != mount_point)
        if left == self.items:
            raise UserError(f"{mount_point} is no mount")
        self.replace(left)


@contextmanager
def mount_agent(directory: Path, mounts: Sequence[MountState] = ()) -> Iterator[MountAgent]:
    """The agent of the instance in `directory`, with its PID file."""
    with pidfile.held(str(directory / "ha.pid")), MountAgent(directory, mounts) as agent:
        yield agent
