"""What a start does about containerd: the archive in its place, once, or a warning and packages."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.images.build.location import parse_location
from limavm.instance.containerd import PACKAGES, ensure_containerd, referred, with_packages
from limavm.model.arch import Arch
from limavm.model.config import Config, Containerd, File, Image, User
from limavm.store import containerd
from tests.fakes.report import KeptReport

BODY = b"an archive"
VERSION = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
USER = User(name="dev", comment="", home="/home/dev", shell="/bin/bash", uid=1000)
NO_NETWORK = "http://127.0.0.1:1/nerdctl.tgz"


def config(location: str, digest: str | None = None, **members: object) -> Config:
    archives = (File(location=location, arch=Arch.X86_64, digest=digest),)
    images = (Image(location="mmdebstrap:trixie", arch=Arch.X86_64), Image(location="/x.img", arch=Arch.X86_64))
    found = Config(vm_type="qemu", arch=Arch.X86_64, user=USER, cpus=1, memory="1GiB", disk="1GiB", images=images)
    return replace(found, containerd=Containerd(user=True, system=False, archives=archives), **members)


class Instance:
    """The directory of one, and what its starts say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archive = path / "containerd.tgz"
        self.report = KeptReport()

    def start(self, wanted: Config) -> None:
        self.report.lines.clear()
        ensure_containerd(wanted, str(self.path), self.report)

    def boot(self) -> None:
        containerd.installed(str(self.path))

    @property
    def version(self) -> str | None:
        known = containerd.load(str(self.path))
        return known.version if known else None


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "dev").mkdir()
    return Instance(tmp_path / "dev")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "nerdctl.tgz"
    path.write_bytes(BODY)
    return path


def test_the_archive_is_there_until_the_guest_has_it(instance: Instance, archive: Path) -> None:
    wanted = config(str(archive))

    instance.start(wanted)
    instance.start(wanted)  # the first one was cut off
    assert (instance.archive.read_bytes(), instance.version) == (BODY, VERSION)
    instance.boot()
    archive.unlink()  # nobody looks for it any more
    instance.start(wanted)

    assert not instance.archive.exists()
    assert (instance.version, instance.report.lines) == (VERSION, [])


def test_another_version_is_brought_when_the_configuration_changes(instance: Instance, archive: Path) -> None:
    instance.start(config(str(archive)))
    instance.boot()
    newer = archive.with_name("newer.tgz")
    newer.write_bytes(b"newer")

    instance.start(config(str(newer)))

    assert instance.archive.read_bytes() == b"newer"
    assert instance.version != VERSION


def test_the_same_archive_elsewhere_is_not_brought_again(instance: Instance, archive: Path) -> None:
    instance.start(config(str(archive)))
    instance.boot()
    mirror = archive.with_name("mirror.tgz")
    mirror.write_bytes(BODY)

    instance.start(config(str(mirror)))

    assert not instance.archive.exists()


def test_one_that_cannot_be_had_is_one_warning_and_packages(instance: Instance) -> None:
    wanted = config(NO_NETWORK)

    instance.start(wanted)

    (warning,) = instance.report.lines
    assert warning.startswith(f"warning: The archive of nerdctl cannot be had ({NO_NETWORK}: the download failed")
    assert "containerd from its distribution" in warning
    assert "`containerd.archives`" in warning
    assert "`--containerd none`" in warning
    assert instance.version == ""
    assert not instance.archive.exists()


def test_it_is_not_tried_again_once_the_guest_has_the_packages(instance: Instance, tmp_path: Path) -> None:
    later = tmp_path / "later.tgz"
    wanted = config(str(later))
    instance.start(wanted)
    assert len(instance.report.lines) == 1
    instance.boot()

    instance.start(wanted)
    assert instance.report.lines == []
    later.write_bytes(BODY)  # it is at hand now, which nobody has to wait for
    instance.start(wanted)

    assert (instance.version, instance.archive.exists()) == (VERSION, True)


def test_a_newer_one_that_cannot_be_had_leaves_the_older_one(instance: Instance, archive: Path) -> None:
    instance.start(config(str(archive)))
    instance.boot()

    instance.start(config(NO_NETWORK))

    assert "keeps the version that it has" in instance.report.lines[0]
    assert (instance.version, instance.archive.exists()) == (VERSION, False)


def test_who_wants_none_has_no_archive(instance: Instance, archive: Path) -> None:
    wanted = config(str(archive))
    instance.start(wanted)

    instance.start(replace(wanted, plain=True))

    assert not instance.archive.exists()


def test_local_builds_have_the_packages_where_there_is_no_archive(instance: Instance, archive: Path) -> None:
    wanted = config(NO_NETWORK)
    instance.start(wanted)

    build, other = (image.location for image in with_packages(wanted.images, wanted, str(instance.path)))

    assert set(parse_location(build).include) == set(PACKAGES)
    assert parse_location(build).disable == ("containerd.service",)
    assert other == "/x.img"
    instance.start(config(str(archive)))
    assert with_packages(wanted.images, wanted, str(instance.path)) == list(wanted.images)


def test_a_location_with_a_mistake_is_left_to_who_reads_it(instance: Instance) -> None:
    images = [Image(location="mmdebstrap:trixie?x", arch=Arch.X86_64)]

    assert with_packages(images, config(NO_NETWORK), str(instance.path)) == images


def test_prune_keeps_archives_and_both_builds() -> None:
    assert [location.partition("?")[0] for location in referred(config("/a.tgz"))] == ["/a.tgz", "mmdebstrap:trixie"]
