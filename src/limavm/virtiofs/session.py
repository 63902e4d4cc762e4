"""What QEMU has told its back end so far, kept so that another back end can be told the same.

A ring is two halves in the guest's memory: what the guest offers, and what was done with it (VIRTIO 1.2, 2.7). A
daemon that takes over begins after what the one before has finished, so that the rest is answered too. The daemon in
Rust finishes requests in the order in which they came, so the counter in the ring says it all. The one in C does not;
it keeps account in a file in memory (SET_INFLIGHT_FD), if it is given one: the protocol makes that the part of the
front end, and QEMU does not do it for file systems.
"""

import os
import struct
import sys
from collections.abc import Iterator

assert sys.platform == "linux"

from limavm.virtiofs.wire import Message, Request, number, pair  # noqa: E402 - there is none of it elsewhere

#: What a back end may offer beside the basics: several queues, and acknowledgements. Whatever else QEMU would use
#: (slots of memory, a channel back, …) would have to be remembered here.
_PROTOCOL = 1 << 0 | 1 << 3
_INFLIGHT = 1 << 12
_ADDRESS = struct.Struct("=IIQQQQ")
_REGION = struct.Struct("=QQQQ")
_ACCOUNT = struct.Struct("=QQHH4x")
#: Of a file system device: the queue of priority and one of requests, each of at most that many entries, and what the
#: account of one takes (libvhost-user: 16 bytes an entry, a head, in blocks of 64).
_QUEUES = 2
_ENTRIES = 1024
_QUEUE_ACCOUNT = 16 * _ENTRIES + 64
_NO_FD = 1 << 8
_PER_RING = (
    Request.SET_VRING_NUM,
    Request.SET_VRING_BASE,
    Request.SET_VRING_ADDR,
    Request.SET_VRING_CALL,
    Request.SET_VRING_ERR,
    Request.SET_VRING_KICK,
    Request.SET_VRING_ENABLE,
)
_WHOLE = (Request.SET_FEATURES, Request.SET_MEM_TABLE)


class Session:
    """The state of one connection of QEMU. Owns every descriptor that came with it, until `close`."""

    def __init__(self, *, accounts: bool = False) -> None:
        """`accounts`: the daemon finishes requests in any order, and keeps account of them."""
        self._accounts = accounts
        self._account = -1
        self._whole: dict[int, Message] = {}
        self._rings: dict[int, dict[int, Message]] = {}
        #: Where a ring was stopped.
        self._stopped_at: dict[int, int] = {}

    def record(self, message: Message) -> bool:
        """Remember what a message sets, and take its descriptors; whether the device begins anew with it."""
        if message.request in _PER_RING:
            return self._record_ring(message)
        if message.request in (*_WHOLE, Request.SET_OWNER, Request.SET_PROTOCOL_FEATURES):
            self._keep(self._whole, message)
        else:
            _close(message)
        return False

    def offered(self, reply: Message) -> Message:
        """The back end's answer as QEMU is to see it: without what we could not remember."""
        if reply.request == Request.GET_PROTOCOL_FEATURES:
            return number(reply.request, reply.number() & _PROTOCOL)
        return reply

    def stopped(self, reply: Message) -> None:
        """A ring was stopped (the answer to GET_VRING_BASE): the guest waits for nothing there."""
        index, base = reply.pair()
        ring = self._rings.setdefault(index, {})
        for request in (Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR):
            if old := ring.pop(request, None):
                _close(old)
        ring[Request.SET_VRING_BASE] = pair(Request.SET_VRING_BASE, index, base)
        self._stopped_at[index] = base

    @property
    def is_running(self) -> bool:
        """Whether the guest may have asked something."""
        return any(Request.SET_VRING_KICK in ring for ring in self._rings.values())

    def replay(self) -> Iterator[Message]:
        """What a new back end is told, in the order in which QEMU would; those that ask are to be answered."""
        features = self._whole.get(Request.SET_FEATURES)
        yield Message(Request.GET_FEATURES)
        if owner := self._whole.get(Request.SET_OWNER):
            yield owner._replace(need_reply=False)
        if agreed := self._whole.get(Request.SET_PROTOCOL_FEATURES):
            yield Message(Request.GET_PROTOCOL_FEATURES)
            yield self.agreed(agreed)._replace(need_reply=False)
        if features:
            yield features._replace(need_reply=False)
        if table := self._whole.get(Request.SET_MEM_TABLE):
            yield table._replace(need_reply=False)
        if self._accounts and agreed:
            yield self._account_message()
        for index, ring in sorted(self._rings.items()):
            yield from self._replay_ring(index, ring)

    def agreed(self, message: Message) -> Message:
        """SET_PROTOCOL_FEATURES as the daemon is to see it: the one in C keeps account when the bit is set."""
        return number(message.request, message.number() | _INFLIGHT) if self._accounts else message

    def forget_account(self) -> None:
        """What was asked before is not to be answered any more: the device begins anew."""
        if self._account >= 0:
            os.close(self._account)
            self._account = -1

    def wake(self) -> None:
        """Have the back end look at its rings, and the guest at what was done: either may have missed its call."""
        for ring in self._rings.values():
            for request in (Request.SET_VRING_KICK, Request.SET_VRING_CALL):
                for fd in ring[request].fds if request in ring and Request.SET_VRING_KICK in ring else ():
                    os.eventfd_write(fd, 1)

    def close(self) -> None:
        """Close all descriptors."""
        for messages in (self._whole, *self._rings.values()):
            for message in messages.values():
                _close(message)
            messages.clear()
        self.forget_account()

    def _record_ring(self, message: Message) -> bool:
        index = _ring_index(message)
        ring = self._rings.setdefault(index, {})
        self._keep(ring, message)
        if message.request == Request.SET_VRING_BASE:
            return bool(self._stopped_at.pop(index, 0)) and message.pair()[1] == 0
        return False

    def _keep(self, where: dict[int, Message], message: Message) -> None:
        if old := where.pop(message.request, None):
            _close(old)
        where[message.request] = message

    def _replay_ring(self, index: int, ring: dict[int, Message]) -> Iterator[Message]:
        for request in _PER_RING:
            message = ring.get(request)
            if message is None:
                continue
            if request == Request.SET_VRING_BASE and Request.SET_VRING_KICK in ring:
                message = pair(request, index, self._finished(ring, message.pair()[1]))
            yield message._replace(need_reply=False)

    def _finished(self, ring: dict[int, Message], otherwise: int) -> int:
        """How many requests of a ring were finished, modulo 2¹⁶."""
        if Request.SET_VRING_ADDR not in ring:
            return otherwise
        used = _ADDRESS.unpack_from(ring[Request.SET_VRING_ADDR].payload)[3]
        data = self._read(used + 2, 2)
        return int.from_bytes(data, "little") if len(data) == 2 else otherwise

    def _read(self, address: int, size: int) -> bytes:
        """The guest's memory at an address of QEMU's."""
        table = self._whole.get(Request.SET_MEM_TABLE)
        if table is None:
            return b""
        for index, fd in enumerate(table.fds):
            _, length, start, offset = _REGION.unpack_from(table.payload, 8 + index * _REGION.size)
            if start <= address and address + size <= start + length:
                return os.pread(fd, size, offset + address - start)
        return b""

    def _account_message(self) -> Message:
        size = _QUEUES * _QUEUE_ACCOUNT
        if self._account < 0:
            self._account = os.memfd_create("virtiofs-requests")
            os.ftruncate(self._account, size)
        return Message(Request.SET_INFLIGHT_FD, _ACCOUNT.pack(size, 0, _QUEUES, _ENTRIES), (self._account,))

    def account(self) -> Message | None:
        """What the daemon is told right after it has agreed on the features, once for each daemon."""
        return self._account_message() if self._accounts else None


def _ring_index(message: Message) -> int:
    if message.request in (Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR):
        return message.number() & (_NO_FD - 1)
    return int(struct.unpack_from("=I", message.payload)[0])


def _close(message: Message) -> None:
    for fd in message.fds:
        os.close(fd)
