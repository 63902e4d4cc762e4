"""What may be deleted, and that it is gone."""

from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.instance.delete import delete
from tests.fakes.report import KeptReport


def test_a_stopped_instance_is_gone(dev: Path, home: Path) -> None:
    delete("dev", force=False, report=KeptReport())

    assert [path.name for path in home.iterdir()] == ["_config"]


def test_a_missing_instance_is_only_warned_about(home: Path) -> None:
    report = KeptReport()

    delete("nope", force=False, report=report)

    assert report.lines == ["warning: There is no instance 'nope'; nothing to delete"]


@pytest.mark.parametrize("force", [False, True])
def test_a_protected_instance_is_kept(force: bool, dev: Path) -> None:
    (dev / "protected").write_text("")

    with pytest.raises(UserError, match="protected"):
        delete("dev", force=force, report=KeptReport())

    assert (dev / "lima.yaml").exists()


@pytest.mark.parametrize("force", [False, True])
def test_a_directory_that_is_no_instance_is_kept(force: bool, home: Path) -> None:
    (home / "stuff").mkdir()

    with pytest.raises(UserError, match="may be no instance"):
        delete("stuff", force=force, report=KeptReport())

    assert (home / "stuff").is_dir()


def test_a_broken_instance_needs_force(dev: Path) -> None:
    (dev / "lima.yaml").write_text("cpus: many\n")
    with pytest.raises(UserError, match="not Stopped"):
        delete("dev", force=False, report=KeptReport())

    delete("dev", force=True, report=KeptReport())

    assert not dev.exists()
