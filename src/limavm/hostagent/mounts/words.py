"""What a child says on standard error: lines, of which the end is kept, however many there are."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from limavm.model.printable import printable

_LONGEST = 4096
_LINES = 5


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """The lines that come; of one that is too long, the end."""
    begun = b""
    while part := await stream.read(_LONGEST):
        *ends, begun = (begun + part).split(b"\n")
        begun = begun[-_LONGEST:]
        for end in ends:
            yield end[-_LONGEST:].decode(errors="replace").strip()
    if begun:
        yield begun.decode(errors="replace").strip()


class Words:
    """The last lines of a child."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=_LINES)

    def add(self, line: str) -> None:
        """One line more."""
        if line:
            self._last.append(printable(line))

    def __str__(self) -> str:
        return "; ".join(self._last)
