"""The host's side of the guest agent: keeps a connection, and knows what listens in the guest.

How dead connections are noticed. Over ssh and vsock the guest's end closes ours. Through a serial port of QEMU
it does not: whoever holds the host's socket cannot see that the guest closed the device. There QEMU's event
VSERPORT_CHANGE says so (`port_changed`). Beside that, what goes wrong elsewhere is a hint to ask at once
(`suspect`), and a connection on which nothing was heard for half a minute is pinged.

What was known stays for `GRACE` seconds when the agent is lost, so that forwards survive its restart: a service
is restarted within seconds, in an emulated guest within ten. After that the guest has rebooted or hangs, nothing
listens any more, and the ports of the host are worth more to others. What the agent says first when it is back is
the full list, so a reboot that is quicker than that loses nothing either.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib.exceptions import GRPCError

from limavm.errors import UserError
from limavm.hostagent.guestlink.agentlink import AgentLink, AgentLostError, connect_agent
from limavm.hostagent.guestlink.complaints import Complaints
from limavm.hostagent.guestlink.guestports import GuestPorts
from limavm.hostagent.guestlink.pace import Pace
from limavm.hostagent.guestlink.tunnel import Tunnel, TunnelEnd
from limavm.hostagent.guestlink.tunnelqueue import DIAL_LIMIT, TunnelQueue
from limavm.model.forward import Listener
from limavm.wire.channel import Connect
from limavm.wire.guestservice_pb2 import Event, Inotify, TimeSyncRequest, TimeSyncResponse, TunnelMessage

__all__ = ["AgentLostError", "GuestAgent"]

log = logging.getLogger(__name__)

#: Seconds for which the listeners of an agent that is lost stay.
GRACE = 20.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
#: The longest pause after a connection on which the agent said what it should not.
_PENANCE = 10.0
#: The first answer: QEMU's socket can be connected to before the guest has an agent, so most of the first
#: connections are never answered. Later ones get more time, in case the guest is that slow.
_FIRST_ANSWER = (2.0, 4.0, 8.0, 10.0)
_CALL = 10.0
#: After this time without a word the agent is pinged; a machine that was stopped gets three chances.
_IDLE = 30.0
_PING = 5.0
_PINGS = 3
#: How soon an agent that is suspected must answer.
_SUSPECTED = 1.0
#: Listeners that came and went while the first list was made are in no difference; Lima's agent looks every 3 s.
_SECOND_LOOK = 4.0


class GuestAgent:
    """The agent of one guest. `listeners` is called with everything that listens, whenever that changes."""

    def __init__(
        self,
        connect: Connect,
        *,
        token: str = "",
        listeners: Callable[[frozenset[Listener]], object] = lambda _: None,
        grace: float = GRACE,
        first_answer: Sequence[float] = _FIRST_ANSWER,
        dial_limit: float = DIAL_LIMIT,
    ) -> None:
        self._connect = connect
        self._token = token
        self._listeners = listeners
        self._grace = grace
        self._first_answer = first_answer
        self._complaints = Complaints()
        self._ports = GuestPorts(self._complaints.tell)
        self._link: AgentLink | None = None
        self._connected = asyncio.Event()
        self._again = asyncio.Event()
        self._doubt = asyncio.Event()
        self._events = 0
        self._at_fault = False
        self._forgetting: asyncio.TimerHandle | None = None
        self._callbacks: list[Callable[[bool], object]] = []
        self._tunnels = TunnelQueue(dial_limit)
        #: The agent has answered once.
        self.answered = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the agent answers, as far as is known."""
        return self._connected.is_set() and self._link is not None and not self._link.protocol.lost.is_set()

    async def wait_connected(self) -> None:
        """Return when the agent answers."""
        await self._connected.wait()

    def on_connected(self, callback: Callable[[bool], object]) -> None:
        """Call back with whether the agent is connected, when that changes."""
        self._callbacks.append(callback)

    def port_changed(self, is_open: bool) -> None:
        """The guest has opened or closed its end of the serial port."""
        log.debug("the guest has %s the agent's port", "opened" if is_open else "closed")
        if not is_open:
            self._lose("it has closed its port")
        elif self.connected:
            self.suspect()
        self._again.set()

    def suspect(self) -> None:
        """Something hints that the agent may be gone, or back: look at once."""
        self._doubt.set()
        self._again.set()

    def open_tunnel(self, first: TunnelMessage, end: TunnelEnd) -> Tunnel:
        """A tunnel through the connection that is there, or will be there within ten seconds."""
        return self._tunnels.open(first, end)

    def abandon_tunnel(self, tunnel: Tunnel) -> None:
        """End a tunnel at once, in both directions, whether it has started or not."""
        self._tunnels.abandon(tunnel)

    async def round_trip(self) -> float:
        """Seconds until a ping comes back; raises AgentLostError."""
        link = self._current()
        began = time.monotonic()
        if not await link.protocol.ping(_CALL):
            raise AgentLostError("the guest agent does not answer a ping")
        return time.monotonic() - began

    async def sync_time(self, host_time_ns: Callable[[], int]) -> TimeSyncResponse:
        """Have the guest set its clock to the host's; that is asked for when nothing else is to be done.

        Raises AgentLostError.
        """
        link = self._current()

        async def call() -> TimeSyncResponse:
            message = TimeSyncRequest(host_time=_timestamp(host_time_ns()))
            return await link.stub.sync_time(message, metadata=link.metadata)

        return await link.call("SyncTime", call(), _CALL)

    async def inotify(self, changes: Callable[[], Awaitable[tuple[str, int] | None]]) -> None:
        """Tell the guest of files that were changed: a path in the guest, and when, in nanoseconds, until None.

        They are carried out when this returns. Raises AgentLostError; a change that was taken may be lost then.
        """
        link = self._current()

        async def call() -> None:
            try:
                await tell()
            except GRPCError as error:
                if error.message != "EOF":  # the answer of Lima's agent, when it has seen the end
                    raise

        async def tell() -> None:
            async with link.stub.post_inotify.open(metadata=link.metadata) as stream:
                await stream.send_request()
                while (change := await changes()) is not None:
                    path, at = change
                    await stream.send_message(Inotify(mount_path=path, time=_timestamp(at)))
                await stream.end()
                await stream.recv_message()

        await link.call("PostInotify", call(), None)

    async def run(self) -> None:
        """Keep connected until cancelled."""
        try:
            await self._keep_connected()
        finally:
            self._keep_listeners()

    async def _keep_connected(self) -> None:
        pause, unanswered = _FIRST_PAUSE, 0
        while True:
            self._again.clear()
            began = time.monotonic()
            limit = self._first_answer[min(unanswered, len(self._first_answer) - 1)]
            was_answered = await self._one_connection(limit)
            unanswered = 0 if was_answered else unanswered + 1
            lasted = was_answered and time.monotonic() - began > _LONGEST_PAUSE
            pause = _FIRST_PAUSE if lasted else min(pause * 2, _PENANCE if self._at_fault else _LONGEST_PAUSE)
            # The guest must see that the old connection has ended before it sees the new one.
            await asyncio.sleep(_FIRST_PAUSE)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause - _FIRST_PAUSE):
                    await self._again.wait()

    async def _one_connection(self, first_answer: float) -> bool:
        """The life of one connection; whether it was ever answered."""
        was_answered = self._at_fault = False
        try:
            async with asyncio.timeout(_CALL):
                link = await connect_agent(self._connect, self._token)
        except (OSError, UserError) as error:  # TimeoutError is an OSError
            log.debug("the guest agent cannot be connected to: %s", error or "no connection in time")
            return False
        self._link = link
        link.protocol.complaints = self._complaints
        try:
            await self._look(link, first_answer)
            was_answered = True
            self._tell_connected(link)
            await self._follow(link)
        except AgentLostError as error:
            refused = isinstance(error.__cause__, GRPCError)
            self._at_fault = refused or link.protocol.violated
            if refused or was_answered:
                level = logging.WARNING if refused else logging.INFO
                self._complaints.tell("the guest agent is connected to again", error.message, level=level)
            else:
                log.debug("%s", error)
        finally:
            self._tell_lost()
            link.close("the connection is given up")
        return was_answered

    def _tell_connected(self, link: AgentLink) -> None:
        self._complaints.tell("Guest agent is running", level=logging.INFO)
        self._keep_listeners()
        self._doubt.clear()
        self._connected.set()
        self.answered.set()
        self._tunnels.attach(link)
        for callback in self._callbacks:
            callback(True)

    def _tell_lost(self) -> None:
        self._link = None
        self._tunnels.detach()
        if not self._connected.is_set():
            return
        self._connected.clear()
        self._forgetting = asyncio.get_running_loop().call_later(self._grace, self._forget)
        for callback in self._callbacks:
            callback(False)

    def _keep_listeners(self) -> None:
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None

    def _forget(self) -> None:
        self._forgetting = None
        if self._ports.clear():
            log.info("the guest agent is gone since %g s: what listened in the guest is forgotten", self._grace)
            self._listeners(self._ports.listeners)

    async def _look(self, link: AgentLink, timeout: float) -> None:
        """Take the full list, unless differences came while it was made: then it may be older than they are."""
        for _ in range(_PINGS):
            events = self._events
            info = await link.call("GetInfo", link.stub.get_info(Empty(), metadata=link.metadata), timeout)
            if events == self._events:
                break
        else:
            return
        if self._ports.replace(info):
            self._listeners(self._ports.listeners)

    async def _follow(self, link: AgentLink) -> None:
        """Apply differences until the agent is lost; raises AgentLostError then."""
        # No TaskGroup: one whose task fails while it is itself cancelled forgets, in Python 3.11, the latter.
        tasks = [
            asyncio.create_task(link.call("GetEvents", self._take_events(link), None), name="guest events"),
            asyncio.create_task(self._look_again(link), name="second look"),
            asyncio.create_task(self._doubt_it(link), name="guest agent's pings"),
            asyncio.create_task(_end(link), name="end of the connection"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ends:
            if isinstance(error, Exception):
                raise error

    async def _take_events(self, link: AgentLink) -> None:
        """Apply differences. An agent that tells without end is read at a pace that leaves us most of the time."""
        async with link.stub.get_events.open(metadata=link.metadata) as stream:
            await stream.send_message(Empty(), end=True)
            pace = Pace(time.monotonic())
            async for event in stream:
                before = time.monotonic()
                self._take(event)
                if (rest := pace.rest(before, time.monotonic())) > 0:
                    await asyncio.sleep(rest)
        raise AgentLostError("the guest agent ended its events")

    def _take(self, event: Event) -> None:
        self._events += 1
        for error in event.errors[:1]:
            self._complaints.tell("the guest agent reports an error", error)
        if self._ports.apply(event):
            self._listeners(self._ports.listeners)

    async def _look_again(self, link: AgentLink) -> None:
        await asyncio.sleep(_SECOND_LOOK)
        await self._look(link, _CALL)

    async def _doubt_it(self, link: AgentLink) -> None:
        """Raise AgentLostError when the agent does not answer a ping."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IDLE):
                    await self._doubt.wait()
            suspected = self._doubt.is_set()
            self._doubt.clear()
            if not suspected and time.monotonic() - link.protocol.heard < _IDLE:
                continue
            for _ in range(_PINGS):
                if await link.protocol.ping(_SUSPECTED if suspected else _PING):
                    break
            else:
                raise AgentLostError("the guest agent does not answer any more")

    def _lose(self, why: str) -> None:
        if self._link is not None:
            self._link.protocol.abort(why)

    def _current(self) -> AgentLink:
        if self._link is None or not self.connected:
            raise AgentLostError("the guest agent is not connected")
        return self._link


async def _end(link: AgentLink) -> None:
    await link.protocol.lost.wait()
    raise AgentLostError(f"the guest agent is lost: {link.protocol.why_lost}")


def _timestamp(nanoseconds: int) -> Timestamp:
    seconds, nanos = divmod(nanoseconds, 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)
