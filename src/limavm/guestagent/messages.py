"""The messages of `limavm.wire.messages` without google.protobuf, whose place this file takes in the guest.

protobuf written in Python is two fifths of the time in which the agent starts. `limavm.seed.agentbundle` puts this
file into the bundle under the other's name; on the host nothing imports it but its tests, which compare it with the
real one. It has what the agent and grpclib use of messages, and nothing else: the fields as attributes,
`SerializeToString` and `FromString`. A field of another type than its name promises ends in an error when the message
is serialised, at the latest.

The encoding is that of https://protobuf.dev/programming-guides/encoding/. Fields that are not known are skipped and
forgotten. Decoding takes time and memory in proportion to what is decoded, whatever it says.
"""

from collections.abc import Callable, Iterator
from operator import index
from typing import Any

__all__ = [
    "DecodeError",
    "Empty",
    "Event",
    "IPPort",
    "Info",
    "Inotify",
    "TimeSyncRequest",
    "TimeSyncResponse",
    "Timestamp",
    "TunnelMessage",
]

_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = range(6)
#: Groups within groups, as deep as other implementations take them.
_DEEPEST = 100
_LONGEST_VARINT = 10
_LONGEST_TAG = 5
_64_BITS = (1 << 64) - 1


class DecodeError(Exception):
    """Bytes that are no message."""


class Kind:
    """A type of fields: how it is marked in a message, the value of a field that is not there, and its bytes.

    `pack` makes of a value what `unpack` takes: a number for a varint, else bytes. Both raise ValueError.
    """

    __slots__ = ("default", "pack", "unpack", "wire")

    def __init__(
        self, wire: int, default: object, pack: "Callable[[Any], Any]", unpack: "Callable[[Any], Any]"
    ) -> None:
        self.wire = wire
        self.default = default
        self.pack = pack
        self.unpack = unpack


def _number(bits: int) -> Kind:
    """Integers with a sign; a varint has 64 bits of them, and those that are too many are cut off."""
    end = 1 << bits - 1

    def pack(value: int) -> int:
        if not -end <= index(value) < end:
            raise ValueError(f"{value} has more than {bits} bits")
        return value & _64_BITS

    def unpack(value: int) -> int:
        return (value & 2 * end - 1 ^ end) - end

    return Kind(_VARINT, 0, pack, unpack)


STRING = Kind(_BYTES, "", str.encode, lambda data: str(data, "utf-8"))
BYTES = Kind(_BYTES, b"", bytes, bytes)
BOOL = Kind(_VARINT, False, bool, bool)
INT32 = _number(32)
INT64 = _number(64)


class Message:
    """What all messages have in common; `FIELDS` says of each number: name, kind or type, and whether it is a list.

    The attributes of an object are the fields that were set, or asked for where they can be changed in place.
    """

    FIELDS: "dict[int, tuple[str, Any, bool]]" = {}

    def __init_subclass__(cls) -> None:
        for name, kind, repeated in cls.FIELDS.values():
            if not repeated and isinstance(kind, Kind):
                setattr(cls, name, kind.default)

    def __init__(self, **fields: Any) -> None:
        known = {name: (kind, repeated) for name, kind, repeated in self.FIELDS.values()} if fields else {}
        for name, value in fields.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no field {name!r}")
            if value is None:
                continue
            kind, repeated = known[name]
            if repeated:
                getattr(self, name).extend(value)
                continue
            setattr(self, name, value)
            if not isinstance(kind, Kind):
                value._there = True

    def __getattr__(self, name: str) -> Any:
        """A list, or a message, that was not there; the latter is only when something in it is set."""
        for field, kind, repeated in self.FIELDS.values():
            if field == name:
                value = Repeated(kind) if repeated else kind()
                setattr(self, name, value)
                return value
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.SerializeToString() == other.SerializeToString()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = {name: value for name, value in vars(self).items() if name != "_there"}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in fields.items())})"

    def SerializeToString(self) -> bytes:  # noqa: N802 - the name that it has in protobuf
        """Its bytes; raises TypeError or ValueError for a value that its field cannot have."""
        return b"".join(self._parts())

    @classmethod
    def FromString(cls, data: bytes) -> Any:  # noqa: N802
        """The message that the bytes are; raises DecodeError, and nothing else."""
        message = cls()
        message._merge(data, 0, len(data))
        return message

    def _parts(self) -> "Iterator[bytes]":
        values = vars(self)
        for number, (name, kind, repeated) in self.FIELDS.items():
            for value in values.get(name, ()) if repeated else (values[name],) if name in values else ():
                if not isinstance(kind, Kind):
                    if not repeated and not vars(value):
                        continue
                    wire, packed = _BYTES, value.SerializeToString()
                elif value or repeated:
                    wire, packed = kind.wire, kind.pack(value)
                else:
                    continue
                yield _varint_bytes(number << 3 | wire)
                if wire == _VARINT:
                    yield _varint_bytes(packed)
                else:
                    yield _varint_bytes(len(packed))
                    yield packed

    def _merge(self, data: bytes, at: int, end: int) -> None:
        """Take the fields between two places of the data."""
        while at < end:
            tag, at = _tag(data, at, end)
            name, kind, repeated = self.FIELDS.get(tag >> 3, ("", None, False))
            if kind is None or tag & 7 != (kind.wire if isinstance(kind, Kind) else _BYTES):
                at = _after(data, at, end, tag)
            elif tag & 7 == _VARINT:
                value, at = _varint(data, at, end)
                setattr(self, name, kind.unpack(value))
            else:
                length, start = _varint(data, at, end)
                at = start + length
                if at > end:
                    raise DecodeError("a field is longer than the message")
                self._take(name, kind, repeated, data, start, at)

    def _take(self, name: str, kind: Any, repeated: bool, data: bytes, start: int, end: int) -> None:
        """Take a field that is a piece of the data."""
        if not isinstance(kind, Kind):
            # A message that comes in pieces is put together.
            message = getattr(self, name).add() if repeated else getattr(self, name)
            message._there = True
            message._merge(data, start, end)
            return
        try:
            value = kind.unpack(data[start:end])
        except ValueError as error:
            raise DecodeError(f"{name}: {error}") from error
        if repeated:
            getattr(self, name).append(value)
        else:
            setattr(self, name, value)


class Repeated(list[Any]):
    """The values of a field that is a list."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self._kind = kind

    def add(self, **fields: Any) -> Any:
        """One more message."""
        message = self._kind(**fields)
        self.append(message)
        return message


def _varint_bytes(value: int) -> bytes:
    """A number that is not negative."""
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _varint(data: bytes, at: int, end: int, longest: int = _LONGEST_VARINT) -> "tuple[int, int]":
    """The number that begins there, and where it ends."""
    value = shift = 0
    for place in range(at, min(end, at + longest)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _64_BITS, place + 1
        shift += 7
    raise DecodeError("a number does not end")


def _tag(data: bytes, at: int, end: int) -> "tuple[int, int]":
    tag, at = _varint(data, at, end, _LONGEST_TAG)
    if not 8 <= tag < 1 << 32:
        raise DecodeError("a field has no number")
    return tag, at


def _after(data: bytes, at: int, end: int, tag: int) -> int:
    """Where a field ends that nobody knows, with all that is in it if it is a group."""
    groups: list[int] = []
    while True:
        wire = tag & 7
        if wire == _VARINT:
            _, at = _varint(data, at, end)
        elif wire == _BYTES:
            length, at = _varint(data, at, end)
            at += length
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        elif wire == _GROUP and len(groups) < _DEEPEST:
            groups.append(tag >> 3)
        elif wire != _END_GROUP or not groups or groups.pop() != tag >> 3:
            raise DecodeError("a field is of no known type, or a group is not whole")
        if at > end:
            raise DecodeError("a field is longer than the message")
        if not groups:
            return at
        tag, at = _tag(data, at, end)


class Empty(Message):
    """Nothing."""


class Timestamp(Message):
    """A moment, since 1970."""

    FIELDS = {1: ("seconds", INT64, False), 2: ("nanos", INT32, False)}


class IPPort(Message):
    """What somebody listens on."""

    FIELDS = {
        1: ("protocol", STRING, False),
        2: ("ip", STRING, False),
        3: ("port", INT32, False),
        15: ("v6only", BOOL, False),
    }


class Info(Message):
    """All that listens."""

    FIELDS = {1: ("local_ports", IPPort, True)}


class Event(Message):
    """A change of what listens."""

    FIELDS = {
        1: ("time", Timestamp, False),
        2: ("added_local_ports", IPPort, True),
        3: ("removed_local_ports", IPPort, True),
        4: ("errors", STRING, True),
    }


class Inotify(Message):
    """A file that was changed on the host."""

    FIELDS = {1: ("mount_path", STRING, False), 2: ("time", Timestamp, False)}


class TunnelMessage(Message):
    """A piece of what goes through a tunnel."""

    FIELDS = {
        1: ("id", STRING, False),
        2: ("protocol", STRING, False),
        3: ("data", BYTES, False),
        4: ("guest_addr", STRING, False),
        5: ("udp_target_addr", STRING, False),
    }


class TimeSyncRequest(Message):
    """The time of the host."""

    FIELDS = {1: ("host_time", Timestamp, False)}


class TimeSyncResponse(Message):
    """What became of the guest's clock."""

    FIELDS = {1: ("adjusted", BOOL, False), 2: ("drift_ms", INT64, False), 3: ("error", STRING, False)}
