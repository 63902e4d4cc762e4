"""The monitor: commands, events, and peers that are no QEMU."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from limavm.driver.qemu.qmp import Event, QMPLost, QMPRefused, connect
from tests.fakes.qemu import split_messages

if sys.platform == "win32":
    pytest.skip("the fake speaks over a unix socket", allow_module_level=True)

GREETING = {"QMP": {"version": {"qemu": {"major": 8, "minor": 2, "micro": 1}, "package": ""}, "capabilities": ["oob"]}}

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(directory: Path, talk: Talk) -> AsyncIterator[str]:
    """A monitor socket on which `talk` is QEMU; yields its path."""
    path = str(directory / "qmp.sock")

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_unix_server(accepted, path)
    try:
        yield path
    finally:
        server.close()


def send(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(json.dumps(message).encode() + b"\r\n")


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    text = ""
    while chunk := await reader.read(1 << 16):
        found, text = split_messages(text + chunk.decode())
        for message in found:
            yield message


async def negotiate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    send(writer, GREETING)
    assert (await anext(messages(reader)))["execute"] == "qmp_capabilities"
    send(writer, {"return": {}})


async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await negotiate(reader, writer)
    async for message in messages(reader):
        match message["execute"]:
            case "query-status":
                send(writer, {"return": {"status": "paused"}, "id": message["id"]})
            case "system_powerdown":
                send(writer, {"event": "POWERDOWN", "timestamp": {}})
                send(writer, {"return": {}, "id": message["id"]})
            case "quit":
                send(writer, {"event": "SHUTDOWN", "data": {"guest": False, "reason": "host-qmp-quit"}})
                return
            case _:
                send(writer, {"error": {"class": "CommandNotFound", "desc": "what?"}, "id": message["id"]})


async def test_commands_are_answered(tmp_path: Path) -> None:
    async with serving(tmp_path, obey) as path:
        monitor = await connect(path, 5)

        assert await monitor.status() == "paused"
        with pytest.raises(QMPRefused, match=r"teleport: what\?"):
            await monitor.command("teleport")
        await monitor.close()


async def test_events_come_with_their_reason(tmp_path: Path) -> None:
    async with serving(tmp_path, obey) as path:
        monitor = await connect(path, 5)

        await monitor.power_button()
        assert await monitor.next_event() == Event(name="POWERDOWN")
        await monitor.quit()
        assert [(event.name, event.reason) for event in await monitor.rest(5)] == [("SHUTDOWN", "host-qmp-quit")]
        await monitor.close()


async def test_a_command_on_a_lost_connection_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path, negotiate) as path:
        monitor = await connect(path, 5)
        assert await monitor.rest(5) == []

        with pytest.raises(QMPLost, match="query-status"):
            await monitor.status()
        await monitor.quit()
        await monitor.close()
        await monitor.close()


async def test_a_connection_lost_within_a_command_says_so(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await negotiate(reader, writer)
        await anext(messages(reader))

    async with serving(tmp_path, hang_up) as path:
        monitor = await connect(path, 5)

        with pytest.raises(QMPLost):
            await monitor.power_button()
        await monitor.close()


async def test_a_removed_socket_does_not_hurt_a_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, obey) as path:
        monitor = await connect(path, 5)
        os.unlink(path)

        assert await monitor.status() == "paused"
        await monitor.close()


async def test_an_absent_socket_is_a_lost_monitor(tmp_path: Path) -> None:
    with pytest.raises(QMPLost):
        await connect(str(tmp_path / "qmp.sock"), 5)


async def test_a_silent_peer_is_given_up_in_time(tmp_path: Path) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(tmp_path, silence) as path:
        with pytest.raises(QMPLost, match="no greeting"):
            await connect(path, 0.05)


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"{}\r\n",
        b"[1]\r\n",
        b'{"QMP": 1}\r\n',
        b"\xff\xfe\0\r\n",
        b"x" * (3 << 20),
        json.dumps(GREETING).encode() + b"\r\n{\r\n",
        json.dumps(GREETING).encode() + b'\r\n{"error": {}}\r\n',
    ],
)
async def test_a_peer_that_speaks_something_else_is_refused(tmp_path: Path, noise: bytes) -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(noise)
        await writer.drain()

    async with serving(tmp_path, babble) as path:
        with pytest.raises(QMPLost):
            await connect(path, 5)


async def test_noise_after_the_greeting_ends_the_connection(tmp_path: Path) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await negotiate(reader, writer)
        writer.write(b"no JSON\r\n")
        await reader.read()

    async with serving(tmp_path, babble) as path:
        monitor = await connect(path, 5)
        await monitor.rest(5)

        with pytest.raises(QMPLost):
            await monitor.status()
        await monitor.close()


async def test_an_event_without_data_has_no_reason(tmp_path: Path) -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await negotiate(reader, writer)
        send(writer, {"event": "SHUTDOWN", "data": None})
        send(writer, {"event": "SHUTDOWN", "data": {"reason": None}})
        await reader.read()

    async with serving(tmp_path, odd) as path:
        monitor = await connect(path, 5)

        assert [(await monitor.next_event()).reason for _ in range(2)] == ["", ""]
        await monitor.close()


async def test_a_cancelled_wait_loses_no_event(tmp_path: Path) -> None:
    async with serving(tmp_path, obey) as path:
        monitor = await connect(path, 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await monitor.next_event()

        await monitor.power_button()

        assert (await monitor.next_event()).name == "POWERDOWN"
        await monitor.close()


async def test_a_monitor_that_reads_nothing_is_let_go_in_time(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def stand_still(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await negotiate(reader, writer)
        await ended.wait()

    async with serving(tmp_path, stand_still) as path, asyncio.timeout(20):
        monitor = await connect(path, 5)
        orders = [asyncio.create_task(monitor.human("x" * 60000)) for _ in range(50)]  # more than sockets keep
        await asyncio.sleep(0)
        await monitor.close()
        results = await asyncio.gather(*orders, return_exceptions=True)
        ended.set()

    assert {type(result) for result in results} == {QMPLost}
