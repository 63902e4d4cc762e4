"""Command lines of a build: values in, argument vectors out. Nothing is started here."""

import os
import shlex
from collections.abc import Iterable

from limavm.images.build.recipe import Recipe

_BLOCK_GROUP = 128 << 20
_SPARE = 256 << 20


def namespace_argv(root: bool) -> list[str]:
    """What to put before a command so that it may own files as any user and mount as it likes.

    An ordinary user becomes root in a user namespace in which the other IDs are the sub-IDs of
    /etc/subuid; what such a root writes belongs to the user outside. As root the mounts alone are private.
    When we are killed everything inside dies too: the kernel tells `unshare`, which ends its PID namespace.
    """
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        "unshare",
        *(() if root else ("--user", "--map-root-user", "--map-auto")),
        *("--mount", "--pid", "--fork", "--kill-child=KILL"),
    ]


def mmdebstrap_argv(recipe: Recipe, target: str, data: str, apt_options: Iterable[str], root: bool) -> list[str]:
    """Fill the directory `target` with the packages of a recipe and the files of the directory `data`."""
    customize = shlex.join(["sh", os.path.join(data, "customize.sh")])
    return [
        "mmdebstrap",
        "--verbose",  # apt's own lines are where the progress is read from
        "--mode=root",
        *(() if root else ("--skip=chroot/mount/sys",)),  # needs a network namespace of its own
        "--format=directory",
        f"--architectures={recipe.arch.debian_name}",
        f"--variant={recipe.location.variant}",
        f"--include={','.join(recipe.include)}",
        *('--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'),
        *(f"--aptopt={option}" for option in apt_options),
        f'--customize-hook={customize} "$1"',
        *_disabling(recipe),
        recipe.location.suite,
        target,
        *recipe.apt_sources(),
    ]


def _disabling(recipe: Recipe) -> tuple[str, ...]:
    units = recipe.location.disable
    return (f'--customize-hook=chroot "$1" systemctl -q disable {shlex.join(units)}',) if units else ()


def image_size(used: int) -> int:
    """The size of a file system that holds `used` bytes with room to boot; it grows on the first boot."""
    return -(-(used * 5 // 4 + _SPARE) // _BLOCK_GROUP) * _BLOCK_GROUP


def mkfs_argv(recipe: Recipe, tree: str, image: str, size: int) -> list[str]:
    """Make `image` a file system of `size` bytes that holds the directory `tree`."""
    return [
        *("mkfs.ext4", "-q", "-F"),
        *("-U", recipe.uuid, "-L", "lima-root"),
        *("-m", "1"),
        # An image file reads as zeros where nothing was written: inode tables and journal stay holes.
        *("-E", "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0"),
        *("-d", tree),
        image,
        f"{size // 1024}k",
    ]
