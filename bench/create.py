"""What `limactl create` costs when the image is in the cache: seconds, and bytes written.

Bytes are counted twice: what the instance directory occupies on the disk without the files that it shares
with the cache by a hard link, and what limactl and its children have written in the kernel's accounts.
"""

import os
import sys

from machines import Machine, add_options, delete, prepared
from measure import Report, parser

MIB = float(1 << 20)


def own_bytes(directory: str) -> float:
    """Bytes on the disk of all the files below a directory that no other directory shares."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            status = os.lstat(os.path.join(parent, name))
            if status.st_nlink > 1:
                continue
            if sys.platform == "win32":  # which does not tell how many blocks a file has
                total += status.st_size
            else:
                total += status.st_blocks * 512
    return float(total)


def written_bytes() -> float:
    """What we and the children that we have waited for have sent to disks (Linux; proc_pid_io(5))."""
    with open("/proc/self/io", encoding="ascii") as file:
        return float(dict(line.split(": ") for line in file)["write_bytes"])


def main() -> None:
    made = parser(__doc__, runs=5)
    add_options(made, existing=False)
    args = made.parse_args()
    seconds: list[float] = []
    occupied: list[float] = []
    written: list[float] = []
    with prepared(args.limactl) as first:
        first.create(args.template)  # the image is in the cache from here on, and the ssh key is made
        for number in range(args.runs):
            machine = Machine(name=f"bench-{number}", home=first.home, limactl=first.limactl)
            try:
                before = written_bytes()
                seconds.append(machine.create(args.template))
                written.append(written_bytes() - before)
                occupied.append(own_bytes(machine.directory))
            finally:
                delete(machine)
    report = Report("create")
    report.add("limactl create", seconds, aim=0.3)
    report.add("occupied by the instance", occupied, unit="B", aim=2 * MIB)
    report.add("written by the command", written, unit="B", aim=2 * MIB)
    report.finish(args.json)


if __name__ == "__main__":
    main()
