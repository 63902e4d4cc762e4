"""Waits for the first words of an ssh server, which cost the guest almost nothing: no process, no login."""

import asyncio

from limavm.host.clock import monotonic

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.25
#: Seconds for a banner; one that does not come means that sshd is not there yet.
_LIMIT = 4.0
#: Seconds until another connection is begun beside one that is not answered; they grow with the time that has passed.
#: QEMU tries for 75 s to deliver each, and an sshd that is greeted by dozens that never log in refuses us for a while.
_NEXT_PROBE = 1.0
_SLOWER_AFTER = 15.0
_LONGEST_WAIT = 5.0


async def wait_for_banner(address: str, port: int) -> None:
    """Return when an ssh server answers on the port.

    A connection that was begun before the guest had a network may be answered late or never, so
    another one is begun beside it after a second, and later after longer.
    """
    probes: set[asyncio.Task[bool]] = set()
    try:
        pause = _FIRST_PAUSE
        began = monotonic()
        while True:
            probes.add(asyncio.create_task(_is_answered(address, port), name="ssh banner"))
            wait = next_probe(monotonic() - began)
            done, probes = await asyncio.wait(probes, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if any(probe.result() for probe in done):
                return
            if done:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
    finally:
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)


def next_probe(elapsed: float) -> float:
    """Seconds until the next connection, when the first was begun `elapsed` seconds ago."""
    return min(max(_NEXT_PROBE, elapsed / _SLOWER_AFTER), _LONGEST_WAIT)


async def _is_answered(address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_LIMIT):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                return (await reader.read(4)).startswith(b"SSH-")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
