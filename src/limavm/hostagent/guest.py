"""The guest as seen through ssh: scripts, one by one or in a session, over its control master."""

import asyncio
import secrets

from limavm.host import aprocess
from limavm.host.aprocess import Completed
from limavm.hostagent.master import Master, SSHTarget

#: Exit status of ssh when it is ssh that failed, not the command.
_SSH_FAILED = 255


class Guest:
    """Runs scripts in the guest, over the master while there is one."""

    def __init__(self, target: SSHTarget) -> None:
        self.target = target
        self.master = Master(target)

    async def run(self, script: str, *, timeout: float, master: bool = True) -> Completed:
        """Run a shell script in a session of its own; its status is 255 when ssh itself failed.

        Raises TimeoutError after `timeout` seconds.
        """
        return await aprocess.complete(
            self.target.argv("/bin/sh", master=master), stdin=script.encode(), timeout=timeout
        )

    def session(self) -> "Session":
        """A session for many short scripts."""
        return Session(self)


class Session:
    """Runs scripts one after the other in one ssh session: in an emulated guest a session costs a second.

    Standard output and error come together as `stdout`. A session that ends is opened anew for the
    next script; use it as an asynchronous context manager.
    """

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._child: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child:
            async with aprocess.ended(child):
                pass

    async def run(self, script: str, *, timeout: float) -> Completed:
        """Run a shell script; status 255 when the session failed. Raises TimeoutError after `timeout` seconds."""
        mark = f"LIMA-{secrets.token_hex(8)}"
        # The script reaches a shell of its own as a here-document, so it can neither end nor read ours.
        text = f"/bin/sh 2>&1 <<'{mark}'\n{script}\n{mark}\nprintf '\\n%s %d\\n' {mark} $?\n"
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(text.encode(), f"\n{mark} ".encode())
        except TimeoutError:  # an OSError too, so it comes first
            await self._end()
            raise
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            await self._end()
            return Completed(_SSH_FAILED, b"", f"the ssh session failed: {error}".encode())

    async def _exchange(self, text: bytes, mark: bytes) -> Completed:
        if self._child is None:
            self._child = await aprocess.start(
                self._guest.target.argv("/bin/sh"), stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(text)
        await stdin.drain()
        output = await stdout.readuntil(mark)
        return Completed(int(await stdout.readline()), output.removesuffix(mark), b"")
