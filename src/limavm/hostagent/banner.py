"""Waits for the first words of an ssh server, which cost the guest almost nothing: no process, no login."""

import asyncio

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.25
#: Seconds for a banner; one that does not come means that sshd is not there yet.
_LIMIT = 4.0
#: Seconds until another connection is begun beside one that is not answered.
_NEXT_PROBE = 1.0


async def wait_for_banner(address: str, port: int) -> None:
    """Return when an ssh server answers on the port.

    A connection that was begun before the guest had a network may be answered late or never, so
    another one is begun beside it after a second.
    """
    probes: set[asyncio.Task[bool]] = set()
    try:
        pause = _FIRST_PAUSE
        while True:
            probes.add(asyncio.create_task(_is_answered(address, port), name="ssh banner"))
            done, probes = await asyncio.wait(probes, timeout=_NEXT_PROBE, return_when=asyncio.FIRST_COMPLETED)
            if any(probe.result() for probe in done):
                return
            if done:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
    finally:
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)


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
