"""Forwards through the ssh control master, which is told over its socket: no process for a forward.

The master reports its failures to its standard error as well, so one that failed is not asked again
before the kernel says that the port is free. Sockets stay behind on both sides when a forward or its
master ends; they are removed, on the host only while nobody listens (spec/runtime.md 8.5).
"""

import contextlib
import logging
import os
import shlex
from collections.abc import Callable
from typing import Protocol

from limavm.host.aprocess import Completed
from limavm.hostagent.forwarding.hostport import check_host_port
from limavm.hostagent.forwarding.opener import ForwardError, RouteLostError
from limavm.hostagent.forwarding.stalesocket import remove_stale_socket
from limavm.model.forward import Forward
from limavm.model.printable import printable
from limavm.ssh.mux import Forwarding, Mux, MuxError

log = logging.getLogger(__name__)

_DIRECTORY_MODE = 0o750
#: Seconds for a command in the guest.
_GUEST_LIMIT = 15.0


class GuestShell(Protocol):
    """The part of `hostagent.guest.Guest` that is used here."""

    async def run(self, script: str, *, timeout: float) -> Completed:
        """Run a script in the guest; raises TimeoutError."""


class SSHOpener:
    """Opens forwards in the control master that listens on `control_path`."""

    def __init__(self, control_path: str, connected: Callable[[], bool], guest: GuestShell) -> None:
        """`connected` tells whether there is a master."""
        self._mux = Mux(control_path)
        self._connected = connected
        self._guest = guest
        #: What the master has refused: it is not asked again before the place is free.
        self._refused: set[Forward] = set()

    @property
    def ready(self) -> bool:
        """Whether there is a master."""
        return self._connected()

    async def open(self, forward: Forward) -> None:
        """Have the master listen; raises ForwardError, RouteLostError when there is no master."""
        if forward.host.startswith("/"):  # for a reverse one as well: that is where its server is to make the socket
            _make_parent(forward.host)
        if forward in self._refused:
            await self._make_room(forward)
        try:
            await self._ask_to_open(forward)
        except RouteLostError:
            raise
        except ForwardError:
            if forward in self._refused:
                raise
        else:
            self._refused.discard(forward)
            return
        # A socket that an earlier run has left is in the way, or the port is taken. One that the master holds
        # already, because an agent before us had asked for it, was no failure: so that is looked at only now.
        self._refused.add(forward)
        await self._make_room(forward)
        await self._ask_to_open(forward)
        self._refused.discard(forward)

    async def close(self, forward: Forward) -> None:
        """Have the master listen no more, and remove the socket; connections go on."""
        self._refused.discard(forward)
        try:
            await self._mux.close(_forwarding(forward))
        except MuxError as error:
            log.debug("%s was not open, or is not any more: %s", forward.host, error.message)
            if error.lost and self.ready:
                raise RouteLostError(error.message, where=error.where) from error
        if forward.reverse:
            if self.ready:
                await self._remove_in_guest(forward.guest)
        elif forward.host.startswith("/"):
            with contextlib.suppress(ForwardError):  # somebody else's by now
                await remove_stale_socket(forward.host)

    async def _ask_to_open(self, forward: Forward) -> None:
        try:
            await self._mux.open(_forwarding(forward))
        except MuxError as error:
            if error.lost:
                # It may have been heard and not answered.
                with contextlib.suppress(MuxError):
                    await Mux(self._mux.path, limit=1.0).close(_forwarding(forward))
                raise RouteLostError(error.message, where=error.where) from error
            raise ForwardError(error.message, where=forward.host) from error

    async def _make_room(self, forward: Forward) -> None:
        """Remove what is left of an earlier forward; raises ForwardError when somebody uses the place."""
        if forward.reverse:
            await self._remove_in_guest(forward.guest)
        elif forward.host.startswith("/"):
            await remove_stale_socket(forward.host)
        else:
            check_host_port(forward.protocol, forward.host)

    async def _remove_in_guest(self, path: str) -> None:
        try:
            done = await self._guest.run(f"rm -f -- {shlex.quote(path)}", timeout=_GUEST_LIMIT)
        except TimeoutError as error:
            raise RouteLostError("the guest does not answer", where=path) from error
        if done.status:
            words = printable(done.stderr.decode(errors="replace").strip()[:300])
            raise ForwardError(f"the guest's socket cannot be removed: {words}", where=path)


def _forwarding(forward: Forward) -> Forwarding:
    if forward.reverse:
        return Forwarding(listen=forward.guest, connect=forward.host, remote=True)
    return Forwarding(listen=forward.host, connect=forward.guest)


def _make_parent(path: str) -> None:
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, mode=_DIRECTORY_MODE, exist_ok=True)
    except OSError as error:
        message = f"the directory of the socket cannot be made: {error.strerror}"
        raise ForwardError(message, where=directory) from error
