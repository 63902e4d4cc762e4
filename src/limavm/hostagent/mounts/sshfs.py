"""reverse-sshfs: an sshfs in the guest whose other end is a program of ours (spec/runtime.md 9.2).

sshfs runs in an ssh session over the control master; its standard input and output are those of an SFTP server on
the host, which serves that directory and nothing else. When one of the three ends, all of it is started again.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Sequence

from limavm.errors import UserError
from limavm.hostagent.guest import Guest
from limavm.hostagent.mounts import guestscripts, source
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.server import EXTERNAL, server_argv
from limavm.hostagent.mounts.session import ENOUGH, Session
from limavm.hostagent.mounts.wiring import wired
from limavm.model.config import Mount

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
#: How often a directory that is not there is looked for, in seconds: at first, and in the end.
_FIRST_LOOK = 1.0
_LONGEST_LOOK = 10.0
#: sshd allows ten sessions a connection. So many mounts share that of the master, with everything else that uses it;
#: the others have one each.
_THROUGH_MASTER = 5
#: So many of these log in at a time: sshd drops the eleventh that does, and an emulated guest takes a second for each.
_LOGINS = 3
#: Nothing of the user's is forwarded into these sessions, and a guest that never answers is given up.
_SESSION = ("-a", "-x", "-T", "-o", "ServerAliveInterval=20")


class ReverseSSHFS:
    """Keeps mounts of this type. `token` is what the boot scripts write when the guest is ready."""

    def __init__(
        self,
        guest: Guest,
        token: str,
        *,
        server: Callable[[Mount], Sequence[str]] = server_argv,
        inotify: bool = False,
    ) -> None:
        """`inotify`: the guest is told of changes, and looks at once."""
        self._guest = guest
        self._token = token
        self._server = server
        self._logins = asyncio.Semaphore(_LOGINS)
        self._inotify = inotify
        self._is_told = False

    async def keep(self, entry: Entry) -> None:
        """Keep one mounted until cancelled."""
        pause, refusals = _FIRST_PAUSE, 0
        while True:
            await self._guest.master.connected.wait()
            await entry.staying.wait()
            await self._source(entry)
            entry.begins()
            for child in entry.children:
                await child.idle.wait()
            try:
                was_up, reason, refused = await self._session(entry)
            except (OSError, UserError) as error:  # too many processes or files; a program that is missing
                was_up, reason, refused = False, str(error), 1
            pause = _FIRST_PAUSE if was_up else min(pause * 2, _LONGEST_PAUSE)
            refusals = refusals + refused if refused else 0
            if refusals >= ENOUGH:
                entry.failed(reason)
                await self._guest.master.disconnected.wait()
                refusals = 0
            else:
                entry.lost(reason)
            await asyncio.sleep(pause)

    async def _source(self, entry: Entry) -> None:
        """Return when the directory on the host is there."""
        location, look = entry.mount.location, _FIRST_LOOK
        while True:
            try:
                entry.identity = await entry.looks.call(
                    lambda: source.prepared(location, make=not entry.was_mounted), limit=source.LIMIT
                )
                return
            except TimeoutError:
                entry.failed(f"{location} does not answer")
            except source.SourceError as error:
                entry.failed(error.message)
            await asyncio.sleep(look)
            look = min(look * 2, _LONGEST_LOOK)

    async def _session(self, entry: Entry) -> tuple[bool, str, int]:
        """Mount it and return when that has ended: whether it was mounted, why it ended, how much it was refused."""
        mark = f"LIMA-{secrets.token_hex(8)}"
        self._tell_of_server(entry.mount)
        script = guestscripts.loaded(self._script(entry, mark))
        entry.idle.clear()
        login = contextlib.ExitStack()
        try:
            if entry.slot >= _THROUGH_MASTER:
                await self._logins.acquire()
                login.callback(self._logins.release)
            async with wired(self._ssh(entry), self._server(entry.mount), script) as (ssh, server):
                session = Session(entry, ssh, server, mark, login.close)
                reason = await session.ended()
                was_up = session.was_mounted
                entry.lost(reason)  # told before the two are waited for
                entry.nonempty = entry.nonempty or (not was_up and "nonempty" in str(session.words))
                return was_up, reason, session.refusals
        finally:
            login.close()
            entry.idle.set()

    def _ssh(self, entry: Entry) -> list[str]:
        shared = entry.slot < _THROUGH_MASTER
        return self._guest.target.argv(guestscripts.LOADER, master=shared, extra=_SESSION)

    def _script(self, entry: Entry, mark: str) -> str:
        options = guestscripts.sshfs_options(
            writable=entry.mount.writable,
            cache=entry.mount.sshfs.cache,
            follow_symlinks=entry.mount.sshfs.follow_symlinks,
            nonempty=entry.nonempty,
        )
        token, setup = ("", guestscripts.SETUP) if entry.unprepared else (self._token, "")
        forgetful = self._inotify and entry.mount.sshfs.cache and not entry.mount.writable
        return guestscripts.mount_script(
            entry.mount.location, entry.point, options, mark=mark, token=token, setup=setup, forgetful=forgetful
        )

    def _tell_of_server(self, mount: Mount) -> None:
        """Once in a run, where the configuration asks for another one."""
        if mount.sshfs.sftp_driver == EXTERNAL and not self._is_told:
            self._is_told = True
            log.info("sshfs.sftpDriver: mounts are served by limavm's own server, which is confined to the directory")
