import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent.frames import PREFACE, Frames


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + b"\x00\x00\x00\x00\x00\x01" + payload


OLD = PREFACE + frame(b"") + frame(b"hello") + frame(bytes(300))
NEW = PREFACE + frame(b"new")


@given(st.data())
def test_a_new_connection_is_found_however_the_bytes_are_cut(data: st.DataObject) -> None:
    everything = OLD + NEW
    cuts = sorted(data.draw(st.sets(st.integers(1, len(everything) - 1), max_size=30)))
    frames = Frames()
    mine = new = b""

    for start, end in zip([0, *cuts], [*cuts, len(everything)], strict=True):
        if new:
            new += everything[start:end]
        else:
            old, new = frames.split(everything[start:end])
            mine += old

    assert new == NEW
    # A part of a header may have been passed on before it could be told that it begins something new.
    assert mine.startswith(OLD)
    assert PREFACE.startswith(mine[len(OLD) :])


@pytest.mark.parametrize("payload", [PREFACE, b"x" + PREFACE, PREFACE * 3 + frame(b"")])
def test_a_preface_within_a_frame_is_only_data(payload: bytes) -> None:
    frames = Frames()
    begun = PREFACE + frame(payload)[:9]

    assert frames.split(begun) == (begun, b"")
    assert frames.split(payload) == (payload, b"")
    assert frames.split(frame(b"next")) == (frame(b"next"), b"")


def test_a_preface_after_a_frame_that_was_not_finished_is_only_data() -> None:
    frames = Frames()
    frames.split(PREFACE + frame(bytes(1000))[:100])

    assert frames.split(NEW) == (NEW, b"")
