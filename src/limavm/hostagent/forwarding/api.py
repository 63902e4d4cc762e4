"""`/v1/ports`: what is forwarded, once or, with `?watch=true`, again at each change."""

from collections.abc import Awaitable, Callable, Sequence

from limavm.hostagent.api import Handler
from limavm.hostagent.listing import PAUSE, list_handler
from limavm.model.forward import PortStatus


def ports_handler(
    ports: Callable[[], Sequence[PortStatus]], changed: Callable[[], Awaitable[None]], *, pause: float = PAUSE
) -> Handler:
    """The handler of `/v1/ports`; `changed` returns when `ports` gives another list than when it was called."""
    return list_handler("ports", ports, changed, pause=pause)
