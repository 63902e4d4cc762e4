"""What prune removes, keeps, and says."""

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.errors import UserError
from limavm.host import files
from limavm.images.cache import entry_dir, locked_entry
from limavm.images.inventory import Kind, Piece
from limavm.instance.configuration import configuration
from limavm.instance.pruning import Referred, prune, referred, referred_by_instances, told
from limavm.model.arch import Arch
from limavm.model.config import Containerd, File, Firmware, FirmwareImage, Image, Kernel
from tests.fakes.report import KeptReport

MIB = 1 << 20
URL = "https://a.test/x.img"
OTHER = "https://a.test/y.img"

if sys.platform == "win32":
    pytest.skip("st_blocks", allow_module_level=True)


def downloaded(url: str, size: int = MIB) -> Path:
    entry = Path(entry_dir(url))
    entry.mkdir(parents=True)
    (entry / "url").write_text(url)
    with open(entry / "data", "wb") as file:
        file.write(os.urandom(size))
        os.fsync(file.fileno())
    return entry


@pytest.fixture
def cache(home: Path, tmp_path: Path) -> Path:
    return tmp_path / "cache" / "lima"


def test_the_whole_cache_is_removed_and_told(cache: Path) -> None:
    downloaded(URL)
    downloaded(OTHER)
    (cache / "ssh-client.json").write_text("{}")
    report = KeptReport()

    freed = prune(None, report=report)

    assert not cache.exists()
    assert freed >= 2 * MIB
    assert len(report.lines) == 1
    assert report.lines[0].startswith("info: Removed 2 downloads and other files of the cache: freed 2.0")


def test_what_instances_have_of_it_is_not_free_and_stays(cache: Path, home: Path) -> None:
    entry = downloaded(URL)
    (home / "dev").mkdir()
    os.link(entry / "data", home / "dev" / "basedisk")
    report = KeptReport()

    assert prune(None, report=report) < MIB

    assert (home / "dev" / "basedisk").stat().st_size == MIB
    assert "1MiB of it stay, as instances use them" in report.lines[0]


def test_an_empty_cache_is_no_failure(cache: Path) -> None:
    report = KeptReport()

    assert prune(None, report=report) == 0
    assert report.lines == ["info: Nothing was removed from the cache"]


def test_what_another_command_uses_stays_and_is_told(cache: Path) -> None:
    entry = downloaded(URL)
    gone = downloaded(OTHER)
    report = KeptReport()

    with locked_entry(URL, KeptReport()):
        prune(None, report=report)

    assert (entry / "data").exists()
    assert not gone.exists()
    assert f"info: Another command is using {URL}; it stays" in report.lines


def test_what_is_referred_to_can_be_kept(cache: Path) -> None:
    kept, gone = downloaded(URL), downloaded(OTHER)
    (kept / "data.part").touch()
    (kept / "data.tmp.1.2").touch()
    (cache / "ssh-client.json").write_text("{}")

    prune(Referred(locations=frozenset({URL})), report=KeptReport())

    assert sorted(os.listdir(kept)) == ["data", "url"]
    assert not gone.exists()
    assert (cache / "ssh-client.json").exists()


def test_a_kept_download_that_goes_on_is_not_swept(cache: Path) -> None:
    entry = downloaded(URL)
    with locked_entry(URL, KeptReport()):
        (entry / "data.part").touch()

        prune(Referred(locations=frozenset({URL})), report=KeptReport())

        assert (entry / "data.part").exists()


def test_a_killed_prune_leaves_what_the_next_one_removes(cache: Path) -> None:
    entry = downloaded(URL)
    (entry / "url").unlink()

    assert prune(None, report=KeptReport()) >= MIB
    assert not cache.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_removed_is_told_after_the_rest_is_gone(cache: Path) -> None:
    entry, gone = downloaded(URL), downloaded(OTHER)
    entry.chmod(0o500)

    with pytest.raises(UserError, match="not everything could be removed"):
        prune(None, report=KeptReport())

    entry.chmod(0o700)
    assert not gone.exists()


def test_images_kernels_firmware_and_archives_are_referred_to(dev: Path) -> None:
    config = replace(
        configuration(str(dev)),
        images=(
            Image(
                location="i",
                arch=Arch.X86_64,
                kernel=Kernel(location="k", arch=Arch.X86_64),
                initrd=File(location="r", arch=Arch.X86_64),
            ),
            Image(location="j", arch=Arch.AARCH64),
        ),
        firmware=Firmware(images=(FirmwareImage(location="f", arch=Arch.X86_64),)),
        containerd=Containerd(archives=(File(location="a", arch=Arch.X86_64),)),
    )

    assert list(referred(config)) == ["i", "k", "r", "j", "f", "a"]


def test_instances_that_cannot_be_read_are_warned_of(dev: Path, home: Path) -> None:
    files.write_atomic(str(home / "dev" / "lima.yaml"), b"images: [{location: 'https://a.test/x.img'}]\n")
    (home / "bad").mkdir()
    (home / "bad" / "lima.yaml").write_text("cpus: many\n")
    report = KeptReport()

    found = referred_by_instances(report)

    assert URL in found.locations
    assert not found.all_known
    assert len(report.lines) == 1
    assert report.lines[0].startswith("warning: What the instance 'bad' refers to")


def test_a_directory_that_may_become_an_instance_forbids_it(home: Path) -> None:
    (home / "half").mkdir()

    with pytest.raises(UserError, match="'half'"):
        referred_by_instances(KeptReport())


def piece(kind: Kind) -> Piece:
    return Piece(kind=kind, name="", key="", paths=())


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([Kind.DOWNLOAD], "Removed 1 download: freed 1KiB"),
        ([Kind.DOWNLOAD, Kind.BUILD, Kind.BUILD], "Removed 1 download and 2 local builds: freed 1KiB"),
        (list(Kind), "Removed 1 download, 1 local build and other files of the cache: freed 1KiB"),
        ([Kind.OTHER], "Removed files of the cache: freed 1KiB"),
    ],
)
def test_the_message_names_what_is_gone(kinds: list[Kind], said: str) -> None:
    assert told([piece(kind) for kind in kinds], 1024, 0) == said
