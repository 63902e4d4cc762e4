"""The side of `GuestService` that answers, and the names that both sides use (spec/runtime.md 7.3).

Apart from `service`, as loading grpclib's client takes time that a guest has not.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from grpclib.const import Cardinality, Handler
from grpclib.server import Stream

from limavm.wire.messages import Empty, Event, Info, Inotify, TimeSyncRequest, TimeSyncResponse, TunnelMessage

#: Metadata of a request: the token of the instance, where the guest has a file of it.
TOKEN_KEY = "lima-token"  # noqa: S105 - the name of it
#: Metadata of a request for a TCP tunnel, and of the answer to it: "1" says that a message without data is the end
#: of the guest's data, and that the tunnel then goes on in the other direction. The end of the host's data is the end
#: of its half of the stream, always. A server that is not told so ends the whole call with the guest's data, as Lima
#: does; a client that reads no such answer is to keep its half open until the call ends.
HALF_CLOSE_KEY = "lima-half-close"

GET_INFO = "/GuestService/GetInfo"
GET_EVENTS = "/GuestService/GetEvents"
POST_INOTIFY = "/GuestService/PostInotify"
TUNNEL = "/GuestService/Tunnel"
SYNC_TIME = "/GuestService/SyncTime"


class GuestServiceBase(ABC):
    """The server's side; each method answers on the stream that it is given."""

    @abstractmethod
    async def get_info(self, stream: Stream[Empty, Info]) -> None:
        """Send everything that listens now."""

    @abstractmethod
    async def get_events(self, stream: Stream[Empty, Event]) -> None:
        """Send an event whenever something begins or ceases to listen."""

    @abstractmethod
    async def post_inotify(self, stream: Stream[Inotify, Empty]) -> None:
        """Set the times of each file that is told."""

    @abstractmethod
    async def tunnel(self, stream: Stream[TunnelMessage, TunnelMessage]) -> None:
        """Be one connection to an address in the guest."""

    @abstractmethod
    async def sync_time(self, stream: Stream[TimeSyncRequest, TimeSyncResponse]) -> None:
        """Set the clock."""

    def __mapping__(self) -> Mapping[str, Handler]:
        """What grpclib's Server asks for."""
        return {
            GET_INFO: Handler(self.get_info, Cardinality.UNARY_UNARY, Empty, Info),
            GET_EVENTS: Handler(self.get_events, Cardinality.UNARY_STREAM, Empty, Event),
            POST_INOTIFY: Handler(self.post_inotify, Cardinality.STREAM_UNARY, Inotify, Empty),
            TUNNEL: Handler(self.tunnel, Cardinality.STREAM_STREAM, TunnelMessage, TunnelMessage),
            SYNC_TIME: Handler(self.sync_time, Cardinality.UNARY_UNARY, TimeSyncRequest, TimeSyncResponse),
        }
