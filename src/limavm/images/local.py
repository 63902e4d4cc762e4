"""Images that are files of this host: verified and copied, never linked, because they are the user's to change."""

import os
import re
import stat
from collections.abc import Callable

from limavm.errors import NotFoundError, UserError
from limavm.host import files
from limavm.images.convert import as_usable
from limavm.images.decompress import compression_of_file, decompress
from limavm.images.digest import Digest, digest_of
from limavm.model.report import Reporter


def local_path(location: str) -> str | None:
    """The path that a location names, `~` expanded; None when it is an address of the network."""
    if location.lower().startswith("file://"):
        location = location[len("file://") :]
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", location):
        return None
    return os.path.abspath(os.path.expanduser(location))


def check_source(path: str, digest: Digest | None) -> None:
    """Raises UserError unless `path` is a regular file, with this digest if one is given."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UserError("this is not a file", where=path)
    except FileNotFoundError as error:
        hint = "correct the path in the template, or put the file there"
        raise NotFoundError("there is no such file", where=path, hint=hint) from error
    if digest and (actual := digest_of(path, digest.algorithm)) != digest:
        raise UserError(
            f"the file does not match its digest: expected {digest}, got {actual}",
            where=path,
            hint="correct the digest in the template, or get the file again",
        )


def place_file(path: str, digest: Digest | None, target: str, *, unpack: bool, report: Reporter) -> None:
    """Copy a local file to `target`, decompressed if `unpack`; it appears complete or not at all."""
    check_source(path, digest)
    with files.replacing(target, 0o644) as partial:
        _copy(path, partial, unpack, report)


def place_image(
    path: str, digest: Digest | None, directory: str, target: Callable[[str], str], report: Reporter
) -> None:
    """Copy a local image into `directory`, decompressed, accepted and converted if need be.

    `target` tells the final name from the usable file. Raises UserError; nothing is left then.
    """
    check_source(path, digest)
    staged = os.path.join(directory, "basedisk.staged.tmp")

    def place(make: Callable[[str], None]) -> str:
        converted = os.path.join(directory, "basedisk.converted.tmp")
        make(converted)
        return converted

    try:
        _copy(path, staged, True, report)
        # The copy is examined, not the original, which may change at any time.
        usable = as_usable(staged, place, report)
        with files.replacing(target(usable), 0o644) as partial:
            os.replace(usable, partial)
    finally:
        files.sweep(directory, "basedisk.*.tmp")


def _copy(path: str, target: str, unpack: bool, report: Reporter) -> None:
    kind = compression_of_file(path, path) if unpack else None
    if kind is None:
        files.clone(path, target)
        return
    with report.transfer(f"Decompressing {os.path.basename(path)}", os.path.getsize(path)) as transfer:
        decompress(path, target, kind, advance=transfer.advance)
