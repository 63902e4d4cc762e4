"""The guest as seen through ssh: a supervised control master, and a session for scripts over it.

The master is our child (`ssh -N` in the foreground), so it dies with us and is started again when it
ends. It says that it is connected through its LocalCommand, so nothing is polled. A `limactl shell`
that found no master may have become one itself; such a master is used while it lives.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Sequence

from limavm.host import aprocess
from limavm.host.aprocess import Completed
from limavm.model.value import Value
from limavm.ssh.options import no_master, option_args

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
#: A guest that was hard-reset never answers: give up the dead connection after three of these, in seconds.
_ALIVE_INTERVAL = 20
_CONNECTED = b"connected"
#: A banner costs the guest almost nothing to send; one that does not come means sshd is not there yet.
_BANNER_LIMIT = 4.0
_NEXT_PROBE = 1.0
#: Exit status of ssh when it is ssh that failed, not the command.
_SSH_FAILED = 255


class SSHTarget(Value, frozen=True, kw_only=True):
    """How ssh reaches the guest: `options` are `Key=Value` texts in the order of spec/runtime.md 11.2."""

    address: str
    port: int
    options: tuple[str, ...]
    control_path: str


class Guest:
    """Runs scripts in the guest, over the master while there is one."""

    def __init__(self, target: SSHTarget) -> None:
        self.target = target
        self.connected = asyncio.Event()

    def argv(self, *command: str, master: bool = True, extra: Sequence[str] = ()) -> list[str]:
        """The ssh command line that runs `command` in the guest."""
        options = list(self.target.options) if master else no_master(list(self.target.options))
        destination = ["-p", str(self.target.port), self.target.address]
        return ["ssh", *extra, *option_args(options), *destination, "--", *command]

    async def run(self, script: str, *, timeout: float, master: bool = True) -> Completed:
        """Run a shell script in a session of its own; its status is 255 when ssh itself failed.

        Raises TimeoutError after `timeout` seconds.
        """
        return await aprocess.complete(self.argv("/bin/sh", master=master), stdin=script.encode(), timeout=timeout)

    def session(self) -> "Session":
        """A session for many short scripts."""
        return Session(self)

    async def wait_for_banner(self) -> None:
        """Return when an ssh server answers on the port; costs no process and no login.

        A connection that was begun before the guest had a network may be answered late or never, so
        another one is begun beside it after a second.
        """
        probes: set[asyncio.Task[bool]] = set()
        try:
            pause = _FIRST_PAUSE
            while True:
                probes.add(asyncio.create_task(self._banner(), name="ssh banner"))
                done, probes = await asyncio.wait(probes, timeout=_NEXT_PROBE, return_when=asyncio.FIRST_COMPLETED)
                if any(probe.result() for probe in done):
                    return
                if done:
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, _LONGEST_PAUSE / 4)
        finally:
            for probe in probes:
                probe.cancel()
            await asyncio.gather(*probes, return_exceptions=True)

    async def _banner(self) -> bool:
        try:
            async with asyncio.timeout(_BANNER_LIMIT):
                reader, writer = await asyncio.open_connection(self.target.address, self.target.port)
                try:
                    return (await reader.read(4)).startswith(b"SSH-")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    async def supervise_master(self) -> None:
        """Keep a master connected until cancelled, then let it exit."""
        pause = _FIRST_PAUSE
        while True:
            if await asyncio.to_thread(listens, self.target.control_path):
                log.debug("using the ssh master that listens on %s", self.target.control_path)
                self.connected.set()
                await self._outlive_foreign_master()
                lasted = True
            else:
                lasted = await self._master()
            self.connected.clear()
            pause = _FIRST_PAUSE if lasted else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _master(self) -> bool:
        """Run one master to its end; whether it ever was connected."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.target.control_path)
        await self.wait_for_banner()
        async with self._started_master() as child:
            assert child.stdout is not None
            if not (await child.stdout.readline()).startswith(_CONNECTED):
                _, stderr = await child.communicate()
                log.debug("ssh did not connect: %s", stderr.decode(errors="replace").strip())
                return False
            log.debug("the ssh master is connected")
            self.connected.set()
            await child.communicate()
            log.info("the ssh master has ended; starting it again")
            return True

    @contextlib.asynccontextmanager
    async def _started_master(self) -> AsyncIterator[asyncio.subprocess.Process]:
        extra = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-o", f"ServerAliveInterval={_ALIVE_INTERVAL}"]
        extra += ["-o", "PermitLocalCommand=yes", "-o", f"LocalCommand=echo {_CONNECTED.decode()}", "-N", "-T"]
        # ssh takes the first value of an option, so ours stand before those of the configuration.
        argv = self.argv(extra=extra)
        child = await aprocess.start(argv[: argv.index("--")])
        async with aprocess.ended(child):
            yield child

    async def _outlive_foreign_master(self) -> None:
        """Return when a master that is not our child no longer listens."""
        while await asyncio.to_thread(listens, self.target.control_path):
            await asyncio.sleep(_ALIVE_INTERVAL)

    async def exit_master(self) -> None:
        """Ask whatever master there is to exit; harmless without one."""
        if os.path.lexists(self.target.control_path):
            argv = self.argv(extra=["-O", "exit"])
            with contextlib.suppress(TimeoutError):
                await aprocess.complete(argv[: argv.index("--")], timeout=5)


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
                self._guest.argv("/bin/sh"), stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(text)
        await stdin.drain()
        output = await stdout.readuntil(mark)
        return Completed(int(await stdout.readline()), output.removesuffix(mark), b"")


def listens(path: str) -> bool:
    """Whether a process listens on the unix socket `path`."""
    if sys.platform == "win32":  # Python has no unix sockets there, and its ssh no control master
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            return False
        return True
