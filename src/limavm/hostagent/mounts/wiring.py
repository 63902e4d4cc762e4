"""Two programs that talk to each other: what each of them says, the other one hears.

Their bytes do not pass through us, so a mount is as fast as they are, and both see the end of the other.
"""

import contextlib
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence

from limavm.host import aprocess
from limavm.host.aside import Aside


@contextlib.asynccontextmanager
async def wired(first: Sequence[str], second: Sequence[str], prologue: bytes = b"") -> AsyncIterator[list[Process]]:
    """Two children, standard output to standard input both ways; their standard error is a pipe to us.

    The first hears the `prologue` before anything else, and the second begins when it has taken all of it but what
    fits into a pipe. Both are ended with the context.
    """
    async with contextlib.AsyncExitStack() as children:
        with contextlib.ExitStack() as ours:
            hears_second, tells_second = _pipe(ours)
            with contextlib.ExitStack() as its_end:
                hears_first, tells_first = _pipe(its_end, ours)
                one = await aprocess.start(first, stdin=hears_first, stdout=tells_second, stderr=PIPE)
            await children.enter_async_context(aprocess.ended(one))
            await _tell(tells_first, prologue)
            two = await aprocess.start(second, stdin=hears_second, stdout=tells_first, stderr=PIPE)
            await children.enter_async_context(aprocess.ended(two))
        yield [one, two]


async def _tell(pipe: int, words: bytes) -> None:
    """Write to a child; one that ends instead of reading is its owner's matter.

    A pipe may hold 4 KiB only (fs.pipe-user-pages-soft), so this waits for the child. The thread has a descriptor of
    its own: a cancelled wait leaves it behind until the child is ended.
    """
    own = os.dup(pipe)

    def write() -> None:
        with open(own, "wb", buffering=0) as file, contextlib.suppress(BrokenPipeError):
            left = memoryview(words)
            while left:
                left = left[file.write(left) or 0 :]

    await Aside("what a mount begins with").call(write)


def _pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack | None = None) -> tuple[int, int]:
    """Both ends, and each is closed with its stack."""
    ends = os.pipe()
    for end, stack in zip(ends, (reading, writing or reading), strict=True):
        stack.callback(os.close, end)
    return ends
