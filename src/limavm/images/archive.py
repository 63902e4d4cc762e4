"""The archive of containerd and nerdctl: fetched once for all instances, and linked into the one that needs it.

It goes through the cache of the images (`cache`), where it is verified when it is downloaded and not again.
A network that is not there is no reason to wait, because there is something else to fall back on.
"""

import logging
import os
from collections.abc import Sequence

from limavm.errors import UserError
from limavm.host import files
from limavm.images import cache, local
from limavm.images.digest import digest_of, parse_digest
from limavm.images.download import Client
from limavm.model.arch import Arch
from limavm.model.config import File
from limavm.model.report import Reporter

log = logging.getLogger(__name__)

_WHAT = "archive of nerdctl"
#: For a host that answers, as patient as others; for one that does not, one try.
_CLIENT = Client(timeout=10.0, first_attempts=1)


def of_arch(archives: Sequence[File], arch: Arch) -> list[File]:
    """Those for one architecture, in their order."""
    return [archive for archive in archives if archive.arch == arch]


def is_at_hand(archives: Sequence[File]) -> bool:
    """Whether one of them can be had without the network."""
    return any(_is_at_hand(archive) for archive in archives)


def _is_at_hand(archive: File) -> bool:
    if path := local.local_path(archive.location):
        return os.path.isfile(path)
    return cache.is_stored(archive.location, parse_digest(archive.digest) if archive.digest else None)


def place(
    archives: Sequence[File], target: str, report: Reporter, *, again: bool = False, client: Client | None = None
) -> str:
    """Make `target` the first archive that can be had; returns its digest, which tells versions apart.

    `again`: the instance was given one before, and what is in the cache will do, whether the server has a newer one
    or not. Raises UserError with the reason against each, and leaves `target` as it was.
    """
    failures = []
    for archive in archives:
        try:
            return _placed(archive, target, report, again, client or _CLIENT)
        except UserError as error:
            log.debug("archive %s failed", archive.location, exc_info=True)
            failures.append(f"{archive.location}: {error.message}")
        except OSError as error:
            failures.append(f"{archive.location}: {error.strerror or error}")
    raise UserError("; ".join(failures) or "there is none for the architecture of the guest")


def _placed(archive: File, target: str, report: Reporter, again: bool, client: Client) -> str:
    url = archive.location
    digest = parse_digest(archive.digest) if archive.digest else None
    if path := local.local_path(url):
        local.place_file(path, digest, target, unpack=False, report=report)
    else:
        with cache.locked_entry(url, report) as entry:
            if again and cache.is_stored(url, digest):
                source = cache.data_path(entry)
            else:
                source = cache.ensure_data(entry, url, digest, _WHAT, report, client)
            files.link_or_clone(source, target)
    return str(digest or digest_of(target, "sha256"))
