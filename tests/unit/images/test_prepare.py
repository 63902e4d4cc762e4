import contextlib
import errno
import gzip
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from limavm.errors import UserError
from limavm.images.build import Built
from limavm.images.cache import entry_dir
from limavm.images.disk import ensure_disk
from limavm.images.download import Client
from limavm.images.prepare import Builder, prepare, select
from limavm.model.arch import Arch
from limavm.model.config import File, Image, Kernel
from limavm.model.report import Reporter
from tests.unit.images.qcow2file import header
from tests.unit.images.recording import Recorder
from tests.unit.images.server import Handler, Server, file
from tests.unit.images.sparse import allocated

BODY = os.urandom(50_000) + bytes(1 << 20)
KERNEL = b"MZ" + os.urandom(3000)
INITRD = gzip.compress(os.urandom(2000))
FILES = {"/disk.img.gz": gzip.compress(BODY), "/vmlinuz": gzip.compress(KERNEL), "/initrd": INITRD, "/disk.img": BODY}


def x86(location: str, **more: object) -> Image:
    return Image(location=location, arch=Arch.X86_64, **more)  # type: ignore[arg-type]


def digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


@pytest.fixture
def inst(tmp_path: Path) -> Path:
    (tmp_path / "inst").mkdir()
    return tmp_path / "inst"


@pytest.fixture
def base(server: Server) -> str:
    """The address of a server of the usual files."""

    def answer(handler: Handler) -> None:
        body = FILES.get(handler.path)
        if body is None:
            handler.answer(404)
        else:
            file(body)(handler)

    server.usual = answer
    return server.url.rpartition("/")[0]


@pytest.fixture
def run(inst: Path, report: Recorder, client: Client) -> Callable[..., None]:
    def run(*images: Image, builder: Builder | None = None) -> None:
        more = {"builder": builder} if builder else {}
        prepare(images, Arch.X86_64, str(inst), report, client=client, **more)

    return run


def full(base: str) -> Image:
    return x86(
        f"{base}/disk.img.gz",
        digest=digest(FILES["/disk.img.gz"]),
        kernel=Kernel(location=f"{base}/vmlinuz", arch=Arch.X86_64, cmdline="root=LABEL=x ro"),
        initrd=File(location=f"{base}/initrd", arch=Arch.X86_64, digest=digest(INITRD)),
    )


def contents(inst: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in inst.iterdir()}


WHOLE = {"basedisk": BODY, "kernel": KERNEL, "kernel.cmdline": b"root=LABEL=x ro", "initrd": INITRD}


def test_image_kernel_command_line_and_initrd_are_placed(run: Callable[..., None], base: str, inst: Path) -> None:
    run(full(base))

    assert contents(inst) == WHOLE


def test_files_of_the_cache_are_linked_not_copied(run: Callable[..., None], base: str, inst: Path) -> None:
    run(full(base))

    cached = Path(entry_dir(f"{base}/disk.img.gz"), "decompressed")
    assert (inst / "basedisk").stat().st_ino == cached.stat().st_ino
    assert (inst / "initrd").stat().st_nlink == 2


def test_a_prune_does_not_break_an_instance(run: Callable[..., None], base: str, inst: Path, cache: Path) -> None:
    run(full(base))
    for path in cache.rglob("*"):
        if path.is_file():
            path.unlink()

    assert contents(inst) == WHOLE


def test_a_second_call_does_nothing(run: Callable[..., None], base: str, inst: Path, server: Server) -> None:
    run(full(base))
    server.requests.clear()

    run(full(base))

    assert contents(inst) == WHOLE
    assert server.requests == []


def test_a_second_instance_downloads_nothing(
    run: Callable[..., None], base: str, tmp_path: Path, server: Server, report: Recorder, client: Client
) -> None:
    entry = x86(f"{base}/disk.img.gz", digest=digest(FILES["/disk.img.gz"]))
    run(entry)
    server.requests.clear()
    (tmp_path / "two").mkdir()

    prepare([entry], Arch.X86_64, str(tmp_path / "two"), report, client=client)
    ensure_disk(str(tmp_path / "two"), 100 << 30)

    assert server.requests == []
    assert allocated(tmp_path / "two" / "disk") < 2 << 20


@pytest.mark.parametrize("name", ["basedisk", "diffdisk", "disk", "image", "iso"])
def test_what_is_there_is_kept(name: str, run: Callable[..., None], base: str, inst: Path) -> None:
    (inst / name).write_bytes(b"mine")

    run(full(base))

    assert contents(inst) == {name: b"mine"}


def test_an_iso_is_placed_as_iso(run: Callable[..., None], inst: Path, tmp_path: Path) -> None:
    (tmp_path / "a.iso").write_bytes(bytes(0x8001) + b"CD001\1" + bytes(4096))

    run(x86(str(tmp_path / "a.iso")))

    assert os.listdir(inst) == ["iso"]


def test_a_local_image_is_used(run: Callable[..., None], inst: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.img.gz").write_bytes(gzip.compress(BODY))

    run(x86(f"file://{tmp_path}/mine.img.gz", digest=digest((tmp_path / "mine.img.gz").read_bytes())))

    assert contents(inst) == {"basedisk": BODY}


def test_the_next_image_is_tried_with_one_line(
    run: Callable[..., None], base: str, inst: Path, report: Recorder
) -> None:
    run(x86(f"{base}/missing"), x86(f"{base}/disk.img"))

    assert contents(inst) == {"basedisk": BODY}
    wanted = f"Cannot use {base}/missing (the server answered 404 Not Found); trying {base}/disk.img"
    assert [line for line in report.lines if "trying" in line] == [wanted]


def test_boot_files_of_an_image_that_failed_are_not_mixed_with_another(
    run: Callable[..., None], base: str, inst: Path
) -> None:
    broken = full(base)
    broken = x86(f"{base}/missing", kernel=broken.kernel, initrd=broken.initrd)

    run(broken, x86(f"{base}/disk.img"))

    assert contents(inst) == {"basedisk": BODY}


def test_when_nothing_works_each_reason_is_given_and_nothing_is_left(
    run: Callable[..., None], base: str, inst: Path, tmp_path: Path
) -> None:
    (tmp_path / "hostile").write_bytes(header(backing=b"/etc/shadow"))
    kernel = Kernel(location=f"{base}/vmlinuz", arch=Arch.X86_64, cmdline="ro")

    with pytest.raises(UserError) as caught:
        run(
            x86(f"{base}/missing", kernel=kernel),
            Image(location=f"{base}/arm", arch=Arch.AARCH64),
            x86(str(tmp_path / "hostile"), kernel=kernel),
            x86(f"{base}/disk.img", digest=digest(b"else")),
            x86(f"{base}/disk.img", digest="md5:junk"),
        )

    message = caught.value.message
    assert f"{base}/missing: the server answered 404" in message
    assert "/etc/shadow" in message
    assert "does not match its digest" in message
    assert "'md5:junk' is not a digest" in message
    assert "arm" not in message
    assert os.listdir(inst) == []


def test_one_image_that_fails_gives_its_own_error(run: Callable[..., None], base: str) -> None:
    with pytest.raises(UserError, match=f"^{base}/missing: the server answered 404") as caught:
        run(x86(f"{base}/missing"))

    assert caught.value.where == f"{base}/missing"


def test_skips_are_named_when_there_is_nothing_else(run: Callable[..., None], inst: Path) -> None:
    with pytest.raises(UserError, match="there is no image for x86_64\n    /a: it is for aarch64") as caught:
        run(Image(location="/a", arch=Arch.AARCH64))

    assert caught.value.hint
    with pytest.raises(UserError, match="there is no image for x86_64"):
        run()


def test_the_first_image_of_the_architecture_fixes_the_variant() -> None:
    images = [
        Image(location="/arm", arch=Arch.AARCH64, variant="z"),
        x86("/a", variant="server", arch_variant="v2"),
        x86("/b", variant="desktop", arch_variant="v2"),
        x86("/c", variant="server", arch_variant="v3"),
        x86("/d", variant="server", arch_variant="v2"),
        x86("/e"),
    ]

    found = select(images, Arch.X86_64)

    assert [image.location for image in found.wanted] == ["/a", "/d"]
    assert len(found.skipped) == 4


def building(tmp_path: Path) -> Builder:
    @contextlib.contextmanager
    def builder(location: str, arch: Arch, report: Reporter) -> Iterator[Built]:
        if "broken" in location:
            raise UserError("mmdebstrap failed")
        (tmp_path / "built").mkdir(exist_ok=True)
        for name, content in {"image": BODY, "kernel": KERNEL, "initrd": INITRD}.items():
            (tmp_path / "built" / name).write_bytes(content)
        image, kernel, initrd = (str(tmp_path / "built" / name) for name in ("image", "kernel", "initrd"))
        yield Built(image=image, kernel=kernel, initrd=initrd, cmdline=f"{location} {arch}")

    return builder


def test_an_image_may_be_built_here(run: Callable[..., None], base: str, inst: Path, tmp_path: Path) -> None:
    run(x86(f"{base}/missing"), x86("mmdebstrap:trixie"), builder=building(tmp_path))

    assert contents(inst) == {**WHOLE, "kernel.cmdline": b"mmdebstrap:trixie x86_64"}
    assert (inst / "basedisk").stat().st_nlink == 2


def test_a_build_that_fails_falls_back_too(run: Callable[..., None], base: str, inst: Path, tmp_path: Path) -> None:
    run(x86("mmdebstrap:broken"), x86(f"{base}/disk.img"), builder=building(tmp_path))

    assert contents(inst) == {"basedisk": BODY}


def test_a_full_file_system_is_told_without_the_image(run: Callable[..., None], inst: Path) -> None:
    @contextlib.contextmanager
    def builder(location: str, arch: Arch, report: Reporter) -> Iterator[Built]:
        raise OSError(errno.ENOSPC, "No space left on device", str(inst / "basedisk"))
        yield

    with pytest.raises(UserError, match=r"^the file system .* is full") as caught:
        run(x86("mmdebstrap:trixie"), builder=builder)

    assert caught.value.where == str(inst / "basedisk")
    assert os.listdir(inst) == []


def test_a_file_that_the_system_refuses_is_a_reason(run: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="File name too long"):
        run(x86("/" + "x" * 300))


CHILD = """
import sys
import msgspec
from limavm.images.disk import ensure_disk
from limavm.images.prepare import prepare
from limavm.model.arch import Arch
from limavm.model.config import Image
from tests.unit.images.recording import Recorder

image = msgspec.json.decode(sys.argv[1], type=Image)
print("ready", flush=True)
prepare([image], Arch.X86_64, sys.argv[2], Recorder())
ensure_disk(sys.argv[2], 1 << 30)
"""

if sys.platform != "win32":

    @pytest.mark.parametrize("seed", range(8))
    def test_a_kill_at_a_random_instant_is_repaired_by_the_next_call(
        seed: int, run: Callable[..., None], base: str, inst: Path
    ) -> None:
        text = msgspec.json.encode(full(base)).decode()
        argv = [sys.executable, "-c", CHILD, text, str(inst)]
        root = Path(__file__).parents[3]
        running = subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, start_new_session=True)
        assert running.stdout
        assert running.stdout.readline() == b"ready\n"
        try:
            running.wait(random.Random(seed).uniform(0, 0.3))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()

        run(full(base))
        ensure_disk(str(inst), 1 << 30)

        found = contents(inst)
        assert found.pop("disk").startswith(b"QFI\xfb")
        assert found == WHOLE
