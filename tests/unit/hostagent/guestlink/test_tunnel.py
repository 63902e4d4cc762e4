"""One tunnel on a connection of HTTP/2, without sockets; with real ones see forwarding/test_tunnels."""

import struct

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from limavm.hostagent.guestlink.tunnel import Tunnel
from limavm.wire.guestservice_pb2 import TunnelMessage

HEADERS = [(":method", "POST"), (":scheme", "http"), (":path", "/GuestService/Tunnel"), (":authority", "localhost")]


class End:
    """What becomes of the tunnel on the host's side."""

    def __init__(self) -> None:
        self.data = b""
        self.error: str | None = None

    def opened(self) -> None: ...

    def writable(self) -> None: ...

    def received(self, data: bytes) -> None:
        self.data += data

    def ended(self) -> None: ...

    def closed(self, error: str) -> None:
        self.error = error


class Carrier:
    """A connection to an agent that the test plays."""

    def __init__(self) -> None:
        self.h2 = H2Connection()
        self.agent = H2Connection(H2Configuration(client_side=False))
        self.h2.initiate_connection()
        self.agent.initiate_connection()
        self.h2.send_headers(1, HEADERS)
        self.released = False
        self.congested = False

    def flush(self) -> None:
        self.agent.receive_data(self.h2.data_to_send())

    def blocked(self, tunnel: Tunnel) -> None: ...

    def unblocked(self, tunnel: Tunnel) -> None: ...

    def release(self, tunnel: Tunnel) -> None:
        self.released = True

    def hear(self, data: bytes, tunnel: Tunnel) -> None:
        """What the agent says reaches the tunnel."""
        self.agent.send_data(1, data)
        for event in self.h2.receive_data(self.agent.data_to_send()):
            if getattr(event, "stream_id", None) == 1:
                tunnel.handle(event)


def begun() -> tuple[Tunnel, Carrier, End]:
    end, carrier = End(), Carrier()
    tunnel = Tunnel(TunnelMessage(id="tcp-x-1", protocol="tcp"), end)
    carrier.flush()
    carrier.agent.send_headers(1, [(":status", "200")])
    tunnel.start(carrier, 1)
    return tunnel, carrier, end


def test_a_message_may_come_in_pieces() -> None:
    tunnel, carrier, end = begun()
    body = TunnelMessage(data=b"x" * 60_000).SerializeToString()
    message = struct.pack(">BI", 0, len(body)) + body

    for start in range(0, len(message), 10_000):
        carrier.hear(message[start : start + 10_000], tunnel)
        carrier.flush()

    assert end.data == b"x" * 60_000


def test_the_beginning_of_a_message_counts_until_the_message_is_whole() -> None:
    """Or thousands of tunnels could each keep one, and the window of the connection would bound nothing."""
    tunnel, carrier, end = begun()
    body = TunnelMessage(data=b"x" * 60_000).SerializeToString()
    message = struct.pack(">BI", 0, len(body)) + body
    window = carrier.agent.local_flow_control_window(1)

    for start in range(0, 50_000, 10_000):
        carrier.hear(message[start : start + 10_000], tunnel)
    carrier.flush()

    assert carrier.agent.local_flow_control_window(1) == window - 50_000
    carrier.hear(message[50_000:], tunnel)
    carrier.flush()
    assert end.data == b"x" * 60_000
    assert carrier.agent.local_flow_control_window(1) == window


@pytest.mark.parametrize(("compressed", "length"), [(0, 1 << 20), (0, 0xFFFFFFFF), (1, 5)])
def test_a_message_that_no_agent_sends_ends_the_tunnel_before_it_is_in_memory(compressed: int, length: int) -> None:
    tunnel, carrier, end = begun()

    carrier.hear(struct.pack(">BI", compressed, length), tunnel)

    assert end.error == "the guest agent sends what is no message of a tunnel"
    assert carrier.released
