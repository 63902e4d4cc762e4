"""What the host agent of an idle instance costs: memory, processor time and wake-ups (Linux)."""

import os
import time
from dataclasses import dataclass

from machines import add_options, running
from measure import Report, parser

MIB = float(1 << 20)
#: The kernel tells processor time in these parts of a second (USER_HZ, proc_pid_stat(5)).
TICKS = 100


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Counters of a process at one time: memory in bytes, processor time in seconds."""

    time: float
    rss: float
    pss: float
    cpu: float
    wakeups: int


def kib_of(text: str, key: str) -> int:
    """The number after `key:` in a file of /proc."""
    for line in text.splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def sample(pid: int) -> Sample:
    """Read the counters; a thread that sleeps of its own accord has been woken before."""
    ticks = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    tasks = os.listdir(f"/proc/{pid}/task")
    return Sample(
        time=time.monotonic(),
        rss=kib_of(read(f"/proc/{pid}/status"), "VmRSS") * 1024.0,
        pss=kib_of(read(f"/proc/{pid}/smaps_rollup"), "Pss") * 1024.0,
        cpu=(int(ticks[11]) + int(ticks[12])) / TICKS,
        wakeups=sum(kib_of(read(f"/proc/{pid}/task/{task}/status"), "voluntary_ctxt_switches") for task in tasks),
    )


def main() -> None:
    made = parser(__doc__, runs=1)
    add_options(made)
    made.add_argument("--seconds", type=float, default=60, help="how long to watch in each run (default: 60)")
    made.add_argument("--settle", type=float, default=10, help="how long to wait before that (default: 10)")
    args = made.parse_args()
    rss: list[float] = []
    pss: list[float] = []
    cpu: list[float] = []
    wakeups: list[float] = []
    with running(args) as machine:
        pid = int(read(machine.file("ha.pid")))
        time.sleep(args.settle)
        for _ in range(args.runs):
            before = sample(pid)
            time.sleep(args.seconds)
            after = sample(pid)
            elapsed = after.time - before.time
            rss.append(after.rss)
            pss.append(after.pss)
            cpu.append((after.cpu - before.cpu) / elapsed * 100)
            wakeups.append((after.wakeups - before.wakeups) / elapsed)
    report = Report("agent")
    report.add("resident (VmRSS)", rss, unit="B", aim=30 * MIB)
    report.add("proportional (Pss)", pss, unit="B")
    report.add("processor", cpu, unit="%")
    report.add("wake-ups", wakeups, unit="/s", aim=1.0)
    report.finish(args.json)


if __name__ == "__main__":
    main()
