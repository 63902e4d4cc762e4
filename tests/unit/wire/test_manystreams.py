"""Thousands of streams: opening one costs the same however many there are, and closed ones are forgotten."""

import time

import pytest
from h2.config import H2Configuration
from h2.exceptions import TooManyStreamsError
from h2.settings import SettingCodes, Settings

from limavm.wire.manystreams import ManyStreams

HEADERS = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "x")]


def pair(limit: int) -> tuple[ManyStreams, ManyStreams]:
    """A client and a server that takes `limit` streams."""
    client, server = ManyStreams(H2Configuration(client_side=True)), ManyStreams(H2Configuration(client_side=False))
    server.local_settings = Settings(client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: limit})
    client.initiate_connection()
    server.initiate_connection()
    exchange(client, server)
    exchange(client, server)
    return client, server


def exchange(client: ManyStreams, server: ManyStreams) -> None:
    server.receive_data(client.data_to_send())
    client.receive_data(server.data_to_send())


def open_stream(client: ManyStreams) -> int:
    stream = client.get_next_available_stream_id()
    client.send_headers(stream, HEADERS)
    return stream


@pytest.mark.parametrize("limit", [1, 10, 64, 100, 300])
def test_the_limit_of_the_peer_holds(limit: int) -> None:
    client, server = pair(limit)
    streams = [open_stream(client) for _ in range(limit)]
    with pytest.raises(TooManyStreamsError):
        open_stream(client)
    client.reset_stream(streams[0])
    open_stream(client)
    exchange(client, server)

    assert server.open_inbound_streams == limit
    client.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = limit + 1
    client.remote_settings.acknowledge()
    open_stream(client)
    with pytest.raises(TooManyStreamsError):
        exchange(client, server)


def test_streams_that_are_closed_are_forgotten() -> None:
    client, server = pair(1000)
    for _ in range(5000):
        client.reset_stream(open_stream(client))
        exchange(client, server)

    assert len(client.streams) < 200
    assert len(server.streams) < 200


def test_the_ten_thousandth_stream_costs_what_the_first_does() -> None:
    client, _ = pair(16384)

    def cost(number: int) -> float:
        began = time.process_time()
        for _ in range(number):
            open_stream(client)
        return time.process_time() - began

    first = cost(1000)
    cost(9000)

    assert cost(1000) < 5 * first + 0.05
