"""Work on files through each type of mount, and on the guest's own disk, as ratios of one run.

For each type a machine is started with a directory of the host mounted, and the same work (`filework.py`) is done in
turns on the mount and on the disk of the guest: large files, random access, many small ones, tar, git. git is
installed in the guest when it is not there. A type that the host cannot serve is left out, with its reason.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from machines import Machine, add_options, prepared
from measure import Report, parser

PROGRAM = Path(__file__).with_name("filework.py")
MOUNTED = "/mnt/limavm-bench"
#: A directory of the guest's disk that its user may write to.
DISK = "/var/tmp"
#: What a part is counted in, for those that are not files.
UNITS = {
    "sequential write": "s/MiB",
    "sequential read": "s/MiB",
    "random write 4k": "s/op",
    "random read 4k": "s/op",
}
TYPES = ("reverse-sshfs", "9p", "virtiofs")

Values = dict[str, list[float]]


def created(machine: Machine, args: Namespace, kind: str, shared: str) -> None:
    """Make and start the machine whose mounts are of a type."""
    mounts = json.dumps([{"location": shared, "mountPoint": MOUNTED, "writable": True}])
    change = f'.mounts = {mounts} | .mountType = "{kind}" | .mountTypesUnsupported = []'
    machine.run("create", "--name", machine.name, "--set", change, args.template)
    machine.run("start", machine.name)


def in_guest(machine: Machine, *argv: str) -> str:
    """What a command in the guest prints, in a session of its own."""
    command = [*machine.ssh_argv(), shlex.join(argv)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def ensure_git(machine: Machine) -> None:
    script = (
        "command -v git >/dev/null || { sudo apt-get update -q && sudo apt-get install -y -q git; } >/dev/null 2>&1"
    )
    in_guest(machine, "sh", "-c", script)


def worked(machine: Machine, directory: str, args: Namespace) -> dict[str, float]:
    """Seconds for a unit of each part of the work in a directory of the guest."""
    source = PROGRAM.read_text(encoding="utf-8")
    out = in_guest(machine, "python3", "-c", source, directory, str(args.files), str(args.mebibytes))
    lines = [json.loads(line) for line in out.splitlines()]
    return {line["part"]: line["seconds"] / line["amount"] for line in lines}


def measured(args: Namespace, kind: str, values: Values) -> None:
    """Add what the work takes through mounts of a type, and beside on the guest's disk."""
    with tempfile.TemporaryDirectory(prefix="limavm-bench-") as shared, prepared(args.limactl) as machine:
        os.chmod(shared, 0o777)
        created(machine, args, kind, shared)
        ensure_git(machine)
        for _ in range(args.runs):
            for name, directory in (("disk", DISK), (kind, MOUNTED)):
                for part, seconds in worked(machine, directory, args).items():
                    values[f"{name}: {part}" if name == kind else f"disk beside {kind}: {part}"].append(seconds)


def report(values: Values, kinds: Sequence[str]) -> Report:
    made = Report("files")
    for kind in kinds:
        beside = f"disk beside {kind}: "
        for name in [name for name in values if name.startswith(f"{kind}: ")]:
            part = name.removeprefix(f"{kind}: ")
            unit = UNITS.get(part, "s/file")
            made.add(beside + part, values[beside + part], unit=unit)
            made.add(name, values[name], unit=unit, versus=beside + part)
    return made


def main() -> None:
    made = parser(__doc__, runs=3)
    add_options(made, existing=False)
    made.add_argument("--types", default=",".join(TYPES), metavar="T,…", help="types of mounts (default: all)")
    made.add_argument("--files", type=int, default=20000, metavar="N", help="how many small files (default: 20000)")
    made.add_argument("--mebibytes", type=int, default=64, metavar="N", help="size of the large file (default: 64)")
    args = made.parse_args()
    values: Values = defaultdict(list)
    done = []
    for kind in args.types.split(","):
        try:
            measured(args, kind, values)
        except subprocess.CalledProcessError as error:  # whose text is the whole program
            print(f"{kind} is left out: {error.cmd[0]} ended with {error.returncode}", file=sys.stderr)
        except SystemExit as error:
            print(f"{kind} is left out: {error}", file=sys.stderr)
        else:
            done.append(kind)
    report(values, done).finish(args.json)


if __name__ == "__main__":
    main()
