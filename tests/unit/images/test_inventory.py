"""What the cache holds, and that nothing of it is removed while it is used."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from limavm.errors import BusyError
from limavm.host import files, platform
from limavm.images import inventory
from limavm.images.build.entry import NAMES, builds_dir, locked_entry
from limavm.images.build.location import parse_location
from limavm.images.build.run import make_recipe
from limavm.images.cache import entry_dir
from limavm.images.cache import locked_entry as locked_download
from limavm.images.inventory import Kind, Piece
from limavm.model.arch import Arch
from tests.unit.images.recording import Recorder

URL = "https://example.test/images/disk.qcow2"
BUILD = "mmdebstrap:bookworm?mirror=http://a.test/debian"


@pytest.fixture
def root(cache: Path) -> Path:
    return cache.parents[1]


def downloaded(url: str = URL) -> Path:
    entry = Path(entry_dir(url))
    entry.mkdir(parents=True)
    (entry / "url").write_text(url)
    (entry / "data").write_bytes(b"x" * 5000)
    (entry / "imgconv").mkdir()
    (entry / "imgconv" / "raw").write_text("made by Lima")
    return entry


def key() -> str:
    return make_recipe(parse_location(BUILD), Arch(platform.host_arch())).key


def built(name: str) -> Path:
    entry = Path(builds_dir(), name)
    entry.mkdir(parents=True)
    for file in NAMES:
        (entry / file).write_text(file)
    Path(builds_dir(), f"{name}.lock").touch()
    return entry


def the(kind: Kind) -> Piece:
    (piece,) = (piece for piece in inventory.pieces() if piece.kind is kind)
    return piece


def test_there_is_nothing_without_a_cache() -> None:
    assert inventory.pieces() == []
    inventory.remove_empty()


def test_a_download_is_known_by_its_address(cache: Path) -> None:
    entry = downloaded()

    piece = the(Kind.DOWNLOAD)

    assert (piece.name, piece.paths) == (URL, (str(entry),))
    assert {piece.key} == inventory.keys_of([URL])
    assert entry.name == hashlib.sha256(URL.encode()).hexdigest()


def test_a_download_that_has_just_begun_is_known_by_its_digest(cache: Path) -> None:
    entry = Path(entry_dir(URL))
    entry.mkdir(parents=True)

    assert the(Kind.DOWNLOAD).name == entry.name


def test_a_build_is_known_by_its_inputs(cache: Path) -> None:
    built(key())

    assert {the(Kind.BUILD).key} == inventory.keys_of([BUILD])


def test_the_usual_builds_are_told_by_their_suite(cache: Path) -> None:
    built(make_recipe(parse_location("mmdebstrap:trixie"), Arch(platform.host_arch())).key)

    assert the(Kind.BUILD).name == "mmdebstrap:trixie"


def test_a_location_that_means_nothing_has_no_key() -> None:
    assert inventory.keys_of(["mmdebstrap:nonsense"]) == set()


def test_all_the_rest_is_found_wherever_it_lies(cache: Path, root: Path) -> None:
    downloaded()
    built("0" * 64)
    (root / "guestagent").mkdir()
    (root / "ssh-client.json").touch()
    (root / "download" / "strange").touch()
    (cache / "strange").touch()

    names = [piece.name for piece in inventory.pieces() if piece.kind is Kind.OTHER]

    assert names == ["guestagent", "ssh-client.json", "download/strange", "download/by-url-sha256/strange"]


def test_everything_can_be_removed(cache: Path, root: Path, tmp_path: Path) -> None:
    downloaded()
    built("0" * 64)
    (Path(builds_dir()) / "dead.tmp" / "root").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (cache / "link").symlink_to(tmp_path / "outside")
    (root / "guestagent").mkdir()
    (root / "guestagent" / "x.zip").touch()

    for piece in inventory.pieces():
        inventory.remove(piece)
    inventory.remove_empty()

    assert not root.exists()
    assert (tmp_path / "outside" / "file").exists()


def test_what_is_gone_is_removed_already(cache: Path) -> None:
    downloaded()
    built("0" * 64)
    found = inventory.pieces()

    for piece in [*found, *found]:
        inventory.remove(piece)

    assert os.listdir(cache) == []


def test_a_download_in_use_is_not_removed(cache: Path) -> None:
    entry = downloaded()
    piece = the(Kind.DOWNLOAD)

    with locked_download(URL, Recorder()), pytest.raises(BusyError):
        inventory.remove(piece)

    assert (entry / "data").exists()


def test_a_build_in_use_is_not_removed(cache: Path) -> None:
    entry = built("0" * 64)
    piece = the(Kind.BUILD)

    with locked_entry(builds_dir(), "0" * 64), pytest.raises(BusyError):
        inventory.remove(piece)

    assert (entry / "image").exists()


def test_who_waits_for_a_download_that_is_removed_gets_a_new_one(cache: Path) -> None:
    entry = downloaded()
    seen: list[list[str]] = []

    def use() -> None:
        with locked_download(URL, Recorder()) as found:
            seen.append(os.listdir(found))

    user = threading.Thread(target=use)
    with files.locked(str(entry)):
        user.start()
        for path in ("imgconv/raw", "data", "url"):
            (entry / path).unlink()
        (entry / "imgconv").rmdir()
        entry.rmdir()
    user.join(10)

    assert seen == [[]]


def test_a_download_that_stays_loses_what_was_interrupted(cache: Path) -> None:
    entry = downloaded()
    for name in ("data.part", "data.part.json", "data.tmp.123.4", "url.77.tmp"):
        (entry / name).touch()

    inventory.sweep(the(Kind.DOWNLOAD))

    assert sorted(os.listdir(entry)) == ["data", "imgconv", "url"]


def test_directories_that_hold_something_stay(cache: Path) -> None:
    entry = downloaded()

    inventory.remove_empty()

    assert entry.exists()
