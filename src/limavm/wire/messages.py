"""The messages, by one name in the host and in the guest.

In the guest `limavm.guestagent.messages` is found under this name: protobuf takes too long to load there.
"""

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from limavm.wire.guestservice_pb2 import (
    Event,
    Info,
    Inotify,
    IPPort,
    TimeSyncRequest,
    TimeSyncResponse,
    TunnelMessage,
)

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
