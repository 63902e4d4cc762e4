"""The boot files of an instance: chosen from its image entries, fetched or built, linked into its directory.

The choice follows spec/runtime.md 2.2 step 4. The image appears last, under `basedisk` (or `iso`),
so that its presence says that everything else is there; until then, a later call starts over.
The caller holds the lock of the instance. The disk itself is made by `disk`.
"""

import functools
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import msgspec

from limavm.errors import NotFoundError, UserError
from limavm.host import files, paths
from limavm.host.hints import hint_of
from limavm.images import cache, local
from limavm.images.build import Built, build, is_build
from limavm.images.digest import parse_digest
from limavm.images.download import Client
from limavm.images.formats import Format, detect_format
from limavm.images.full import FullError, told_as_full
from limavm.model.arch import Arch
from limavm.model.config import File, Image
from limavm.model.report import Reporter

log = logging.getLogger(__name__)

Builder = Callable[[str, Arch, Reporter], AbstractContextManager[Built]]

_IMAGES = (paths.BASE_DISK, paths.DIFF_DISK, paths.DISK, paths.IMAGE, paths.ISO)
_BOOT_FILES = (paths.KERNEL, paths.KERNEL_CMDLINE, paths.INITRD)


def prepare(
    images: Sequence[Image],
    arch: Arch,
    directory: str,
    report: Reporter,
    *,
    builder: Builder = build,
    client: Client | None = None,
) -> None:
    """Fill `directory` with `basedisk` (or `iso`), and `kernel`, `kernel.cmdline`, `initrd` if the entry has them.

    Does nothing when an image or a disk is there, be it ours or Lima's. Raises UserError with the
    reason for each entry when none could be used; no boot file is left then.
    """
    files.sweep(directory, *(f"{name}.*.tmp" for name in (paths.BASE_DISK, paths.ISO, *_BOOT_FILES)))
    if _has_image(directory):
        return
    _Attempts(arch, directory, report, builder, client or Client()).first_usable(images)


def check_local(images: Sequence[Image], arch: Arch, directory: str) -> None:
    """Raise the UserError of `prepare` where it is certain without a network, and before anything is fetched.

    That is when no entry is for the architecture, or every one lacks a file of this host: image, kernel or initrd.
    """
    if _has_image(directory):
        return
    wanted = _wanted(images, arch)
    lacking = [(image, error) for image in wanted if (error := _reason(functools.partial(_check_files, image)))]
    if len(lacking) == len(wanted):
        raise _joined(lacking)


def _has_image(directory: str) -> bool:
    return any(os.path.lexists(os.path.join(directory, name)) for name in _IMAGES)


def _check_files(image: Image) -> None:
    """Look at the files of this host that an entry names, in the order in which they are placed."""
    if is_build(image.location):
        return
    for file in (image.kernel, image.initrd, image):
        if file and (path := local.local_path(file.location)):
            local.check_source(path, None)


class _Selection(msgspec.Struct, frozen=True):
    """The entries to try, in order, and why the others are not among them."""

    wanted: list[Image]
    skipped: list[str]


def select(images: Sequence[Image], arch: Arch) -> _Selection:
    """The entries for an architecture; the first one fixes the variant that the others must have."""
    first = next((image for image in images if image.arch == arch), None)
    wanted, skipped = [], []
    for image in images:
        if first is None or image.arch != arch:
            skipped.append(f"{image.location}: it is for {image.arch}")
        elif (image.variant, image.arch_variant) != (first.variant, first.arch_variant):
            skipped.append(f"{image.location}: it is of another variant than the first image for {arch}")
        else:
            wanted.append(image)
    return _Selection(wanted, skipped)


def _wanted(images: Sequence[Image], arch: Arch) -> list[Image]:
    selection = select(images, arch)
    if not selection.wanted:
        raise _nothing_fits(arch, selection.skipped)
    return selection.wanted


class _Attempts:
    """Entries tried one after the other into one directory."""

    def __init__(self, arch: Arch, directory: str, report: Reporter, builder: Builder, client: Client) -> None:
        self._arch = arch
        self._directory = directory
        self._report = report
        self._builder = builder
        self._client = client

    def first_usable(self, images: Sequence[Image]) -> None:
        """Place the first entry that works; raises UserError when none does."""
        failures: list[tuple[Image, UserError]] = []
        for image in _wanted(images, self._arch):
            if failures:
                failed, reason = failures[-1]
                self._report.warning(f"Cannot use {failed.location} ({reason.message}); trying {image.location}")
            refusal = _reason(functools.partial(self._place, image))
            if refusal is None:
                return
            failures.append((image, refusal))
        self._clear()
        raise _joined(failures)

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _clear(self) -> None:
        """Boot files of an entry whose image never arrived must not go with the image of another."""
        files.sweep(self._directory, *_BOOT_FILES)

    def _place(self, image: Image) -> None:
        self._clear()
        if is_build(image.location):
            self._place_build(image)
            return
        if image.kernel:
            self._place_file(image.kernel, "kernel", paths.KERNEL, unpack=True)
            if image.kernel.cmdline:
                files.write_atomic(self._path(paths.KERNEL_CMDLINE), image.kernel.cmdline.encode())
        if image.initrd:
            self._place_file(image.initrd, "initrd", paths.INITRD, unpack=False)
        self._place_image(image)

    def _place_build(self, image: Image) -> None:
        with self._builder(image.location, self._arch, self._report) as built:
            files.link_or_clone(built.kernel, self._path(paths.KERNEL))
            files.link_or_clone(built.initrd, self._path(paths.INITRD))
            files.write_atomic(self._path(paths.KERNEL_CMDLINE), built.cmdline.encode())
            files.link_or_clone(built.image, self._path(paths.BASE_DISK))

    def _place_file(self, file: File, what: str, name: str, *, unpack: bool) -> None:
        digest = parse_digest(file.digest) if file.digest else None
        if path := local.local_path(file.location):
            local.place_file(path, digest, self._path(name), unpack=unpack, report=self._report)
            return
        url = file.location
        with cache.locked_entry(url, self._report) as entry:
            source = cache.ensure_data(entry, url, digest, what, self._report, self._client)
            if unpack:
                source = cache.ensure_decompressed(entry, url, what, self._report)
            files.link_or_clone(source, self._path(name))

    def _place_image(self, image: Image) -> None:
        digest = parse_digest(image.digest) if image.digest else None
        if path := local.local_path(image.location):
            local.place_image(path, digest, self._directory, self._image_path, self._report)
            return
        url = image.location
        with cache.locked_entry(url, self._report) as entry:
            cache.ensure_data(entry, url, digest, "image", self._report, self._client)
            source = cache.ensure_image(entry, url, self._report)
            files.link_or_clone(source, self._image_path(source))

    def _image_path(self, source: str) -> str:
        return self._path(paths.ISO if detect_format(source) is Format.ISO9660 else paths.BASE_DISK)


def _nothing_fits(arch: Arch, skipped: list[str]) -> UserError:
    reasons = "".join(f"\n    {line}" for line in skipped)
    return UserError(
        f"there is no image for {arch}{reasons}",
        where="images",
        hint=f"add an image for {arch}, or choose another architecture with --arch",
    )


def _reason(step: Callable[[], None]) -> UserError | None:
    """Why a step failed, None when it did not."""
    try:
        step()
    except UserError as error:
        log.debug("an image cannot be used", exc_info=True)
        return error
    except OSError as error:
        return told_as_full(error) or _system_error(error)
    return None


def _system_error(error: OSError) -> UserError:
    where = os.fsdecode(error.filename) if error.filename else None
    return UserError(error.strerror or str(error), where=where, hint=hint_of(error.errno))


def _joined(failures: list[tuple[Image, UserError]]) -> UserError:
    if len(failures) == 1:
        image, error = failures[0]
        if isinstance(error, FullError):  # the image has no part in it
            return error
        return UserError(f"{image.location}: {error.message}", where=error.where, hint=error.hint)
    reasons = "".join(f"\n    {_told(image, error)}" for image, error in failures)
    hints = dict.fromkeys(error.hint for _, error in failures if error.hint)
    return UserError(
        f"none of the {len(failures)} images could be used{reasons}", where="images", hint="; or ".join(hints) or None
    )


def _told(image: Image, error: UserError) -> str:
    """One reason of several, with the file that is missing where that is not the image itself."""
    other = isinstance(error, NotFoundError) and error.where and error.where not in image.location
    return f"{image.location}: {error.message}" + (f" ({error.where})" if other else "")
