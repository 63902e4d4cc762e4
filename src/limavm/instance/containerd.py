"""containerd and nerdctl for the guest, before a start: the archive, or the distribution's packages where it has to be.

The archive is a file of the instance (`paths.CONTAINERD_ARCHIVE`) as long as the guest lacks it, and goes to the guest
as a medium of its own. What the guest is known to have is in `store.containerd`; rules: spec/runtime.md 13.7, 14.1.
"""

import contextlib
import os
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from limavm.errors import UserError
from limavm.host import files, paths
from limavm.images import archive
from limavm.images.build.location import including, is_build
from limavm.images.download import Client
from limavm.model.config import Config, Image
from limavm.model.report import Reporter
from limavm.store import containerd
from limavm.store.containerd import Containerd

#: What a local build brings where there is no archive: installed here, where it does not take the guest minutes.
PACKAGES = ("containerd", "containernetworking-plugins", "fuse-overlayfs", "rootlesskit", "slirp4netns")
#: The guest's boot script starts it where the configuration asks for it.
UNITS = ("containerd.service",)


def ensure_containerd(config: Config, directory: str, report: Reporter, *, client: Client | None = None) -> None:
    """Put the archive in place if the guest lacks it. One that cannot be had is warned of, and no error.

    The caller holds the instance, and its machine does not run.
    """
    target = os.path.join(directory, paths.CONTAINERD_ARCHIVE)
    files.sweep(directory, f"{paths.CONTAINERD_ARCHIVE}.*.tmp")
    if not containerd.is_wanted(config):
        _unlink(target)
        return
    known = containerd.load(directory)
    wanted = _decided(config, directory, known, report, client)
    if wanted.installed or not wanted.version:
        _unlink(target)
    if wanted != known:
        containerd.save(directory, wanted)


def _decided(
    config: Config, directory: str, known: Containerd | None, report: Reporter, client: Client | None
) -> Containerd:
    """What the guest is to have; unless it has that already, its archive is in place then."""
    archives = archive.of_arch(config.containerd.archives, config.arch)
    source = containerd.source_of(archives)
    if known and known.installed and known.source == source and (known.version or not archive.is_at_hand(archives)):
        return known
    target = os.path.join(directory, paths.CONTAINERD_ARCHIVE)
    try:
        version = archive.place(archives, target, report, again=known is not None, client=client)
    except UserError as error:
        has = known.version if known and known.installed else ""
        report.warning(_missing(error.message, has))
        return Containerd(source=source, version=has, installed=bool(has))
    return Containerd(
        source=source, version=version, installed=bool(known and known.installed and known.version == version)
    )


def _missing(reason: str, has: str) -> str:
    instead = (
        "the guest keeps the version that it has"
        if has
        else "the guest gets containerd from its distribution instead, and nerdctl only if that has it"
    )
    return (
        f"The archive of nerdctl cannot be had ({reason}); {instead}. "
        "`containerd.archives` can name a mirror or a file, and `--containerd none` does without"
    )


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def with_packages(images: Sequence[Image], config: Config, directory: str) -> list[Image]:
    """The images to start from: local builds have the packages of containerd in them if the guest gets no archive."""
    known = containerd.load(directory)
    if not containerd.is_wanted(config) or (known and known.version):
        return list(images)
    return [replace(image, location=location_with_packages(image.location)) for image in images]


def location_with_packages(location: str) -> str:
    """The location of a local build with containerd; others, and those with mistakes, are as they were."""
    if not is_build(location):
        return location
    try:
        return including(location, PACKAGES, UNITS)
    except UserError:
        return location


def referred(config: Config) -> Iterable[str]:
    """The locations that a configuration stands for because of containerd."""
    yield from (file.location for file in config.containerd.archives)
    if containerd.is_wanted(config):
        yield from (location_with_packages(image.location) for image in config.images if is_build(image.location))
