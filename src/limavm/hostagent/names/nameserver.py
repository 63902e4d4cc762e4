"""The name server of an instance: its own names, then what the host knows, then the host's servers.

It listens on the host's loopback. The guest asks 192.168.5.3, and a redirect in the guest (boot script
09-host-dns-setup) sends that to the host's ports. Rules: spec/runtime.md 10.1. There is no cache: answers live
for 5 seconds in the guest, and the host's resolver has a cache of its own.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

from limavm.errors import UserError
from limavm.hostagent.names.answers import Addresses, Alias, Empty, Forward, LookUp, StaticHosts, decide
from limavm.hostagent.names.desk import Desk
from limavm.hostagent.names.hostlookup import BusyError, HostLookup, Lookup, SystemLookup
from limavm.hostagent.names.listening import ADDRESS, listening
from limavm.hostagent.names.message import (
    NOERROR,
    NXDOMAIN,
    SERVFAIL,
    Query,
    address_reply,
    alias_reply,
    empty_reply,
    rcode_of,
    readdressed,
)
from limavm.hostagent.names.resolvconf import Server, SystemServers
from limavm.hostagent.names.upstream import Upstream

log = logging.getLogger(__name__)

#: Seconds for the host's resolver, and for a thread to be free.
LOOKUP_PATIENCE, THREAD_PATIENCE = 10.0, 1.0

#: How a resolv.conf may call the loopback on which we listen; the C library takes the second for it, too.
_OURSELVES = (ADDRESS, "0.0.0.0")  # noqa: S104 - nothing is bound to it

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class NameServer:
    """Answers a guest's questions. `hosts` are its static names (`answers.hosts_of`), to an address or a name."""

    def __init__(
        self,
        hosts: Mapping[str, str],
        *,
        ipv6: bool,
        lookup: Lookup | None = None,
        servers: Callable[[], tuple[Server, ...]] | None = None,
    ) -> None:
        self._hosts = StaticHosts(hosts)
        for flaw in self._hosts.flaws:
            log.warning("%s", flaw)
        self._ipv6 = ipv6
        self._lookup = HostLookup(lookup or SystemLookup())
        self._upstream = Upstream(servers or SystemServers())
        self._lookups: _Joined[tuple[str, bool], tuple[str, ...] | None] = _Joined()
        self._forwards: _Joined[bytes, bytes | None] = _Joined()

    @contextlib.asynccontextmanager
    async def serving(self, udp_port: int, tcp_port: int, *, insist: bool = True) -> AsyncIterator[None]:
        """Serve on 127.0.0.1 until the context ends; a port 0 is none.

        A port that is taken is tried again each second. Unless `insist`: then OSError is raised.
        """
        ports = (udp_port, tcp_port)
        self._upstream.ourselves = frozenset(Server(host, port) for host in _OURSELVES for port in ports)
        try:
            async with listening(Desk(self), udp_port, tcp_port, insist=insist):
                yield
        finally:
            await self._lookups.close()
            await self._forwards.close()

    def now(self, query: Query) -> bytes | None:
        """The answer, if it is known without asking anybody."""
        match decide(query, self._hosts, ipv6=self._ipv6):
            case Addresses(address=address):
                return address_reply(query, [address])
            case Alias(target=target):
                return alias_reply(query, target)
            case Empty(rcode=rcode):
                return empty_reply(query, rcode)
            case _:
                return None

    async def later(self, query: Query) -> bytes:
        """The answer of the host or of its servers; `SERVFAIL` when they have none in time."""
        match decide(query, self._hosts, ipv6=self._ipv6):
            case LookUp() as wanted:
                try:
                    async with asyncio.timeout(LOOKUP_PATIENCE):
                        addresses = await self._addresses(wanted)
                except TimeoutError:
                    return empty_reply(query, SERVFAIL)
                if addresses:
                    return address_reply(query, addresses)
                return await self._forward(query, known=wanted.known)
            case Forward(known=known):
                return await self._forward(query, known=known)
            case _:
                raise AssertionError("it was answered at once")

    async def _addresses(self, wanted: LookUp) -> tuple[str, ...] | None:
        return await self._lookups.result((wanted.name, wanted.v6), lambda: self._ask_host(wanted))

    async def _ask_host(self, wanted: LookUp) -> tuple[str, ...] | None:
        try:
            return tuple(await self._lookup.addresses(wanted.name, v6=wanted.v6, patience=THREAD_PATIENCE))
        except (BusyError, OSError):
            return None

    async def _forward(self, query: Query, *, known: bool) -> bytes:
        # What is the same but for its ID is asked once; a question that comes back to us in a circle ends here, too.
        reply = await self._forwards.result(query.message[2:], lambda: self._upstream.ask(query))
        if reply is None:
            return empty_reply(query, SERVFAIL)
        if known and rcode_of(reply) == NXDOMAIN:
            # A name of ours exists. Resolvers that hear otherwise do not ask for its address either (RFC 8020).
            return empty_reply(query, NOERROR)
        return readdressed(query, reply)


class _Joined(Generic[K, T]):
    """Work that several wait for is done once."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    async def result(self, key: K, work: Callable[[], Awaitable[T]]) -> T:
        """The result of the work under that key: what is under way already, or new."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(work())
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Drop what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Talkative(NameServer):
    """Tells of each question; a host agent does not, lest its guest fill the host's disk."""

    def now(self, query: Query) -> bytes | None:
        answer = super().now(query)
        if answer is not None:
            _tell(query, answer)
        return answer

    async def later(self, query: Query) -> bytes:
        answer = await super().later(query)
        _tell(query, answer)
        return answer


def _tell(query: Query, answer: bytes) -> None:
    name = b".".join(query.name).decode("ascii", "backslashreplace")
    log.debug("%r, type %d: result %d, %d bytes", name, query.kind, rcode_of(answer), len(answer))


def run(udp_port: int, tcp_port: int, *, ipv6: bool) -> None:
    """Serve names on 127.0.0.1 until a signal ends the process. Raises UserError when a port is taken."""

    async def serve() -> None:
        async with _Talkative({}, ipv6=ipv6).serving(udp_port, tcp_port, insist=False):
            await asyncio.get_running_loop().create_future()

    try:
        asyncio.run(serve())
    except OSError as error:
        raise UserError(
            f"names cannot be served: {error.strerror or error}", where=f"ports {udp_port}, {tcp_port}"
        ) from error
