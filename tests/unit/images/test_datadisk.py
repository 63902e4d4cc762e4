"""Images of data disks, made and grown by the real qemu-img."""

import os
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.host.process import run
from limavm.images import datadisk


@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_a_disk_has_the_format_and_size_that_were_asked_for(tmp_path: Path, form: str) -> None:
    path = str(tmp_path / "datadisk")

    assert datadisk.create(path, 1_000_000, form) == form

    assert datadisk.inspect(path) == (form, 1_000_448)
    assert getattr(os.stat(path), "st_blocks", 0) * 512 < 500_000


def test_without_qemu_img_a_disk_is_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert datadisk.create(str(tmp_path / "datadisk"), 4096, "qcow2") == "raw"


@pytest.mark.parametrize(("size", "form", "problem"), [(0, "qcow2", "size"), (4096, "vmdk", "vmdk")])
def test_no_size_or_another_format_makes_no_disk(tmp_path: Path, size: int, form: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        datadisk.create(str(tmp_path / "datadisk"), size, form)

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_a_disk_grows_and_never_shrinks(tmp_path: Path, form: str) -> None:
    path = str(tmp_path / "datadisk")
    datadisk.create(path, 1 << 20, form)

    datadisk.grow(path, 2 << 20)
    datadisk.grow(path, 2 << 20)
    with pytest.raises(UserError, match="cannot shrink"):
        datadisk.grow(path, 1 << 20)

    assert datadisk.inspect(path) == (form, 2 << 20)


@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_a_file_becomes_a_disk_with_its_content(tmp_path: Path, form: str) -> None:
    source, path = str(tmp_path / "source"), str(tmp_path / "datadisk")
    datadisk.create(source, 1 << 20, form)

    assert datadisk.take(source, path) == form

    assert Path(path).read_bytes() == Path(source).read_bytes()


def test_a_raw_disk_is_taken_as_whole_sectors(tmp_path: Path) -> None:
    source, path = tmp_path / "source", tmp_path / "datadisk"
    source.write_bytes(b"x" * 700)

    assert datadisk.take(str(source), str(path)) == "raw"

    assert path.read_bytes() == b"x" * 700 + bytes(324)
    assert source.stat().st_size == 700


def test_what_is_no_disk_is_not_taken(tmp_path: Path) -> None:
    run(["qemu-img", "create", "-q", "-f", "vmdk", str(tmp_path / "v"), "1M"])
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "vmdk", "-b", str(tmp_path / "v"), str(tmp_path / "overlay")])
    (tmp_path / "empty").touch()

    for name, problem in (("v", "vmdk"), ("overlay", "backing"), ("empty", "empty"), (".", "only a file")):
        with pytest.raises(UserError, match=problem):
            datadisk.take(str(tmp_path / name), str(tmp_path / "datadisk"))
    with pytest.raises(NotFoundError):
        datadisk.take(str(tmp_path / "nothing"), str(tmp_path / "datadisk"))

    assert not (tmp_path / "datadisk").exists()


def test_a_disk_that_names_another_file_is_refused(tmp_path: Path) -> None:
    secret, path = str(tmp_path / "secret"), str(tmp_path / "datadisk")
    Path(secret).write_bytes(bytes(512))
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", secret, path])

    with pytest.raises(UserError, match="refused"):
        datadisk.inspect(path)


def test_a_directory_without_an_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        datadisk.inspect(str(tmp_path / "datadisk"))
