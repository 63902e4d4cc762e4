"""Data disks and the instances that want them."""

from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.host.files import locked
from limavm.instance import disks as use
from limavm.instance.delete import delete
from limavm.model.config import Disk
from limavm.store import disks
from tests.fakes.report import KeptReport


@pytest.fixture
def data(home: Path) -> Path:
    """The directory of a disk `data`, beside which there is `more`."""
    for name in ("data", "more"):
        use.create(name, 1 << 20, "raw", report=KeptReport())
    return home / "_disks" / "data"


def wanted(*names: str) -> list[Disk]:
    return [Disk(name=name) for name in names]


def test_a_machine_gets_its_disks_in_order_and_locks_them(home: Path, data: Path) -> None:
    drives = use.attach(wanted("more", "data"), str(home / "dev"), report=KeptReport())

    assert [(drive.path, drive.format) for drive in drives] == [
        (str(home / "_disks" / "more" / "datadisk"), "raw"),
        (str(data / "datadisk"), "raw"),
    ]
    assert disks.owner("data") == disks.owner("more") == str(home / "dev")
    assert use.inspect("data").instance == "dev"


def test_a_disk_of_a_machine_that_is_alive_is_not_given_away(home: Path, data: Path) -> None:
    (home / "dev").mkdir()
    disks.assign("data", str(home / "dev"))

    with locked(str(home / "dev")), pytest.raises(UserError, match="used by the instance 'dev'"):
        use.attach(wanted("more", "data"), str(home / "other"), report=KeptReport())

    assert (disks.owner("data"), disks.owner("more")) == (str(home / "dev"), "")


def test_a_disk_that_a_machine_left_locked_is_taken_over(home: Path, data: Path) -> None:
    disks.assign("data", str(home / "dev"))
    report = KeptReport()

    use.attach(wanted("data"), str(home / "other"), report=report)

    assert disks.owner("data") == str(home / "other")
    assert report.lines == ["info: Taking the disk 'data' over from 'dev', which does not run"]


def test_a_start_frees_what_is_no_longer_asked_for(home: Path, data: Path) -> None:
    disks.assign("data", str(home / "dev"))

    use.attach(wanted("more"), str(home / "dev"), report=KeptReport())

    assert disks.owner("data") == ""


@pytest.mark.parametrize(("names", "problem"), [(("nope",), "no disk 'nope'"), (("data", "data"), "twice")])
def test_disks_that_cannot_be_had_are_told(home: Path, data: Path, names: tuple[str, ...], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        use.attach(wanted(*names), str(home / "dev"), report=KeptReport())

    assert disks.owner("data") == ""


def test_a_disk_in_use_is_neither_resized_nor_deleted_nor_unlocked(home: Path, data: Path) -> None:
    (home / "dev").mkdir()
    disks.assign("data", str(home / "dev"))
    report = KeptReport()

    with locked(str(home / "dev")):
        with pytest.raises(UserError, match="used by"):
            use.resize("data", 2 << 20, report=report)
        with pytest.raises(UserError, match="used by"):
            use.delete("data", force=False, report=report)
        use.unlock("data", report=report)

    assert "stays locked" in report.lines[-1]
    assert use.inspect("data").size == 1 << 20


def test_a_disk_that_a_configuration_names_is_deleted_by_force_only(home: Path, data: Path, dev: Path) -> None:
    with (dev / "lima.yaml").open("a") as file:
        file.write("additionalDisks: [data]\n")
    report = KeptReport()

    use.delete("data", force=False, report=report)
    assert data.exists()
    assert "'dev'" in report.lines[-1]
    use.delete("data", force=True, report=report)

    assert not data.exists()


def test_what_is_missing_is_only_warned_of(home: Path) -> None:
    report = KeptReport()

    use.delete("nope", force=False, report=report)
    use.unlock("nope", report=report)

    assert [line.partition(":")[0] for line in report.lines] == ["warning", "warning"]
    with pytest.raises(NotFoundError):
        use.resize("nope", 1 << 20, report=report)


def test_a_deleted_instance_leaves_its_disks_to_others(home: Path, data: Path, dev: Path) -> None:
    disks.assign("data", str(dev))

    delete("dev", force=True, report=KeptReport())

    assert disks.owner("data") == ""
    assert use.inspect("data").instance == ""


def test_a_disk_is_kept_for_a_configuration_that_cannot_be_read_and_may_name_it(
    home: Path, data: Path, dev: Path
) -> None:
    (dev / "lima.yaml").write_text("additionalDisks: [data\n")
    report = KeptReport()

    use.delete("data", force=False, report=report)
    use.delete("more", force=False, report=report)

    assert data.exists()
    assert "'dev'" in report.lines[0]
    assert disks.names() == ["data"]
