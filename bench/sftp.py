"""The SFTP server of a mount against OpenSSH's, over pipes: bulk data, and how many small requests a second.

The client sends what sshfs does: 64 KiB at a time with a window of requests under way, or one request after the other.
OpenSSH's server is measured in turns with ours where it is installed; the ratio is that of the seconds.
"""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, TypeVar

from measure import Report, in_turns, parser

T = TypeVar("T")

PIECE = 64 << 10
WINDOW = 16
MIB = 1 << 20
#: The mode of what sshfs creates, among the flags of attributes.
CREATED = struct.pack(">II", 4, 0o644)
READ, WRITE_ANEW = 0x01, 0x02 | 0x08 | 0x10


def request(kind: int, number: int, body: bytes) -> bytes:
    """One packet."""
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def text(value: bytes) -> bytes:
    """A string as packets have it."""
    return struct.pack(">I", len(value)) + value


@dataclass
class Connection:
    """A server, and what is read from it."""

    process: subprocess.Popen[bytes]
    sink: IO[bytes]
    source: IO[bytes]

    def send(self, data: bytes) -> None:
        self.sink.write(data)

    def packet(self) -> bytes:
        (length,) = struct.unpack(">I", self.source.read(4))
        return self.source.read(length)

    def call(self, kind: int, body: bytes) -> bytes:
        """What follows the number of the request in the answer, which has to be a good one."""
        self.send(request(kind, 1, body))
        found = self.packet()
        if found[0] == 101 and found[5:9] != bytes(4):
            sys.exit(f"request {kind} failed: {found[9:]!r}")
        return found[5:]

    def open(self, path: bytes, flags: int) -> bytes:
        return self.call(3, text(path) + struct.pack(">I", flags) + CREATED)

    def pipelined(self, requests: list[bytes]) -> None:
        """All of them, with at most a window of them unanswered."""
        window = threading.Semaphore(WINDOW)

        def send() -> None:
            for data in requests:
                window.acquire()
                self.send(data)

        sender = threading.Thread(target=send)
        sender.start()
        for _ in requests:
            found = self.packet()
            if found[0] == 101 and found[5:9] != bytes(4):
                sys.exit(f"a request failed: {found[9:]!r}")
            window.release()
        sender.join()


@contextlib.contextmanager
def connection(argv: list[str]) -> Iterator[Connection]:
    """A server that has been greeted."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin
        assert process.stdout
        made = Connection(process, process.stdin, os.fdopen(os.dup(process.stdout.fileno()), "rb", 1 << 18))
        made.send(struct.pack(">IBI", 5, 1, 3))
        made.packet()
        yield made
        made.source.close()
        process.stdin.close()
        process.wait()


def write(to: Connection, directory: bytes, count: int) -> None:
    """A file of `count` MiB, piece by piece."""
    handle = to.open(directory + b"/written", WRITE_ANEW)
    data = text(bytes(PIECE))
    to.pipelined(
        [request(6, n, handle + struct.pack(">Q", n * PIECE) + data) for n in range(count * MIB // PIECE)],
    )
    to.call(4, handle)


def read(of: Connection, directory: bytes, count: int) -> None:
    """The file again."""
    handle = of.open(directory + b"/written", READ)
    of.pipelined(
        [request(5, n, handle + struct.pack(">QI", n * PIECE, PIECE)) for n in range(count * MIB // PIECE)],
    )
    of.call(4, handle)


def stat(of: Connection, path: bytes, count: int) -> None:
    """LSTAT, one after the other."""
    for _ in range(count):
        of.call(7, text(path))


def stat_at_once(of: Connection, path: bytes, count: int) -> None:
    """LSTAT, a window of them at a time."""
    of.pipelined([request(7, n, text(path)) for n in range(count)])


def small(of: Connection, path: bytes, count: int) -> None:
    """Open, read, close."""
    for _ in range(count):
        handle = of.open(path, READ)
        of.call(5, handle + struct.pack(">QI", 0, PIECE))
        of.call(4, handle)


def create(of: Connection, directory: bytes, count: int) -> None:
    """Create, write, close and remove."""
    for n in range(count):
        path = directory + b"/new%d" % n
        handle = of.open(path, WRITE_ANEW)
        of.call(6, handle + struct.pack(">Q", 0) + text(b"x" * 1000))
        of.call(4, handle)
        of.call(13, text(path))


def listing(of: Connection, directory: bytes) -> None:
    """A directory with all its attributes."""
    handle = of.call(11, text(directory))
    while True:
        of.send(request(12, 1, handle))
        if of.packet()[0] == 101:
            break
    of.call(4, handle)


def beginning(argv: list[str]) -> None:
    """Start a server, greet it and end it."""
    with connection(argv):
        pass


def main() -> None:
    made = parser(__doc__, runs=5)
    made.add_argument("--mib", type=int, default=256, help="how much is read and written (default: 256)")
    made.add_argument("--count", type=int, default=5000, help="how many small requests (default: 5000)")
    args = made.parse_args()
    with tempfile.TemporaryDirectory() as top:
        directory = os.fsencode(top)
        servers = {"ours": [sys.executable, "-P", "-m", "limavm.sftp", "--root", top]}
        openssh = next(filter(os.path.exists, ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server")), None)
        if openssh := shutil.which("sftp-server") or openssh:
            servers["OpenSSH"] = [openssh]
        deep = os.path.join(top, *"abcde")
        os.makedirs(deep)
        path = os.fsencode(deep) + b"/file"
        with open(path, "wb") as file:
            file.write(bytes(4096))
        os.mkdir(os.path.join(top, "many"))
        for n in range(10000):
            with open(os.path.join(top, "many", str(n)), "wb"):
                pass
        works: dict[str, Callable[[Connection], None]] = {
            f"write {args.mib} MiB": lambda to: write(to, directory, args.mib),
            f"read {args.mib} MiB": lambda of: read(of, directory, args.mib),
            f"{args.count} times stat": lambda of: stat(of, path, args.count),
            f"{args.count} times stat, {WINDOW} at once": lambda of: stat_at_once(of, path, args.count),
            f"{args.count} times open, read, close": lambda of: small(of, path, args.count),
            f"{args.count} times create, write, close, remove": lambda of: create(of, directory, args.count),
            "list 10000 files": lambda of: listing(of, directory + b"/many"),
        }
        report = Report("sftp")
        for name, work in works.items():
            with contextlib.ExitStack() as stack:
                running = {who: stack.enter_context(connection(argv)) for who, argv in servers.items()}
                compare(report, name, {who: partial(seconds, work, one) for who, one in running.items()}, args.runs)
        compare(report, "start", {who: partial(seconds, beginning, argv) for who, argv in servers.items()}, args.runs)
        report.finish(args.json)


def compare(report: Report, name: str, cases: dict[str, Callable[[], float]], runs: int) -> None:
    """Measure them in turns; ours may take twice as long for bulk data."""
    values = in_turns(cases, runs)
    for who in reversed(cases):
        against = f"{name}, OpenSSH" if who == "ours" and len(cases) > 1 else None
        aim = 2.0 if against and "MiB" in name else None
        report.add(f"{name}, {who}", values[who], versus=against, aim=aim)


def seconds(work: Callable[[T], None], given: T) -> float:
    """How long the work on `given` takes."""
    begin = time.perf_counter()
    work(given)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
