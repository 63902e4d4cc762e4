"""Snapshots by name of an instance; the machine that runs is a fake one behind a real socket elsewhere."""

from pathlib import Path

import pytest

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.instance import snapshots
from limavm.store import instances
from tests.fakes.report import KeptReport

TABLE = "ID        TAG     VM SIZE\n--        one     1 MiB\n2         two     0 B\n"


def test_the_tags_are_the_second_column() -> None:
    assert snapshots.tags(TABLE) == ["one", "two"]
    assert snapshots.tags("") == []
    with pytest.raises(UserError, match="another form"):
        snapshots.tags("a b c\n")


@pytest.mark.parametrize("tag", ["", "a b", "a\nb", "x" * 256])
def test_what_cannot_name_a_snapshot_is_refused(tag: str) -> None:
    with pytest.raises(UserError, match="tag"):
        snapshots.check_tag(tag)


def test_an_instance_that_was_never_started_has_none(dev: Path) -> None:
    assert snapshots.table("dev") == ""
    with pytest.raises(UserError, match="no disk"):
        snapshots.act("create", "dev", "one", report=KeptReport())


def test_a_missing_instance_is_told(home: Path) -> None:
    with pytest.raises(NotFoundError):
        snapshots.act("apply", "nope", "one", report=KeptReport())


def test_two_commands_at_once_do_not_meet(dev: Path) -> None:
    with instances.exclusive("dev"), pytest.raises(BusyError):
        snapshots.act("create", "dev", "one", report=KeptReport())
