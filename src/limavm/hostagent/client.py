"""The client of `ha.sock`: blocking, small, and loaded by `list`, so without http.client and asyncio."""

import contextlib
import socket
import sys
from collections.abc import Generator, Iterator
from io import BufferedReader
from typing import TypeVar

import msgspec

from limavm.errors import UserError
from limavm.model.config import Mount
from limavm.model.forward import PortStatus
from limavm.model.mount import MountState
from limavm.model.value import Sparse, Value

_LARGEST_ANSWER = 1 << 20
#: Every port of a guest for both protocols, with what there is to say of each.
_LARGEST_LIST = 32 << 20
_LONGEST_LINE = 1 << 16
#: Lima gives a host agent this long to answer, in seconds (spec/runtime.md 15).
_LIMIT = 3.0
#: A mount may have to wait for packages in the guest, and before that for another one that does (`mounts.turns`).
_MOUNT_LIMIT = 480.0
#: The memory of a machine is written to the disk, or read.
_SNAPSHOT_LIMIT = 1800.0
#: A large display is compressed while the machine runs on.
_PICTURE_LIMIT = 30.0
#: How an agent says that it has understood and cannot do it; the reason is its own.
_REASONS = ("409", "422", "500", "501")


class Info(Sparse, frozen=True, kw_only=True):
    """The answer of `/v1/info`; `state` is ours, Lima's agent leaves it out."""

    auto_started_identifier: str = ""
    ssh_local_port: int = 0
    state: str = ""


class Ports(Value, frozen=True, kw_only=True):
    """The answer of `/v1/ports`, and each line of its stream."""

    ports: tuple[PortStatus, ...]


class Mounts(Value, frozen=True, kw_only=True):
    """The answer of `/v1/mounts`, and each line of its stream."""

    mounts: tuple[MountState, ...]


_List = TypeVar("_List", Ports, Mounts)


class Problem(Sparse, frozen=True, kw_only=True):
    """The answer where there is none."""

    message: str = ""
    hint: str | None = None


class AgentError(UserError):
    """The host agent does not answer, or not as it should."""


def info(path: str, limit: float = _LIMIT) -> Info:
    """What the agent behind the socket `path` says of itself; raises AgentError."""
    with _asked(path, "/v1/info", limit) as (_, answer):
        return msgspec.json.decode(_all(answer, _LARGEST_ANSWER), type=Info)


def ports(path: str, limit: float = _LIMIT) -> tuple[PortStatus, ...]:
    """What the agent forwards; raises AgentError, also for an agent that is too old to tell."""
    with _asked(path, "/v1/ports", limit) as (_, answer):
        return msgspec.json.decode(_all(answer, _LARGEST_LIST), type=Ports).ports


def watch_ports(path: str, limit: float = _LIMIT) -> Generator[tuple[PortStatus, ...], None, None]:
    """The same again at each change, for ever; raises AgentError when the agent has ended."""
    for found in _watched(path, "/v1/ports?watch=true", limit, Ports):
        yield found.ports


def mounts(path: str, limit: float = _LIMIT) -> tuple[MountState, ...]:
    """How the mounts stand; raises AgentError, also for an agent that is too old to tell."""
    with _asked(path, "/v1/mounts", limit) as (_, answer):
        return msgspec.json.decode(_all(answer, _LARGEST_LIST), type=Mounts).mounts


def watch_mounts(path: str, limit: float = _LIMIT) -> Generator[tuple[MountState, ...], None, None]:
    """The same again at each change, for ever; raises AgentError when the agent has ended."""
    for found in _watched(path, "/v1/mounts?watch=true", limit, Mounts):
        yield found.mounts


def add_mount(path: str, mount: Mount, limit: float = _MOUNT_LIMIT) -> MountState:
    """Mount a directory of the host in the guest, now; raises UserError with the agent's reason, AgentError."""
    with _asked(path, "/v1/mounts", limit, method="POST", body=msgspec.json.encode(mount)) as (_, answer):
        return msgspec.json.decode(_all(answer, _LARGEST_ANSWER), type=MountState)


def remove_mount(path: str, mount_point: str, limit: float = _MOUNT_LIMIT, *, force: bool = False) -> None:
    """Take a mount out of the guest; with `force` also one that programs there use, which get errors then.

    Raises UserError with the agent's reason (it is used, and by whom), AgentError.
    """
    target = f"/v1/mounts?mountPoint={_percent(mount_point)}" + "&force=true" * force
    with _asked(path, target, limit, method="DELETE") as (_, answer):
        _all(answer, _LARGEST_ANSWER)


def screenshot(path: str, kind: str, limit: float = _PICTURE_LIMIT) -> bytes:
    """A picture of the display, in the format `kind`; raises UserError with the agent's reason, AgentError."""
    with _asked(path, f"/v1/screenshot?format={kind}", limit) as (_, answer):
        return _all(answer, _LARGEST_LIST)


def snapshots(path: str, limit: float = _SNAPSHOT_LIMIT) -> str:
    """The table of the snapshots, as QEMU prints it; raises UserError with the agent's reason, AgentError."""
    with _asked(path, "/v1/snapshots", limit) as (_, answer):
        return msgspec.json.decode(_all(answer, _LARGEST_ANSWER), type=dict[str, str])["table"]


def change_snapshot(path: str, work: str, tag: str, limit: float = _SNAPSHOT_LIMIT) -> None:
    """Have a snapshot made, applied or removed (`create`, `apply`, `delete`).

    Raises UserError with the agent's reason, AgentError.
    """
    method = {"create": "POST", "apply": "PUT", "delete": "DELETE"}[work]
    with _asked(path, f"/v1/snapshots?tag={_percent(tag)}", limit, method=method) as (_, answer):
        _all(answer, _LARGEST_ANSWER)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogateescape"))


def _watched(path: str, target: str, limit: float, kind: type[_List]) -> Iterator[_List]:
    """The lines of a stream without an end; raises AgentError when it has one."""
    with _asked(path, target, limit) as (connection, answer):
        begun = bytearray()
        for part in answer:
            connection.settimeout(None)  # the first answer came in time; the next comes when something changes
            *ends, last = part.split(b"\n")
            for end in ends:
                yield msgspec.json.decode(begun + end, type=kind)
                begun.clear()
            begun += last
            if len(begun) > _LARGEST_LIST:
                raise ValueError("the answer is too long")
    raise AgentError("the host agent has ended", where=path)


@contextlib.contextmanager
def _asked(
    path: str, target: str, limit: float, *, method: str = "GET", body: bytes = b""
) -> Iterator[tuple[socket.socket, Iterator[bytes]]]:
    """A connection and the body of its answer, part by part.

    What goes wrong until the context ends is raised as AgentError; an agent that answers why not, as UserError.
    """
    try:
        if sys.platform == "win32":
            raise OSError("Python has no unix sockets on Windows")
        request = f"{method} {target} HTTP/1.1\r\nHost: lima-hostagent\r\nConnection: close\r\n"
        if body:
            request += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(limit)
            connection.connect(path)
            connection.sendall(request.encode() + b"\r\n" + body)
            with connection.makefile("rb") as reader:
                yield connection, _body(reader, target)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise AgentError(f"the host agent does not answer: {error}", where=path) from error


def _body(reader: BufferedReader, target: str) -> Iterator[bytes]:
    """The parts of a successful answer.

    Raises OSError, AgentError for a 404, UserError with the agent's reason where it has one, ValueError for all
    but a 200.
    """
    status = b"".join(reader.readline(_LONGEST_LINE).split(b" ", 2)[1:2]).decode("ascii", "replace")
    if status == "404":
        what = target.partition("?")[0]
        raise AgentError(f"the host agent is too old: it knows nothing of {what}", hint="restart the instance")
    chunked = False
    while (line := reader.readline(_LONGEST_LINE)).strip():
        chunked = chunked or line.lower().strip() == b"transfer-encoding: chunked"
    parts = _chunks(reader) if chunked else iter(lambda: reader.read1(_LONGEST_LINE), b"")
    if status == "200":
        return parts
    problem = _problem(parts)
    if status in _REASONS and problem.message:
        raise UserError(problem.message, hint=problem.hint)
    raise ValueError(problem.message or f"status {status or 'missing'} for {target}")


def _problem(parts: Iterator[bytes]) -> Problem:
    """What an answer that is an error says; empty where it says nothing."""
    try:
        return msgspec.json.decode(_all(parts, _LARGEST_ANSWER), type=Problem)
    except msgspec.MsgspecError:
        return Problem()


def _chunks(reader: BufferedReader) -> Iterator[bytes]:
    """The parts of a chunked body: what goes on has one, and Lima's agent, written in Go, may send one."""
    while head := reader.readline(_LONGEST_LINE):
        length = int(head.split(b";")[0], 16)
        if length == 0:
            return
        while length > 0 and (part := reader.read1(min(length, _LONGEST_LINE))):
            length -= len(part)
            yield part
        reader.readline(_LONGEST_LINE)


def _all(parts: Iterator[bytes], most: int) -> bytes:
    answer = bytearray()
    for part in parts:
        answer += part
        if len(answer) > most:
            raise ValueError("the answer is too long")
    return bytes(answer)
