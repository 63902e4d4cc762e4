"""Forwarded ports: how fast each way is, how soon a port is there, and what the guest agent takes for it.

The ways are QEMU's own forwards (hostfwd), the ssh master, and the tunnels of the guest agent (gRPC, for which the
host agent is started anew with LIMA_SSH_PORT_FORWARDER=false). They are measured in turns. Bytes are moved by programs
of a few lines on both sides, or with --iperf3 by that (the host has to have it; it is installed in the guest).
"""

import contextlib
import itertools
import json
import os
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from machines import Machine, add_options, running
from measure import Report, parser

LOOPBACK = "127.0.0.1"
MIB = 1 << 20
GIB = 1 << 30
PROGRAM = Path(__file__).with_name("guestside.py")
#: Where the guest listens so that the bytes take a way.
WAYS = {"hostfwd": "0.0.0.0", "ssh": LOOPBACK, "gRPC": LOOPBACK}
#: Seconds until a forward has to be there.
PATIENCE = 30.0

Values = dict[str, list[float]]
_ports = itertools.count(26000)


class Side:
    """The program in the guest, over an ssh connection of its own."""

    def __init__(self, machine: Machine) -> None:
        command = f"python3 -u -c {shlex.quote(PROGRAM.read_text(encoding='utf-8'))}"
        argv = [*machine.ssh_argv("-o", "ControlMaster=no", "-o", "ControlPath=none"), command]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._answer()

    def call(self, name: str, *arguments: object) -> Any:
        assert self.child.stdin
        self.child.stdin.write(json.dumps([name, *arguments]) + "\n")
        return self._answer()

    def _answer(self) -> Any:
        assert self.child.stdout
        line = self.child.stdout.readline()
        if not line:
            sys.exit("the program in the guest has ended")
        return json.loads(line)

    def ahead(self) -> float:
        """Seconds that the guest's clock is ahead of the host's, from the quickest of some questions."""
        found: list[tuple[float, float]] = []
        for _ in range(20):
            before = time.time()
            guest = float(self.call("clock")) / 1e9
            after = time.time()
            found.append((after - before, guest - (before + after) / 2))
        _, drift = min(found)
        return drift

    @contextlib.contextmanager
    def port(self, ip: str, manner: str) -> Iterator[int]:
        """A port of the guest, once it can be reached on the host's loopback."""
        port = next(_ports)
        self.call("open", ip, port, manner)
        deadline = time.monotonic() + PATIENCE
        while not accepts(port):
            if time.monotonic() > deadline:
                sys.exit(f"port {port} of the guest's {ip} was not forwarded within {PATIENCE:g} s")
            time.sleep(0.02)
        yield port
        self.call("close", port)


def accepts(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
    except OSError:
        return False
    return True


def sending(port: int, seconds: float) -> float:
    """Seconds that a GiB takes to the guest."""
    block, sent = bytes(MIB), 0
    with socket.create_connection((LOOPBACK, port), timeout=60) as peer:
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            peer.sendall(block)
            sent += len(block)
        peer.shutdown(socket.SHUT_WR)
        peer.recv(1)  # the guest has all
        return (time.perf_counter() - begin) / sent * GIB


def receiving(port: int, seconds: float) -> float:
    """Seconds that a GiB takes from the guest."""
    buffer, got = bytearray(MIB), 0
    with socket.create_connection((LOOPBACK, port), timeout=60) as peer:
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            got += peer.recv_into(buffer)
        return (time.perf_counter() - begin) / got * GIB


def iperf(port: int, seconds: float, *options: str) -> float:
    """Seconds that a GiB takes, by iperf3."""
    argv = ["iperf3", "-J", "-c", LOOPBACK, "-p", str(port), "-t", f"{seconds:.0f}", *options]
    deadline = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=seconds + 60)
        document = json.loads(done.stdout)
        if "error" not in document:
            break
        if time.monotonic() > deadline:  # the server listens anew after each test, so its forward goes and comes
            sys.exit(f"iperf3: {document['error']}")
        time.sleep(0.1)
    return GIB * 8 / float(document["end"]["sum_received"]["bits_per_second"])


def latency(port: int, count: int) -> float:
    """The median time of a byte to the guest and back, over one connection."""
    values = []
    with socket.create_connection((LOOPBACK, port), timeout=10) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            begin = time.perf_counter()
            peer.sendall(b"x")
            peer.recv(1)
            values.append(time.perf_counter() - begin)
    return statistics.median(values)


def connecting(port: int, seconds: float) -> float:
    """The time of a connection with a byte from the guest, one after the other."""
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        with socket.create_connection((LOOPBACK, port), timeout=10) as peer:
            peer.recv(1)
        count += 1
    return (time.perf_counter() - begin) / count


def measure_way(way: str, machine: Machine, side: Side, values: Values, args: Namespace) -> None:
    ip = WAYS[way]
    with contextlib.ExitStack() as ports:
        if args.iperf:
            port = ports.enter_context(iperf_server(machine, ip))
            values[f"{way}: to the guest"].append(iperf(port, args.seconds))
            values[f"{way}: from the guest"].append(iperf(port, args.seconds, "-R"))
        else:
            to, out = (ports.enter_context(side.port(ip, manner)) for manner in ("swallow", "pour"))
            values[f"{way}: to the guest"].append(sending(to, args.seconds))
            values[f"{way}: from the guest"].append(receiving(out, args.seconds))
        echo, greeting = (ports.enter_context(side.port(ip, manner)) for manner in ("echo", "greet"))
        values[f"{way}: a byte there and back"].append(latency(echo, 200))
        values[f"{way}: a connection"].append(connecting(greeting, 3))


@contextlib.contextmanager
def iperf_server(machine: Machine, ip: str) -> Iterator[int]:
    """An iperf3 in the guest, on a port that can be reached."""
    port = next(_ports)
    # With a terminal of its own, so that it ends with the connection.
    argv = [
        *machine.ssh_argv("-tt", "-o", "ControlMaster=no", "-o", "ControlPath=none"),
        f"iperf3 -s -B {ip} -p {port}",
    ]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as child:
        try:
            deadline = time.monotonic() + PATIENCE
            while not greeted(port):
                if time.monotonic() > deadline:
                    sys.exit(f"iperf3 in the guest was not reached within {PATIENCE:g} s")
                time.sleep(0.1)
            yield port
        finally:
            child.kill()


def greeted(port: int) -> bool:
    """Whether an iperf3 answers a first message, in the way that it refuses one: a connection alone proves nothing."""
    argv = ["iperf3", "-J", "-c", LOOPBACK, "-p", str(port), "-n", "1K"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    return done.returncode == 0


def use_forwarder(machine: Machine, ssh: bool) -> None:
    """Have another host agent take over, which forwards in the usual ways or by tunnels alone."""
    if sys.platform == "win32":
        sys.exit("another host agent can take over on POSIX systems only")
    pid = int(Path(machine.file("ha.pid")).read_text())
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.environ.pop("LIMA_SSH_PORT_FORWARDER", None)
    if not ssh:
        os.environ["LIMA_SSH_PORT_FORWARDER"] = "false"
    machine.run("start", machine.name)


def soon(machine: Machine, side: Side, values: Values, count: int) -> None:
    """How long after a port was opened in the guest the host agent says so, and its first byte has come."""
    ahead = side.ahead()
    for way in ("hostfwd", "ssh"):
        for _ in range(count):
            port = next(_ports)
            began = side.call("open", WAYS[way], port, "greet") / 1e9 - ahead
            values[f"{way}: first byte"].append(first_byte(port) - began)
            values["event"].append(told(machine, port, began - 1) - began)
            side.call("close", port)


def first_byte(port: int) -> float:
    """The time at which a byte came through a port of the host, which is tried until it does."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=5) as peer:
            if peer.recv(1):
                return time.time()
        time.sleep(0.002)
    sys.exit(f"no byte through port {port} within {PATIENCE:g} s")


def told(machine: Machine, port: int, since: float) -> float:
    """When, after a time, the host agent told that it forwards a port of the guest."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with open(machine.file("ha.stdout.log"), encoding="utf-8") as file:
            for event in map(json.loads, file):
                forward = event["status"].get("portForward", {})
                if forward.get("type") == "forwarding" and forward["guestAddr"].endswith(f":{port}"):
                    at = datetime.fromisoformat(event["time"][:26] + "+00:00").timestamp()
                    if at > since:
                        return at
        time.sleep(0.05)
    sys.exit(f"no event about port {port} within {PATIENCE:g} s")


def idle(side: Side, seconds: float) -> tuple[float, float]:
    """The guest agent's resident memory in bytes, and the part of a processor it takes, in percent."""
    before = side.call("agent")
    time.sleep(seconds)
    after = side.call("agent")
    return after["rss"], (after["cpu"] - before["cpu"]) / (after["time"] - before["time"]) * 100


def has_iperf(machine: Machine) -> bool:
    """Whether both sides have iperf3; the guest gets it when the host has it."""
    if not shutil.which("iperf3"):
        return False
    argv = [*machine.ssh_argv(), "sudo -n sh -c 'apt-get -qq update && apt-get -qq install -y iperf3' >/dev/null"]
    environment = {**machine.env, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0


def measured(machine: Machine, args: Namespace) -> tuple[Values, tuple[float, float]]:
    values: Values = defaultdict(list)
    args.iperf = args.iperf3 and has_iperf(machine)
    side = Side(machine)
    soon(machine, side, values, args.ports)
    resting = idle(side, args.idle)
    for _ in range(args.runs):
        for way in ("hostfwd", "ssh"):
            measure_way(way, machine, side, values, args)
        use_forwarder(machine, ssh=False)
        measure_way("gRPC", machine, side, values, args)
        use_forwarder(machine, ssh=True)
    side.child.kill()
    side.child.wait()
    return values, resting


def percentile(values: list[float], part: float) -> float:
    """The value that `part` of all values do not exceed."""
    return sorted(values)[max(0, -int(-part * len(values) // 1) - 1)]


def report(values: Values, resting: tuple[float, float]) -> Report:
    made = Report("forwards")
    for kind, unit in (
        ("to the guest", "s/GiB"),
        ("from the guest", "s/GiB"),
        ("a byte there and back", "s"),
        ("a connection", "s"),
    ):
        for way in ("ssh", "hostfwd", "gRPC"):
            aim = 0.5 if way == "hostfwd" and unit == "s/GiB" else None
            versus = None if way == "ssh" else f"ssh: {kind}"
            made.add(f"{way}: {kind}", values[f"{way}: {kind}"], unit=unit, versus=versus, aim=aim)
    for way in ("hostfwd", "ssh"):
        made.add(f"{way}: port opened to first byte", values[f"{way}: first byte"], aim=0.3)
    made.add("port opened to event", values["event"])
    made.add("port opened to event, 99 of 100", [percentile(values["event"], 0.99)])
    made.add("guest agent, resident", [resting[0]], unit="B")
    made.add("guest agent, processor when idle", [resting[1]], unit="%", aim=0.5)
    return made


def main() -> None:
    made = parser(__doc__, runs=3)
    add_options(made)
    made.add_argument("--seconds", type=float, default=5, help="how long bytes are moved in each run (default: 5)")
    made.add_argument("--ports", type=int, default=30, metavar="N", help="ports to open for each way (default: 30)")
    made.add_argument("--idle", type=float, default=60, help="how long the guest agent is watched (default: 60)")
    made.add_argument("--iperf3", action="store_true", help="move bytes by iperf3 where the host has it")
    args = made.parse_args()
    with running(args) as machine:
        values, resting = measured(machine, args)
    print("bytes were moved by " + ("iperf3" if args.iperf else "Python"), file=sys.stderr)
    report(values, resting).finish(args.json)


if __name__ == "__main__":
    main()
