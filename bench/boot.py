"""Starting a machine to READY, by phase, against the bare QEMU boot of the same disk, kernel and seed.

Each run creates an instance, starts it for the first time, and boots a copy of its unused disk with the
very QEMU command line that limactl used, until ssh answers. Then the same again for the second start.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from machines import Machine, add_options, prepared
from measure import Report, parser

#: How long a boot may take, emulated processors included.
DEADLINE = 900.0

FIRST, SECOND = "first start to READY", "second start to READY"
BARE_FIRST, BARE_SECOND = "bare QEMU, first boot to ssh", "bare QEMU, second boot to ssh"


def bare_argv(argv: Sequence[str], directory: str, disk: str, port: int) -> list[str]:
    """The QEMU command line of the instance in `directory`, for another disk and another ssh port.

    Sockets, logs and the PID file get names of their own beside those of the instance.
    """
    inside = re.escape(directory + "/")
    changed = []
    for word in argv:
        word = re.sub(inside + r"disk(?=,|$)", lambda _: disk, word)
        word = re.sub(inside + r"([\w.-]+\.(?:sock|log|pid))(?=,|$)", lambda m: f"{directory}/bare-{m[1]}", word)
        changed.append(re.sub(r"(hostfwd=tcp:[\d.]*:)\d+-", rf"\g<1>{port}-", word))
    return changed


def argv_of(machine: Machine) -> list[str]:
    """The command line of the QEMU that runs the instance."""
    with open(machine.file("qemu.pid"), encoding="ascii") as file:
        pid = int(file.read())
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="surrogateescape") as file:
        return file.read().rstrip("\0").split("\0")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def qemu(argv: Sequence[str]) -> Iterator[None]:
    """A QEMU that is killed at the end: nobody needs what it has written."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield
        if child.poll() is not None and child.stderr:
            sys.exit(f"the bare QEMU has ended:\n{child.stderr.read().decode(errors='replace')}")
    finally:
        child.kill()
        child.communicate()


def bare_boot(machine: Machine, argv: Sequence[str], base: str) -> float:
    """Seconds from the start of QEMU, on an overlay of the disk `base`, until `ssh true` succeeds."""
    overlay = machine.file("bare-overlay")
    port = free_port()
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, overlay], check=True)
    ssh = machine.ssh_argv("-o", f"Port={port}", "-o", "ControlMaster=no", "-o", "ControlPath=none")
    begin = time.perf_counter()
    with qemu(bare_argv(argv, machine.directory, overlay, port)):
        wait_for_banner(port)
        while subprocess.run([*ssh, "true"], capture_output=True, check=False).returncode != 0:
            if time.perf_counter() - begin > DEADLINE:
                sys.exit(f"no ssh on the bare QEMU after {DEADLINE:.0f} s, see {machine.file('bare-serial.log')}")
            time.sleep(0.05)
        seconds = time.perf_counter() - begin
    os.unlink(overlay)
    return seconds


def wait_for_banner(port: int) -> None:
    """Return when an ssh server greets on the port. QEMU accepts connections long before the guest does.

    A connection of that time may never be answered, so another one is begun beside it every half second.
    """
    greeted = threading.Event()
    deadline = time.perf_counter() + DEADLINE
    while not greeted.wait(0.5):
        if time.perf_counter() > deadline:
            sys.exit(f"no ssh on the bare QEMU after {DEADLINE:.0f} s")
        threading.Thread(target=listen_for_banner, args=(port, greeted), daemon=True).start()


def listen_for_banner(port: int, greeted: threading.Event) -> None:
    """Set the event if a server greets within five seconds."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        if connection.recv(4) == b"SSH-":
            greeted.set()


def phases(machine: Machine) -> dict[str, float]:
    """Seconds of each phase of the last start, as the host agent recorded them."""
    with open(machine.file("timings.json"), encoding="utf-8") as file:
        spans = json.load(file)["spans"]
    return {span["name"]: span["end"] - span["begin"] for span in spans if span["end"] is not None}


def one_run(limactl: str, template: str, values: dict[str, list[float]], *, bare: bool) -> None:
    """Measure one instance from its creation on, and add each figure to its list."""
    with prepared(limactl) as machine:
        machine.create(template)
        unused = machine.file("bare-unused")
        shutil.copyfile(machine.file("disk"), unused)
        for title, bare_title, base in ((FIRST, BARE_FIRST, unused), (SECOND, BARE_SECOND, machine.file("disk"))):
            values[title].append(machine.run("start", machine.name))
            argv = argv_of(machine)
            for phase, seconds in phases(machine).items():
                values[f"{title}: {phase}"].append(seconds)
            machine.run("stop", machine.name)
            if bare:
                values[bare_title].append(bare_boot(machine, argv, base))


def main() -> None:
    made = parser(__doc__, runs=3)
    add_options(made, existing=False)
    made.add_argument("--no-bare", action="store_true", help="leave out the bare QEMU boots")
    args = made.parse_args()
    values: dict[str, list[float]] = defaultdict(list)
    for _ in range(args.runs):
        one_run(args.limactl, args.template, values, bare=not args.no_bare)
    report = Report("boot")
    for title, bare_title in ((FIRST, BARE_FIRST), (SECOND, BARE_SECOND)):
        if not args.no_bare:
            report.add(bare_title, values[bare_title])
        report.add(title, values[title], versus=bare_title, aim=None if args.no_bare else 1.15)
    report.add("second start, of the first", values[SECOND], versus=FIRST, aim=0.7)
    for name in values:
        if ": " in name:
            report.add(name, values[name])
    report.finish(args.json)


if __name__ == "__main__":
    main()
