"""What the forwarder asks of each way in which bytes can go (`model.forward.Route`)."""

from typing import Protocol, runtime_checkable

from limavm.errors import UserError
from limavm.model.forward import Forward


class ForwardError(UserError):
    """A forward could not be opened or closed; the message says why. Trying again later may help."""


class Opener(Protocol):
    """Opens and closes forwards of one route. The forwarder calls one method at a time for the same forward."""

    @property
    def ready(self) -> bool:
        """Whether forwards can be opened now; the forwarder is told when this changes."""

    async def open(self, forward: Forward) -> None:
        """Open it; returns when the host side listens. Harmless when it is open. Raises ForwardError."""

    async def close(self, forward: Forward) -> None:
        """Close it; harmless when it is not open. Raises ForwardError."""


class RouteLostError(ForwardError):
    """The way itself is gone: nothing is wrong with the forward, which is opened when the way is there again."""


@runtime_checkable
class Recovering(Protocol):
    """An opener that can tell what is open, for an agent that takes over from one that was killed."""

    async def leftovers(self) -> list[Forward]:
        """What is open now, whoever opened it. Raises ForwardError."""
