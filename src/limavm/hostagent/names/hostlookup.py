"""Asks the host for the addresses of a name as its own programs do: `/etc/hosts`, then getaddrinfo(3).

getaddrinfo takes as long as it likes and cannot be stopped, so it runs in threads: a bounded number, each of which
may hang without hurting but its own question. They are daemons, or the process could not end before they do.
"""

import asyncio
import contextlib
import ipaddress
import logging
import queue
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from limavm.hostagent.names.freshfile import FreshFile

log = logging.getLogger(__name__)

#: Addresses of a name, IPv6 if the second is true. No address: the host does not know it. Blocks; raises OSError.
Lookup = Callable[[str, bool], Sequence[str]]

HOSTS = "/etc/hosts"
THREADS = 16
#: Questions that may wait for a thread.
WAITING = 256


class BusyError(Exception):
    """Every thread is held by a question that does not end, and enough others wait."""


class HostLookup:
    """A pool of threads that look up names. Threads are started when they are needed, and stay."""

    def __init__(self, lookup: Lookup, *, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._lookup = lookup
        self._most = threads
        self._waiting = waiting
        self._free = 0
        self._started = 0
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._lock = threading.Lock()

    async def addresses(self, name: str, *, v6: bool, patience: float) -> Sequence[str]:
        """The addresses of a name; none when the host does not know it.

        Raises BusyError when no thread is free for it within `patience` seconds, OSError when the host cannot tell.
        """
        if self._jobs.qsize() >= self._waiting:
            raise BusyError
        job = _Job(name, v6, asyncio.get_running_loop())
        try:
            self._put(job)
            try:
                async with asyncio.timeout(patience):
                    await job.begun
            except TimeoutError:
                raise BusyError from None
            return await job.done
        finally:
            job.wanted = False

    def _put(self, job: "_Job") -> None:
        with self._lock:
            self._jobs.put(job)
            if self._free < self._jobs.qsize() and self._started < self._most:
                self._started += 1
                threading.Thread(target=self._work, name=f"lookup {self._started}", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._free += 1
            job = self._jobs.get()
            with self._lock:
                self._free -= 1
            if job.wanted:
                job.run(self._lookup)


class _Job:
    """One question on its way through the threads; the futures belong to the loop of the one who asks."""

    def __init__(self, name: str, v6: bool, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.v6 = v6
        self.wanted = True
        self.begun: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[Sequence[str]] = loop.create_future()
        self._loop = loop

    def run(self, lookup: Lookup) -> None:
        self._tell(self.begun, lambda: self.begun.set_result(None))
        try:
            addresses = lookup(self.name, self.v6)
        except (OSError, UnicodeError) as error:  # the latter: a label that IDNA has no form for
            self._fail(error if isinstance(error, OSError) else OSError(str(error)))
        except Exception as error:  # the outer edge of the thread
            log.exception("looking up a name failed")
            self._fail(OSError(str(error)))
        else:
            self._tell(self.done, lambda: self.done.set_result(addresses))

    def _fail(self, error: OSError) -> None:
        self._tell(self.done, lambda: self.done.set_exception(error))

    def _tell(self, future: asyncio.Future[Any], tell: Callable[[], None]) -> None:
        def now() -> None:
            if self.wanted and not future.done():
                tell()

        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(now)


class SystemLookup:
    """The host's own way to find a name's addresses."""

    def __init__(self, hosts: str = HOSTS, ask: Callable[..., Sequence[Any]] = socket.getaddrinfo) -> None:
        self._hosts = FreshFile(hosts, parse_hosts)
        self._ask = ask

    def __call__(self, name: str, v6: bool) -> Sequence[str]:
        """The addresses of a name without its last dot; none when it is not known. Raises OSError."""
        listed = self._hosts.value().get(name, "").split()
        return [address for address in listed if (":" in address) == v6] or self._ask_system(name, v6)

    def _ask_system(self, name: str, v6: bool) -> Sequence[str]:
        family = socket.AF_INET6 if v6 else socket.AF_INET
        try:
            # The dot keeps the host's search domains out of it; glibc does not look into /etc/hosts then.
            found = self._ask(name + ".", None, family, socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in _UNKNOWN:
                return ()
            raise
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        # A link-local address means something on the host's link only.
        return [address for address in addresses if not ipaddress.ip_address(address.partition("%")[0]).is_link_local]


_UNKNOWN = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAIL")
    if hasattr(socket, name)
}


def parse_hosts(text: str) -> Mapping[str, str]:
    """Names, in lower case, and their addresses between blanks, in a text in the format of hosts(5).

    Texts, not lists: a file that blocks names has a hundred thousand of them.
    """
    found: dict[str, str] = {}
    valid: dict[str, bool] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if address not in valid:
            valid[address] = _is_address(address)
        if valid[address]:
            for name in names:
                name = name.lower().removesuffix(".")
                found[name] = f"{found[name]} {address}" if name in found else address
    return found


def _is_address(text: str) -> bool:
    """Whether it is one that means something in the guest, too: without a zone of the host."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
