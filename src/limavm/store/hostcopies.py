"""The files of `copyToHost` on the host: where a guest may have been, and what goes when the instance stops."""

import logging
import os
from collections.abc import Sequence

import msgspec

from limavm.host import paths
from limavm.host.planted import remove_safely
from limavm.model.config import Config, Mount
from limavm.model.value import Sparse

log = logging.getLogger(__name__)


class _Added(Sparse, frozen=True, kw_only=True):
    mount: Mount


class _Changes(Sparse, frozen=True, kw_only=True):
    """Of `mounts.json`, which the host agent writes, what matters here."""

    added: tuple[_Added, ...] = ()
    exposed: tuple[str, ...] = ()


def delete_copies(config: Config, directory: str) -> None:
    """Delete the host's files of the rules with `deleteOnStop`; what cannot be deleted is logged."""
    for rule in config.copy_to_host:
        if rule.delete_on_stop:
            try:
                if remove_safely(rule.host, distrusted_of(config, directory)):
                    log.info("Deleted %s, a copy from the guest", rule.host)
            except OSError as error:
                log.warning("a copy from the guest cannot be deleted: %s", error)


def distrusted_of(config: Config, directory: str) -> Sequence[str]:
    """Directories of the host below which a guest may have planted links; `directory` is the instance's."""
    changes = _changes(directory)
    mounts = (*config.mounts, *(one.mount for one in changes.added))
    return [directory, *(mount.location for mount in mounts if mount.writable), *changes.exposed]


def _changes(directory: str) -> _Changes:
    """What `limactl mount` and `umount` have changed in the last run; nothing where that is not known."""
    try:
        with open(os.path.join(directory, paths.MOUNTS_JSON), "rb") as file:
            return msgspec.json.decode(file.read(), type=_Changes)
    except (OSError, ValueError):
        return _Changes()
