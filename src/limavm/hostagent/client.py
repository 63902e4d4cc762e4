"""The client of `ha.sock`: blocking, small, and loaded by `list`, so without http.client and asyncio."""

import socket
import sys

import msgspec

from limavm.errors import UserError
from limavm.model.value import Sparse

_LARGEST_ANSWER = 1 << 20
#: Lima gives a host agent this long to answer, in seconds (spec/runtime.md 15).
_LIMIT = 3.0


class Info(Sparse, frozen=True, kw_only=True):
    """The answer of `/v1/info`; `state` is ours, Lima's agent leaves it out."""

    auto_started_identifier: str = ""
    ssh_local_port: int = 0
    state: str = ""


class AgentError(UserError):
    """The host agent does not answer, or not as it should."""


def info(path: str, limit: float = _LIMIT) -> Info:
    """What the agent behind the socket `path` says of itself; raises AgentError."""
    try:
        body = _get(path, "/v1/info", limit)
        return msgspec.json.decode(body, type=Info)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise AgentError(f"the host agent does not answer: {error}", where=path) from error


def _get(path: str, target: str, limit: float) -> bytes:
    """The body of a successful answer; raises OSError, or ValueError for anything but a 200."""
    if sys.platform == "win32":
        raise OSError("Python has no unix sockets on Windows")
    request = f"GET {target} HTTP/1.1\r\nHost: lima-hostagent\r\nConnection: close\r\n\r\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(limit)
        connection.connect(path)
        connection.sendall(request.encode())
        head, _, body = _read_all(connection).partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise ValueError(f"status {b''.join(status).decode('ascii', 'replace') or 'missing'} for {target}")
    return _unchunked(body) if b"transfer-encoding: chunked" in head.lower() else body


def _read_all(connection: socket.socket) -> bytes:
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
        if len(answer) > _LARGEST_ANSWER:
            raise ValueError("the answer is too long")
    return answer


def _unchunked(body: bytes) -> bytes:
    """The content of a chunked body: Lima's agent, written in Go, may send one."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        content, body = content + body[:length], body[length + 2 :]
    return content
