"""The side of the guest: the program of `peer` there, asked over ssh."""

import contextlib
import json
import shlex
import socket
from collections.abc import Iterator
from importlib.resources import files
from io import BufferedRWPair
from typing import Any, Protocol, TypeVar

import msgspec

from limavm.errors import UserError
from limavm.host import process
from limavm.host.clock import monotonic
from limavm.seed.scripts import guest_file

T = TypeVar("T")

#: Of a failure so many characters are told.
_LONGEST_TEXT = 2000
#: An answer is a line; that of a directory of the rounds has far less than this.
_LONGEST_ANSWER = 4 << 20
_PIECE = 1 << 16
#: The program comes on standard input, its length first; requests follow.
_READ_PROGRAM = (
    "import sys; source = sys.stdin.buffer; "
    "exec(compile(source.read(int(source.readline())), 'verify', 'exec'), {'__name__': '__main__'})"
)
_NO_PYTHON = 97
#: Seconds for one request: a megabyte or so, through a mount of a busy emulated guest.
_PATIENCE = 120.0


class GuestError(UserError):
    """The guest could not do what it was asked for; `code` is the name of the error number, such as `EACCES`."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class _Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The other answer."""

    error: str
    code: str = ""
    path: str = ""


def converted(reply: object, kind: type[T]) -> T:
    """What a guest has said, as what it is to be; raises GuestError when it is something else."""
    try:
        return msgspec.convert(reply, kind)
    except msgspec.ValidationError as error:
        raise GuestError(f"the program in the guest speaks nonsense: {error}") from error


class Requester(Protocol):
    """The side that is asked."""

    def ask(self, request: dict[str, Any]) -> Any:
        """The answer to a request of `peer.answer`; raises GuestError."""


def command(*, root: bool) -> str:
    """What the login shell of the guest runs; with `root` by sudo, where the user may not write."""
    run = f'exec {"sudo -n " if root else ""}"$python" -IS -c {shlex.quote(_READ_PROGRAM)}'
    script = f'{guest_file("util/find_python.sh").decode()}\n[ -n "$python" ] || exit {_NO_PYTHON}\n{run}\n'
    return shlex.join(["sh", "-c", script])


class Peer:
    """The program in the guest while it runs."""

    def __init__(self, stream: BufferedRWPair, patience: float = _PATIENCE) -> None:
        """`patience`: seconds for a whole answer."""
        self._stream = stream
        self._patience = patience
        program = files("limavm.instance.verify").joinpath("peer.py").read_bytes()
        self._send(b"%d\n" % len(program) + program)

    def ask(self, request: dict[str, Any]) -> Any:
        """The answer to a request; raises GuestError, also when the guest has gone away."""
        self._send(json.dumps(request).encode() + b"\n")
        try:
            reply = json.loads(self._line())
        except OSError as error:
            raise GuestError(f"the guest does not answer: {error}") from error
        except (ValueError, RecursionError) as error:
            raise GuestError("the program in the guest has ended, or speaks nonsense") from error
        if isinstance(reply, dict) and "answer" in reply:
            return reply["answer"]
        failure = converted(reply, _Failure)
        where = f"{failure.path}: " if failure.path else ""
        raise GuestError(f"in the guest: {where}{failure.error}"[:_LONGEST_TEXT], failure.code)

    def _line(self) -> bytes:
        """An answer; the socket limits a single wait, and this all of them: a guest may send a byte a minute."""
        deadline = monotonic() + self._patience
        line = bytearray()
        while len(line) < _LONGEST_ANSWER and (piece := self._stream.read1(_PIECE)):
            line += piece
            if b"\n" in piece:
                break
            if monotonic() > deadline:
                raise TimeoutError("it takes too long for an answer")
        return bytes(line)

    def _send(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except OSError as error:
            raise GuestError(f"the guest cannot be asked: {error}") from error


@contextlib.contextmanager
def asked(argv: list[str], *, patience: float = _PATIENCE) -> Iterator[Peer]:
    """A peer behind a command line, such as `ssh … command()`, for as long as the context lasts.

    Raises GuestError when an answer takes longer than `patience` seconds.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs, process.spawned(argv, stdin=theirs.fileno(), stdout=theirs.fileno()):
        theirs.close()
        ours.settimeout(patience)
        stream = ours.makefile("rwb")
        try:
            yield Peer(stream, patience)
        finally:
            with contextlib.suppress(OSError):  # it flushes what a guest that has gone did not take
                stream.close()
