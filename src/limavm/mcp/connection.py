"""A connection to the SFTP server of a guest, which runs behind ssh. Questions that belong together go at once."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import IO

from limavm.errors import UserError
from limavm.host import aprocess
from limavm.mcp import packets

#: Seconds for the answers to what goes at once.
_PATIENCE = 60.0
#: Bytes of what ssh says that a message quotes.
_QUOTED = 2000


class LostError(UserError):
    """The connection has ended, or nothing comes over it any more. A new one may do."""


class Connection:
    """One server. Whoever asks has the connection for itself until all of its answers are there.

    A call that is cancelled or fails half-way makes the connection useless: nobody waits for its answers.
    """

    def __init__(self, child: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._sink, self._source = child.stdin, child.stdout
        self._errors = errors
        self._turn = asyncio.Lock()
        self._number = 0
        self.usable = True

    async def greet(self) -> None:
        """Agree on the version, as the first thing. Raises LostError."""
        with self._whole():
            async with asyncio.timeout(_PATIENCE):
                self._sink.write(packets.HELLO)
                await self._packet()

    async def ask(self, requests: Sequence[packets.Request]) -> list[packets.Answer]:
        """The answers to requests, in their order. Raises LostError."""
        async with self._turn:
            if not self.usable:
                raise LostError("the connection to the guest has ended")
            with self._whole():
                async with asyncio.timeout(_PATIENCE):
                    return await self._answers(requests)

    async def ask_one(self, request: packets.Request) -> packets.Answer:
        """The answer to a request. Raises LostError."""
        return (await self.ask([request]))[0]

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """Of no use any more unless what is done here comes to its end."""
        self.usable = False
        try:
            yield
        except TimeoutError as error:
            raise LostError("the guest does not answer", hint="`limactl list` shows whether it runs") from error
        except (OSError, EOFError, packets.BrokenError) as error:
            self._errors.seek(0)
            said = self._errors.read(_QUOTED).decode(errors="replace").strip()
            raise LostError(f"there is no connection to the guest: {said or error or 'it has ended'}") from error
        self.usable = True

    async def _answers(self, requests: Sequence[packets.Request]) -> list[packets.Answer]:
        first = self._number
        self._number = (first + len(requests)) % (1 << 31)
        for number, request in enumerate(requests, first):
            self._sink.write(request.packet(number))
        answers: dict[int, packets.Answer] = {}
        while len(answers) < len(requests):
            body = await self._packet()
            number = int.from_bytes(body[1:5])
            if number in answers or not first <= number < first + len(requests):
                raise packets.BrokenError("an answer to no question")
            answers[number] = packets.Answer(body[0], body[5:])
        return [answers[number] for number in sorted(answers)]

    async def _packet(self) -> bytes:
        length = int.from_bytes(await self._source.readexactly(4))
        if not 5 <= length <= packets.LONGEST:
            raise packets.BrokenError("what the guest sends is no SFTP")
        return await self._source.readexactly(length)


@contextlib.asynccontextmanager
async def connected(argv: Sequence[str]) -> AsyncIterator[Connection]:
    """A connection over this ssh, which is ended afterwards. Raises LostError when there is none to be had."""
    with tempfile.TemporaryFile() as errors:
        pipe = asyncio.subprocess.PIPE
        child = await aprocess.start(argv, stdin=pipe, stdout=pipe, stderr=errors.fileno())
        async with aprocess.ended(child):
            connection = Connection(child, errors)
            await connection.greet()
            yield connection
