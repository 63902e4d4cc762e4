"""mmdebstrap as a child process: its output becomes progress, its failure a message."""

import collections
import contextlib
import logging
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from limavm.errors import UserError
from limavm.host import process
from limavm.images.build.progress import Fetched, Needed, Step, parse_progress
from limavm.model.report import Reporter, Transfer

if TYPE_CHECKING:
    from subprocess import Popen  # noqa: TID251 - only named

log = logging.getLogger(__name__)

#: How much of the output explains a failure.
_TAIL = 20
#: Variables that apt honours; everything else of the user's environment stays out of the build.
_KEPT = ("HOME", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


def environment(directory: str) -> dict[str, str]:
    """The environment of the tools; temporary files go to `directory`, since /tmp is often small."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    return {**kept, "PATH": path, "TMPDIR": directory, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def follow(argv: Sequence[str], env: Mapping[str, str], report: Reporter, transfer: Transfer) -> None:
    """Run mmdebstrap to its end, its steps told to `report` and the bytes it fetches to `transfer`.

    Raises UserError with the end of its output when it fails.
    """
    tail: collections.deque[str] = collections.deque(maxlen=_TAIL)
    tell = _Teller(report, transfer)
    with _output(argv, env) as (child, output):
        for line in output:
            log.debug("%s", line.rstrip())
            tail.append(line.rstrip())
            tell.line(line.rstrip())
        status = child.wait()
    if status:
        raise _failure(argv, status, list(tail))


class _Teller:
    """Sums up what is to be fetched, since apt is run several times.

    apt announces packages, not package lists, and the next packages when the last ones are here: so what
    it needs comes on top of what was fetched.
    """

    def __init__(self, report: Reporter, transfer: Transfer) -> None:
        self._report = report
        self._transfer = transfer
        self._fetched = 0

    def line(self, line: str) -> None:
        match parse_progress(line):
            case Step(name=name):
                self._report.info(name)
            case Needed(amount=amount):
                self._transfer.total(self._fetched + amount)
            case Fetched(amount=amount):
                self._fetched += amount
                self._transfer.advance(amount)
            case None:
                pass


@contextlib.contextmanager
def _output(argv: Sequence[str], env: Mapping[str, str]) -> Iterator[tuple["Popen[bytes]", Iterator[str]]]:
    """The child and the lines of both of its streams, in their order."""
    reader, writer = os.pipe()
    with open(reader, encoding="utf-8", errors="replace") as lines, contextlib.ExitStack() as stack:
        try:
            child = stack.enter_context(process.spawned(argv, stdout=writer, stderr=writer, env=env))
        finally:
            os.close(writer)
        yield child, lines


def _failure(argv: Sequence[str], status: int, tail: Sequence[str]) -> UserError:
    """The lines in which mmdebstrap and apt complain, else the last ones."""
    complaints = [line for line in tail if line.startswith(("E: ", "W: ", "Err:", "dpkg: error"))]
    how = f"exit status {status}" if status > 0 else f"killed by signal {-status}"
    text = "\n".join(f"    {line}" for line in complaints or tail)
    return UserError(
        f"mmdebstrap failed ({how}) and said:\n{text}",
        where=shlex.join(argv),
        hint="check that the mirror can be reached and has this suite, or name one: `?mirror=URL`",
    )
