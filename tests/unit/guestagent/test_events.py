import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent.events import State, differences
from limavm.guestagent.ports import Port
from limavm.wire.guestservice_pb2 import Event

A, B = Port("tcp", "127.0.0.1", 80), Port("udp", "::", 53)


def ports_of(event: Event) -> tuple[list[int], list[int]]:
    return [port.port for port in event.added_local_ports], [port.port for port in event.removed_local_ports]


def test_a_change_is_one_event_of_now() -> None:
    (event,) = differences({A}, {B}, ["sorry"])

    assert ports_of(event) == ([80], [53])
    assert list(event.errors) == ["sorry"]
    assert event.time.seconds > 1_700_000_000


def test_nothing_is_no_event() -> None:
    assert list(differences(set(), set(), [])) == []


def test_an_error_alone_is_an_event() -> None:
    (event,) = differences(set(), set(), ["sorry"])

    assert list(event.errors) == ["sorry"]


def test_a_port_that_comes_anew_in_another_way_is_removed_before() -> None:
    before, after = Port("tcp", "::", 80), Port("tcp", "::", 80, v6only=True)

    first, second = differences({after}, {before, B}, [])

    assert ports_of(first) == ([], [80])
    assert ports_of(second) == ([80], [53])
    assert second.added_local_ports[0].v6only


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_many_ports_are_told_in_events_of_bounded_size(added: int, removed: int) -> None:
    new = {Port("tcp", "127.0.0.1", port) for port in range(added)}
    gone = {Port("tcp", "127.0.0.2", port) for port in range(removed)}

    events = list(differences(new, gone, []))

    assert all(event.ByteSize() < 100_000 for event in events)
    assert sum(len(event.added_local_ports) for event in events) == added
    assert sum(len(event.removed_local_ports) for event in events) == removed


def test_what_was_told_is_kept_as_lima_keeps_it(tmp_path: Path) -> None:
    state = State(str(tmp_path / "new"))

    state.store(frozenset({A, Port("tcp", "::", 81, v6only=True)}))

    assert json.loads((tmp_path / "new" / "event-state.json").read_text()) == {
        "ports": [
            {"protocol": "tcp", "ip": "127.0.0.1", "port": 80},
            {"protocol": "tcp", "ip": "::", "port": 81, "v6only": True},
        ]
    }
    assert state.load() == {A, Port("tcp", "::", 81, v6only=True)}


def test_there_may_be_no_file(tmp_path: Path) -> None:
    assert State(str(tmp_path)).load() == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "7", '{"ports": 7}', '{"ports": [7]}', '{"ports": [{}]}', "[" * 100_000, '"\udcff"'),
        '{"ports": [{"protocol": "tcp", "ip": "::", "port": "80"}]}',
        '{"ports": [{"protocol": [], "ip": "::", "port": 80}]}',
    ],
)
def test_a_damaged_file_is_ignored(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "event-state.json").write_bytes(text.encode("utf-8", "surrogateescape"))

    with caplog.at_level(logging.WARNING):
        assert State(str(tmp_path)).load() == frozenset()

    assert "ignored" in caplog.text


def test_a_directory_that_cannot_be_written_is_only_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()

    State(str(tmp_path / "file")).store(frozenset({A}))

    assert "cannot be kept" in caplog.text
