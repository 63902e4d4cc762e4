"""What is told of a mount, and when."""

import logging

import pytest

from limavm.hostagent.mounts.entry import Entry
from limavm.model.config import Mount
from limavm.model.mount import MountPhase


@pytest.fixture
def told() -> list[MountPhase]:
    return []


@pytest.fixture
def entry(told: list[MountPhase]) -> Entry:
    made = Entry(Mount(location="/a", mount_point="/m/"), "9p", lambda: told.append(made.phase))
    return made


def test_each_change_is_told_once(entry: Entry, told: list[MountPhase]) -> None:
    for reason in ("a", "a", "b"):
        entry.lost(reason)
    entry.mounted()
    entry.mounted()
    entry.lost("c")

    assert told == [MountPhase.STARTING, MountPhase.STARTING, MountPhase.MOUNTED, MountPhase.LOST]


def test_what_failed_lets_those_inside_go_on_and_is_settled(entry: Entry) -> None:
    assert not entry.up.is_set()
    entry.failed("no")

    assert entry.up.is_set()
    assert entry.settled.is_set()
    assert entry.state.reason == "no"

    entry.begins()
    assert entry.down.is_set()


def test_what_vanished_stays_where_it_is(entry: Entry) -> None:
    entry.mounted()
    entry.vanished("gone")

    assert entry.phase is MountPhase.LOST
    assert entry.up.is_set()


def test_the_reason_for_another_type_stays(entry: Entry) -> None:
    entry.falls_back("reverse-sshfs", "unknown type")
    entry.failed("no")
    assert entry.state.reason == "no"
    entry.mounted()

    assert (entry.state.type, entry.state.reason) == ("reverse-sshfs", "unknown type")
    assert entry.state.mount_point == "/m"


def test_the_log_tells_of_a_loss_once_and_cannot_be_forged(entry: Entry, caplog: pytest.LogCaptureFixture) -> None:
    entry.mounted()
    caplog.set_level(logging.WARNING)
    caplog.clear()
    entry.lost("one\ntwo")
    entry.lost("three")

    assert caplog.messages == ['Lost the mount of "/a" on "/m": one?two']
