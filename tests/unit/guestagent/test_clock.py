import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from limavm.guestagent.clock import synchronise
from tests.unit.guestagent.agent import FakeClock

HOST = 1_800_000_000


@pytest.mark.parametrize(
    ("drift_ms", "adjusted"), [(0, False), (100, False), (-100, False), (101, True), (-3000, True)]
)
def test_a_clock_that_is_off_by_more_than_100_ms_is_set(drift_ms: int, adjusted: bool) -> None:
    host = HOST * 10**9 + 123_456_789
    clock = FakeClock(host + drift_ms * 10**6)

    response = synchronise(Timestamp(seconds=HOST, nanos=123_456_789), clock)

    assert (response.adjusted, response.drift_ms, response.error) == (adjusted, drift_ms, "")
    assert clock.now == (host if adjusted else host + drift_ms * 10**6)


@pytest.mark.parametrize(
    ("seconds", "nanos"), [(-1, 0), (HOST, -1), (HOST, 10**9), (253_402_300_800, 0), (2**63 - 1, 0), (-(2**63), 5)]
)
def test_a_time_that_is_none_is_refused(seconds: int, nanos: int) -> None:
    clock = FakeClock(HOST)

    response = synchronise(Timestamp(seconds=seconds, nanos=nanos), clock)

    assert response.error
    assert not response.adjusted
    assert clock.now == HOST


@pytest.mark.parametrize("error", [OSError("not permitted"), OverflowError("too large")])
def test_a_clock_that_cannot_be_set_is_told(error: Exception) -> None:
    class Stuck(FakeClock):
        def set_ns(self, now: int) -> None:
            raise error

    response = synchronise(Timestamp(seconds=HOST), Stuck())

    assert response.error == str(error)
