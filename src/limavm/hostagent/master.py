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
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from limavm.host import aprocess
from limavm.hostagent.banner import wait_for_banner
from limavm.hostagent.race import undisturbed
from limavm.model.value import Value
from limavm.ssh.mux import Mux, MuxError
from limavm.ssh.options import no_master, option_args

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
#: A guest that was hard-reset never answers: give up the dead connection after three of these, in seconds.
_ALIVE_INTERVAL = 20
_CONNECTED = b"connected"
#: Seconds for a login. Until then ssh does not notice that its guest is gone, and sshd gives up after two minutes.
_LOGIN_LIMIT = 150.0
#: Bytes of what a master says that are kept.
_LAST_WORDS = 4096
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
        self._given_up = asyncio.Event()
        self._leaving = False

    def on_change(self, callback: Callable[[bool], object]) -> None:
        """Call `callback` with True when a master is connected, with False when it has ended."""
        self._callbacks.append(callback)

    def leave(self) -> None:
        """The guest is shut down: that it says goodbye is no news."""
        self._leaving = True

    def reconnect(self) -> None:
        """Give up a master whose guest went away without a word; another one is started at once."""
        self._given_up.set()

    async def supervise(self) -> None:
        """Keep a master connected until cancelled, then let it exit."""
        pause = _FIRST_PAUSE
        while True:
            lasted = await self._foreign_master() or await self._own_master()
            if self._given_up.is_set():
                # Whoever is not our child holds the ports of the host that it forwards, and would for a minute.
                with contextlib.suppress(MuxError):
                    await Mux(self.target.control_path, limit=_ACCEPT_LIMIT).terminate()
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
        log.debug("using the ssh master that listens on %s", self.target.control_path)
        self._given_up.clear()
        await self._unless_given_up(self._use(*opened))
        return True

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        with self._connection():
            await _until_it_hangs_up(reader, writer)
        return True

    async def _own_master(self) -> bool:
        """Run one master to its end; whether it ever was connected."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.target.control_path)
        await wait_for_banner(self.target.address, self.target.port)
        self._given_up.clear()  # whatever went away before has not said this banner
        async with self._started() as child:
            return await self._unless_given_up(self._until_it_ends(child))

    async def _until_it_ends(self, child: asyncio.subprocess.Process) -> bool:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            async with asyncio.timeout(_LOGIN_LIMIT):
                line = await child.stdout.readline()
        except TimeoutError:
            log.debug("ssh did not connect within %g s", _LOGIN_LIMIT)
            return False
        if not line.startswith(_CONNECTED):
            words = await _last_words(child.stderr)
            log.debug("ssh did not connect: %s", words.decode(errors="replace").strip())
            return False
        log.debug("the ssh master is connected")
        with self._connection():
            await self._until_either_ends(child)
        log.log(logging.DEBUG if self._leaving else logging.INFO, "the ssh master has ended; starting it again")
        return True

    async def _until_either_ends(self, child: asyncio.subprocess.Process) -> None:
        """Until our ssh ends, or whoever takes orders on the control socket.

        An ssh that finds the socket taken goes on without one, so a shell that came first holds the forwards, and takes
        them with it.
        """
        assert child.stdout is not None
        assert child.stderr is not None
        opened = await open_unix(self.target.control_path)
        others = [_until_it_hangs_up(*opened)] if opened else []
        await undisturbed(_last_words_of(child.stdout, child.stderr), *others)

    async def _unless_given_up(self, use: Coroutine[Any, Any, bool]) -> bool:
        """What `use` of a master returns; True when `reconnect` cuts it short."""
        lasted = await undisturbed(use, self._given_up.wait())
        return True if lasted is None else lasted

    @contextlib.asynccontextmanager
    async def _started(self) -> AsyncIterator[asyncio.subprocess.Process]:
        extra = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-o", f"ServerAliveInterval={_ALIVE_INTERVAL}"]
        extra += ["-o", "PermitLocalCommand=yes", "-o", f"LocalCommand=echo {_CONNECTED.decode()}", "-N", "-T"]
        # ssh takes the first value of an option, so ours stand before those of the configuration.
        argv = self.target.argv(extra=tuple(extra))
        child = await aprocess.start(argv[: argv.index("--")])
        async with aprocess.ended(child):
            yield child


async def _last_words(stream: asyncio.StreamReader) -> bytes:
    """The end of what comes, when nothing follows any more.

    A master complains of every connection that the guest refuses, so most of it is forgotten.
    """
    words = b""
    while part := await stream.read(_LAST_WORDS):
        words = (words + part)[-_LAST_WORDS:]
    return words


async def _last_words_of(*streams: asyncio.StreamReader) -> None:
    await asyncio.gather(*map(_last_words, streams))


async def _until_it_hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await _last_words(reader)
    except OSError as error:
        log.debug("the ssh master that was there has ended: %s", error)
    finally:
        writer.close()


async def open_unix(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the process that listens on the unix socket `path`; None when there is none."""
    if sys.platform == "win32":  # Python has no unix sockets there, and its ssh no control master
        return None
    try:
        async with asyncio.timeout(_ACCEPT_LIMIT):
            return await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError):
        return None
