"""Keeps one shared directory served: gives QEMU's connection a daemon, and another one when that has ended."""

import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

assert sys.platform == "linux"

from limavm.virtiofs.daemon import Daemon, Pace  # noqa: E402 - there is none of it elsewhere
from limavm.virtiofs.session import Session  # noqa: E402 - there is none of it elsewhere
from limavm.virtiofs.wire import ASKS, Lost, Message, Request, number, receive, send  # noqa: E402 - there is none of it elsewhere

#: Seconds until the first QEMU has connected; after that its end is ours.
_FIRST_QEMU = 120.0
#: Starts of a daemon while QEMU waits for an answer; it stands still meanwhile.
_TRIES = 3
_CREDENTIALS = struct.Struct("=iII")


class Order(NamedTuple):
    """The share (told to those who ask, and otherwise not looked at), and how a daemon is started."""

    socket: str
    status: str
    share: object
    #: Whether the daemon finishes requests in any order.
    accounts: bool
    argv: Sequence[str]


class Keeper:
    """One share. `run` returns when QEMU has ended, or when it is told to end."""

    def __init__(self, order: Order) -> None:
        self._order = order
        # Whoever waits for the socket may use both.
        self._status_listener = _listening(order.status)
        self._listener = _listening(order.socket)
        self._files = {path: os.stat(path).st_ino for path in (order.socket, order.status)}
        self._clients: list[socket.socket] = []
        self._qemu: socket.socket | None = None
        self._qemu_process = -1
        self._session = Session()
        self._daemon: Daemon | None = None
        self._pace = Pace()
        self._retry_at: float | None = None
        self._deadline: float | None = time.monotonic() + _FIRST_QEMU
        #: Whether the guest has to begin a new session, how often a daemon has died, and how the last one did.
        self._stale = False
        self._deaths = 0
        self._reason = ""
        self._told = b""
        self._over = False

    def run(self) -> None:
        """Serve until the end."""
        try:
            while not self._over:
                self._turn()
                self._tell()
        finally:
            self._hang_up()
            for path, file in self._files.items():
                # By now another one may have taken the place.
                with contextlib.suppress(OSError):
                    if os.stat(path).st_ino == file:
                        os.unlink(path)

    def _turn(self) -> None:
        poll = select.poll()
        sources: list[socket.socket | int] = [self._listener, self._status_listener, *self._clients]
        sources += [peer for peer in (self._qemu, self._daemon and self._daemon.connection) if peer]
        sources += [self._qemu_process] * (self._qemu_process >= 0)
        for source in sources:
            poll.register(source, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(self._patience())}
        now = time.monotonic()
        if self._qemu_process in ready or (self._deadline is not None and now > self._deadline):
            self._over = True
            return
        self._listen(ready)
        if self._qemu and self._qemu.fileno() in ready:
            self._hear_qemu(self._qemu)
        elif self._daemon and self._daemon.connection.fileno() in ready:
            # It says nothing that it was not asked for.
            self._bury()
            self._retry_at = now + self._pace.next_pause()
        if self._qemu and self._daemon is None and self._retry_at is not None and now >= self._retry_at:
            self._revive_in_time()

    def _patience(self) -> float | None:
        """Milliseconds to wait at most."""
        times = [when for when in (self._deadline, self._retry_at) if when is not None]
        return max(0.0, min(times) - time.monotonic()) * 1000 + 1 if times else None

    def _listen(self, ready: set[int]) -> None:
        if self._listener.fileno() in ready:
            peer, _ = self._listener.accept()
            self._hang_up()
            self._meet(peer)
        if self._status_listener.fileno() in ready:
            client, _ = self._status_listener.accept()
            client.settimeout(1)
            self._clients.append(client)
            self._told = b""
        for client in [one for one in self._clients if one.fileno() in ready]:
            words = b""
            with contextlib.suppress(OSError):
                words = client.recv(64)
            if words.startswith(b"end"):
                self._over = True
            elif not words:
                client.close()
                self._clients.remove(client)

    def _meet(self, qemu: socket.socket) -> None:
        """A new connection: the device is a new one as well, and gets a daemon that knows nothing."""
        self._qemu, self._deadline = qemu, None
        if self._qemu_process < 0:
            pid, _, _ = _CREDENTIALS.unpack(qemu.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
            self._qemu_process = os.pidfd_open(pid)
        self._session = Session(accounts=self._order.accounts)
        self._stale = False
        self._revive_in_time()

    def _hang_up(self) -> None:
        if self._qemu:
            self._qemu.close()
            self._qemu = None
        if self._daemon:
            self._daemon.end()
            self._daemon = None
        self._retry_at = None
        self._session.close()

    def _hear_qemu(self, qemu: socket.socket) -> None:
        try:
            message = receive(qemu)
            begins_anew = self._session.record(message)
            if begins_anew:
                self._begin_anew()
            reply = self._pass_on(message, told=begins_anew)
            if reply:
                send(qemu, self._session.offered(reply), reply=True)
        except Lost as error:
            # QEMU has hung up, or has asked what no daemon could be found to answer.
            _log(f"the connection is closed: {error}")
            self._hang_up()

    def _pass_on(self, message: Message, *, told: bool) -> Message | None:
        """The answer to a message; `told`: the daemon has heard it in a replay."""
        for _ in range(_TRIES):
            try:
                return self._put(message, told=told)
            except Lost as error:
                _log(f"virtiofsd does not answer: {error}")
                self._bury()
                # What a message sets was remembered, so the next daemon is told of it before.
                told = message.request not in ASKS
                time.sleep(self._pace.next_pause())
        raise Lost(f"no virtiofsd has answered: {self._reason}")

    def _put(self, message: Message, *, told: bool) -> Message | None:
        daemon = self._daemon or self._revive()
        if told or message.request not in _KNOWN:
            # Nothing else is asked by a front end that was offered nothing else.
            return number(message.request, 0) if message.need_reply else None
        if message.request != Request.SET_PROTOCOL_FEATURES:
            reply = daemon.ask(message)
        else:
            reply = daemon.ask(self._session.agreed(message)._replace(need_reply=message.need_reply))
            if account := self._session.account():
                daemon.ask(account)
        if reply and message.request == Request.GET_VRING_BASE:
            self._session.stopped(reply)
        return reply

    def _begin_anew(self) -> None:
        """The guest has been reset: neither its session nor what it had asked for is there any more."""
        if self._daemon:
            self._daemon.end()
            self._daemon = None
        self._session.forget_account()
        self._stale = False
        self._revive()

    def _bury(self) -> None:
        """The daemon has ended, or is worth nothing any more."""
        if self._daemon is None:
            return
        status = self._daemon.end()
        self._daemon = None
        self._deaths += 1
        self._stale = self._stale or self._session.is_running
        self._reason = _how(status)
        _log(self._reason)
        self._tell()

    def _revive_in_time(self) -> None:
        self._retry_at = None
        try:
            self._revive()
        except Lost as error:
            self._reason = str(error)
            self._bury()
            self._retry_at = time.monotonic() + max(self._pace.next_pause(), Pace.FIRST)

    def _revive(self) -> Daemon:
        """Start a daemon and tell it what was said; raises Lost."""
        daemon = Daemon(self._order.argv, f"{self._order.socket}.d")
        self._pace.started()
        self._daemon = daemon
        for message in self._session.replay():
            daemon.ask(message)
        self._session.wake()
        return daemon

    def _tell(self) -> None:
        """Tell those who listen how things are, when that is new."""
        words = self._words()
        if words == self._told:
            return
        self._told = words
        for client in self._clients:
            # Who hung up is met again by `_listen`, which reads what was said before.
            with contextlib.suppress(OSError):
                client.sendall(words)

    def _words(self) -> bytes:
        state = {
            "share": self._order.share,
            "connected": self._qemu is not None,
            "serving": self._daemon is not None,
            "stale": self._stale,
            "deaths": self._deaths,
            "reason": self._reason,
            "pid": self._daemon.pid if self._daemon else 0,
        }
        return json.dumps(state).encode() + b"\n"


#: What is passed on; the rest was not offered.
_KNOWN = frozenset(Request) - {Request.SET_INFLIGHT_FD}


def _listening(path: str) -> socket.socket:
    """A socket that has its name only when it listens, for those who wait for the name."""
    new = f"{path}.n"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(new)
    listener.listen(4)
    os.rename(new, path)
    return listener


def _how(status: int | None) -> str:
    if status is None:
        return "virtiofsd has hung up"
    return f"virtiofsd was ended by signal {-status}" if status < 0 else f"virtiofsd has ended (exit status {status})"


def _log(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
