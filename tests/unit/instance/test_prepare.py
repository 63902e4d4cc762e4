"""In which order a start gets what it needs: what this host lacks is told before anything is downloaded."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.errors import UserError
from limavm.host.platform import facts
from limavm.instance.prepare import prepare, prepare_locked
from limavm.instance.resolving import resolve_and_cache
from limavm.model.arch import Arch
from limavm.model.config import Config, Containerd, File, Image, Kernel
from limavm.store import containerd
from limavm.store.timings import Recorder
from tests.fakes.report import KeptReport
from tests.unit.images.server import Server, file, serving

ARCH = Arch(facts().arch)
FOREIGN = Arch.S390X if ARCH is not Arch.S390X else Arch.X86_64
HERE = "there is no such file"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        running.usual = file(b"content")
        yield running


@pytest.fixture
def wanted(dev: Path, server: Server) -> Callable[..., Config]:
    """The configuration of `dev` with an archive of containerd on a server, and these images."""
    config, _ = resolve_and_cache(str(dev))
    archives = (File(location=server.url, arch=ARCH),)

    def wanted(*images: Image) -> Config:
        return replace(config, images=images, containerd=Containerd(user=True, system=False, archives=archives))

    return wanted


@pytest.fixture
def run(dev: Path) -> Callable[[Config], None]:
    return lambda config: prepare_locked(config, str(dev), KeptReport(), Recorder(str(dev)))


def image(location: object, **more: object) -> Image:
    return Image(location=str(location), arch=ARCH, **more)  # type: ignore[arg-type]


def test_a_missing_local_image_is_told_before_the_archive_is_fetched(
    wanted: Callable[..., Config], run: Callable[[Config], None], server: Server, dev: Path
) -> None:
    with pytest.raises(UserError, match=f"^/no/such.img: {HERE}") as caught:
        run(wanted(image("/no/such.img")))

    assert (caught.value.where, server.requests) == ("/no/such.img", [])
    assert caught.value.hint
    assert containerd.load(str(dev)) is None


def test_every_missing_file_is_named(
    wanted: Callable[..., Config], run: Callable[[Config], None], server: Server, tmp_path: Path
) -> None:
    (tmp_path / "mine.img").write_bytes(b"image")
    lacks_kernel = image(tmp_path / "mine.img", kernel=Kernel(location="/no/vmlinuz", arch=ARCH))
    lacks_initrd = image(f"{server.url}.2", initrd=File(location="file:///no/initrd", arch=ARCH))
    foreign = Image(location=server.url, arch=FOREIGN)

    with pytest.raises(UserError) as caught:
        run(wanted(image("/no/such.img"), lacks_kernel, lacks_initrd, image(tmp_path), foreign))

    assert caught.value.message.splitlines()[1:] == [
        f"    /no/such.img: {HERE}",
        f"    {tmp_path}/mine.img: {HERE} (/no/vmlinuz)",
        f"    {server.url}.2: {HERE} (/no/initrd)",
        f"    {tmp_path}: this is not a file",
    ]
    assert server.requests == []


def test_an_image_of_another_architecture_only_is_told_at_once(
    wanted: Callable[..., Config], run: Callable[[Config], None], server: Server
) -> None:
    with pytest.raises(UserError, match=f"there is no image for {ARCH}"):
        run(wanted(Image(location=server.url, arch=FOREIGN)))

    assert server.requests == []


def test_a_missing_file_is_no_error_while_another_image_can_be_had(
    wanted: Callable[..., Config], run: Callable[[Config], None], server: Server, tmp_path: Path
) -> None:
    (tmp_path / "mine.img").write_bytes(bytes(4096))

    with pytest.raises(FileNotFoundError, match="disk"):  # which the stand-in of qemu-img does not make
        run(wanted(image("/no/such.img"), image(tmp_path / "mine.img")))

    assert [request.path for request in server.requests] == ["/image.img"]


def test_an_instance_that_has_its_image_asks_for_no_file(
    wanted: Callable[..., Config], run: Callable[[Config], None], server: Server, dev: Path
) -> None:
    (dev / "disk").write_bytes(bytes(4096))

    run(wanted(image("/no/such.img")))

    assert server.requests


def test_what_is_there_to_be_built_is_no_missing_file(
    wanted: Callable[..., Config], run: Callable[[Config], None], server: Server
) -> None:
    with pytest.raises(UserError):  # the suite
        run(wanted(image("mmdebstrap:no such suite")))

    assert server.requests


def test_an_instance_is_prepared_by_its_name(dev: Path) -> None:
    with pytest.raises(UserError, match=HERE):
        prepare(dev.name, report=KeptReport())
