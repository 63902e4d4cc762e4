"""Two programs that talk to each other: what each of them says, the other one hears.

Their bytes do not pass through us, so a mount is as fast as they are, and both see the end of the other.
"""

import contextlib
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence

from limavm.host import aprocess


@contextlib.asynccontextmanager
async def wired(first: Sequence[str], second: Sequence[str], prologue: bytes = b"") -> AsyncIterator[list[Process]]:
    """Two children, standard output to standard input both ways; their standard error is a pipe to us.

    The first hears the `prologue` before anything else; it has to fit into a pipe (64 KiB). Both are ended with the
    context.
    """
    async with contextlib.AsyncExitStack() as children:
        with contextlib.ExitStack() as ours:
            hears_first, tells_first = _pipe(ours)
            hears_second, tells_second = _pipe(ours)
            os.write(tells_first, prologue)
            one = await aprocess.start(first, stdin=hears_first, stdout=tells_second, stderr=PIPE)
            await children.enter_async_context(aprocess.ended(one))
            two = await aprocess.start(second, stdin=hears_second, stdout=tells_first, stderr=PIPE)
            await children.enter_async_context(aprocess.ended(two))
        yield [one, two]


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends
