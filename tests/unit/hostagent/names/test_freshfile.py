import os
from pathlib import Path

from limavm.hostagent.names.freshfile import FreshFile


def test_a_file_is_read_again_when_it_has_changed_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    read = []
    fresh = FreshFile(str(path), lambda text: read.append(text) or text)  # type: ignore[func-returns-value]

    assert [fresh.value(), fresh.value()] == ["one", "one"]
    path.write_text("other")
    assert fresh.value() == "other"
    assert read == ["", "one", "other"]


def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    os.symlink("one", tmp_path / "link")
    fresh = FreshFile(str(tmp_path / "link"), str)
    before = fresh.value()

    os.symlink("two", tmp_path / "new")
    os.replace(tmp_path / "new", tmp_path / "link")

    assert (before, fresh.value()) == ("one", "two")


def test_a_file_may_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "file"
    fresh = FreshFile(str(path), str)
    values = [fresh.value()]

    path.write_text("here")
    values.append(fresh.value())
    path.unlink()
    values.append(fresh.value())

    assert values == ["", "here", ""]


def test_a_file_that_cannot_be_read_says_what_it_said_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    fresh = FreshFile(str(path), str)
    before = fresh.value()

    path.unlink()
    path.mkdir()

    assert (before, fresh.value()) == ("one", "one")
