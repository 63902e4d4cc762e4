"""Plugins that turn locators of a scheme of their own into others: `limactl-url-SCHEME REST` (spec/config.md 5.3).

The program gets what stands behind the colon as its only argument and prints the new locator. It may fail,
hang or print anything at all: that costs bounded time and memory, and ends in a sentence about the plugin.
"""

import os
import shlex
from collections.abc import Mapping
from threading import Thread

from limavm.errors import UserError
from limavm.host import process
from limavm.host.plugins import search_path

#: Seconds that a plugin may take: it may have to ask a server.
_TIMEOUT = 60.0
_GRACE = 1.0
#: Seconds that what it has printed may take to arrive, once it has ended.
_ARRIVAL = 0.5
#: Bytes that are kept of what it prints.
_MOST = 64 << 10
_QUOTED = 4000


def ask(program: str, rest: str, *, timeout: float = _TIMEOUT) -> str:
    """The locator that the plugin in the file `program` makes of `rest`.

    Raises UserError when it fails, takes longer than `timeout` seconds, or prints no locator.
    """
    argv = [program, rest]
    status, out, err = _run(argv, {**os.environ, "PATH": search_path()}, timeout)
    if status:
        why = err.decode(errors="replace").strip()[-_QUOTED:]
        how = f"exit status {status}" if status > 0 else f"killed by signal {-status}"
        raise _wrong(argv, f"failed ({how})" + (f": {why}" if why else ""))
    if len(out) > _MOST:
        raise _wrong(argv, f"printed more than {_MOST >> 10} KiB")
    try:
        locator = out.decode().strip()
    except UnicodeDecodeError as error:
        raise _wrong(argv, "printed something that is not UTF-8") from error
    if not locator:
        raise _wrong(argv, "printed nothing")
    if not locator.isprintable():
        raise _wrong(argv, "printed more than one line, or control characters")
    return locator


def _wrong(argv: list[str], what: str) -> UserError:
    name = os.path.basename(argv[0])
    return UserError(f"the plugin {name} {what}", where=shlex.join(argv), hint="it has to print one locator")


def _run(argv: list[str], env: Mapping[str, str], timeout: float) -> tuple[int, bytes, bytes]:
    """Run a program; its exit status, and the beginning of its output and of its standard error."""
    with _Kept() as out, _Kept() as err:
        with process.spawned(argv, stdout=out.write_end, stderr=err.write_end, env=env) as child:
            if not process.ends(child, timeout):
                process.end(child, _GRACE)
                raise _wrong(argv, f"did not end within {timeout:g} s")
        return child.returncode, out.content(), err.content()


class _Kept:
    """A pipe, of which the beginning is kept, and the rest read so that the writer does not wait."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        self._content = bytearray()
        self._reader = Thread(target=self._read, daemon=True)

    def __enter__(self) -> "_Kept":
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def content(self) -> bytes:
        """What was written by those that have ended; nothing is kept after that."""
        self._close()
        return bytes(self._content)

    def _close(self) -> None:
        if self.write_end < 0:
            return
        os.close(self.write_end)
        self.write_end = -1
        # A grandchild that keeps the pipe open is not waited for.
        self._reader.join(_ARRIVAL)

    def _read(self) -> None:
        try:
            while part := os.read(self._read_end, _MOST):
                self._content += part[: _MOST + 1 - len(self._content)]
        finally:
            os.close(self._read_end)
