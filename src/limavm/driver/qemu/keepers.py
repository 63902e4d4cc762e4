"""The processes that keep virtiofs shares served (`limavm.virtiofs`): started, listened to, ended.

Each outlives the host agent and tells on a socket how it is; that socket in the instance directory is all that a later
host agent needs to find it.
"""

import asyncio
import contextlib
import glob
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from limavm.driver import ShareRefusedError
from limavm.driver.qemu import fsdevices, virtiofsd
from limavm.driver.qemu.helpers import Helper
from limavm.host.aside import Aside
from limavm.model.machine import Machine, Share
from limavm.model.value import Sparse

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds until a keeper that was told to end has ended its daemon.
_ENDED = 5.0
#: Seconds for a directory that may be on a dead network drive, and for programs that are asked.
_LOOK = 40.0
_LINE = 1 << 16
_STATUS = re.compile(r"virtiofsd-(\d+)\.status")


class State(Sparse, frozen=True, kw_only=True):
    """What the keeper of a share tells."""

    share: Share
    #: Whether QEMU is connected, and a daemon runs.
    connected: bool = False
    serving: bool = False
    #: Whether the guest has to begin anew with it, because the daemon has died.
    stale: bool = False
    deaths: int = 0
    reason: str = ""
    pid: int = 0

    @property
    def needs_help(self) -> bool:
        """Whether the device has to be taken out and put in again."""
        return self.stale or not self.connected


class Keepers:
    """Those of one machine, by the index of their share."""

    def __init__(
        self,
        machine: Machine,
        helper: Callable[[int, Share], Helper],
        start: Callable[[Helper], Awaitable[None]],
    ) -> None:
        """`helper` says what serves a share at an index, `start` starts it and waits for its socket."""
        self._machine = machine
        self._helper = helper
        self._start = start
        self._looks = Aside("looks at shares")

    def indices(self) -> list[int]:
        """The shares that somebody keeps."""
        names = map(os.path.basename, glob.glob(f"{glob.escape(self._machine.directory)}/virtiofsd-*.status"))
        return sorted(int(match[1]) for name in names if (match := _STATUS.fullmatch(name)))

    async def start(self, index: int, share: Share) -> None:
        """Start one; raises UserError and OSError."""
        await self._start(await self.look(lambda: self._helper(index, share), share))

    async def look(self, look: Callable[[], T], share: Share) -> T:
        """What is found out by waiting: for a directory, or for programs that are asked what they can."""
        try:
            return await self._looks.call(look, limit=_LOOK)
        except TimeoutError as error:
            raise ShareRefusedError(f"no answer within {_LOOK:g} s", where=share.location) from error

    async def told(self, index: int) -> AsyncIterator[State]:
        """What one tells, until it has ended."""
        path = self._path(index)
        try:
            reader, writer = await _connect(path)
        except OSError as error:
            log.debug("%s: %s", path, error)
            return
        try:
            while line := await reader.readline():
                yield msgspec.json.decode(line, type=State)
        except (OSError, ValueError) as error:
            log.debug("%s: %s", path, error)
        finally:
            writer.close()

    async def end(self, index: int) -> None:
        """End one and its daemon; harmless when there is none."""
        with contextlib.suppress(OSError):
            reader, writer = await _connect(self._path(index))
            writer.write(b"end\n")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ENDED):
                    await reader.read()  # it hangs up when it is gone
            writer.close()

    def _path(self, index: int) -> str:
        return virtiofsd.status_path(fsdevices.socket_path(self._machine, index))


async def _connect(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if sys.platform == "win32":
        raise OSError("unix sockets")
    return await asyncio.open_unix_connection(path, limit=_LINE)
