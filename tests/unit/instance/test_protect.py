"""What `protected` forbids, and how it comes and goes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.instance.inspect import inspect
from limavm.instance.protect import check_unprotected, protect, unprotect
from limavm.store import instances
from tests.fakes.report import KeptReport


def test_the_marker_is_empty_and_nobody_may_write_to_it(dev: Path) -> None:
    protect("dev", report=KeptReport())

    assert (dev / "protected").read_bytes() == b""
    assert (dev / "protected").stat().st_mode & 0o777 == 0o400
    assert inspect("dev").protected


def test_what_is_protected_can_be_unprotected(dev: Path) -> None:
    protect("dev", report=KeptReport())

    unprotect("dev", report=KeptReport())

    assert not (dev / "protected").exists()
    check_unprotected("dev", "deleted")


@pytest.mark.parametrize(("do", "before", "said"), [(protect, True, "already"), (unprotect, False, "not protected")])
def test_what_is_so_already_is_only_warned_about(do: Callable[..., None], before: bool, said: str, dev: Path) -> None:
    if before:
        (dev / "protected").touch()
    report = KeptReport()

    do("dev", report=report)

    assert len(report.lines) == 1
    assert report.lines[0].startswith("warning: ")
    assert said in report.lines[0]
    assert (dev / "protected").exists() == before


@pytest.mark.parametrize("do", [protect, unprotect])
def test_a_missing_instance_is_an_error(do: Callable[..., None], home: Path) -> None:
    with pytest.raises(NotFoundError, match="'nope'"):
        do("nope", report=KeptReport())


@pytest.mark.parametrize("do", [protect, unprotect])
def test_nobody_protects_what_another_command_is_at_work_on(do: Callable[..., None], dev: Path) -> None:
    with instances.exclusive("dev"), pytest.raises(BusyError):
        do("dev", report=KeptReport())

    assert not (dev / "protected").exists()


def test_a_broken_instance_can_be_protected(dev: Path) -> None:
    (dev / "lima.yaml").write_text("cpus: many\n")

    protect("dev", report=KeptReport())

    assert inspect("dev").protected


def test_the_refusal_tells_the_way_out(dev: Path) -> None:
    protect("dev", report=KeptReport())

    with pytest.raises(UserError, match="is not reset") as raised:
        check_unprotected("dev", "reset")

    assert raised.value.hint is not None
    assert "limactl unprotect dev" in raised.value.hint
