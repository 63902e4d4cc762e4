"""What `forwards.py` sends into the guest: a line of JSON in, a line out. It opens ports, and looks at the agent.

Threads and blocking sockets with large blocks, so that in an emulated guest the interpreter is no part of a figure.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

assert sys.platform != "win32"

BLOCK = bytes(1 << 20)
_listeners: dict[int, socket.socket] = {}


def swallow(peer: socket.socket) -> None:
    """Take what comes, and say one byte when all has come."""
    buffer = bytearray(BLOCK)
    while peer.recv_into(buffer):
        pass
    peer.sendall(b"x")


def pour(peer: socket.socket) -> None:
    """Send until nobody wants more."""
    while True:
        peer.sendall(BLOCK)


def echo(peer: socket.socket) -> None:
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := peer.recv(1 << 16):
        peer.sendall(data)


def greet(peer: socket.socket) -> None:
    peer.sendall(b"x")


MANNERS: dict[str, Callable[[socket.socket], None]] = {"swallow": swallow, "pour": pour, "echo": echo, "greet": greet}


def serve(peer: socket.socket, manner: Callable[[socket.socket], None]) -> None:
    with contextlib.suppress(OSError), peer:
        manner(peer)


def accept(listener: socket.socket, manner: Callable[[socket.socket], None]) -> None:
    with contextlib.suppress(OSError):
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=serve, args=(peer, manner), daemon=True).start()


def do_open(ip: str, port: int, manner: str, protocol: str = "tcp") -> int:
    """Listen, or be bound for UDP, where nothing answers; the time in nanoseconds at which that began."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    if protocol == "tcp":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((ip, port))
    if protocol == "tcp":
        listener.listen(1000)
    began = time.time_ns()
    _listeners[port] = listener
    if protocol == "tcp":
        threading.Thread(target=accept, args=(listener, MANNERS[manner]), daemon=True).start()
    return began


def do_close(port: int) -> int:
    """The time in nanoseconds at which nobody listened any more."""
    listener = _listeners.pop(port)
    if listener.type == socket.SOCK_STREAM:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
    listener.close()
    return time.time_ns()


def do_clock() -> int:
    return time.time_ns()


def do_agent() -> dict[str, float]:
    """Resident memory in bytes and processor time in seconds of the guest agent, and the processor time of all."""
    pid = next(pid for pid in os.listdir("/proc") if pid.isdigit() and is_agent(pid))
    status = Path(f"/proc/{pid}/status").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return {
        "rss": rss * 1024.0,
        "cpu": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        "time": time.monotonic(),
    }


def is_agent(pid: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"daemon" in words and any(b"guestagent" in word for word in words)


COMMANDS: dict[str, Callable[..., Any]] = {"open": do_open, "close": do_close, "clock": do_clock, "agent": do_agent}


def main() -> None:
    sys.stdout.write('"ready"\n')
    sys.stdout.flush()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(COMMANDS[name](*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
