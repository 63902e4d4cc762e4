"""The HTTP API on ha.sock: what clients get, and what hostile ones cannot do."""

import asyncio
import contextlib
import errno
import logging
import os
import stat
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from limavm.hostagent.api import Response, Stream, error_response, json_response, serving
from limavm.hostagent.client import AgentError, Info, info

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

ROUTES = {"/v1/info": lambda _query: json_response(Info(ssh_local_port=4022, state="running"))}


async def ask(path: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_the_client_reads_what_the_server_says(tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async with serving(str(path), ROUTES):
        found = await asyncio.to_thread(info, str(path))

    assert found == Info(ssh_local_port=4022, state="running")
    assert not path.exists()


async def test_the_socket_belongs_to_its_owner_alone_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"
    path.write_text("stale")

    async with serving(str(path), ROUTES):
        mode = os.stat(path).st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /v1/info HTTP/1.1", b"200"),
        (b"GET /v1/info?x=1 HTTP/1.1", b"200"),
        (b"POST /v1/info HTTP/1.1", b"405"),
        (b"GET /nothing HTTP/1.1", b"404"),
    ],
)
async def test_status_codes(request_line: bytes, status: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async with serving(str(path), ROUTES):
        answer = await ask(path, request_line + b"\r\nHost: x\r\n\r\n")

    assert answer.split()[1] == status


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(errno.ENOSPC, "No space left on device"), b"No space left"), (KeyError("x"), b"defect")],
)
async def test_what_goes_wrong_in_an_action_is_answered(error: Exception, said: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async def act(_query: str, _body: bytes) -> Response:
        raise error

    async with serving(str(path), {}, {("POST", "/act"): act}):
        answer = await ask(path, b"POST /act HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.split()[1] == b"500"
    assert said in answer


async def test_garbage_and_endless_headers_drop_the_client_and_not_the_server(tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async with serving(str(path), ROUTES):
        for bad in (b"\x00\xff\n\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, b""):
            with contextlib.suppress(ConnectionError):  # dropped while we were still talking
                assert b"200" not in await ask(path, bad)
        answer = await ask(path, b"GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"200" in answer


async def test_a_client_that_is_there_at_the_end_is_hung_up_on_without_a_complaint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ha.sock"

    async def endless() -> AsyncGenerator[bytes, None]:
        yield b"first\n"
        await asyncio.Event().wait()

    async with serving(str(path), {"/watch": lambda _query: Stream(parts=endless())}):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"first\n")
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_error_carries_a_message() -> None:
    assert error_response(501, "cannot").body == b'{"message":"cannot"}'


async def serve_once(path: Path, answer: bytes) -> asyncio.Server:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(handle, str(path))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 500 no\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\nnot json",
        b"HTTP/1.1 200 OK\r\n\r\n[1]",
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (2 << 20),
    ],
)
async def test_an_agent_that_answers_nonsense_is_an_error(answer: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async with await serve_once(path, answer):
        with pytest.raises(AgentError, match="does not answer"):
            await asyncio.to_thread(info, str(path))


async def test_a_chunked_answer_as_go_sends_it_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"
    body = b'12\r\n{"sshLocalPort":22\r\n1\r\n}\r\n0\r\n\r\n'

    async with await serve_once(path, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body):
        found = await asyncio.to_thread(info, str(path))

    assert found.ssh_local_port == 22


async def test_an_agent_that_says_nothing_is_given_up_after_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(silent, str(path)):
        with pytest.raises(AgentError):
            await asyncio.to_thread(info, str(path), 0.05)


def test_a_missing_socket_is_an_agent_error(tmp_path: Path) -> None:
    with pytest.raises(AgentError):
        info(str(tmp_path / "none.sock"))
