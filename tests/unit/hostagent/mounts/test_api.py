"""`/v1/mounts` over the socket, with the client that commands use."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.hostagent import client
from limavm.hostagent.api import serving
from limavm.hostagent.mounts.api import add_action, mounts_handler, remove_action
from limavm.model.config import Mount
from limavm.model.mount import MountPhase, MountState

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

STATE = MountState(location="/a", mount_point="/m", writable=False, type="9p", phase=MountPhase.MOUNTED)
ODD = "/mnt/a b&c=%\N{LATIN SMALL LETTER E WITH ACUTE}+#?"


class Board:
    """Mounts that are only listed."""

    def __init__(self) -> None:
        self.listed = [STATE]
        self.change = asyncio.Event()
        self.removed: list[tuple[str, bool]] = []

    def states(self) -> list[MountState]:
        return self.listed

    async def changed(self) -> None:
        await self.change.wait()

    async def add(self, mount: Mount) -> MountState:
        if mount.mount_point == "/usr":
            raise UserError("cannot be /usr", hint="take another one")
        state = MountState(location=mount.location, mount_point=mount.mount_point, writable=True, type="9p")
        self.listed = [*self.listed, state]
        self.change.set()
        return state

    async def remove(self, mount_point: str, *, force: bool = False) -> None:
        if mount_point == "/busy" and not force:
            raise UserError("/busy is used in the guest by sh (PID 7)")
        self.removed.append((mount_point, force))


@contextlib.asynccontextmanager
async def served(path: Path) -> AsyncIterator[tuple[str, Board]]:
    board, socket = Board(), str(path / "ha.sock")
    actions = {("POST", "/v1/mounts"): add_action(board), ("DELETE", "/v1/mounts"): remove_action(board)}
    async with serving(socket, {"/v1/mounts": mounts_handler(board)}, actions), asyncio.timeout(30):
        yield socket, board


async def ask(socket: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_the_list_is_read_once_and_again_at_each_change(tmp_path: Path) -> None:
    async with served(tmp_path) as (socket, _):
        assert await asyncio.to_thread(client.mounts, socket) == (STATE,)
        watched = client.watch_mounts(socket)
        assert await asyncio.to_thread(next, watched) == (STATE,)
        await asyncio.to_thread(client.add_mount, socket, Mount(location="/b", mount_point=ODD))
        assert [state.mount_point for state in await asyncio.to_thread(next, watched)] == ["/m", ODD]
        watched.close()


async def test_a_mount_is_added_and_a_refusal_keeps_its_reason_and_its_hint(tmp_path: Path) -> None:
    async with served(tmp_path) as (socket, _):
        state = await asyncio.to_thread(client.add_mount, socket, Mount(location="/b", mount_point=ODD, writable=True))
        with pytest.raises(UserError) as refused:
            await asyncio.to_thread(client.add_mount, socket, Mount(location="/b", mount_point="/usr"))

    assert (state.location, state.mount_point) == ("/b", ODD)
    assert (refused.value.message, refused.value.hint) == ("cannot be /usr", "take another one")


async def test_a_mount_is_removed_by_its_name_whatever_that_is(tmp_path: Path) -> None:
    async with served(tmp_path) as (socket, board):
        await asyncio.to_thread(client.remove_mount, socket, ODD)
        with pytest.raises(UserError, match=r"used in the guest by sh"):
            await asyncio.to_thread(client.remove_mount, socket, "/busy")
        await asyncio.to_thread(lambda: client.remove_mount(socket, "/busy", force=True))

    assert board.removed == [(ODD, False), ("/busy", True)]


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST /v1/mounts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (b"POST /v1/mounts HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\xff\xfe{", b"400"),
        (b"POST /v1/mounts HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"POST /v1/mounts HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999, b"413"),
        (b"DELETE /v1/mounts HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"DELETE /v1/mounts?mountPoint=/m&force=maybe HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"PUT /v1/mounts HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"GET /v1/mounts?watch=maybe HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    ],
)
async def test_requests_that_make_no_sense(request_text: bytes, status: bytes, tmp_path: Path) -> None:
    async with served(tmp_path) as (socket, board):
        answer = await ask(socket, request_text)

    assert answer.split()[1] == status
    assert board.listed == [STATE]
