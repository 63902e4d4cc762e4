import gzip
import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.images.digest import Digest
from limavm.images.local import local_path, place_file, place_image
from tests.unit.images.qcow2file import header
from tests.unit.images.recording import Recorder

BODY = os.urandom(5000) + bytes(1 << 20)


@pytest.fixture
def target(tmp_path: Path) -> Callable[[str], str]:
    (tmp_path / "inst").mkdir()
    return lambda _: str(tmp_path / "inst" / "basedisk")


def place(source: Path, tmp_path: Path, target: Callable[[str], str], report: Recorder) -> None:
    place_image(str(source), None, str(tmp_path / "inst"), target, report)


@pytest.mark.parametrize(
    ("location", "wanted"),
    [
        ("/a/b.img", "/a/b.img"),
        ("file:///a/b.img", "/a/b.img"),
        ("~/b.img", "/home/me/b.img"),
        ("file://~/b.img", "/home/me/b.img"),
        ("https://host/a", None),
        ("HTTP://host/a", None),
        ("ftp://host/a", None),
        ("/a/http://b", "/a/http:/b"),
    ],
)
def test_a_location_without_a_scheme_is_a_path(
    location: str, wanted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert local_path(location) == wanted


def test_a_local_image_is_copied_not_linked(tmp_path: Path, target: Callable[[str], str], report: Recorder) -> None:
    source = tmp_path / "mine.img"
    source.write_bytes(BODY)

    place(source, tmp_path, target, report)
    source.write_bytes(b"changed")

    assert Path(target("")).read_bytes() == BODY
    assert os.listdir(tmp_path / "inst") == ["basedisk"]


def test_a_compressed_local_image_is_decompressed(
    tmp_path: Path, target: Callable[[str], str], report: Recorder
) -> None:
    source = tmp_path / "mine.img.gz"
    source.write_bytes(gzip.compress(BODY))

    place(source, tmp_path, target, report)

    assert Path(target("")).read_bytes() == BODY
    assert report.transfers[0][1].done == source.stat().st_size


def test_a_local_image_of_another_virtualizer_is_converted(
    tmp_path: Path, target: Callable[[str], str], report: Recorder
) -> None:
    (tmp_path / "raw").write_bytes(BODY + bytes(-len(BODY) % 512))
    source = tmp_path / "mine.vdi"
    argv = ["qemu-img", "convert", "-f", "raw", "-O", "vdi", str(tmp_path / "raw"), str(source)]
    subprocess.run(argv, check=True)

    place(source, tmp_path, target, report)

    assert Path(target("")).read_bytes().startswith(BODY)
    assert os.listdir(tmp_path / "inst") == ["basedisk"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a", b""),
        ("a", header(backing=b"/etc/shadow")),
        ("a.gz", gzip.compress(header(backing=b"/etc/shadow"))),
        ("a.gz", b"not compressed"),
        ("a", b"vhdxfile" + bytes(1000)),
    ],
)
def test_a_bad_local_image_leaves_nothing(
    name: str, content: bytes, tmp_path: Path, target: Callable[[str], str], report: Recorder
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UserError):
        place(tmp_path / name, tmp_path, target, report)

    assert os.listdir(tmp_path / "inst") == []


def test_a_missing_file_is_named(tmp_path: Path, target: Callable[[str], str], report: Recorder) -> None:
    with pytest.raises(NotFoundError) as caught:
        place(tmp_path / "missing", tmp_path, target, report)

    assert caught.value.where == str(tmp_path / "missing")


def test_a_directory_is_no_image(tmp_path: Path, target: Callable[[str], str], report: Recorder) -> None:
    with pytest.raises(UserError, match="not a file"):
        place(tmp_path, tmp_path, target, report)


def test_a_local_file_is_verified(tmp_path: Path, report: Recorder) -> None:
    (tmp_path / "kernel").write_bytes(b"kernel")
    right = Digest("sha256", hashlib.sha256(b"kernel").hexdigest())
    wrong = Digest("sha256", "0" * 64)

    with pytest.raises(UserError, match=right.hex):
        place_file(str(tmp_path / "kernel"), wrong, str(tmp_path / "out"), unpack=False, report=report)
    assert not (tmp_path / "out").exists()

    place_file(str(tmp_path / "kernel"), right, str(tmp_path / "out"), unpack=False, report=report)
    assert (tmp_path / "out").read_bytes() == b"kernel"


def test_an_initrd_stays_compressed(tmp_path: Path, report: Recorder) -> None:
    packed = gzip.compress(b"initrd")
    (tmp_path / "initrd.gz").write_bytes(packed)

    place_file(str(tmp_path / "initrd.gz"), None, str(tmp_path / "out"), unpack=False, report=report)

    assert (tmp_path / "out").read_bytes() == packed
