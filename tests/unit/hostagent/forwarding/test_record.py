"""The record of what is open."""

import asyncio
import contextlib
from pathlib import Path

import msgspec

from limavm.hostagent.forwarding.record import Record, pause_after
from limavm.model.forward import Forward, Route


def forward(port: int, route: Route = Route.SSH) -> Forward:
    return Forward(protocol="tcp", guest=f"127.0.0.1:{port}", host=f"127.0.0.1:{port}", route=route)


@contextlib.asynccontextmanager
async def kept(record: Record):  # type: ignore[no-untyped-def]
    task = asyncio.create_task(record.keep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_dies_with_its_agent_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "forwards.json"
    forwards = [forward(80), forward(81, Route.GRPC), forward(82, Route.HOSTFWD)]
    record = Record(str(path), lambda: forwards)
    async with kept(record):
        record.changed()
        async with asyncio.timeout(10):
            while not path.exists():
                await asyncio.sleep(0.001)

    assert {one.host for one in record.load()} == {"127.0.0.1:80", "127.0.0.1:82"}
    record.remove()
    record.remove()
    assert record.load() == []


async def test_a_write_that_was_under_way_does_not_bring_a_removed_file_back(tmp_path: Path) -> None:
    path = tmp_path / "forwards.json"
    for _ in range(20):
        record = Record(str(path), lambda: [forward(80)])
        async with kept(record):
            record.changed()
            await asyncio.sleep(0)
        record.remove()
        assert not path.exists()


async def test_a_directory_that_is_gone_is_survived(tmp_path: Path) -> None:
    record = Record(str(tmp_path / "gone" / "forwards.json"), lambda: [forward(80)])
    async with kept(record):
        record.changed()
        await asyncio.sleep(0.05)

    assert record.load() == []


async def test_the_file_is_a_list_of_forwards(tmp_path: Path) -> None:
    path = tmp_path / "forwards.json"
    path.write_bytes(msgspec.json.encode([forward(80)]))

    assert Record(str(path), list).load() == [forward(80)]


def test_a_guest_whose_ports_change_without_end_does_not_wear_out_the_disk() -> None:
    assert pause_after(500) < 0.25
    assert 600_000 / pause_after(600_000) < 50_000
