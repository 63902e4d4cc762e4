import os
import stat
import sys
from pathlib import Path

import pytest

from limavm.errors import BusyError, UserError
from limavm.host import platform
from limavm.images.build import Built, build
from limavm.images.build.entry import NAMES, removing
from limavm.images.build.location import parse_location
from limavm.images.build.run import make_recipe, take_kernel
from limavm.model.arch import Arch
from tests.unit.images.build.test_initrd import tree
from tests.unit.images.build.test_mmdebstrap import Told

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="images are built on Linux")

NATIVE = Arch(platform.facts().arch)
FOREIGN = Arch.S390X if NATIVE is not Arch.S390X else Arch.X86_64
LOCATION = "mmdebstrap:trixie?mirror=http://a.test/debian"


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a PATH in which every tool of a build is ours."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tools = tmp_path / "bin"
    tools.mkdir()
    # Namespaces are not always to be had where tests run: the stand-ins run what they are given as it is.
    script(tools / "setpriv", 'shift 2; exec "$@"')
    script(tools / "unshare", 'while case $1 in -*) true;; *) false;; esac; do shift; done; exec "$@"')
    script(tools / "mkfs.ext4", 'for last; do before=$file; file=$last; done; : >"$before"')
    for name in ("newuidmap", "newgidmap"):
        script(tools / name, "")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return tmp_path / "lima" / "build"


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def mmdebstrap(builds: Path, text: str) -> None:
    """A stand-in that finds the directory to fill in $target."""
    script(
        builds.parents[1] / "bin" / "mmdebstrap",
        "for word; do case $word in */root) target=$word;; esac; done\n" + text,
    )


def tree_script(example: Path) -> str:
    tree(example, "virtio_blk.ko", b"module")
    (example / "boot").mkdir()
    (example / "boot" / "vmlinuz-6.1").write_text("kernel")
    return f'cp -R {example} "$target"'


needs_ranges = pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="subordinate IDs are checked")


def made(arch: Arch = NATIVE) -> Built:
    with build(LOCATION, arch, Told()) as built:
        return built


@needs_ranges
def test_a_build_leaves_one_whole_entry_and_is_found_again(builds: Path, tmp_path: Path) -> None:
    mmdebstrap(builds, tree_script(tmp_path / "example") + "\necho ran >>" + str(tmp_path / "log"))

    built = made()
    again = made()

    assert again == built
    assert (tmp_path / "log").read_text() == "ran\n"
    assert Path(built.kernel).read_text() == "kernel"
    assert b"module" in Path(built.initrd).read_bytes()
    assert built.cmdline.startswith("root=UUID=")
    assert sorted(os.listdir(os.path.dirname(built.image))) == sorted(NAMES)
    assert not [name for name in os.listdir(builds) if name.endswith(".tmp")]


@needs_ranges
def test_a_failed_build_leaves_nothing_that_looks_whole(builds: Path) -> None:
    mmdebstrap(builds, 'mkdir "$target"; echo "E: no such suite" >&2; exit 1')

    with pytest.raises(UserError, match="no such suite"):
        made()

    assert [name for name in os.listdir(builds) if not name.endswith(".lock")] == []


@needs_ranges
def test_what_a_killed_build_left_is_swept_by_the_next(builds: Path, tmp_path: Path) -> None:
    mmdebstrap(builds, tree_script(tmp_path / "example"))
    for name in ("other.tmp", f"{key()}.tmp"):
        (builds / name / "root").mkdir(parents=True)

    made()

    assert sorted(name for name in os.listdir(builds) if not name.endswith(".lock")) == [key()]


def key() -> str:
    return make_recipe(parse_location(LOCATION), NATIVE).key


def test_a_whole_entry_is_used_without_any_tool(builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = builds / key()
    entry.mkdir(parents=True)
    for name in NAMES:
        (entry / name).write_text("text")
    monkeypatch.setenv("PATH", "/nonexistent")

    built = made()

    assert built == Built(
        image=str(entry / "image"), kernel=str(entry / "kernel"), initrd=str(entry / "initrd"), cmdline="text"
    )


def test_nobody_else_holds_an_entry_while_it_is_used(builds: Path) -> None:
    entry = builds / key()
    entry.mkdir(parents=True)
    for name in NAMES:
        (entry / name).write_text("text")

    with build(LOCATION, NATIVE, Told()), pytest.raises(BusyError), removing(str(builds), key()):
        pass


def test_a_foreign_architecture_is_refused(builds: Path) -> None:
    with pytest.raises(UserError, match="cannot be built") as caught:
        made(FOREIGN)

    assert caught.value.hint is not None
    assert f"arch: {NATIVE}" in caught.value.hint


def test_the_newest_kernel_is_taken_out_of_the_tree(tmp_path: Path) -> None:
    root = Path(tree(tmp_path / "root", "virtio_blk.ko", b""))
    (root / "boot").mkdir()
    (root / "boot" / "vmlinuz-6.1").write_text("kernel")
    (root / "boot" / "initrd.img-6.1").write_text("unused")

    take_kernel(str(root), str(tmp_path))

    assert (tmp_path / "kernel").read_text() == "kernel"
    assert os.listdir(root / "boot") == []
