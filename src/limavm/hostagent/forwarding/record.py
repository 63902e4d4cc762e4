"""`forwards.json`: what is open, for the agent that takes over when this one is killed.

Forwards that die with their agent are not in it. It is written beside and renamed, in a thread, and at
most a few times a second; what a storm leaves out, the next agent learns from the openers or not at all.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable

import msgspec

from limavm.host.files import write_atomic
from limavm.model.forward import Forward, Route

log = logging.getLogger(__name__)

_PAUSE = 0.2
#: Bytes a second that are written at most, in the long run: a guest whose ports change without end wears out no disk.
_RATE = 50_000
_OUTLIVE = frozenset({Route.HOSTFWD, Route.SSH})
#: No record of ours is longer.
_LONGEST = 8 << 20


def pause_after(size: int) -> float:
    """Seconds until the file may be written again, when it has so many bytes."""
    return _PAUSE + size / _RATE


class Record:
    """The file; `current` tells what is open."""

    def __init__(self, path: str, current: Callable[[], Iterable[Forward]]) -> None:
        self._path = path
        self._current = current
        self._changed = asyncio.Event()
        self._written: bytes | None = None

    def load(self) -> list[Forward]:
        """What the agent before us has recorded; nothing if there is no such file, or it is damaged."""
        try:
            with open(self._path, "rb") as file:
                return msgspec.json.decode(file.read(_LONGEST), type=list[Forward])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            log.debug("%s is of no use: %s", self._path, error)
            return []

    def changed(self) -> None:
        """What is open has changed: the file follows soon."""
        self._changed.set()

    async def keep(self) -> None:
        """Write the file whenever it is not true any more, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            forwards = [forward for forward in self._current() if forward.route in _OUTLIVE]
            data = msgspec.json.encode(sorted(forwards, key=msgspec.json.encode)) + b"\n"
            if data != self._written:
                await self._write(data)
            await asyncio.sleep(pause_after(len(data)))

    async def _write(self, data: bytes) -> None:
        writing = asyncio.ensure_future(asyncio.to_thread(write_atomic, self._path, data, 0o600))
        try:
            await asyncio.shield(writing)
            self._written = data
        except OSError as error:
            log.debug("what is forwarded could not be recorded: %s", error)
        except asyncio.CancelledError:
            await asyncio.wait({writing})  # a thread cannot be cancelled, and the file may be removed next
            raise

    def remove(self) -> None:
        """Nothing is open any more."""
        self._written = None
        with contextlib.suppress(OSError):
            os.unlink(self._path)
