"""One build: the recipe is decided, the cache asked, the tools run, the result put in its place."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host import paths, platform, process
from limavm.images.build import data
from limavm.images.build.apt import host_mirror, host_options
from limavm.images.build.commands import image_size, mkfs_argv, mmdebstrap_argv, namespace_argv
from limavm.images.build.entry import builds_dir, is_whole, locked_entry, new_entry, sweep
from limavm.images.build.initrd import build_initrd
from limavm.images.build.location import Location, parse_location
from limavm.images.build.mmdebstrap import environment, follow
from limavm.images.build.namespace import check_namespaces, is_root
from limavm.images.build.recipe import Recipe
from limavm.images.build.sources import Mirror
from limavm.model.arch import Arch
from limavm.model.report import Reporter
from limavm.model.value import Value


class Built(Value, frozen=True, kw_only=True):
    """A build in the cache: paths of the raw image, the kernel and the initrd, and the kernel's command line."""

    image: str
    kernel: str
    initrd: str
    cmdline: str


@contextlib.contextmanager
def build(location: str, arch: Arch, report: Reporter) -> Iterator[Built]:
    """The image of a `mmdebstrap:` location, from the cache or built now; nobody prunes it within the context.

    Raises UserError when the location is wrong, a tool is missing or the build fails; the cache then
    holds what it held before.
    """
    recipe = make_recipe(parse_location(location), _native(location, arch))
    builds = builds_dir()
    with locked_entry(builds, recipe.key) as entry:
        if not is_whole(entry):
            _check_tools()
            sweep(builds, remove)
            report.info(f"building {recipe.location.suite} from the packages of {recipe.mirror.archive}")
            with new_entry(builds, recipe.key, remove) as directory:
                _make(recipe, directory, report)
        yield _built(entry)


def make_recipe(location: Location, arch: Arch) -> Recipe:
    """What a location means on this host."""
    # A mirror that somebody names may hold nothing but the archive itself.
    mirror = Mirror(archive=location.mirror.rstrip("/")) if location.mirror else host_mirror()
    return Recipe(location=location, arch=arch, mirror=mirror, packages=data.packages(), files=data.digest())


def _native(location: str, arch: Arch) -> Arch:
    native = platform.facts().arch
    if sys.platform != "linux":
        raise UserError(
            "images can be built on Linux hosts only", where=location, hint="choose an image that can be downloaded"
        )
    if arch != native:
        raise UserError(
            f"an image for {arch} cannot be built on a {native} host",
            where=location,
            hint=f"set `arch: {native}`, or choose an image that can be downloaded",
        )
    return arch


def _check_tools() -> None:
    for name in ("mmdebstrap", "mkfs.ext4"):
        process.ensure_program(name)
    check_namespaces()


def _make(recipe: Recipe, directory: str, report: Reporter) -> None:
    root = is_root()
    tree = os.path.join(directory, "root")
    inside, env = namespace_argv(root), environment(directory)
    argv = mmdebstrap_argv(recipe, tree, data.DIRECTORY, host_options(), root)
    with report.transfer(f"packages of {recipe.location.suite}") as transfer:
        follow([*inside, *argv], env, report, transfer)
    report.info("making the file system")
    take_kernel(tree, directory)
    with open(os.path.join(directory, paths.KERNEL_CMDLINE), "w", encoding="utf-8") as file:
        file.write(recipe.cmdline())
    used = int(process.run([*inside, "du", "-s", "--block-size=1", tree], env=env).split()[0])
    image = os.path.join(directory, paths.IMAGE)
    process.run([*inside, *mkfs_argv(recipe, tree, image, image_size(used))], env=env)
    remove(tree)


def take_kernel(tree: str, directory: str) -> None:
    """Move the kernel out of the tree, where nothing would load it, and make its initrd."""
    # Debian's metapackage depends on one kernel; with more of them the newest is the one to boot.
    release = max(os.listdir(os.path.join(tree, "usr/lib/modules")))
    shutil.copyfile(os.path.join(tree, "boot", f"vmlinuz-{release}"), os.path.join(directory, paths.KERNEL))
    for name in (f"vmlinuz-{release}", f"initrd.img-{release}"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(tree, "boot", name))
    with open(os.path.join(directory, paths.INITRD), "wb") as file:
        file.write(build_initrd(tree, release))


def remove(path: str) -> None:
    """Remove a tree whose files may belong to sub-IDs of the user."""
    process.run([*namespace_argv(is_root()), "rm", "-rf", "--one-file-system", path])


def _built(entry: str) -> Built:
    with open(os.path.join(entry, paths.KERNEL_CMDLINE), encoding="utf-8") as file:
        cmdline = file.read()
    image, kernel, initrd = (os.path.join(entry, name) for name in (paths.IMAGE, paths.KERNEL, paths.INITRD))
    return Built(image=image, kernel=kernel, initrd=initrd, cmdline=cmdline)
