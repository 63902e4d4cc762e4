"""Programs whose output a guest can make.

They get no more memory than they need, nor more time where it is known how much that is.
"""

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence

from limavm.errors import UserError
from limavm.host import process
from limavm.instance.sync.difference import printable

_CHUNK = 64 << 10
#: Of what goes wrong in a guest so many characters are quoted.
_QUOTED = 2000
_NEVER = float("inf")


def answer(argv: Sequence[str], *, most: int, within: float | None = None) -> bytes:
    """Run a program to its end and return its standard output.

    Raises ProcessError for any exit status but 0; UserError when it is missing, writes more than `most` bytes, or
    takes longer than `within` seconds: it is ended then.
    """
    deadline = _NEVER if within is None else time.monotonic() + within
    out, writes_out = socket.socketpair()
    err, writes_err = socket.socketpair()
    with contextlib.ExitStack() as stack:
        for one in (out, err, writes_out, writes_err):
            stack.enter_context(one)
        child = stack.enter_context(process.spawned(argv, stdout=writes_out.fileno(), stderr=writes_err.fileno()))
        writes_out.close()
        writes_err.close()
        try:
            stdout, stderr = _read(out, err, most, deadline)
            if not process.ends(child, min(max(deadline - time.monotonic(), 0), 1e6)):
                raise TimeoutError
        except TimeoutError as error:
            raise UserError(f"the guest has not answered within {within:g} s", where=argv[0]) from error
    if child.returncode:
        raise process.ProcessError(argv, child.returncode, stderr.decode(errors="replace"))
    return stdout


def _read(out: socket.socket, err: socket.socket, most: int, deadline: float) -> tuple[bytes, bytes]:
    """All of both; raises TimeoutError, and UserError when it is too much."""
    kept = {out: bytearray(), err: bytearray()}
    with selectors.DefaultSelector() as selector:
        for one in kept:
            selector.register(one, selectors.EVENT_READ)
        while selector.get_map():
            left = None if deadline == _NEVER else deadline - time.monotonic()
            ready = selector.select(left) if left is None or left > 0 else []
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                one = out if key.fileobj is out else err
                part = b""
                with contextlib.suppress(ConnectionResetError):
                    part = one.recv(_CHUNK)
                if not part:
                    selector.unregister(one)
                kept[one] += part
                if len(kept[one]) > most:
                    raise UserError(f"the guest says more than makes sense: over {most} bytes")
    return bytes(kept[out]), bytes(kept[err])


def quoted(text: str) -> str:
    """The end of what a guest said, on one line, without anything that a terminal would obey."""
    return printable(" ".join(text.split())[-_QUOTED:])
