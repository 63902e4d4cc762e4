"""`GuestService` for grpclib: what a server implements and what a client calls (spec/runtime.md 7.3)."""

from grpclib.client import Channel, StreamStreamMethod, StreamUnaryMethod, UnaryStreamMethod, UnaryUnaryMethod

from limavm.wire.handlers import (
    GET_EVENTS,
    GET_INFO,
    HALF_CLOSE_KEY,
    POST_INOTIFY,
    SYNC_TIME,
    TOKEN_KEY,
    TUNNEL,
    GuestServiceBase,
)
from limavm.wire.messages import Empty, Event, Info, Inotify, TimeSyncRequest, TimeSyncResponse, TunnelMessage

__all__ = ["HALF_CLOSE_KEY", "TOKEN_KEY", "GuestServiceBase", "GuestServiceStub"]


class GuestServiceStub:
    """The client's side."""

    def __init__(self, channel: Channel) -> None:
        self.get_info = UnaryUnaryMethod(channel, GET_INFO, Empty, Info)
        self.get_events = UnaryStreamMethod(channel, GET_EVENTS, Empty, Event)
        self.post_inotify = StreamUnaryMethod(channel, POST_INOTIFY, Inotify, Empty)
        self.tunnel = StreamStreamMethod(channel, TUNNEL, TunnelMessage, TunnelMessage)
        self.sync_time = UnaryUnaryMethod(channel, SYNC_TIME, TimeSyncRequest, TimeSyncResponse)
