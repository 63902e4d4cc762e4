"""QEMU's side of the protocol, for tests: a device with one ring in a file that stands for the guest's memory."""

import os
import socket
import struct
import sys
import time
from collections.abc import Callable

assert sys.platform == "linux"

from limavm.virtiofs.wire import Message, Request, number, pair, receive, send  # noqa: E402 - there is none of it elsewhere

#: Where the guest's memory is in QEMU's, and the used ring in it.
BASE = 0x7F0000000000
USED = 0x2000
SIZE = 0x10000
#: Seconds for a keeper to listen, and to answer.
_LIMIT = 20.0


def connected(path: str, is_alive: Callable[[], bool] = lambda: True) -> socket.socket:
    """A connection to who is about to listen; raises OSError when that takes too long, or nobody is alive to do it.

    It is tried again and again, as the kernel tells nobody of a new socket.
    """
    deadline = time.monotonic() + _LIMIT
    while True:
        goes_on = is_alive() and time.monotonic() < deadline
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(_LIMIT)
        try:
            peer.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            peer.close()
            if not goes_on:
                raise
        else:
            return peer


class FrontEnd:
    def __init__(self, path: str) -> None:
        self.peer = connected(path)
        self.memory = os.memfd_create("memory")
        os.ftruncate(self.memory, SIZE)
        self.kick = os.eventfd(0, os.EFD_NONBLOCK)
        self.call = os.eventfd(0, os.EFD_NONBLOCK)

    def tell(self, message: Message) -> None:
        send(self.peer, message)

    def ask(self, message: Message) -> Message:
        send(self.peer, message)
        return receive(self.peer)

    def set_up(self) -> None:
        self.ask(Message(Request.GET_FEATURES))
        self.ask(Message(Request.GET_PROTOCOL_FEATURES))
        self.tell(number(Request.SET_PROTOCOL_FEATURES, 9))
        self.ask(Message(Request.GET_QUEUE_NUM))
        self.tell(Message(Request.SET_OWNER))

    def start(self, base: int = 0) -> None:
        """Start the ring, as QEMU does when the guest's driver is there."""
        self.tell(number(Request.SET_FEATURES, 0x1_4000_0000))
        table = struct.pack("=IIQQQQ", 1, 0, 0, SIZE, BASE, 0)
        self.tell(Message(Request.SET_MEM_TABLE, table, (self.memory,)))
        self.tell(pair(Request.SET_VRING_NUM, 1, 128))
        self.tell(pair(Request.SET_VRING_BASE, 1, base))
        address = struct.pack("=IIQQQQ", 1, 0, BASE, BASE + USED, BASE + 0x1000, 0)
        self.tell(Message(Request.SET_VRING_ADDR, address))
        self.tell(number(Request.SET_VRING_KICK, 1)._replace(fds=(self.kick,)))
        self.tell(number(Request.SET_VRING_CALL, 1)._replace(fds=(self.call,)))
        self.ask(pair(Request.SET_VRING_ENABLE, 1, 1)._replace(need_reply=True))

    def stop(self) -> int:
        return self.ask(pair(Request.GET_VRING_BASE, 1, 0)).pair()[1]

    def finish(self, count: int) -> None:
        """Say in the ring that so many requests were finished."""
        os.pwrite(self.memory, struct.pack("<H", count), USED + 2)

    def close(self) -> None:
        self.peer.close()
        for fd in (self.memory, self.kick, self.call):
            os.close(fd)
