"""How long after a change on the host programs in the guest are told (`mountInotify`), for each mount of an instance.

The instance has to run with `mountInotify: true` and to have the mounts; it needs Python 3. In the guest, a program
watches with inotify and says when a file is told as modified; the host's clock and the guest's are compared first.
For a mount that cannot be written to, IN_CLOSE_NOWRITE is waited for.
"""

import json
import os
import subprocess
import sys
import time

from machines import Machine
from measure import Report, parser

#: Runs in the guest, and needs nothing but Python: a line in is a command, a line out the answer.
WATCHER = r"""
import ctypes, os, select, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
inotify = libc.inotify_init1(os.O_NONBLOCK)
assert libc.inotify_add_watch(inotify, os.fsencode(sys.argv[1]), int(sys.argv[2])) > 0

def names():
    select.select([inotify], [], [])
    data, at, found = os.read(inotify, 65536), 0, []
    while at < len(data):
        length = struct.unpack_from("iIII", data, at)[3]
        found.append(data[at + 16 : at + 16 + length].rstrip(b"\0").decode())
        at += 16 + length
    return found

for line in sys.stdin:
    while select.select([inotify], [], [], 0)[0]:
        names()  # of what was changed before
    print("go", flush=True)
    while sys.argv[3] not in names():
        pass
    print(time.time(), flush=True)
"""
CLOCK = "import sys, time\nfor _ in sys.stdin: print(time.time(), flush=True)"
MODIFY, CLOSE_NOWRITE = 0x2, 0x10


class InGuest:
    """A Python program in the guest that answers each line with one."""

    def __init__(self, machine: Machine, program: str, *args: str) -> None:
        argv = [*machine.ssh_argv(), "python3", "-c", _quoted(program), *map(_quoted, args)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            sys.exit("the program in the guest has ended")
        return line

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def ahead(machine: Machine) -> float:
    """Seconds that the guest's clock is ahead of the host's, from the quickest of some questions."""
    clock, found = InGuest(machine, CLOCK), []
    for _ in range(20):
        before = time.time()
        clock.ask("")
        guest = float(clock.answer())
        after = time.time()
        found.append((after - before, guest - (before + after) / 2))
    clock.close()
    return min(found)[1]


def measure(machine: Machine, location: str, mount_point: str, writable: bool, count: int) -> list[float]:
    """Seconds from the write on the host until the guest's kernel tells, for one file after the other."""
    name = "lima-bench-inotify"
    path = os.path.join(location, name)
    drift = ahead(machine)
    watcher = InGuest(machine, WATCHER, mount_point, str(MODIFY if writable else CLOSE_NOWRITE), name)
    values: list[float] = []
    try:
        for number in range(count + 1):
            watcher.ask("")
            watcher.answer()
            with open(path, "w", encoding="utf-8") as file:
                file.write("x" * number)
            written = time.time()
            told = float(watcher.answer())
            if number:  # the first one finds nothing in any cache
                values.append(told - drift - written)
            # Another event of the same change must not be taken for the next one.
            time.sleep(0.5)
    finally:
        watcher.close()
        os.unlink(path)
    return values


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def main() -> None:
    made = parser(__doc__, runs=50)
    made.add_argument("instance", help="a running instance with mountInotify and mounts")
    args = made.parse_args()
    home = os.environ.get("LIMA_HOME") or os.path.expanduser("~/.lima")
    machine = Machine(name=args.instance, home=home, limactl=args.limactl)
    with open(machine.file("machine.json"), encoding="utf-8") as file:
        config = json.load(file)["config"]
    report = Report("inotify")
    for mount in config["mounts"]:
        writable = bool(mount.get("writable"))
        values = measure(machine, mount["location"], mount["mountPoint"], writable, args.runs)
        label = f"{mount['mountPoint']} ({config['mountType']}, {'writable' if writable else 'read-only'})"
        report.add(f"{label}, median", [percentile(values, 50)])
        report.add(f"{label}, 99 of 100", [percentile(values, 99)])
    report.finish(args.json)


if __name__ == "__main__":
    main()
