"""The first words of an ssh server."""

import asyncio

from limavm.hostagent.banner import next_probe, wait_for_banner


async def test_a_connection_that_is_never_answered_does_not_delay_the_next() -> None:
    accepted = 0

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        if accepted > 1:
            writer.write(b"SSH-2.0-test\r\n")
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(late, "127.0.0.1", 0)
    async with server, asyncio.timeout(3):
        await wait_for_banner("127.0.0.1", server.sockets[0].getsockname()[1])

    assert accepted == 2


def test_a_guest_that_boots_slowly_is_not_greeted_by_dozens_at_once() -> None:
    assert next_probe(0) == next_probe(15) == 1
    elapsed, begun = 0.0, 0
    while elapsed < 120:
        elapsed += next_probe(elapsed)
        begun += 1

    assert begun < 55
    assert next_probe(60) == 4
    assert next_probe(600) == 5
