"""The supervised ssh control master of one guest: started again whenever it ends, and told about.

The master is our child (`ssh -N` in the foreground), so it dies with us. It says that it is connected
through its LocalCommand, so nothing is polled. A `limactl shell` that found no master may have become
one itself; such a master is used while it lives.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator

from limavm.host import aprocess
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
#: How long a process that listens may take to accept a connection, in seconds.
_ACCEPT_LIMIT = 1.0


class SSHTarget(Value, frozen=True, kw_only=True):
    """How ssh reaches the guest: `options` are `Key=Value` texts in the order of spec/runtime.md 11.2."""

    address: str
    port: int
    options: tuple[str, ...]
    control_path: str

    def argv(self, *command: str, master: bool = True, extra: tuple[str, ...] = ()) -> list[str]:
        """The ssh command line that runs `command` in the guest."""
        options = list(self.options) if master else no_master(list(self.options))
        return ["ssh", *extra, *option_args(options), "-p", str(self.port), self.address, "--", *command]


class Master:
    """The control master of a guest: `supervise` keeps one connected."""

    def __init__(self, target: SSHTarget) -> None:
        self.target = target
        self.connected = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.disconnected.set()
        self._callbacks: list[Callable[[bool], object]] = []
        self._ours: asyncio.Event | None = None

    def on_change(self, callback: Callable[[bool], object]) -> None:
        """Call `callback` with True when a master is connected, with False when it has ended."""
        self._callbacks.append(callback)

    def reconnect(self) -> None:
        """Give up a master whose guest went away without a word; another one is started at once."""
        if self._ours:
            self._ours.set()

    async def supervise(self) -> None:
        """Keep a master connected until cancelled, then let it exit."""
        pause = _FIRST_PAUSE
        while True:
            lasted = await self._foreign_master() or await self._own_master()
            pause = _FIRST_PAUSE if lasted else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def exit(self) -> None:
        """Ask whatever master there is to exit; harmless without one."""
        if os.path.lexists(self.target.control_path):
            argv = self.target.argv(extra=("-O", "exit"))
            with contextlib.suppress(TimeoutError):
                await aprocess.complete(argv[: argv.index("--")], timeout=5)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[None]:
        self.disconnected.clear()
        self.connected.set()
        self._tell(True)
        try:
            yield
        finally:
            self.connected.clear()
            self.disconnected.set()
            self._tell(False)

    def _tell(self, connected: bool) -> None:
        for callback in self._callbacks:
            callback(connected)

    async def _foreign_master(self) -> bool:
        """Outlive a master that is not our child; whether there was one. It hangs up when it ends."""
        opened = await open_unix(self.target.control_path)
        if opened is None:
            return False
        reader, writer = opened
        log.debug("using the ssh master that listens on %s", self.target.control_path)
        with self._connection():
            try:
                while await reader.read(4096):
                    pass
            except OSError as error:
                log.debug("the ssh master that was there has ended: %s", error)
            finally:
                writer.close()
        return True

    async def _own_master(self) -> bool:
        """Run one master to its end; whether it ever was connected."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.target.control_path)
        await self.wait_for_banner()
        async with self._started() as child:
            assert child.stdout is not None
            if not (await child.stdout.readline()).startswith(_CONNECTED):
                _, stderr = await child.communicate()
                log.debug("ssh did not connect: %s", stderr.decode(errors="replace").strip())
                return False
            log.debug("the ssh master is connected")
            with self._connection():
                await self._until_it_ends(child)
            log.info("the ssh master has ended; starting it again")
            return True

    async def _until_it_ends(self, child: asyncio.subprocess.Process) -> None:
        self._ours = asyncio.Event()
        ended = asyncio.create_task(child.communicate(), name="the ssh master ends")
        given_up = asyncio.create_task(self._ours.wait(), name="the ssh master is given up")
        try:
            await asyncio.wait({ended, given_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ours = None
            for task in (ended, given_up):
                task.cancel()
            await asyncio.gather(ended, given_up, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _started(self) -> AsyncIterator[asyncio.subprocess.Process]:
        extra = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-o", f"ServerAliveInterval={_ALIVE_INTERVAL}"]
        extra += ["-o", "PermitLocalCommand=yes", "-o", f"LocalCommand=echo {_CONNECTED.decode()}", "-N", "-T"]
        # ssh takes the first value of an option, so ours stand before those of the configuration.
        argv = self.target.argv(extra=tuple(extra))
        child = await aprocess.start(argv[: argv.index("--")])
        async with aprocess.ended(child):
            yield child

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


async def open_unix(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the process that listens on the unix socket `path`; None when there is none."""
    if sys.platform == "win32":  # Python has no unix sockets there, and its ssh no control master
        return None
    try:
        async with asyncio.timeout(_ACCEPT_LIMIT):
            return await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError):
        return None
