"""Changes one after the other: who waits knows for what, and not for ever."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from limavm.errors import UserError

#: Seconds. The guest may have to install sshfs for the one before; who asked waits for both (`hostagent.client`).
_PATIENCE = 120.0


class Turns:
    """One change at a time, of the mounts of an instance."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._lock = asyncio.Lock()
        self._doing, self._since = "", 0.0

    @contextlib.asynccontextmanager
    async def turn(self, doing: str) -> AsyncIterator[None]:
        """Have the context for oneself; raises UserError that says what goes on, when that does not come to an end.

        `doing` is what others are told meanwhile, such as `mounting /src`.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError as error:
            raise UserError(
                f"{self._doing} has been going on for {time.monotonic() - self._since:.0f} s, and comes first",
                hint="try again when that is done; `limactl mount INSTANCE` shows how it stands",
            ) from error
        try:
            self._doing, self._since = doing, time.monotonic()
            yield
        finally:
            self._lock.release()
