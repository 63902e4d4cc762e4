"""An instance is made as a whole or not at all."""

import stat
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.instance.create import create
from tests.fakes.report import KeptReport
from tests.unit.instance.conftest import YAML


def test_what_a_created_directory_holds(dev: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in dev.iterdir() if path.name[0] != "."}

    assert modes == {"lima.yaml": 0o644, "lima-version": 0o444, "cloud-config.yaml": 0o444}
    assert stat.S_IMODE(dev.stat().st_mode) == 0o700
    assert (dev / "lima.yaml").read_bytes() == YAML
    assert (dev / "cloud-config.yaml").read_bytes().startswith(b"#cloud-config\n")


def test_lima_reads_what_is_created(home: Path) -> None:
    create("dev", b"\xef\xbb\xbf" + YAML, report=KeptReport())

    assert (home / "dev/lima.yaml").read_bytes() == YAML
    assert (home / "dev/lima-version").read_bytes() == b"2.2.0"


def test_a_taken_name_is_refused_and_untouched(dev: Path) -> None:
    before = sorted(dev.iterdir())

    with pytest.raises(UserError, match="exists already"):
        create("dev", YAML, report=KeptReport())

    assert sorted(dev.iterdir()) == before


@pytest.mark.parametrize(
    "text",
    [
        YAML + b"user: {name: root}",
        b"",
        b"cpus: many",
        b"images: []",
        b"\xff\xfe",
        b"images: [{location: /x}]\nvmType: nope",
        b"- a",
        b"a: [1",
    ],
)
def test_a_text_that_will_not_do_leaves_nothing(text: bytes, home: Path) -> None:
    with pytest.raises(UserError):
        create("dev", text, report=KeptReport())

    assert not (home / "dev").exists()


@pytest.mark.parametrize("name", ["", "a/b", "..", "x.yaml", "x" * 77])
def test_a_name_that_will_not_do_leaves_nothing(name: str, home: Path) -> None:
    with pytest.raises(UserError):
        create(name, YAML, report=KeptReport())

    assert list(home.iterdir()) == []


def test_a_home_whose_path_is_too_long_for_sockets_is_refused(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / ("x" * 90)))

    with pytest.raises(UserError, match="too long for sockets"):
        create("dev", YAML, report=KeptReport())


def test_a_home_that_is_a_file_is_one_clear_error(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "file"))

    with pytest.raises((UserError, NotADirectoryError, FileExistsError)):
        create("dev", YAML, report=KeptReport())
