"""Work on files through each type of mount, and on the guest's own disk, as ratios of one run.

For each type a machine is started with a directory of the host mounted, and the same work (`filework.py`) is done
first on the disk of the guest and then on the mount: large files, random access, many small ones, tar, git. A type that
the host cannot serve is left out, with its reason. How far it is, and how long it will take, is told on standard
error. With `--json` the figures are written after each type, and with `--resume` the types in that file are not
measured again.
"""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from machines import Machine, add_options, prepared
from measure import Report, markdown, parser

if sys.platform != "win32":
    import resource

HERE = Path(__file__).parent
PROGRAM = HERE / "filework.py"
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
#: The part that is done last.
LAST = "git status"
#: By type: seconds for each file, for each MiB, and for the rest (starting and stopping, random access), with the disk
#: beside it. Of an emulated guest on two processors with nothing else to do; an accelerated one is far quicker.
TYPICAL: dict[str, tuple[float, float, float]] = {
    "reverse-sshfs": (0.1, 0.4, 90.0),
    "9p": (0.012, 0.1, 90.0),
    "virtiofs": (0.015, 0.1, 90.0),
}

Values = dict[str, list[float]]


class MeasuringError(Exception):
    """Why a type cannot be measured (any further)."""


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def expected(kind: str, args: Namespace) -> float:
    """Seconds that a type will take, about."""
    a_file, a_mebibyte, rest = TYPICAL.get(kind, TYPICAL["reverse-sshfs"])
    seconds: float = rest + args.runs * (args.files * a_file + args.mebibytes * a_mebibyte)
    return seconds


def small_files(kind: str, args: Namespace) -> int:
    """How many small files a type can be asked for: virtiofsd has a descriptor for each, and directories have some."""
    most = args.files
    if sys.platform != "win32" and kind == "virtiofs":
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        most = most if hard == resource.RLIM_INFINITY else hard * 4 // 5
    return int(min(args.files, most))


def created(machine: Machine, args: Namespace, kind: str, shared: str) -> None:
    """Make and start the machine whose mounts are of a type."""
    mounts = json.dumps([{"location": shared, "mountPoint": MOUNTED, "writable": True}])
    change = f'.mounts = {mounts} | .mountType = "{kind}" | .mountTypesUnsupported = []'
    machine.run("create", "--name", machine.name, "--set", change, args.template)
    machine.run("start", machine.name)
    found = in_guest(machine, "findmnt", "-n", "-o", "FSTYPE", MOUNTED).strip()
    if found != {"reverse-sshfs": "fuse.sshfs"}.get(kind, kind):
        raise MeasuringError(f"the guest has mounted it as {found or 'nothing'}")


def in_guest(machine: Machine, *argv: str) -> str:
    """What a command in the guest prints, in a session of its own."""
    done = subprocess.run([*machine.ssh_argv(), shlex.join(argv)], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def ensure_git(machine: Machine) -> None:
    """Install git in a guest that came without it, where that is possible."""
    script = (
        "command -v git >/dev/null || { sudo apt-get update -q && sudo apt-get install -y -q git; } >/dev/null 2>&1"
    )
    in_guest(machine, "sh", "-c", script)


def worked(
    machine: Machine, directory: str, files: int, mebibytes: int, deadline: float
) -> Iterator[tuple[str, float]]:
    """Each part of the work in a new directory of the guest, when it is done, and its seconds for a unit."""
    words = ["python3", "-c", PROGRAM.read_text(encoding="utf-8"), directory, str(files), str(mebibytes)]
    left = f"{max(deadline - time.monotonic(), 1):.0f}"
    with subprocess.Popen(
        [*machine.ssh_argv(), shlex.join(["timeout", left, *words])], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        for line in map(json.loads, child.stdout):
            if "error" in line:
                say(f"  {line['part']}: failed: {line['error']}")
            else:
                say(f"  {line['part']}: {line['seconds']:.1f} s")
                yield line["part"], line["seconds"] / line["amount"]
    if child.returncode:
        raise MeasuringError(f"the work in {directory} ended with status {child.returncode} (124: out of time)")


def measured(args: Namespace, kind: str, values: Values) -> None:
    """Add what the work takes through mounts of a type, and beside on the guest's disk; raises MeasuringError."""
    with tempfile.TemporaryDirectory(prefix="limavm-bench-") as shared, prepared(args.limactl) as machine:
        os.chmod(shared, 0o777)
        created(machine, args, kind, shared)
        ensure_git(machine)
        deadline = time.monotonic() + args.limit * 60
        files = small_files(kind, args)
        if files < args.files:
            say(f"{kind}: {files} files instead of {args.files}, because of the limit of open files (ulimit -Hn)")
        for number in range(args.runs):
            for name, top in ((beside(kind), DISK), (kind, MOUNTED)):
                say(f"{kind}, run {number + 1} of {args.runs}: {'the mount' if name == kind else 'the disk beside it'}")
                for part, seconds in worked(machine, f"{top}/limavm-bench", files, args.mebibytes, deadline):
                    values[f"{name}: {part}"].append(seconds)
                # Through a mount that would take as long as much of the work.
                shutil.rmtree(os.path.join(shared, "limavm-bench"), ignore_errors=True)
                in_guest(machine, "rm", "-rf", f"{DISK}/limavm-bench")


def beside(kind: str) -> str:
    return f"disk beside {kind}"


def report(values: Values) -> Report:
    """The figures of all types of which there are any, each part after that of the disk beside it."""
    made = Report("files")
    for kind in TYPICAL:
        for name in [name for name in values if name.startswith(f"{kind}: ")]:
            part = name.removeprefix(f"{kind}: ")
            unit, base = UNITS.get(part, "s/file"), f"{beside(kind)}: {part}"
            if base in values:
                made.add(base, values[base], unit=unit)
            made.add(name, values[name], unit=unit, versus=base)
    return made


def ratios(made: Report) -> list[list[str]]:
    """A table: what each type takes of the time of the guest's own disk, part by part."""
    kinds = [kind for kind in TYPICAL if any(figure.name.startswith(f"{kind}: ") for figure in made.figures)]
    parts: dict[str, dict[str, str]] = {}
    for figure in made.figures:
        kind, _, part = figure.name.partition(": ")
        ratio = made.ratio(figure)
        if kind in kinds and ratio is not None:
            parts.setdefault(part, {})[kind] = f"{ratio:.1f}"
    return [["work", *kinds], *([part, *(found.get(kind, "") for kind in kinds)] for part, found in parts.items())]


def earlier(path: str) -> Values:
    """The values in a file that an earlier run has written; none when there is no such file."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return {figure["name"]: figure["values"] for figure in json.load(file)["figures"]}
    return {}


def arguments() -> Namespace:
    made = parser(__doc__, runs=1)
    add_options(made, existing=False)
    made.set_defaults(template=str(HERE / "files.yaml"))
    made.add_argument("--types", default=",".join(TYPICAL), metavar="T,…", help="types of mounts (default: all)")
    made.add_argument("--files", type=int, default=20000, metavar="N", help="how many small files (default: 20000)")
    made.add_argument("--mebibytes", type=int, default=64, metavar="N", help="size of the large file (default: 64)")
    made.add_argument("--limit", type=float, default=60, metavar="MINUTES", help="the most for a type (default: 60)")
    made.add_argument("--resume", action="store_true", help="keep the types that are in the file of --json already")
    args = made.parse_args()
    if args.resume and not args.json:
        made.error("--resume is for the file of --json")
    if unknown := set(args.types.split(",")) - TYPICAL.keys():
        made.error(f"no type of mount: {', '.join(sorted(unknown))} ({', '.join(TYPICAL)})")
    return args


def kinds_to_measure(asked: Sequence[str], values: Values) -> list[str]:
    """Those that were asked for, without those of which there are all figures."""
    return [kind for kind in asked if f"{kind}: {LAST}" not in values]


def main() -> None:
    args = arguments()
    values: Values = defaultdict(list, earlier(args.json) if args.resume else {})
    kinds = kinds_to_measure(args.types.split(","), values)
    for kind in kinds:
        say(f"{kind}: about {expected(kind, args) / 60:.0f} min on two quiet processors, emulated")
    for kind in kinds:
        for name in [name for name in values if name.startswith((f"{kind}: ", f"{beside(kind)}: "))]:
            del values[name]  # of a run that was broken off
        begun = time.monotonic()
        try:
            measured(args, kind, values)
        except (MeasuringError, SystemExit) as error:
            say(f"{kind} is left out, or what is missing of it: {error}")
        say(f"{kind}: {(time.monotonic() - begun) / 60:.1f} min")
        if args.json:
            report(values).save(args.json)
    made = report(values)
    made.finish(args.json)
    print()
    print(markdown(ratios(made)))


if __name__ == "__main__":
    main()
