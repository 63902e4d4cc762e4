"""A program in the guest that does what the tests say (`inguest.py`), and ways to talk to the guest's ports.

It is reached by a plain ssh of its own, which neither the control master nor a forward is part of.
"""

import contextlib
import json
import select
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.vm.limactl import Limactl

PROGRAM = Path(__file__).with_name("inguest.py")
#: Seconds within which the guest answers a command; one that boots takes longer.
_ANSWER = 60.0
_START = 120.0


class EndedError(Exception):
    """The program in the guest has ended before it answered."""


class Guest:
    """The program in one machine; it is started when it is needed, and again when it has ended."""

    def __init__(self, limactl: Limactl, machine: str) -> None:
        self.limactl = limactl
        self.machine = machine
        self._child: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def call(self, name: str, *arguments: object, timeout: float = _ANSWER) -> Any:
        """Have a command of `inguest.py` carried out; fails the test when it fails, or takes too long."""
        child = self._running()
        assert child.stdin
        child.stdin.write(json.dumps([name, *arguments]).encode() + b"\n")
        return self._answer(child, timeout, name)

    def open(self, protocol: str, ip: str, port: int, manner: str = "echo", *, v6only: bool = False) -> None:
        self.call("open", protocol, ip, port, manner, v6only)

    def close(self, protocol: str, ip: str, port: int) -> None:
        self.call("close", protocol, ip, port)

    def drift(self) -> tuple[float, float]:
        """Seconds that the guest's clock is ahead of the host's, and by how much that may be wrong."""
        found = []
        for _ in range(5):
            before = time.time()
            guest = self.call("clock") / 1e9
            after = time.time()
            found.append(((after - before) / 2, guest - (before + after) / 2))
        error, drift = min(found)
        return drift, error

    def end(self) -> None:
        """End the program; all that it had open is closed."""
        child, self._child = self._child, None
        self._buffer = b""
        if child:
            for stream in (child.stdin, child.stdout):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()
            child.kill()
            child.wait()

    def _running(self) -> "subprocess.Popen[bytes]":
        """The program; a guest that boots may end sessions that came too early, so more than one is tried."""
        deadline = time.monotonic() + _START
        while self._child is None or self._child.poll() is not None:
            self.end()
            self._child = self._started()
            try:
                self._answer(self._child, _START, "start of the program in the guest")
            except EndedError:
                self._child.wait(10)
                if time.monotonic() > deadline:
                    raise
        return self._child

    def _started(self) -> "subprocess.Popen[bytes]":
        config = str(self.limactl.home / self.machine / "ssh.config")
        command = f"python3 -u -c {shlex.quote(PROGRAM.read_text())}"
        alone = ["-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ConnectTimeout=20"]
        return subprocess.Popen(
            ["ssh", "-F", config, *alone, f"lima-{self.machine}", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def _answer(self, child: "subprocess.Popen[bytes]", timeout: float, what: str) -> Any:
        assert child.stdout
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([child.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the guest did not answer within {timeout:g} s: {what}"
            chunk = child.stdout.read(1 << 20)
            if not chunk:
                raise EndedError(f"the program in the guest has ended: {what}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]


def say(target: tuple[str, int] | str, data: bytes = b"ping", timeout: float = 10) -> bytes:
    """What the peer at an address, or the path of a unix socket, answers after it has heard our end."""
    with connected(target, timeout) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        return received(peer)


def received(peer: socket.socket) -> bytes:
    """All that comes until the other end has said all."""
    found = b""
    while chunk := peer.recv(1 << 16):
        found += chunk
    return found


def connected(target: tuple[str, int] | str, timeout: float = 10) -> socket.socket:
    if isinstance(target, tuple):
        return socket.create_connection(target, timeout=timeout)
    if sys.platform == "win32":
        raise NotImplementedError("unix sockets")
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(timeout)
    try:
        peer.connect(target)
    except OSError:
        peer.close()
        raise
    return peer


def say_udp(host: str, port: int, data: bytes = b"ping", timeout: float = 0.5) -> bytes:
    """The datagram that answers ours; raises OSError when none comes."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(timeout)
        peer.connect((host, port))
        peer.send(data)
        return peer.recv(65535)


def answers(protocol: str, host: str, port: int) -> Callable[[], bool]:
    """A condition: a port of the guest's program answers at an address of the host."""

    def condition() -> bool:
        return (say_udp(host, port) if protocol == "udp" else say((host, port), timeout=3)) == b"got ping"

    return condition


def refuses(protocol: str, host: str, port: int) -> Callable[[], bool]:
    """A condition: nobody holds a port of the host any more."""

    def condition() -> bool:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as probe:
            if protocol == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))  # OSError while it is held
            return True

    return condition
