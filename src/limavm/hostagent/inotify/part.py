"""The watch for files of the host, as a part of the host agent; loaded only if a configuration wants it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from limavm.hostagent.supervise import Part
from limavm.model.mount import MountState

if TYPE_CHECKING:
    from limavm.hostagent.inotify.hostwatch import Agent


def host_watch(mounts: Callable[[], Sequence[MountState]], agent: "Agent") -> Part:
    """What watches the mounts and tells the guest agent, until it is cancelled."""

    async def run() -> None:
        from limavm.hostagent.inotify.hostwatch import HostWatch

        await HostWatch(mounts, agent).run()

    return run
