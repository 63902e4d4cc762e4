"""A guest that is no machine: the guest agent itself in a network namespace of its own, and programs that listen there.

Started by `unshare --net`. It serves on the unix socket of its first argument. Each line of its standard input is JSON:
what is to listen, what is to close, both `[protocol, address, port]`, and how many of both in a second. It answers
with a line of what that took, in seconds.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from itertools import zip_longest

from limavm.guestagent.kubernetes import Services
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.guestagent.watcher import Watcher

if sys.platform == "linux":
    import fcntl

SIOCSIFFLAGS, IFF_UP = 0x8914, 1

Place = tuple[str, str, int]


class Programs(threading.Thread):
    """What listens, and echoes; on a thread of its own, as the programs of a guest are not the agent's."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.open: dict[Place, socket.socket] = {}

    def run(self) -> None:
        """Do as we are told until nobody tells us any more."""
        for line in sys.stdin:
            opened, closed, rate = json.loads(line)
            took = self.change(list(map(tuple, opened)), list(map(tuple, closed)), rate)
            sys.stdout.write(f"{took}\n")
            sys.stdout.flush()
        os._exit(0)

    def change(self, opened: list[Place], closed: list[Place], rate: float) -> float:
        """One opens and one closes, `rate` times a second; how long that took."""
        began = time.monotonic()
        for count, (new, old) in enumerate(zip_longest(opened, closed)):
            time.sleep(max(began + count / rate - time.monotonic(), 0))
            if new:
                self.open[new] = self.listen(*new)
            if old:
                self.end(self.open.pop(old))
        return time.monotonic() - began

    def listen(self, protocol: str, ip: str, port: int) -> socket.socket:
        """A port that echoes."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((ip, port))
        if protocol == "tcp":
            sock.listen()
        threading.Thread(target=self.serve, args=[sock, protocol], daemon=True).start()
        return sock

    def serve(self, sock: socket.socket, protocol: str) -> None:
        """Echo until the port is closed."""
        with contextlib.suppress(OSError):
            while True:
                if protocol == "udp":
                    data, peer = sock.recvfrom(1024)
                    if peer is None:  # it was shut down
                        return
                    sock.sendto(data, peer)
                else:
                    connection, _ = sock.accept()
                    with connection:
                        connection.sendall(connection.recv(1024))

    def end(self, sock: socket.socket) -> None:
        """Close a port, although a thread waits for it."""
        with contextlib.suppress(OSError):  # nobody ever spoke to it
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()


def bring_up_loopback() -> None:
    """The namespace is new: not even its loopback interface is up."""
    if sys.platform == "linux":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


async def serve(path: str, directory: str) -> None:
    """Be the agent until the process ends."""
    watcher = Watcher(services=Services(kubeconfigs=()))
    server = AgentServer(GuestService(watcher, directory), "")
    if sys.platform != "win32":
        async with await asyncio.get_running_loop().create_unix_server(server.protocol, path):
            await watcher.run()


def main() -> None:
    """Serve, and do as we are told."""
    bring_up_loopback()
    Programs().start()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(serve(sys.argv[1], directory))


if __name__ == "__main__":
    main()
