"""What copies of a full disk cost: seconds and bytes of `limactl clone`, and of snapshots of a machine that is stopped.

The disk is filled with data by qemu-io, as a machine that was used for a while would have left it.
"""

import os
import subprocess
from argparse import ArgumentParser

from machines import Machine, add_options, delete, prepared
from measure import Report, parser

MIB = float(1 << 20)
_PART = 512


def options() -> ArgumentParser:
    made = parser(__doc__, runs=5)
    add_options(made, existing=False)
    made.add_argument("--mebibytes", type=int, default=2048, help="how much data the disk has (default: %(default)s)")
    return made


def write(disk: str, mebibytes: int) -> None:
    """Have data written to a disk, as a machine would."""
    argv = ["qemu-io", "-f", "qcow2"]
    for begin in range(0, mebibytes, _PART):  # a request is for less than 2 GiB
        argv += ["-c", f"write -P 7 {begin}M {min(_PART, mebibytes - begin)}M"]
    subprocess.run([*argv, disk], check=True, stdout=subprocess.DEVNULL)


def taken(directory: str) -> float:
    """Bytes on the disk of all the files below a directory, each file once however many names it has."""
    found = {}
    for parent, _, names in os.walk(directory):
        for name in names:
            status = os.lstat(os.path.join(parent, name))
            found[status.st_dev, status.st_ino] = getattr(status, "st_blocks", 0) * 512
    return float(sum(found.values()))


def main() -> None:
    args = options().parse_args()
    figures: dict[str, list[float]] = {}

    def timed(what: str, machine: Machine, *argv: str) -> None:
        before = taken(machine.home)
        figures.setdefault(what, []).append(machine.run(*argv))
        figures.setdefault(f"{what}: bytes", []).append(max(0.0, taken(machine.home) - before))

    with prepared(args.limactl) as first:
        first.create(args.template)
        disk = first.file("disk")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "100G"], check=True)
        for number in range(args.runs):
            write(disk, args.mebibytes)
            copy = Machine(name=f"{first.name}-{number}", home=first.home, limactl=first.limactl)
            timed("limactl clone", first, "clone", first.name, copy.name)
            timed("limactl clone of the clone", copy, "clone", copy.name, f"{copy.name}-again")
            for name in (f"{copy.name}-again", copy.name):
                delete(Machine(name=name, home=first.home, limactl=first.limactl))
            tag = f"--tag=t{number}"
            timed("limactl snapshot create", first, "snapshot", "create", first.name, tag)
            timed("limactl snapshot apply", first, "snapshot", "apply", first.name, tag)
            timed("limactl snapshot delete", first, "snapshot", "delete", first.name, tag)
    report = Report(f"clone of {args.mebibytes} MiB")
    for what, values in figures.items():
        if what.endswith(": bytes"):
            report.add(what, values, unit="B", aim=4 * MIB)
        else:
            report.add(what, values, aim=1.0)
    report.finish(args.json)


if __name__ == "__main__":
    main()
