"""A thin client of QEMU's monitor: a few commands, and the events that tell how a machine ends.

Everything that can go wrong on the socket becomes `QMPLost`; what QEMU itself refuses, `QMPRefused`.
Nothing here knows processes. The protocol is that of the QEMU manual ("QMP Reference").
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping

import msgspec
from qemu.qmp import EventListener, ExecuteError, Message, QMPClient, QMPError, Runstate

log = logging.getLogger(__name__)

# The library reports on its own what we handle, and would log every message sent.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)

#: A reply later than this means that QEMU hangs.
_REPLY = 10.0
#: Seconds in which QEMU may read what we have still said to it.
_CLOSE = 1.0
#: The longest line that is read; replies are short, but for the list of the network's connections.
_LINE = 1 << 23


class QMPLost(Exception):  # noqa: N818 - a state of the connection
    """The monitor cannot be reached, went away, or does not speak QMP."""


class QMPRefused(Exception):  # noqa: N818 - an answer
    """QEMU answered a command with an error."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the machine: its name, such as SHUTDOWN, and what belongs to it."""

    name: str
    data: Mapping[str, object] = {}

    @property
    def reason(self) -> str:
        """Why, where QEMU tells."""
        return str(self.data.get("reason") or "")


class Monitor:
    """One connection to a monitor. Made by `connect`, ended by `close`."""

    def __init__(self, client: QMPClient, listener: EventListener) -> None:
        self._client = client
        self._listener = listener

    async def command(self, name: str, arguments: Mapping[str, object] | None = None, limit: float = _REPLY) -> object:
        """The result of a command within `limit` seconds; raises QMPLost and QMPRefused."""
        try:
            async with asyncio.timeout(limit):
                return await self._client.execute(name, arguments)
        except ExecuteError as error:
            raise QMPRefused(f"{name}: {error}") from error
        except TimeoutError as error:
            raise QMPLost(f"{name} was not answered within {limit:g} s") from error
        except (QMPError, OSError, EOFError) as error:
            raise QMPLost(f"{name}: {error or type(error).__name__}") from error

    async def status(self) -> str:
        """What QEMU calls the state of the machine: `running`, `paused`, `internal-error`, …"""
        answer = await self.command("query-status")
        return str(answer.get("status", "")) if isinstance(answer, dict) else ""

    async def human(self, command: str) -> str:
        """What the monitor for people answers to a command, errors as well."""
        return str(await self.command("human-monitor-command", {"command-line": command}))

    async def power_button(self) -> None:
        """Press it once."""
        await self.command("system_powerdown")

    async def reset(self) -> None:
        """Start the machine anew, as its reset button does."""
        await self.command("system_reset")

    async def quit(self) -> None:
        """End QEMU; that its connection goes away is no error."""
        with contextlib.suppress(QMPLost):
            await self.command("quit")

    async def next_event(self) -> Event:
        """The next event, whenever that comes; none comes any more once the connection is lost."""
        return _event(await self._listener.get())

    async def rest(self, timeout: float) -> list[Event]:
        """The events that were not read, once QEMU hung up or `timeout` seconds have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._client.runstate is Runstate.RUNNING:
                    await self._client.runstate_changed()
        return [_event(message) for message in self._listener.clear()]

    async def close(self) -> None:
        """Let go of the connection, soon also when QEMU stands still; harmless when it is lost."""
        # Whatever ended the connection was told to who used it, so nobody asks how this task ends.
        closing = asyncio.create_task(self._client.disconnect(), name="close a monitor")
        try:
            await asyncio.wait({closing}, timeout=_CLOSE)
        finally:
            if not closing.done():  # the library waits until all that we have said is read
                if self._client._writer:
                    self._client._writer.transport.abort()
                closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)


async def connect(path: str, timeout: float) -> Monitor:
    """A connection to the monitor at a socket, within `timeout` seconds; raises QMPLost."""
    client = QMPClient(readbuflen=_LINE)
    listener = EventListener()
    client.register_listener(listener)
    try:
        async with asyncio.timeout(timeout):
            await client.connect(path)
    except TimeoutError as error:
        raise QMPLost(f"{path}: no greeting within {timeout:g} s") from error
    except (QMPError, OSError) as error:
        raise QMPLost(f"{path}: {error}") from error
    except AssertionError:
        # The library asserts that QEMU did not hang up right after the negotiation. When it did, what it
        # said before that is worth reading.
        log.debug("%s: the peer hung up after the negotiation", path)
    return Monitor(client, listener)


def _event(message: Message) -> Event:
    data = message.get("data")
    return Event(name=str(message.get("event")), data=data if isinstance(data, dict) else {})
