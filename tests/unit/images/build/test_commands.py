import pytest

from limavm.images.build.commands import image_size, mkfs_argv, mmdebstrap_argv, namespace_argv
from limavm.images.build.location import Location
from limavm.images.build.recipe import Recipe
from limavm.images.build.sources import Mirror
from limavm.model.arch import Arch

RECIPE = Recipe(
    location=Location(suite="trixie", include=("git",)),
    arch=Arch.X86_64,
    mirror=Mirror(archive="http://a.test/debian", updates=True),
    packages=("linux-image-cloud-@ARCH@",),
    files="",
)


def test_an_ordinary_user_becomes_root_of_a_user_namespace() -> None:
    assert namespace_argv(root=False) == [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--user",
        "--map-root-user",
        "--map-auto",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child=KILL",
    ]


def test_root_needs_no_user_namespace_and_still_takes_its_children_along() -> None:
    argv = namespace_argv(root=True)

    assert "--user" not in argv
    assert "--kill-child=KILL" in argv


def test_the_command_line_of_mmdebstrap() -> None:
    argv = mmdebstrap_argv(RECIPE, "/c/root", "/my data", ['Acquire::http::Proxy "http://p.test"'], root=False)

    assert argv == [
        "mmdebstrap",
        "--verbose",
        "--mode=root",
        "--skip=chroot/mount/sys",
        "--format=directory",
        "--architectures=amd64",
        "--variant=apt",
        "--include=git,linux-image-cloud-amd64",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::http::Proxy "http://p.test"',
        "--customize-hook=sh '/my data/customize.sh' \"$1\"",
        "trixie",
        "/c/root",
        "deb http://a.test/debian trixie main",
        "deb http://a.test/debian trixie-updates main",
    ]


def test_as_root_everything_is_mounted() -> None:
    assert not [word for word in mmdebstrap_argv(RECIPE, "/t", "/d", [], root=True) if word.startswith("--skip")]


def test_the_command_line_of_mkfs() -> None:
    assert mkfs_argv(RECIPE, "/c/root", "/c/image", 512 << 20) == [
        "mkfs.ext4",
        "-q",
        "-F",
        "-U",
        RECIPE.uuid,
        "-L",
        "lima-root",
        "-m",
        "1",
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
        "-d",
        "/c/root",
        "/c/image",
        "524288k",
    ]


@pytest.mark.parametrize("used", [0, 1, 300 << 20, 5 << 30])
def test_an_image_has_room_and_ends_with_a_block_group(used: int) -> None:
    size = image_size(used)

    assert size >= used * 5 // 4 + (256 << 20)
    assert size % (128 << 20) == 0
