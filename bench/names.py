"""What the name server of the host agent does in a second, and the memory that a flood of questions costs it."""

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from agent import MIB, kib_of, read
from limavm.host.net import free_port
from limavm.hostagent.names.nameserver import NameServer
from limavm.hostagent.names.resolvconf import Server
from measure import Report, parser

#: Questions that are open at once, as of a busy guest.
WINDOW = 64
NOTHING = b"\0\0\1\0\0\1\0\0\0\0\0\0"


def question(name: str, kind: int, identity: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return identity.to_bytes(2, "big") + NOTHING[2:] + labels + b"\0" + kind.to_bytes(2, "big") + b"\0\1"


class Beyond(asyncio.DatagramProtocol):
    """A server that answers everything with nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.transport.sendto(data[:2] + b"\x81\x80" + data[4:], addr)  # type: ignore[attr-defined]


def known(_name: str, v6: bool) -> Sequence[str]:
    return ("2001:db8::1",) if v6 else ("10.0.0.1",)


async def serve(port: int, beyond: int) -> None:
    """The process that is measured; the host's resolver is one that knows everything at once."""
    server = NameServer(
        {"own.example": "10.0.0.1"}, ipv6=False, lookup=known, servers=lambda: (Server("127.0.0.1", beyond),)
    )
    async with server.serving(port, port):
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


async def serve_beyond(port: int) -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(Beyond, local_addr=("127.0.0.1", port))
    print("ready", flush=True)
    await asyncio.get_running_loop().create_future()


def child(*words: object) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, __file__, *map(str, words)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    return process


def rate(port: int, kind: int, name: str, seconds: float) -> float:
    """Answers a second to questions of which `WINDOW` are open at any time; `%d` in the name makes each another."""
    sent = answered = 0
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.settimeout(1)
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < seconds:
            while sent - answered < WINDOW:
                client.send(question(name.replace("%d", str(sent)), kind, sent % 65536))
                sent += 1
            try:
                client.recv(4096)
                answered += 1
            except TimeoutError:
                sent = answered  # the kernel dropped some
        return answered / elapsed


def flood(port: int, seconds: float) -> None:
    """Garbage, and questions without end for names that differ, as fast as one process sends them."""
    chance = random.Random(1)
    end = time.monotonic() + seconds
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        while time.monotonic() < end:
            client.send(chance.randbytes(chance.randrange(500)))
            client.send(question(f"n{chance.random()}.example", chance.choice((1, 15, 16, 28, 255))))


def main() -> None:
    made = parser(__doc__, runs=3)
    made.add_argument("--seconds", type=float, default=5, help="how long each run takes (default: 5)")
    args = made.parse_args()
    port, beyond = free_port(), free_port()
    processes = [child("--serve-beyond", beyond), child("--serve", port, beyond)]
    status = f"/proc/{processes[1].pid}/status"
    try:
        report = Report("names")
        resident = [kib_of(read(status), "VmRSS") * 1024.0]
        for what, kind, name in (
            ("a static name", 1, "own.example"),
            ("names that the host knows", 1, "n%d.example"),
            ("questions that are handed on", 15, "n%d.example"),
        ):
            values = [rate(port, kind, name, args.seconds) for _ in range(args.runs)]
            report.add(what, values, unit="/s")
        flooded = []
        for _ in range(args.runs):
            flood(port, args.seconds)
            flooded.append(kib_of(read(status), "VmRSS") * 1024.0)
        report.add("resident at first (VmRSS)", resident, unit="B")
        report.add("resident after a flood", flooded, unit="B", aim=64 * MIB)
        report.finish(args.json)
    finally:
        for process in processes:
            process.terminate()
            process.communicate()


if __name__ == "__main__":
    match sys.argv[1:2]:
        case ["--serve"]:
            asyncio.run(serve(int(sys.argv[2]), int(sys.argv[3])))
        case ["--serve-beyond"]:
            asyncio.run(serve_beyond(int(sys.argv[2])))
        case _:
            main()
