"""One life of a reverse-sshfs mount: what is heard from the guest and from the server until one of them ends."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Callable

from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.words import Words, lines

#: So often in a row a mount may be refused before it counts as failed.
ENOUGH = 3
#: Seconds until the guest is ready for it (packages are installed there), and then until it is mounted.
_READY_LIMIT = 660.0
_MOUNT_LIMIT = 30.0
#: What is said last comes a little after the end, in seconds.
_LAST_WORDS = 0.2
_SSH_FAILED = 255
#: So many lines of a server are logged. Ours says little, but a guest may have made it say more.
_MOST_TOLD = 100
_OURS = "limavm.sftp: "


class Session:
    """The two ends of a mount: `ssh`, which runs the script of `guestscripts`, and the SFTP `server`."""

    def __init__(
        self, entry: Entry, ssh: Process, server: Process, mark: str, here: Callable[[], object] = lambda: None
    ) -> None:
        """`here` is called when ssh has logged in."""
        self._entry = entry
        self._ssh = ssh
        self._server = server
        self._mark = mark
        self._here = here
        #: What sshfs said.
        self.words = Words()
        self._server_words = Words()
        self._refusal = ""
        self.was_mounted = False
        self._deadline = asyncio.timeout(None)

    @property
    def refusals(self) -> int:
        """How much speaks against another attempt: 0 when it was mounted or ssh failed, `ENOUGH` after a clear no."""
        if self.was_mounted:
            return 0
        if self._refusal:
            return ENOUGH
        status = self._ssh.returncode
        return int(status is None or 0 <= status < _SSH_FAILED)

    async def ended(self) -> str:
        """Return when it has ended, and why. The entry is told when it is mounted."""
        assert self._ssh.stderr is not None
        assert self._server.stderr is not None
        hearing = [
            asyncio.create_task(self._hear(self._ssh.stderr)),
            asyncio.create_task(self._hear_server(self._server.stderr)),
        ]
        ends = [asyncio.create_task(child.wait()) for child in (self._ssh, self._server)]
        try:
            async with asyncio.timeout(_READY_LIMIT) as self._deadline:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(hearing, timeout=_LAST_WORDS)
        except TimeoutError:
            return self._with("sshfs has not mounted it in time", self.words)
        finally:
            for task in (*hearing, *ends):
                task.cancel()
            await asyncio.gather(*hearing, *ends, return_exceptions=True)
        return self._reason()

    async def _hear(self, stream: asyncio.StreamReader) -> None:
        async for line in lines(stream):
            if not line.startswith(self._mark):
                self.words.add(line)
                continue
            what, _, rest = line[len(self._mark) :].strip().partition(" ")
            if what == "here":
                self._here()
            elif what == "ready":
                self._deadline.reschedule(asyncio.get_running_loop().time() + _MOUNT_LIMIT)
            elif what == "mounted":
                self.was_mounted = True
                self._deadline.reschedule(None)
                self._entry.mounted()
            elif what == "failed":
                self._refusal = rest

    async def _hear_server(self, stream: asyncio.StreamReader) -> None:
        left = _MOST_TOLD
        async for line in lines(stream):
            text = line.removeprefix(_OURS)
            self._server_words.add(text)
            if text and left:
                left -= 1
                self._entry.complaint(text)

    def _reason(self) -> str:
        ssh, server = self._ssh.returncode, self._server.returncode
        if self._refusal:
            return self._with(self._refusal, self.words)
        if server and ssh is None:
            return self._with(f"the SFTP server has ended with status {server}", self._server_words)
        if ssh is None or ssh == _SSH_FAILED or ssh < 0:
            return self._with("the ssh session has ended", self.words)
        return self._with(f"sshfs has ended with status {ssh}", self.words)

    @staticmethod
    def _with(reason: str, words: Words) -> str:
        said = str(words)
        return f"{reason}: {said}" if said else reason
